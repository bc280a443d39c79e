package plugin

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
)

// instance is a data source in this process, with an outbox in memory and a
// relay that is nowhere.
func instance(t testing.TB, change func(*backend.DataSourceInstanceSettings)) *DataSource {
	t.Helper()
	return instanceIn(context.Background(), t, change)
}

// instanceIn is an instance in a Grafana whose configuration is in ctx.
func instanceIn(ctx context.Context, t testing.TB, change func(*backend.DataSourceInstanceSettings)) *DataSource {
	t.Helper()
	service := delivery.New(delivery.ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": "memory:", "GF_PLUGIN_DNS_SERVER": "127.0.0.1:1"}[key] // no DNS
	}, "/plugins/"+ID+"/gpx"), hclog.NewNullLogger())
	settings := backend.DataSourceInstanceSettings{
		UID:                     "test",
		JSONData:                []byte(`{"host":"127.0.0.1","port":1,"appKey":"AppKey","fromAddress":"grafana@example.com","to":["oncall@example.com"]}`),
		DecryptedSecureJSONData: map[string]string{"secretKey": "SecretKey"},
	}
	if change != nil {
		change(&settings)
	}
	made, err := NewFactory(service, "test")(ctx, settings)
	if err != nil {
		t.Fatal(err)
	}
	d := made.(*DataSource)
	t.Cleanup(func() {
		d.Dispose()
		if err := service.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return d
}

// answer is what a resource route answered.
type answer struct {
	Status  int
	Headers http.Header
	Body    []byte
}

func ask(t testing.TB, d *DataSource, role string, request backend.CallResourceRequest) answer {
	t.Helper()
	return askWith(context.Background(), t, d, role, request)
}

// askWith is ask in a context, such as that of a Grafana which says its address.
func askWith(ctx context.Context, t testing.TB, d *DataSource, role string, request backend.CallResourceRequest) answer {
	t.Helper()
	request.PluginContext.User = &backend.User{Login: role, Role: role}
	ctx = backend.WithPluginContext(ctx, request.PluginContext)
	var got answer
	err := d.CallResource(ctx, &request, backend.CallResourceResponseSenderFunc(func(r *backend.CallResourceResponse) error {
		if r.Status != 0 {
			got.Status, got.Headers = r.Status, r.Headers
		}
		got.Body = append(got.Body, r.Body...)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestAlertsThatNeverStopAreLimited: an alert storm passes, and so does what
// the limit lets through from then on; requests of those who may not send take
// nothing of it.
func TestAlertsThatNeverStopAreLimited(t *testing.T) {
	d := instance(t, nil)
	synctest.Test(t, func(t *testing.T) {
		// The limiter is made in the bubble: its clock is the test's.
		d.limits = newLimits()
		post := func(role string) answer {
			return ask(t, d, role, backend.CallResourceRequest{Method: http.MethodPost, Path: "alerts", URL: "alerts", Body: []byte("{}")})
		}
		for range 1000 {
			if got := post("Viewer"); got.Status != http.StatusForbidden {
				t.Fatalf("%d %s", got.Status, got.Body)
			}
		}
		passed := 0
		for ; passed < 100_000; passed++ {
			if got := post("Editor"); got.Status != http.StatusUnprocessableEntity {
				break
			}
		}
		if passed != 20_000 {
			t.Errorf("a storm of %d passes", passed)
		}
		limited := post("Editor")
		if seconds, err := strconv.Atoi(limited.Headers.Get("Retry-After")); limited.Status != http.StatusTooManyRequests || err != nil || seconds != 1 || !bytes.Contains(limited.Body, []byte(`"code":"rate"`)) {
			t.Errorf("%d %v %s", limited.Status, limited.Headers, limited.Body)
		}
		time.Sleep(time.Second)
		for n := range 100 {
			if got := post("Editor"); got.Status != http.StatusUnprocessableEntity {
				t.Fatalf("%d a second pass: %d %s", n, got.Status, got.Body)
			}
		}
		if got := post("Editor"); got.Status != http.StatusTooManyRequests {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

// TestRefusalsLeaveNoDebt: however many are refused at once, the limit lets
// the next through as soon as one would have been.
func TestRefusalsLeaveNoDebt(t *testing.T) {
	limit := rate.NewLimiter(1, 1)
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for range 20_000 {
				_ = allow(httptest.NewRecorder(), limit, 1)
			}
		})
	}
	callers.Wait()
	if tokens := limit.Tokens(); tokens < 0 {
		t.Errorf("%.0f requests that were refused are owed", -tokens)
	}
}
