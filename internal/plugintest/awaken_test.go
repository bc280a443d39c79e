package plugintest_test

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestWaitingMailWakesItsDataSource: after a restart nobody calls the data source, and its
// mail goes out as soon as Grafana answers. A data source without mail is left alone, and
// of an organization that the token is not of, one is asked for, once.
func TestWaitingMailWakesItsDataSource(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	outbox := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	mine, foreign, idle := plugintest.ForRelay(r, nhncloud.STARTTLS, nil), plugintest.ForRelay(r, nhncloud.STARTTLS, nil), plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	foreign.OrgID, foreign.UID, idle.UID = 2, "foreign", "idle"
	alike := foreign
	alike.UID = "foreign-too"
	p := start(t, outbox, nil)
	r.Stop()
	for _, ds := range []plugintest.DataSource{mine, foreign, alike} {
		if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != http.StatusAccepted {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
	wake(t, p, idle)
	p.Kill()
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}

	// A port where nobody listens yet: Grafana starts its plugins first.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	_ = listener.Close()
	var out log
	p, err = plugintest.Start(watched(plugintest.Options{
		Executable: executable, Log: &out,
		Env: []string{
			"GF_PLUGIN_OUTBOX_URL=" + outbox,
			"GF_PLUGIN_GRAFANA_URL=http://" + address + "/", "GF_PLUGIN_GRAFANA_TOKEN=glsa_operator",
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	await(t, func() bool { return strings.Contains(out.String(), "mail waits until Grafana answers") })
	if r.Taken() != 0 {
		t.Fatal("mail went out though nobody has called its data source")
	}

	var mu sync.Mutex
	asked := make(map[string]int)
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Skipf("another process took the port: %v", err)
	}
	grafana := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		mu.Lock()
		asked[request.Header.Get("X-Grafana-Org-Id")+" "+request.URL.Path]++
		mu.Unlock()
		switch {
		case request.Header.Get("Authorization") != "Bearer glsa_operator", request.Header.Get("X-Grafana-Org-Id") != "1":
			w.WriteHeader(http.StatusUnauthorized)
		default: // as Grafana does
			if _, err := p.CheckHealth(request.Context(), mine); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = w.Write([]byte(`{"status":"OK"}`))
		}
	})}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = grafana.Serve(listener)
	}()
	t.Cleanup(func() {
		_ = grafana.Close()
		<-served
	})
	if _, err := r.WaitMails(within(t), 1); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		return strings.Contains(out.String(), "for whose health Grafana cannot be asked") && strings.Contains(out.String(), "Grafana was asked for the health")
	})
	mu.Lock()
	defer mu.Unlock()
	want := map[string]int{"1 /api/datasources/uid/" + mine.UID + "/health": 1, "2 /api/datasources/uid/foreign/health": 1}
	if len(asked) != len(want) {
		t.Errorf("Grafana was asked %v", asked)
	}
	for path, n := range want {
		if asked[path] != n {
			t.Errorf("%s: asked %d times", path, asked[path])
		}
	}
	if strings.Contains(out.String(), "glsa_operator") {
		t.Error("the log has the token")
	}
}
