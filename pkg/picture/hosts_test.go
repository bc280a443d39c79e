package picture

import (
	"image"
	"image/color"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// TestAHostIsNamedWithItsPort, that of its scheme too, and with it what is there.
func TestAHostIsNamedWithItsPort(t *testing.T) {
	for _, tt := range []struct {
		hosts, address string
		allowed        bool
	}{
		{"minio:80", "http://minio/a.png", true},
		{"minio:80", "http://minio:80/a.png", true},
		{"minio:80", "https://minio/a.png", false},
		{"minio:443", "https://minio/a.png", true},
		{"minio:443", "http://minio/a.png", false},
		{"minio", "http://minio/a.png", true},
		{"minio", "https://minio:443/a.png", true},
		{"minio", "http://minio:9000/a.png", false},
		{"::ffff:10.0.0.0/104", "http://10.0.0.1/", true},
		{"::ffff:10.0.0.1", "http://10.0.0.1/", true},
	} {
		h, err := ParseHosts(tt.hosts)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(tt.address)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.allow("", u); (err == nil) != tt.allowed {
			t.Errorf("image_hosts = %s, %s: %v", tt.hosts, tt.address, err)
		}
	}
	other := serve(t, map[string][]byte{"/a.png": pngOf(t)})
	if _, err := only(fetcher(t, strings.TrimPrefix(other, "http://")), "", other+"/a.png"); err != nil {
		t.Error(err)
	}
}

// TestAnErrorQuotesNothingOfAnAnswer: it may hold a token, or what is no picture.
func TestAnErrorQuotesNothingOfAnAnswer(t *testing.T) {
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "http://%zz/?token=abc")
		w.WriteHeader(http.StatusFound)
	}))
	defer redirect.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, "SSH-2.0-abc\r\n")
		_ = c.Close()
	}()
	for _, address := range []string{redirect.URL, "http://" + listener.Addr().String()} {
		if _, err := only(fetcher(t, "127.0.0.1"), "", address); err == nil || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// TestAMistakeOfADecoderEndsNoProcess: the picture is other people's, and so is the decoder.
func TestAMistakeOfADecoderEndsNoProcess(t *testing.T) {
	image.RegisterFormat("broken", "broken", func(io.Reader) (image.Image, error) { panic("image") },
		func(io.Reader) (image.Config, error) { panic(color.Black) })
	grafana := serve(t, map[string][]byte{"/a.png": []byte("broken")})
	if _, err := only(fetcher(t, "127.0.0.1"), grafana, grafana+"/a.png"); err == nil || !strings.Contains(err.Error(), "not a PNG") {
		t.Error(err)
	}
}
