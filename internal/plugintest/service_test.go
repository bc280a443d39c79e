package plugintest_test

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestTheServiceIsAskedAndNothingOfTheSecretKeyIsTold: not in a URL, the log, a span, a
// metric or an answer; and neither the log nor a span has the AppKey, as a URL would.
func TestTheServiceIsAskedAndNothingOfTheSecretKeyIsTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var said, spans log
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, &everySpan{to: &spans})
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Log: &said, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db")), "GF_PLUGIN_LOG_LEVEL=debug",
		"GF_INSTANCE_OTLP_ADDRESS=" + listener.Addr().String(), "GF_INSTANCE_OTLP_PROPAGATION=w3c",
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	s := servicetest.Start(servicetest.Options{SecretKey: canarySecretKey})
	t.Cleanup(s.Stop)
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"serviceResults": true, "serviceUrl": s.URL(), "subjectTemplate": "Disk full"})
	id, err := json.Marshal(object(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Body)["id"])
	if err != nil {
		t.Fatal(err)
	}
	s.Add(servicetest.Mail{
		RequestID: "1", Time: time.Now().Truncate(time.Second), Sender: "grafana@example.com", Recipient: "oncall@example.com", Subject: "Disk full",
		Code: "SST3", DSNCode: "5.1.1", DSNMessage: "No such user",
	})

	if got := query(t, p, ds, "serviceMails", `{"status":["failed"]}`); got.Error != nil || got.Frames[0].Rows() != 1 {
		t.Errorf("%+v", got)
	}
	if got := query(t, p, ds, "serviceStats", `{"measure":"failed"}`); got.Error != nil || sum(got.Frames[0].Fields[1]) != 1 {
		t.Errorf("%+v", got)
	}
	recipients := query(t, p, ds, "delivery", `{"id":`+string(id)+`}`).Frames[1]
	if status, words := field(t, recipients, "service", nil).At(0), field(t, recipients, "serviceMessage", nil).At(0); status != "failed" || words != "5.1.1 No such user" {
		t.Errorf("the service says %s, %s", status, words)
	}
	for _, fault := range []servicetest.Fault{servicetest.Echo(), servicetest.Status(500), servicetest.Body("{"), servicetest.Redirect("http://127.0.0.1:1")} {
		s.Order(fault)
		saved := ds
		saved.Updated = time.Now() // the settings are saved anew, and no answer is kept
		got := query(t, p, saved, "serviceMails", `{}`)
		if got.Error == nil || got.ErrorSource != backend.ErrorSourceDownstream {
			t.Errorf("%+v", got)
		}
	}
	metrics, err := p.Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	p.Stop() // sends the last spans
	for _, request := range s.Requests() {
		if request.Secret != canarySecretKey || strings.Contains(request.Path, canarySecretKey) {
			t.Errorf("%+v", request)
		}
	}
	if !strings.Contains(spans.String(), "QueryData") && !strings.Contains(spans.String(), "queryData") {
		t.Error("no span of a query came: the test tests nothing")
	}
	for kind, text := range map[string]string{"the log": said.String(), "a span": spans.String(), "a metric": string(metrics)} {
		for _, hidden := range []string{canarySecretKey, "appKeys/", "startSendDate"} {
			if strings.Contains(text, hidden) {
				t.Errorf("%s has %q", kind, hidden)
			}
		}
	}
}

// TestTheServiceIsReachedThroughGrafanasHTTPProxy, which does not see what is said.
func TestTheServiceIsReachedThroughGrafanasHTTPProxy(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+" "+r.Host+" "+r.Header.Get("X-Secret-Key"))
		http.Error(w, "no", http.StatusBadGateway)
	}))
	t.Cleanup(proxy.Close)
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Env: []string{"GF_PLUGIN_OUTBOX_URL=memory:", "HTTPS_PROXY=" + proxy.URL}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	ds := plugintest.ForRelay(relay(t, relaytest.Options{}), nhncloud.STARTTLS, map[string]any{"serviceResults": true, "serviceUrl": "https://api.invalid"})
	if got := query(t, p, ds, "serviceMails", `{}`); got.Error == nil || !strings.Contains(got.Error.Error(), "no proxy on the way") {
		t.Errorf("%+v", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(asked) != 1 || asked[0] != "CONNECT api.invalid:443 " {
		t.Errorf("the proxy was asked for %q", asked)
	}
}
