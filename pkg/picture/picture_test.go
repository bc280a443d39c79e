package picture

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

// encoded is a picture of 8 by 8 pixels.
func encoded(t testing.TB, encode func(*bytes.Buffer, image.Image) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b, image.NewPaletted(image.Rect(0, 0, 8, 8), color.Palette{color.White, color.Black})); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB) []byte {
	return encoded(t, func(b *bytes.Buffer, m image.Image) error { return png.Encode(b, m) })
}

// sized is the header of a PNG of any size.
func sized(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = append(binary.BigEndian.AppendUint32(chunk, height), 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(chunk))
}

// serve answers with what the path names.
func serve(t *testing.T, answers map[string][]byte) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, found := answers[r.URL.Path]
		if !found {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// fetcher fetches from these hosts too.
func fetcher(t *testing.T, hosts string) *Fetcher {
	t.Helper()
	parsed, err := ParseHosts(hosts)
	if err != nil {
		t.Fatal(err)
	}
	f := NewFetcher(parsed)
	t.Cleanup(f.Close)
	return f
}

// only is what became of the only picture.
func only(f *Fetcher, grafana, address string) (*Picture, error) {
	pictures, failed := f.Fetch(context.Background(), grafana, []string{address})
	return pictures[0], failed[0]
}

func TestPicturesAreToldByTheirContent(t *testing.T) {
	webp, err := base64.StdEncoding.DecodeString("UklGRhoAAABXRUJQVlA4TA0AAAAvAAAAEAcQERGIiP4HAA==")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		body   []byte
		kind   string
		reason string
	}{
		{name: "a PNG", body: pngOf(t), kind: "image/png"},
		{name: "a JPEG", body: encoded(t, func(b *bytes.Buffer, m image.Image) error { return jpeg.Encode(b, m, nil) }), kind: "image/jpeg"},
		{name: "a GIF", body: encoded(t, func(b *bytes.Buffer, m image.Image) error { return gif.Encode(b, m, nil) }), kind: "image/gif"},
		{name: "a WebP", body: webp, kind: "image/webp"},
		{name: "25 megapixels", body: sized(5000, 5000), kind: "image/png"},
		{name: "100 megapixels", body: sized(10_000, 10_000), reason: "10000 times 10000 pixels"},
		{name: "one line of them", body: sized(1<<31-1, 1), reason: "pixels"},
		{name: "an SVG", body: []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>`), reason: "not a PNG"},
		{name: "a page that asks to sign in", body: []byte("<!doctype html><title>Grafana</title>"), reason: "not a PNG"},
		{name: "nothing", reason: "not a PNG"},
		{name: "half a header", body: pngOf(t)[:20], reason: "not a PNG"},
		{name: "the largest", body: append(pngOf(t), make([]byte, maxSize-len(pngOf(t)))...), kind: "image/png"},
		{name: "an octet more", body: append(pngOf(t), make([]byte, maxSize-len(pngOf(t))+1)...), reason: "larger than 2 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			grafana := serve(t, map[string][]byte{"/a": tt.body})
			got, err := only(fetcher(t, "127.0.0.1"), grafana, grafana+"/a")
			if tt.reason != "" {
				if err == nil || !strings.Contains(err.Error(), tt.reason) {
					t.Fatalf("%v, not %q", err, tt.reason)
				}
				return
			}
			if err != nil || got.Type != tt.kind || !bytes.Equal(got.Data, tt.body) {
				t.Errorf("%v: %+v", err, got)
			}
		})
	}
}

// TestAnAnswerOfUnknownLengthIsBounded: one that never ends is not read on.
func TestAnAnswerOfUnknownLengthIsBounded(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	if _, err := only(fetcher(t, "127.0.0.1"), server.URL, server.URL); !errors.Is(err, errTooLarge) {
		t.Error(err)
	}
}

// TestPicturesComeFromGrafanaAndNamedHostsOnly: a payload may name any address, and
// whoever posts it must not make this process ask there.
func TestPicturesComeFromGrafanaAndNamedHostsOnly(t *testing.T) {
	picture := pngOf(t)
	grafana := serve(t, map[string][]byte{"/a.png": picture})
	other := serve(t, map[string][]byte{"/a.png": picture})
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Referer() != "" {
			t.Errorf("a host is told of %s", r.Referer())
		}
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	}))
	defer redirect.Close()
	loopback := strings.NewReplacer("127.0.0.1", "localhost")

	tests := []struct {
		name, hosts, grafana, address string
		reason                        string // empty: it is fetched
	}{
		{"Grafana's own", "127.0.0.1", grafana, grafana + "/a.png", ""},
		{"of a Grafana below a path", "127.0.0.1", grafana + "/grafana/", grafana + "/a.png", ""},
		{"of a named address", "127.0.0.1", "", other + "/a.png", ""},
		{"of a named network", "10.0.0.0/8, 127.0.0.0/8", "", other + "/a.png", ""},
		{"of a named host at a named address", "127.0.0.0/8 ::1 " + strings.TrimPrefix(loopback.Replace(other), "http://"), "", loopback.Replace(other) + "/a.png", ""},
		{"a redirection to Grafana", "127.0.0.1", grafana, redirect.URL + "?to=" + grafana + "/a.png", ""},

		{"of another host", "", grafana, "https://images.example.com/a.png", `"images.example.com" is neither Grafana's address nor named in image_hosts`},
		{"of another port", "localhost", loopback.Replace(grafana), loopback.Replace(other) + "/a.png", "neither Grafana's"},
		{"of Grafana by another scheme", "", grafana, "https" + strings.TrimPrefix(grafana, "http") + "/a.png", "neither Grafana's"},
		{"where Grafana's address is not known", "", "", grafana + "/a.png", "neither Grafana's"},
		{"Grafana's own, on an address that is not public", "", grafana, grafana + "/a.png", "127.0.0.1 is not a public address: name it in image_hosts"},
		{"a named host that leads to loopback", strings.TrimPrefix(loopback.Replace(other), "http://"), "", loopback.Replace(other) + "/a.png", "is not a public address"},
		{"the cloud's metadata", "", "", "http://169.254.169.254/latest/meta-data/", "neither Grafana's"},
		{"a redirection elsewhere", "127.0.0.1", grafana, redirect.URL + "?to=https://images.example.com/", `"images.example.com" is neither`},
		{"a redirection to a file", "127.0.0.1", grafana, redirect.URL + "?to=file:///etc/passwd", "none of the web"},
		{"a redirection to itself", "127.0.0.1", grafana, redirect.URL + "?to=" + redirect.URL, "redirected more than 3 times"},
		{"with a password", "127.0.0.1", grafana, strings.Replace(grafana, "//", "//user:password@", 1) + "/a.png", "none of the web"},
		{"a file", "127.0.0.1", grafana, "file:///etc/passwd", "none of the web"},
		{"no address", "127.0.0.1", grafana, "http://%zz/", "cannot be read"},
		{"nothing there", "127.0.0.1", grafana, grafana + "/gone?token=abc", "answers 404"},
		{"nobody there", "127.0.0.1", "", "http://127.0.0.1:1/?token=abc", "refused"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := only(fetcher(t, tt.hosts), tt.grafana, tt.address)
			if tt.reason == "" {
				if err != nil || !bytes.Equal(got.Data, picture) {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.reason) {
				t.Fatalf("%v, not %q", err, tt.reason)
			}
			for _, secret := range []string{"token=abc", "password"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells %s", err, secret)
				}
			}
		})
	}
}

// TestAddressesThatAreNotPublic are refused when a name leads to them.
func TestAddressesThatAreNotPublic(t *testing.T) {
	for address, public := range map[string]bool{
		"127.0.0.1": false, "10.1.2.3": false, "172.16.0.1": false, "192.168.1.1": false, "169.254.169.254": false,
		"0.0.0.0": false, "255.255.255.255": false, "224.0.0.1": false, "100.64.1.1": false, "198.18.0.1": false,
		"::1": false, "::": false, "fe80::1%lo": false, "fd00::1": false, "ff02::1": false,
		"::ffff:127.0.0.1": false, "64:ff9b::7f00:1": false,
		"0.1.2.3": false, "192.0.0.192": false, "192.88.99.1": false, "240.0.0.1": false,
		"::7f00:1": false, "::ffff:0:7f00:1": false, "2001::1": false, "2002:7f00:1::": false, "fec0::1": false,
		"8.8.8.8": true, "100.128.0.1": true, "2606:4700::1": true, "2001:4860:4860::8888": true,
	} {
		dialed := address + ":443"
		if strings.Contains(address, ":") {
			dialed = "[" + address + "]:443"
		}
		if err := (Hosts{}).control(t.Context(), "tcp", dialed, nil); (err == nil) != public {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestHostsThatCannotBeReadAreNamed(t *testing.T) {
	for _, list := range []string{"https://images.example.com", "images.example.com/a", "user@images.example.com", "10.0.0.0/33", "a b c:x"} {
		if _, err := ParseHosts(list); err == nil {
			t.Errorf("%q is taken", list)
		}
	}
	if _, err := ParseHosts(" Images.Example.com, [2001:db8::1] 10.0.0.0/8\tminio:9000 "); err != nil {
		t.Error(err)
	}
}

func TestAMailCarriesFivePictures(t *testing.T) {
	grafana := serve(t, map[string][]byte{"/a.png": pngOf(t)})
	_, failed := fetcher(t, "127.0.0.1").Fetch(context.Background(), grafana, []string{
		grafana + "/a.png", grafana + "/a.png?1", grafana + "/a.png?2", grafana + "/a.png?3", grafana + "/a.png?4", grafana + "/a.png?5",
	})
	for i, err := range failed {
		if (err == nil) != (i < maxPictures) {
			t.Errorf("picture %d: %v", i+1, err)
		}
	}
}

// TestMailsGoWithoutPicturesThatTakeTooLong: after two in a row none are asked for, of that
// server.
func TestMailsGoWithoutPicturesThatTakeTooLong(t *testing.T) {
	var asked atomic.Int32
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	}))
	defer server.Close()
	defer close(ended)
	other := serve(t, map[string][]byte{"/a.png": pngOf(t)}) + "/a.png"
	f := fetcher(t, "127.0.0.1")
	f.rests = turns.NewRests(0)
	for range 2 {
		turn, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, failed := f.Fetch(turn, server.URL, []string{server.URL, server.URL + "/2"})
		cancel()
		if failed[0] == nil || !strings.Contains(failed[0].Error(), "longer than") || failed[1] == nil {
			t.Fatal(failed)
		}
	}
	before := asked.Load()
	_, failed := f.Fetch(t.Context(), server.URL, []string{server.URL, other})
	if !errors.Is(failed[0], turns.ErrSlow) || asked.Load() != before || failed[1] != nil {
		t.Errorf("%v, and %d were asked for", failed, asked.Load()-before)
	}
}

// TestAMailWithoutATurnHasNoPictures, and does not wait.
func TestAMailWithoutATurnHasNoPictures(t *testing.T) {
	turn, cancel := context.WithCancelCause(t.Context())
	cancel(turns.ErrBusy)
	grafana := serve(t, map[string][]byte{"/a.png": pngOf(t)})
	if _, failed := fetcher(t, "127.0.0.1").Fetch(turn, grafana, []string{grafana + "/a.png"}); !errors.Is(failed[0], turns.ErrBusy) {
		t.Error(failed)
	}
}
