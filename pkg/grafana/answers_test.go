package grafana_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
)

func TestAnswers(t *testing.T) {
	mux := http.NewServeMux()
	is := func(path string, status int, body string) {
		mux.HandleFunc("GET "+path+"/api/health", func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "" {
				t.Error("a token is sent to an address that nobody has looked at yet")
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		})
	}
	is("", 200, `{"database": "ok"}`)
	is("/sub", 200, `{"commit":"abc","database":"ok","version":"13.1.0"}`)
	is("/starting", 503, `{"database":"failing"}`)
	is("/other", 200, `{"status":"ok"}`)
	is("/page", 200, `<html></html>`)
	is("/broken", 502, `{"database":"ok"}`)
	mux.Handle("GET /moved/api/health", http.RedirectHandler("/api/health", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	client := grafana.NewClient()
	defer client.Close()

	for _, path := range []string{"", "/", "/sub", "/sub/", "/starting"} {
		if err := client.Answers(t.Context(), server.URL+path); err != nil {
			t.Errorf("%q: %v", path, err)
		}
	}
	for _, address := range []string{
		server.URL + "/other", server.URL + "/page", server.URL + "/broken", server.URL + "/moved", server.URL + "/nothing",
		server.URL + "?a=b", "http://user:word@" + server.Listener.Addr().String(), "file:///etc", "grafana", "",
	} {
		if client.Answers(t.Context(), address) == nil {
			t.Errorf("%q is Grafana", address)
		}
	}
	server.Close()
	if client.Answers(t.Context(), server.URL) == nil {
		t.Error("nobody listens, and it is Grafana")
	}
}
