package plugintest_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestAlertBecomesMailInEveryPortModeMechanismAndMailType(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	body := fixture(t, "firing-2.json")
	mechanisms := map[string]string{"auto": "PLAIN", "plain": "PLAIN", "login": "LOGIN"}
	users := map[string]string{"": "AppKey", "normal": "AppKey#normal", "auth": "AppKey#auth", "ad": "AppKey#ad"}
	seen := 0
	for _, mode := range modes {
		for setting, mechanism := range mechanisms {
			for mailType, user := range users {
				t.Run(fmt.Sprintf("%s/%s/%s", mode, setting, mailType), func(t *testing.T) {
					ds := plugintest.ForRelay(r, mode, map[string]any{
						"authMechanism": setting, "mailType": mailType,
						"adSenderName": "Example", "adSenderAddress": "1 Example Road, Seoul", "unsubscribeUrl": "https://example.com/unsubscribe",
					})
					ds.UID = t.Name() // a data source of its own
					health, err := p.CheckHealth(within(t), ds)
					if err != nil || health.Status.String() != "OK" {
						t.Fatal(err, health)
					}
					answer := call(t, p, ds, plugintest.Signed("alerts", body))
					got := object(t, answer.Body)
					if answer.Status != 200 || got["status"] != "sent" {
						t.Fatalf("%d %s", answer.Status, answer.Body)
					}
					seen++
					mails := waitMails(t, r, seen)
					sent := mails[seen-1]
					if !sent.TLS || sent.UserName != user || sent.Mechanism != mechanism {
						t.Errorf("TLS %v, user %q, mechanism %q", sent.TLS, sent.UserName, sent.Mechanism)
					}
					if ad := subject(t, sent.Data); strings.HasPrefix(ad, nhncloud.AdMarks[0]) != (mailType == "ad") {
						t.Errorf("subject %q", ad)
					}
					if !strings.Contains(string(sent.Data), "<"+got["messageId"].(string)+">") {
						t.Errorf("the mail's Message-ID is not %v", got["messageId"])
					}
					if reply := got["reply"].(string); !strings.Contains(reply, sent.QueueID) {
						t.Errorf("the reply %q is not the relay's, which named the mail %s", reply, sent.QueueID)
					}
				})
			}
		}
	}
	noViolations(t, r)
}

// subject is a mail's subject as a person reads it.
func subject(t *testing.T, data []byte) string {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Header.Subject()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEveryFixtureBecomesMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	for i, path := range fixtures(t) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			answer := call(t, p, ds, plugintest.Signed("alerts", body))
			if answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			mails := waitMails(t, r, i+1)
			head, _, _ := strings.Cut(string(mails[i].Data), "\r\n\r\n")
			if strings.Contains(head, "Bcc") || strings.Contains(head, "evil@") {
				t.Errorf("the payload reached the header:\n%s", head)
			}
		})
	}
	noViolations(t, r)
}

func TestRecipientsOfARequest(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"to": []string{"a@example.com", "b@example.com"}, "bcc": []string{"audit@example.com"},
		"allowedRecipients": []string{"@team.example.com"},
	})
	body := fixture(t, "firing-2.json")
	tests := []struct {
		name, path string
		status     int
		envelopes  [][]string
	}{
		{"the default recipients share a mail", "alerts", 200, [][]string{{"a@example.com", "b@example.com", "audit@example.com"}}},
		{"an allowed recipient replaces to, the defaults stay in bcc", "alerts?to=x@team.example.com", 200, [][]string{{"x@team.example.com", "audit@example.com"}}},
		{"a template that expands to nothing means the defaults, whom mail of type auth reaches one by one", "alerts?to=&type=auth", 200, [][]string{{"a@example.com"}, {"audit@example.com"}, {"b@example.com"}}},
		{"individual mails", "alerts?mode=individual&type=normal", 200, [][]string{{"a@example.com"}, {"audit@example.com"}, {"b@example.com"}}},
		{"a stranger is refused", "alerts?to=x@elsewhere.example", 403, nil},
		{"a typing error is refused", "alerts?too=a@example.com", 400, nil},
	}
	seen := 0
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := call(t, p, ds, plugintest.Signed(tt.path, body))
			if answer.Status != tt.status {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			mails := waitMails(t, r, seen+len(tt.envelopes))
			var envelopes [][]string
			for _, m := range mails[seen:] {
				envelopes = append(envelopes, m.To)
			}
			slices.SortFunc(envelopes, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
			if fmt.Sprint(envelopes) != fmt.Sprint(tt.envelopes) {
				t.Errorf("envelopes %v, want %v", envelopes, tt.envelopes)
			}
			seen = len(mails)
		})
	}
}

func TestWhoMayCall(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	signed := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	unsigned := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	unsigned.UID = "unsigned"
	delete(unsigned.Secrets, "webhookSecret")
	body := fixture(t, "firing-2.json")
	wrong := plugintest.Signed("alerts", body)
	wrong.Body = append(slices.Clone(body), ' ')
	tests := []struct {
		name    string
		ds      plugintest.DataSource
		request plugintest.Request
		status  int
	}{
		{"a Viewer with a signature may post alerts", signed, plugintest.Signed("alerts", body), 200},
		{"an Admin without a signature may not, where one is required", signed, plugintest.Request{Path: "alerts", Body: body, User: admin}, 401},
		{"a signature over another body counts for nothing", signed, wrong, 401},
		{"without a webhookSecret an Editor may post alerts", unsigned, plugintest.Request{Path: "alerts", Body: body, User: editor}, 200},
		{"and a Viewer may not", unsigned, plugintest.Request{Path: "alerts", Body: body, User: viewer}, 403},
		{"nor may nobody", unsigned, plugintest.Request{Path: "alerts", Body: body}, 403},
		{"a Viewer may not send a test mail", signed, plugintest.Request{Path: "test", User: viewer}, 403},
		{"a Viewer may not diagnose", signed, plugintest.Request{Path: "diagnose", User: viewer}, 403},
		{"a Viewer may not preview", signed, plugintest.Request{Path: "preview", User: viewer}, 403},
		{"a Viewer may see the status", signed, plugintest.Request{Method: "GET", Path: "status", User: viewer}, 200},
		{"a Viewer may not retry", signed, plugintest.Request{Path: "deliveries/x/retry", User: viewer}, 403},
		{"an Editor may not mail the sample to a stranger", signed, plugintest.Request{Path: "test", Body: []byte(`{"to":"x@elsewhere.example"}`), User: editor}, 403},
		{"an Admin may", signed, plugintest.Request{Path: "test", Body: []byte(`{"to":"x@elsewhere.example"}`), User: admin}, 200},
		{"GET is not how alerts are posted", signed, plugintest.Request{Method: "GET", Path: "alerts", User: admin}, 405},
		{"there is no such route", signed, plugintest.Request{Path: "nothing", User: admin}, 404},
		{"only JSON is read", signed, plugintest.Request{Path: "alerts", Body: body, Header: map[string][]string{"Content-Type": {"text/plain"}}, User: admin}, 415},
		{"what is not JSON is refused", unsigned, plugintest.Request{Path: "alerts", Body: []byte("{"), User: admin}, 400},
		{"what is not a notification is refused", unsigned, plugintest.Request{Path: "alerts", Body: []byte(`{"alerts":1}`), User: admin}, 422},
		{"a body over 16 MiB is refused", unsigned, plugintest.Request{Path: "alerts", Body: bytes.Repeat([]byte(" "), 16<<20+1), User: admin}, 413},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			answer := call(t, p, tt.ds, tt.request)
			if answer.Status != tt.status {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			if got := object(t, answer.Body); tt.status >= 400 && (got["error"] == "" || got["code"] == "") {
				t.Errorf("no words: %s", answer.Body)
			}
		})
	}
}
