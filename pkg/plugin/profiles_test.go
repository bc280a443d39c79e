package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// withProfiles is a data source that mails through relay, with these settings beside.
func withProfiles(t testing.TB, relay *relaytest.Relay, own map[string]any) *DataSource {
	t.Helper()
	return instance(t, func(s *backend.DataSourceInstanceSettings) {
		sendThrough(t, s, relay)
		all := make(map[string]any)
		if err := json.Unmarshal(s.JSONData, &all); err != nil {
			t.Fatal(err)
		}
		for key, value := range own {
			all[key] = value
		}
		var err error
		if s.JSONData, err = json.Marshal(all); err != nil {
			t.Fatal(err)
		}
	})
}

type object = map[string]any

// numbered is an alert that no other test mail is the same as.
func numbered(n int) string {
	return fmt.Sprintf(`{"receiver":"ops","groupKey":"%d","alerts":[{"status":"firing","labels":{"alertname":"a%d"}}]}`, n, n)
}

// noteOf is what the delivery log notes of an alert that was taken.
func noteOf(t testing.TB, d *DataSource, got answer) string {
	t.Helper()
	var told receipt
	if err := json.Unmarshal(got.Body, &told); err != nil || told.ID == "" {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	var e entry
	one := ask(t, d, "Viewer", backend.CallResourceRequest{Method: http.MethodGet, Path: "deliveries/" + told.ID, URL: "deliveries/" + told.ID})
	if err := json.Unmarshal(one.Body, &e); err != nil {
		t.Fatalf("%d %s", one.Status, one.Body)
	}
	return e.Note
}

// TestAContactPointNamesItsProfile: whom its mail is from and to, how it reads, its mail
// type and its further header fields; the parameters of the URL come on top.
func TestAContactPointNamesItsProfile(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := withProfiles(t, relay, object{"to": []string{"default@example.com"}, "profiles": []object{
		{"name": "oncall", "fromAddress": "oncall@example.org", "fromName": "On call", "to": []string{"a@example.com", "b@example.com"}, "recipientMode": "undisclosed",
			"allowedRecipients": []string{"@oncall.example"}, "mailType": "auth", "timezone": "Asia/Seoul", "subjectTemplate": "on call: {{ .Title }}",
			"headers": object{"X-Team": "当番", "list-id": "On call <oncall.example.org>"}},
		{"name": "db", "replyTo": "db@example.com"},
	}})
	for i, tt := range []struct {
		query, user, from, to string
		has, hasNot           []string
	}{
		{"profile=oncall", "AppKey#auth", "oncall@example.org", "[a@example.com]", []string{
			"From: \"On call\" <oncall@example.org>", "Subject: on call:", "X-Team: =?utf-8?b?", "List-Id: On call <oncall.example.org>\r\n", "+0900",
		}, []string{"ops.alerts", "\r\nReply-To"}},
		{"profile=OnCall&to=c@oncall.example&type=normal", "AppKey#normal", "oncall@example.org", "[c@oncall.example]", []string{"To: undisclosed-recipients:;"}, nil},
		{"profile=db", "AppKey", "grafana@example.com", "[default@example.com]", []string{"Reply-To: db@example.com", "List-Id: ops <ops.alerts.example.com>"}, []string{"X-Team"}},
		{"", "AppKey", "grafana@example.com", "[default@example.com]", nil, []string{"\r\nReply-To", "X-Team"}},
		{"profile=", "AppKey", "grafana@example.com", "[default@example.com]", nil, []string{"\r\nReply-To"}},
	} {
		before := relay.Taken()
		got := ask(t, d, "Editor", postTo("alerts?"+tt.query, numbered(i)))
		if got.Status != http.StatusOK {
			t.Fatalf("%s: %d %s", tt.query, got.Status, got.Body)
		}
		mail := relay.Mails()[before]
		if mail.UserName != tt.user || mail.From != tt.from || len(mail.To) != 1 || tt.query != "profile=oncall" && fmt.Sprint(mail.To) != tt.to {
			t.Errorf("%s: %s %s %s", tt.query, mail.UserName, mail.From, mail.To)
		}
		for _, text := range tt.has {
			if !strings.Contains(string(mail.Data), text) {
				t.Errorf("%s: no %q in\n%s", tt.query, text, mail.Data)
			}
		}
		for _, text := range tt.hasNot {
			if strings.Contains(string(mail.Data), text) {
				t.Errorf("%s: %q in\n%s", tt.query, text, mail.Data)
			}
		}
	}
	// The allow list of the profile takes the place of the data source's, both ways.
	for query, want := range map[string]int{
		"to=c@example.com": 200, "to=c@oncall.example": 403,
		"profile=oncall&to=c@example.com": 403, "profile=oncall&to=a@example.com": 200, "profile=oncall&to=default@example.com": 403, "profile=oncall&replyTo=c@example.com": 403,
		"profile=db&to=c@example.com": 200, "profile=db&profile=oncall": 400,
	} {
		if got := ask(t, d, "Editor", postTo("alerts?"+query, numbered(100+want+len(query)))); got.Status != want {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
	_, peak, _, _ := relay.Connections()
	if peak > 4 {
		t.Errorf("%d connections at a time", peak)
	}
}

// TestAProfileThatIsGoneLosesNoAlert: the default recipients have it, and nobody that only
// the URL names, for what the profile allowed is not known. It is said in the mail, the
// log and at Save & test.
func TestAProfileThatIsGoneLosesNoAlert(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	profiles := []object{{"name": "oncall", "to": []string{"a@example.com"}}, {"name": "db"}}
	d := withProfiles(t, relay, object{"to": []string{"default@example.com"}, "profiles": profiles})
	got := ask(t, d, "Editor", postTo("alerts?profile=renamed&to=c@example.com&cc=no-address&replyTo=d@example.com&language=ko", numbered(1)))
	if note := noteOf(t, d, got); got.Status != http.StatusOK || !strings.Contains(note, `no profile "renamed" (but oncall, db)`) || strings.Contains(note, "no-address") {
		t.Errorf("%d %s, noted %q", got.Status, got.Body, note)
	}
	mail := relay.Mails()[0]
	if text := string(mail.Data); fmt.Sprint(mail.To) != "[default@example.com]" || strings.Contains(text, "\r\nReply-To") || strings.Contains(text, "c@example.com") {
		t.Errorf("%s\n%s", mail.To, text)
	}
	shown := decoded[preview](t, ask(t, d, "Editor", postTo("preview", `{}`)))
	if strings.Contains(shown.Text, "no profile") {
		t.Error(shown.Text)
	}
	health := checkHealth(t, d, "Admin")
	if health.Status != backend.HealthStatusOk || !strings.Contains(health.Message, "a profile renamed, which is not there") {
		t.Errorf("%v %s", health.Status, health.Message)
	}
	alone := withProfiles(t, relay, object{"profiles": profiles})
	if got := ask(t, alone, "Editor", postTo("alerts?profile=renamed&to=c@example.com", numbered(2))); got.Status != http.StatusUnprocessableEntity || !strings.Contains(string(got.Body), `no profile`) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

// TestACapturedRequestCannotChangeItsProfile: the key covers it, as the rest of the URL.
func TestACapturedRequestCannotChangeItsProfile(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := withProfiles(t, relay, object{"to": []string{"default@example.com"}, "profiles": []object{
		{"name": "strict", "to": []string{"a@example.com"}, "allowedRecipients": []string{}}, {"name": "lax", "allowedRecipients": []string{"@example.net"}},
	}})
	d.settings.WebhookSecret = settings.NewSecret("signing")
	key := alert.Key(d.settings.WebhookSecret, d.source, url.Values{"profile": {"strict"}})
	post := func(query string, n int) answer {
		signed := plugintest.SignedBy("signing", "alerts?"+query, []byte(numbered(n)))
		return ask(t, d, "Viewer", backend.CallResourceRequest{Method: http.MethodPost, Path: "alerts", URL: signed.Path, Headers: signed.Header, Body: signed.Body})
	}
	if got := post("profile=strict&key="+key, 1); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	for i, query := range []string{"profile=lax&key=" + key, "key=" + key, "profile=strict&profile=lax&key=" + key, "profile=STRICT&key=" + key, "profile=lax&to=x@example.net&key=" + key, "profile=gone&key=" + key} {
		if got := post(query, 2+i); got.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", query, got.Status, got.Body)
		}
	}
	if relay.Taken() != 1 {
		t.Errorf("%d mails", relay.Taken())
	}
}

// TestMistakesInAProfileAreToldByKey: at Save & test, in the log of a delivery that they
// concern, and to whoever asks before saving. The alert is mailed all the same.
func TestMistakesInAProfileAreToldByKey(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := withProfiles(t, relay, object{"to": []string{"default@example.com"}, "subjectTemplate": "source's: {{ .Title }}", "profiles": []object{
		{"name": "good"},
		{"name": "oncall", "to": []string{"a@example.com", "b"}, "timezone": "Mars"},
		{"name": "db", "to": []string{"db@example.com"}, "subjectTemplate": "{{ .Nothing }}", "htmlTemplate": "{{ nope }}"},
	}})
	const want = "profiles[1].to address, profiles[1].timezone timezone, profiles[2].subjectTemplate template-field, profiles[2].htmlTemplate template-function"
	health := checkHealth(t, d, "Admin")
	details := decoded[healthDetails](t, answer{Body: health.JSONDetails})
	if got := byKey(details.Problems); health.Status != backend.HealthStatusError || got != want ||
		fmt.Sprint(details.Problems[2].Params["line"], details.Problems[2].Params["column"], details.Problems[2].Params["name"]) != "14Nothing" || details.ID != failure.CorrectSettings.With().ID || details.Report == nil || !strings.Contains(health.Message, "profiles[1].timezone is \"Mars\"") {
		t.Errorf("%v %q %s", health.Status, got, health.JSONDetails)
	}
	saved := string(d.jsonData)
	checked := decoded[validated](t, ask(t, d, "Editor", postTo("validate", `{"jsonData":`+saved+`,"secureJsonFields":{"secretKey":true,"tlsCACert":true}}`)))
	if got := byKey(checked.Problems); got != want {
		t.Errorf("%q", got)
	}
	for i, tt := range []struct{ profile, to, note, says string }{
		{"good", "[default@example.com]", "", "source's:"},
		{"oncall", "[a@example.com]", "profiles[1].timezone", "source's:"},
		{"db", "[db@example.com]", "the profile db has a mistake", "source's:"},
	} {
		note := noteOf(t, d, ask(t, d, "Editor", postTo("alerts?profile="+tt.profile, numbered(i))))
		mail := relay.Mails()[i]
		if fmt.Sprint(mail.To) != tt.to || (note != "") != (tt.note != "") || !strings.Contains(note, tt.note) || !strings.Contains(string(mail.Data), "Subject: "+tt.says) {
			t.Errorf("%s: %s, noted %q\n%s", tt.profile, mail.To, note, mail.Data)
		}
	}
}

// TestAPersonSeesTheMailOfAProfile: as a preview, also before it is saved, and as a test
// mail, which may go to those whom the profile's alerts may reach.
func TestAPersonSeesTheMailOfAProfile(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := withProfiles(t, relay, object{"to": []string{"default@example.com"}, "profiles": []object{
		{"name": "oncall", "fromAddress": "oncall@example.org", "to": []string{"a@example.com"}, "language": "ko", "allowedRecipients": []string{"@oncall.example"}},
	}})
	shown := decoded[preview](t, ask(t, d, "Editor", postTo("preview", `{"profile":"oncall"}`)))
	if !strings.Contains(shown.Mail, "From: =?utf-8?") || !strings.Contains(shown.Mail, "<oncall@example.org>") || !strings.Contains(shown.Mail, "To: a@example.com") {
		t.Error(shown.Mail)
	}
	shown = decoded[preview](t, ask(t, d, "Editor", postTo("preview", `{"profile":"new","settings":{"profiles":[{"name":"x","to":["b"]},{"name":"new","subjectTemplate":"new!"}]}}`)))
	if shown.Subject != "new!" {
		t.Error(shown)
	}
	for body, want := range map[string]string{
		`{"profile":"gone"}`: `Take one of oncall, or none`,
		`{"profile":"new","settings":{"profiles":[{"name":"new","textTemplate":"{{"}]}}`:                          `"setting":"profiles[0].textTemplate"`,
		`{"profile":"new","settings":{"textTemplate":"{{","profiles":[{"name":"new","subjectTemplate":"fine"}]}}`: `"setting":"textTemplate"`,
	} {
		if got := ask(t, d, "Editor", postTo("preview", body)); got.Status < 400 || !strings.Contains(string(got.Body), want) {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
	}
	for body, want := range map[string]int{
		`{"profile":"oncall"}`: 200, `{"profile":"oncall","to":"b@oncall.example"}`: 200, `{"profile":"oncall","to":"b@example.com"}`: 403,
		`{"to":"b@example.com"}`: 200, `{"to":"b@oncall.example"}`: 403, `{"profile":"gone"}`: 400,
	} {
		before := relay.Taken()
		got := ask(t, d, "Editor", postTo("test", body))
		if got.Status != want {
			t.Errorf("%s: %d %s", body, got.Status, got.Body)
		}
		if want == 200 && (relay.Mails()[before].From == "oncall@example.org") != strings.Contains(body, "profile") {
			t.Errorf("%s: from %s", body, relay.Mails()[before].From)
		}
	}
}
