package plugintest_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

type healthDetails struct {
	Report smtp.Report `json:"report"`
	Outbox struct {
		Backend string
		Durable bool
		Warning string
	} `json:"outbox"`
	Warnings  []failure.Hint `json:"warnings"`
	Hint      string         `json:"hint"`
	ErrorLink string         `json:"errorLink"`
}

func TestSaveAndTestTellsEveryStageAndTheCertificate(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	result, err := p.CheckHealth(within(t), plugintest.ForRelay(r, nhncloud.STARTTLS, nil))
	if err != nil {
		t.Fatal(err)
	}
	var details healthDetails
	if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	var stages []string
	for _, s := range details.Report.Stages {
		stages = append(stages, string(s.Name))
		if s.Outcome != smtp.Passed {
			t.Errorf("stage %s %s", s.Name, s.Outcome)
		}
	}
	if got, want := strings.Join(stages, " "), "dial greeting ehlo starttls tls ehlo_tls auth quit"; got != want {
		t.Errorf("stages %s, want %s", got, want)
	}
	if c := details.Report.TLS.Certificate; c.NotAfter.IsZero() || details.Report.TLS.Version != "TLS 1.3" {
		t.Errorf("TLS %+v", details.Report.TLS)
	}
	if result.Status.String() != "OK" || !details.Outbox.Durable || details.Outbox.Backend != "sqlite" || len(details.Warnings) > 0 {
		t.Errorf("%s %+v", result.Message, details)
	}
}

func TestSaveAndTestSaysWhatIsWrongAndWhatToDo(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	tests := []struct {
		name     string
		override map[string]any
		secret   string
		relay    func(*relaytest.Options)
		message  []string
	}{
		{"wrong SecretKey", nil, "WrongKey", nil, []string{"535", "Check the AppKey and SecretKey in the NHN Cloud console"}},
		{"wrong type of port", map[string]any{"port": r.TLSWrapperPort()}, "", nil, []string{"greeting", "TLS wrapper"}},
		{"the reverse", map[string]any{"portMode": "tlsWrapper", "port": r.STARTTLSPort()}, "", nil, []string{"STARTTLS port"}},
		{"nothing listens", map[string]any{"port": 1}, "", nil, []string{"Nothing listens on 127.0.0.1:1"}},
		{"wrong certificate", map[string]any{"serverName": "mail.example.com"}, "", nil, []string{"certificate", "mail.example.com"}},
		{"STARTTLS stripped", nil, "", func(o *relaytest.Options) { o.StripSTARTTLS = true }, []string{"STARTTLS"}},
		{"settings", map[string]any{"portMode": "ssl", "fromAddress": nil}, "", nil, []string{`portMode is "ssl"; it must be "starttls" or "tlsWrapper"`, "fromAddress is missing"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r.Set(func(o *relaytest.Options) {
				o.StripSTARTTLS = false
				if tt.relay != nil {
					tt.relay(o)
				}
			})
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"timeoutSeconds": 1})
			if tt.override != nil {
				tt.override["timeoutSeconds"] = 1
				ds = plugintest.ForRelay(r, nhncloud.STARTTLS, tt.override)
			}
			ds.UID = t.Name()
			if tt.secret != "" {
				ds.Secrets["secretKey"] = tt.secret
			}
			result, err := p.CheckHealth(within(t), ds)
			if err != nil {
				t.Fatal(err)
			}
			var details healthDetails
			if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
				t.Fatal(err)
			}
			if result.Status.String() != "ERROR" || details.Hint == "" || details.ErrorLink == "" {
				t.Errorf("%s %+v", result.Status, details)
			}
			for _, words := range tt.message {
				if !strings.Contains(result.Message, words) {
					t.Errorf("%q does not say %q", result.Message, words)
				}
			}
			if all := result.Message + string(result.JSONDetails); strings.Contains(all, "WrongKey") || strings.Contains(all, "SecretKey\"") {
				t.Errorf("a secret is told: %s", all)
			}
		})
	}
}

func TestDiagnoseProbesEveryEndpointOfTheConfiguredHostOnly(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	answer := call(t, p, ds, plugintest.Request{Path: "diagnose", User: editor})
	var got struct {
		Endpoints []struct {
			Mode   string
			Port   int
			Report smtp.Report
		}
	}
	if err := json.Unmarshal(answer.Body, &got); err != nil || len(got.Endpoints) != 6 {
		t.Fatal(err, string(answer.Body))
	}
	for _, e := range got.Endpoints {
		if works := e.Report.Err == nil; works != (e.Port == r.STARTTLSPort()) || e.Report.Host != r.Host() {
			t.Errorf("%+v", e)
		}
	}
	if first := got.Endpoints[0].Report; first.Mechanism != "PLAIN" || first.Port != r.STARTTLSPort() {
		t.Errorf("the configured endpoint: %+v", first)
	}
	if answer := call(t, p, ds, plugintest.Request{Path: "diagnose?mode=starttls&port=22", User: admin}); answer.Status != 400 {
		t.Errorf("port 22 can be probed: %d %s", answer.Status, answer.Body)
	}
}

func TestPreviewShowsWhatIsSentAndSendsNothing(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	body := fixture(t, "resolved-1.json") // says nothing that depends on the hour
	answer := call(t, p, ds, plugintest.Request{Path: "preview", User: editor, Body: []byte(`{"payload":` + string(body) + `,"settings":{"fromName":"Night watch"}}`)})
	got := object(t, answer.Body)
	if answer.Status != 200 || !strings.Contains(got["mail"].(string), "Night watch") {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if r.Taken() != 0 {
		t.Error("a preview was sent")
	}
	call(t, p, ds, plugintest.Signed("alerts", body))
	mails, err := r.WaitMails(within(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	parts := func(mail string) string { _, rest, _ := strings.Cut(mail, "\r\n\r\n"); return rest }
	if parts(got["mail"].(string)) != parts(string(mails[0].Data)) {
		t.Error("the preview's body is not the mail's, byte for byte")
	}
	for name, body := range map[string]string{
		"a CA certificate that is not saved yet": `{"settings":{"tlsAuthWithCACert":true}}`,
		"no default recipients":                  `{"settings":{"to":[]}}`,
	} {
		if answer := call(t, p, ds, plugintest.Request{Path: "preview", User: editor, Body: []byte(body)}); answer.Status != 200 {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	unsaved := ds
	unsaved.Secrets = nil
	if answer := call(t, p, unsaved, plugintest.Request{Path: "preview", User: editor, Body: []byte(`{"settings":{"language":"ko"}}`)}); answer.Status != 200 {
		t.Errorf("no SecretKey is saved yet: %d %s", answer.Status, answer.Body)
	}
	answer = call(t, p, ds, plugintest.Request{Path: "preview", User: editor, Body: []byte(`{"settings":{"language":"fr"}}`)})
	if answer.Status != 422 || !strings.Contains(string(answer.Body), "language") {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

// TestWrongSettingsAreInTheLog: of a provisioned data source nobody may ever
// press Save & test.
func TestWrongSettingsAreInTheLog(t *testing.T) {
	r := relay(t, relaytest.Options{})
	var said log
	p := start(t, "memory:", &said)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"language": "fr", "fromAddress": nil})
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != 500 {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	await(t, func() bool { return strings.Contains(said.String(), "not valid") })
	line := said.String()
	for _, words := range []string{"answered with 500", `"source":"1/`, "language is ", "fromAddress is missing"} {
		if !strings.Contains(line, words) {
			t.Errorf("the log does not say %q: %s", words, line)
		}
	}
}

// TestHealthChecksAreNoStormOfAUTH: every Viewer may ask for them.
func TestHealthChecksAreNoStormOfAUTH(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	for range 40 {
		if message, _ := outboxHealth(t, p, ds); !strings.HasPrefix(message, "OK") {
			t.Fatal(message)
		}
	}
	if _, _, handshakes, _ := r.Connections(); handshakes >= 30 {
		t.Errorf("%d handshakes", handshakes)
	}
}

// TestHealthChecksAtOnceAreNoStormOfAUTHEither: none has ended before the last
// is asked for.
func TestHealthChecksAtOnceAreNoStormOfAUTHEither(t *testing.T) {
	r := relay(t, relaytest.Options{})
	release := make(chan struct{})
	r.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Hold(release)})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	const checks = 40
	messages := make(chan string, checks)
	ctx := within(t)
	for range checks {
		go func() {
			result, err := p.CheckHealth(ctx, ds)
			if err != nil {
				messages <- err.Error()
				return
			}
			messages <- result.Status.String() + " " + result.Message
		}()
	}
	refused := 0
	for n := range checks {
		if n == 10 { // of those that are refused
			close(release)
		}
		message := <-messages
		if strings.Contains(message, "too many checks") && strings.Contains(message, "Try again") {
			refused++
		} else if !strings.HasPrefix(message, "OK") {
			t.Error(message)
		}
	}
	if _, _, handshakes, _ := r.Connections(); handshakes >= 20 || refused < 10 {
		t.Errorf("%d handshakes, %d refused", handshakes, refused)
	}
}

// TestHealthCheckThatWasBrokenOffFoundNothing: whoever broke it off, the next
// that comes too soon hears of the last that came to its end.
func TestHealthCheckThatWasBrokenOffFoundNothing(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if message, _ := outboxHealth(t, p, ds); !strings.HasPrefix(message, "OK") {
		t.Fatal(message)
	}
	release := make(chan struct{})
	greeted := make(chan struct{}, 20)
	remove := r.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Hold(release), OnFire: func() { greeted <- struct{}{} }})
	ctx, breakOff := context.WithCancel(within(t))
	var asked sync.WaitGroup
	for range 13 {
		asked.Go(func() { _, _ = p.CheckHealth(ctx, ds) })
	}
	for range 13 {
		<-greeted
	}
	breakOff()
	asked.Wait()
	remove()
	close(release)
	await(t, func() bool { return healthChecks(t, p) == 14 }) // all have ended in the plugin, too
	if message, _ := outboxHealth(t, p, ds); !strings.HasPrefix(message, "OK") {
		t.Error(message)
	}
}

var handledHealthChecks = regexp.MustCompile(`(?m)^grpc_server_handled_total\{[^}]*grpc_method="CheckHealth"[^}]*\} (\d+)$`)

// healthChecks counts the health checks that a process has ended.
func healthChecks(t *testing.T, p *plugintest.Process) (n int) {
	t.Helper()
	page, err := p.Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, found := range handledHealthChecks.FindAllSubmatch(page, -1) {
		one, err := strconv.Atoi(string(found[1]))
		if err != nil {
			t.Fatal(err)
		}
		n += one
	}
	return n
}
