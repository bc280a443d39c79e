package plugin

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"golang.org/x/sync/semaphore"
	"golang.org/x/time/rate"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"
)

const oneAlert = `{"alerts":[{"status":"firing","labels":{"alertname":"a"}}]}`

func postTo(path, body string) backend.CallResourceRequest {
	route, _, _ := strings.Cut(path, "?")
	return backend.CallResourceRequest{Method: http.MethodPost, Path: route, URL: path, Body: []byte(body)}
}

// TestWhatCommitsIsLimited: retries, cancellations and keys.
func TestWhatCommitsIsLimited(t *testing.T) {
	d := instance(t, nil)
	if got := ask(t, d, "Editor", postTo("alerts", oneAlert)); got.Status != http.StatusServiceUnavailable { // it waits
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	list := ask(t, d, "Viewer", backend.CallResourceRequest{Method: http.MethodGet, Path: "deliveries", URL: "deliveries"})
	_, after, _ := bytes.Cut(list.Body, []byte(`"id":"`))
	id, _, _ := strings.Cut(string(after), `"`)
	for path, body := range map[string]string{"key": `{"secret":"secret"}`, "deliveries/" + id + "/retry": "", "deliveries/" + id + "/cancel": ""} {
		const most = 2
		d.limits.act = rate.NewLimiter(rate.Every(time.Hour), most)
		for range most {
			if got := ask(t, d, "Editor", postTo(path, body)); got.Status == http.StatusTooManyRequests || got.Status == http.StatusNotFound {
				t.Errorf("%s: %d %s", path, got.Status, got.Body)
			}
		}
		if got := ask(t, d, "Editor", postTo(path, body)); got.Status != http.StatusTooManyRequests {
			t.Errorf("%s without a limit: %d %s", path, got.Status, got.Body)
		}
	}
}

// TestThereIsNoKeyWithoutASecret: anyone could make one under the empty secret.
func TestThereIsNoKeyWithoutASecret(t *testing.T) {
	if got := ask(t, instance(t, nil), "Admin", postTo("key", "")); got.Status != http.StatusBadRequest || !bytes.Contains(got.Body, []byte("no signing secret")) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestPreviewWaitsForItsTurnOnlySoLong: its caller is told to come again.
func TestPreviewWaitsForItsTurnOnlySoLong(t *testing.T) {
	d := instance(t, nil)
	if !previews.TryAcquire(1) {
		t.Fatal("another preview is running")
	}
	defer previews.Release(1)
	synctest.Test(t, func(t *testing.T) {
		d.limits = newLimits()
		began := time.Now()
		got := ask(t, d, "Editor", postTo("preview", ""))
		if got.Status != http.StatusTooManyRequests || got.Headers.Get("Retry-After") == "" || time.Since(began) != previewWithin {
			t.Errorf("after %s: %d %v %s", time.Since(began), got.Status, got.Headers, got.Body)
		}
	})
}

// TestHandlersEndTheTurnOfALargeBody: others need not wait until the answer is
// there, which may take as long as the relay does.
func TestHandlersEndTheTurnOfALargeBody(t *testing.T) {
	d := instance(t, nil)
	large := strings.Repeat(" ", window+1) + oneAlert
	for path, role := range map[string]string{"alerts": "Editor", "preview": "Editor", "test": "Editor", "key": "Editor", "status": "Viewer", "alerts?": "Viewer"} {
		request := postTo(path, "")
		if path == "status" {
			request.Method = http.MethodGet
		}
		request.PluginContext.User = &backend.User{Login: role, Role: role}
		ended := 0
		b := new(body)
		b.received([]byte(large), func() { ended++ })
		ctx := context.WithValue(backend.WithPluginContext(t.Context(), request.PluginContext), bodyKey{}, b)
		err := d.CallResource(ctx, &request, backend.CallResourceResponseSenderFunc(func(*backend.CallResourceResponse) error { return nil }))
		if err != nil || ended == 0 {
			t.Errorf("%s as %s: the turn has not ended, %v", path, role, err)
		}
	}
}

// largeQuery is a stream of one query.
type largeQuery struct{ stream }

func (s largeQuery) RecvMsg(m any) error {
	m.(*pluginv2.QueryDataRequest).Queries = []*pluginv2.DataQuery{{Json: make([]byte, s.size)}}
	return nil
}

// TestQueriesAreSmall: nothing else of a request is kept out of memory.
func TestQueriesAreSmall(t *testing.T) {
	turns := semaphore.NewWeighted(1)
	for size, want := range map[int]codes.Code{maxOther / 2: codes.OK, maxOther + 1: codes.ResourceExhausted} {
		s := &intakeStream{ServerStream: largeQuery{stream{ctx: t.Context(), size: size}}, turns: turns, body: new(body)}
		if err := s.RecvMsg(new(pluginv2.QueryDataRequest)); grpcstatus.Code(err) != want {
			t.Errorf("%d octets: %v", size, err)
		}
		if !turns.TryAcquire(1) {
			t.Fatal("its turn has not ended")
		}
		turns.Release(1)
	}
}
