package plugin

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// sending is a data source that mails through relay, to addresses of example.com.
func sending(t *testing.T, relay *relaytest.Relay) *DataSource {
	t.Helper()
	return instance(t, func(s *backend.DataSourceInstanceSettings) { sendThrough(t, s, relay) })
}

// decoded is the body of an answer.
func decoded[T any](t *testing.T, got answer) (v T) {
	t.Helper()
	if err := json.Unmarshal(got.Body, &v); err != nil {
		t.Fatalf("%d %s: %v", got.Status, got.Body, err)
	}
	return v
}

// cells is what a table shows of a field, a row each.
func cells(t *testing.T, frame *data.Frame, name string) string {
	t.Helper()
	field, _ := frame.FieldByName(name)
	if field == nil {
		t.Fatalf("%s has no field %s", frame.Name, name)
	}
	var all []string
	for i := range field.Len() {
		value, ok := field.ConcreteAt(i)
		if !ok {
			value = "-"
		}
		all = append(all, fmt.Sprint(value))
	}
	return strings.Join(all, "|")
}

// TestWhatBecameOfAnAlertIsToldInEveryForm: one recipient has the mail, another
// is refused, and an operator reads so wherever they look.
func TestWhatBecameOfAnAlertIsToldInEveryForm(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "gone@", Action: relaytest.Reply("550 5.1.1 no such user\r\n")})
	d := sending(t, relay)

	got := ask(t, d, "Editor", postTo("alerts?to=oncall@example.com,gone@example.com", oneAlert))
	told := decoded[receipt](t, got)
	if got.Status != http.StatusOK || told.Status != "sent" || !strings.Contains(told.Reply, "queued as") || fmt.Sprint(told.Accepted) != "[oncall@example.com]" ||
		len(told.Rejected) != 1 || told.Rejected[0].Address != "gone@example.com" || told.Rejected[0].Code != 550 || told.Rejected[0].EnhancedCode != "5.1.1" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	one := ask(t, d, "Viewer", backend.CallResourceRequest{Method: http.MethodGet, Path: "deliveries/" + told.ID, URL: "deliveries/" + told.ID})
	if e := decoded[entry](t, one); e.Status != "partial" || len(e.Recipients) != 2 || len(e.Attempts) != 1 || e.FinishedAt == nil {
		t.Errorf("%d %s", one.Status, one.Body)
	}

	for _, want := range []struct {
		kind  string
		model map[string]string
		frame int
		field string
		cells string
	}{
		{"deliveries", nil, 0, "status", "partial"},
		{"deliveries", nil, 0, "recipients", "oncall@example.com, gone@example.com"},
		{"deliveries", nil, 0, "accepted", "1"},
		{"deliveries", nil, 0, "id", told.ID},
		{"deliveries", map[string]string{"format": "logs"}, 0, "severity", "warning"},
		{"delivery", map[string]string{"id": told.ID}, 0, "from", "grafana@example.com"},
		{"delivery", map[string]string{"id": told.ID}, 1, "status", "sent|failed"},
		{"delivery", map[string]string{"id": told.ID}, 1, "code", "250|550"},
		{"delivery", map[string]string{"id": told.ID}, 1, "enhancedCode", "2.0.0|5.1.1"},
		{"delivery", map[string]string{"id": told.ID}, 2, "stage", "content"},
		{"queue", map[string]string{"measure": "oldestAge"}, 0, "oldestAge", "0"},
	} {
		found := query(t, d, want.kind, want.model)
		if found.Error != nil || len(found.Frames) <= want.frame {
			t.Errorf("%s %v: %v, %d frames", want.kind, want.model, found.Error, len(found.Frames))
			continue
		}
		if seen := cells(t, found.Frames[want.frame], want.field); seen != want.cells {
			t.Errorf("%s %v: %s is %q, want %q", want.kind, want.model, want.field, seen, want.cells)
		}
	}
	for measure, words := range map[string]string{"count": "partial", "latency": "p50"} {
		found := query(t, d, "stats", map[string]string{"measure": measure})
		if found.Error != nil || !hasValue(found.Frames, words) {
			t.Errorf("stats %s have no value for %s: %v", measure, words, found.Error)
		}
	}
}

// TestTimesWithoutMailAreNoGraph, and Grafana says "No data" instead of an error.
func TestTimesWithoutMailAreNoGraph(t *testing.T) {
	found := query(t, sending(t, startRelay(t, relaytest.Options{})), "stats", map[string]string{"measure": "latency"})
	if found.Error != nil || len(found.Frames) != 1 || len(found.Frames[0].Fields) > 0 {
		t.Errorf("%v, %+v", found.Error, found.Frames)
	}
}

// hasValue says whether a series whose labels hold a word is above zero anywhere.
func hasValue(frames data.Frames, word string) bool {
	for _, frame := range frames {
		for _, field := range frame.Fields {
			for i := range field.Len() {
				value, err := field.NullableFloatAt(i)
				if err == nil && value != nil && *value > 0 && strings.Contains(field.Labels.String(), word) {
					return true
				}
			}
		}
	}
	return false
}

// TestAHeldMailGoesOutWhenTheKeyIsCorrected: nobody has to send it again.
func TestAHeldMailGoesOutWhenTheKeyIsCorrected(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	var saved backend.DataSourceInstanceSettings
	d := instance(t, func(s *backend.DataSourceInstanceSettings) {
		sendThrough(t, s, relay)
		saved = *s
		saved.DecryptedSecureJSONData = maps.Clone(s.DecryptedSecureJSONData)
		s.DecryptedSecureJSONData["secretKey"] = "mistyped"
	})
	got := ask(t, d, "Editor", postTo("alerts?to=oncall@example.com", oneAlert))
	told := decoded[undelivered](t, got)
	if got.Status != http.StatusBadGateway || told.Code != "held" || !strings.Contains(told.Message, "credentials invalid") {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	if found := query(t, d, "deliveries", map[string]string{"format": "logs"}); found.Error != nil || cells(t, found.Frames[0], "severity") != "error" || !strings.HasPrefix(cells(t, found.Frames[0], "body"), "held: ") {
		t.Errorf("%v %v", found.Error, found.Frames)
	}
	if found := query(t, d, "queue", map[string]string{"measure": "depth"}); found.Error != nil || !hasValue(found.Frames, "held") {
		t.Errorf("nothing is held: %v", found.Error)
	}
	if health := checkHealth(t, d, "Admin"); health.Status != backend.HealthStatusError || !strings.Contains(health.Message, "535") {
		t.Errorf("%v %s", health.Status, health.Message)
	}

	saved.Updated = time.Now().Truncate(time.Millisecond) // as Grafana tells it
	made, err := NewFactory(d.service, "test")(t.Context(), saved)
	if err != nil {
		t.Fatal(err)
	}
	defer made.(*DataSource).Dispose()
	if mails, err := relay.WaitMails(t.Context(), 1); err != nil || fmt.Sprint(mails[0].To) != "[oncall@example.com]" {
		t.Errorf("%v %v", mails, err)
	}
}

// TestATestMailSaysWhatTheRelaySays, and is no way to mail strangers.
func TestATestMailSaysWhatTheRelaySays(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	remove := relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Action: relaytest.Reply("554 5.7.1 looks like spam\r\n")})
	d := sending(t, relay)
	for _, tt := range []struct {
		role, to string
		before   func()
		status   int
		words    string
	}{
		{"Editor", "oncall@example.com", nil, http.StatusBadGateway, "looks like spam"},
		{"Editor", "oncall@example.com", remove, http.StatusOK, "queued as"},
		{"Editor", "stranger@example.net", nil, http.StatusForbidden, "stranger@example.net is not among the recipients"},
		{"Admin", "stranger@example.net", nil, http.StatusOK, `"accepted":["stranger@example.net"]`},
		{"Admin", "nobody", nil, http.StatusBadRequest, `\"to\": `},
		{"Admin", "", nil, http.StatusUnprocessableEntity, "the notification has no recipients"},
	} {
		if tt.before != nil {
			tt.before()
		}
		body, err := json.Marshal(map[string]string{"to": tt.to})
		if err != nil {
			t.Fatal(err)
		}
		request := postTo("test", string(body))
		request.Headers = map[string][]string{"Content-Type": {"application/json"}}
		if got := ask(t, d, tt.role, request); got.Status != tt.status || !strings.Contains(string(got.Body), tt.words) {
			t.Errorf("%s to %q: %d %s, want %d and %q", tt.role, tt.to, got.Status, got.Body, tt.status, tt.words)
		}
	}
	if n := len(relay.Mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
}

// TestEachSampleIsMailedAndPreviewed, with its alerts, their links, and words that say
// that it is a test.
func TestEachSampleIsMailedAndPreviewed(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := sending(t, relay)
	ctx := config.WithGrafanaConfig(t.Context(), config.NewGrafanaCfg(map[string]string{config.AppURL: "https://grafana.example.com/sub/"}))
	post := func(path, body string) answer {
		request := postTo(path, body)
		request.Headers = map[string][]string{"Content-Type": {"application/json"}}
		return askWith(ctx, t, d, "Admin", request)
	}
	for i, tt := range []struct{ sample, subject, words string }{
		{"", "2, 1: Test", "db-2"},
		{"firing", "2, 1: Test", "web-1"},
		{"resolved", "0, 3: Test", "db-1"},
		{"storm", "120, 0: Test", "web-001"},
	} {
		got := post("preview", `{"sample":"`+tt.sample+`","settings":{"subjectTemplate":"{{ .FiringCount }}, {{ .ResolvedCount }}: {{ .Headline }}"}}`)
		if got.Status != http.StatusOK {
			t.Fatalf("%q: %d %s", tt.sample, got.Status, got.Body)
		}
		shown := decoded[preview](t, got)
		for _, words := range []string{tt.words, "Nothing is wrong", "https://grafana.example.com/sub/alerting/list"} {
			if !strings.Contains(shown.Text, words) || !strings.Contains(shown.HTML, words) {
				t.Errorf("%q: %q is not in\n%s", tt.sample, words, shown.Text)
			}
		}
		if !strings.HasPrefix(shown.Subject, tt.subject) {
			t.Errorf("%q: %s", tt.sample, shown.Subject)
		}
		if got := post("test", `{"to":"me@example.com","sample":"`+tt.sample+`"}`); got.Status != http.StatusOK {
			t.Errorf("%q: %d %s", tt.sample, got.Status, got.Body)
		}
		if mails, err := relay.WaitMails(t.Context(), i+1); err != nil || !strings.Contains(string(mails[i].Data), "Test: disk almost full") {
			t.Errorf("%q: %v %s", tt.sample, err, mails[i].Data)
		}
	}
	for _, path := range []string{"test", "preview"} {
		if got := post(path, `{"sample":"flood"}`); got.Status != http.StatusBadRequest || !strings.Contains(string(got.Body), "firing, resolved, storm") {
			t.Errorf("%s: %d %s", path, got.Status, got.Body)
		}
	}
}

// TestDiagnoseTellsOfEachPort: the relay listens on the configured one only.
func TestDiagnoseTellsOfEachPort(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := sending(t, relay)
	all := decoded[diagnosis](t, ask(t, d, "Editor", postTo("diagnose", ""))).Endpoints
	if len(all) != 6 || all[0].Port != relay.STARTTLSPort() || all[0].Report.Err != nil {
		t.Errorf("%+v", all)
	}
	for _, e := range all[1:] {
		if e.Report.Err == nil {
			t.Errorf("port %d answers for a relay that is not there", e.Port)
		}
	}
	one := fmt.Sprintf("diagnose?mode=starttls&port=%d", relay.STARTTLSPort())
	if all := decoded[diagnosis](t, ask(t, d, "Editor", postTo(one, ""))).Endpoints; len(all) != 1 || all[0].Report.Mechanism != "PLAIN" {
		t.Errorf("%+v", all)
	}
	if got := ask(t, d, "Editor", postTo("diagnose?mode=starttls&port=22", "")); got.Status != http.StatusBadRequest {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestAPreviewIsOfSettingsThatAreNotSaved, and sends nothing.
func TestAPreviewIsOfSettingsThatAreNotSaved(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := sending(t, relay)
	show := func(settings, payload string) answer {
		request := postTo("preview", `{"settings":`+settings+`,"payload":`+payload+`}`)
		request.Headers = map[string][]string{"Content-Type": {"application/json"}}
		return ask(t, d, "Editor", request)
	}
	got := show(`{"subjectTemplate":"{{.State}} now","recipientMode":"individual"}`, oneAlert)
	if shown := decoded[preview](t, got); got.Status != http.StatusOK || shown.Subject != "firing now" || !strings.Contains(shown.Mail, "Subject: firing now") {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	for settings, words := range map[string]string{
		`{"subjectTemplate":"{{.Sumary}}"}`: "subjectTemplate, line 1",
		`{"maxConnections":0}`:              "maxConnections is 0",
	} {
		if got := show(settings, oneAlert); got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), words) {
			t.Errorf("%s: %d %s", settings, got.Status, got.Body)
		}
	}
	if _, _, total, _ := relay.Connections(); total > 0 {
		t.Errorf("%d connections", total)
	}

	page, err := os.ReadFile("../../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	if got := show(`{"textTemplate":"{{.Sumary}}"}`, oneAlert); !strings.Contains(string(got.Body), `"hintArgs":{"setting":"textTemplate"}`) {
		t.Errorf("the setting is not named: %s", got.Body)
	}
	refused := decoded[failure.Error](t, show(`{"htmlTemplate":"<ul>\n{{range .Alerts}}\n<li><b> +  {{.Sumary}}{{end}}"}`, oneAlert))
	if !strings.Contains(string(page), "\n    "+refused.Message+"\n") {
		t.Errorf("docs/templates.md has other words than %q", refused.Message)
	}
}

// TestADataSourceWithoutRecipientsSaysSo: it is no fault, since contact points may
// name them, but every other alert is refused.
func TestADataSourceWithoutRecipientsSaysSo(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	if got := checkHealth(t, sending(t, relay), "Admin"); got.Status != backend.HealthStatusOk || !strings.Contains(got.Message, "No recipient is set") {
		t.Errorf("%s %s", got.Status, got.Message)
	}
	d := instance(t, func(s *backend.DataSourceInstanceSettings) {
		sendThrough(t, s, relay)
		s.JSONData = []byte(strings.Replace(string(s.JSONData), "{", `{"bcc":["oncall@example.com"],`, 1))
	})
	if got := checkHealth(t, d, "Admin"); got.Status != backend.HealthStatusOk || strings.Contains(got.Message, "No recipient is set") {
		t.Errorf("%s %s", got.Status, got.Message)
	}
}
