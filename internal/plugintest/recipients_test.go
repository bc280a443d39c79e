package plugintest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-message/mail"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// rejected lists what an answer rejects, as "address code enhancedCode".
func rejected(t *testing.T, answer map[string]any) []string {
	t.Helper()
	var all []string
	list, _ := answer["rejected"].([]any)
	for _, entry := range list {
		r, _ := entry.(map[string]any)
		if r["message"] == "" {
			t.Errorf("%v has no words", r)
		}
		all = append(all, fmt.Sprint(r["address"], " ", r["code"], " ", r["enhancedCode"]))
	}
	return all
}

// parts are the texts of a mail by their media types.
func parts(t *testing.T, data []byte) map[string]string {
	t.Helper()
	r, err := mail.CreateReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for part, err := r.NextPart(); err != io.EOF; part, err = r.NextPart() {
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(part.Body)
		if err != nil {
			t.Fatal(err)
		}
		kind, _, _ := strings.Cut(part.Header.Get("Content-Type"), ";")
		all[kind] = string(text)
	}
	if len(all) != 2 {
		t.Fatalf("the mail has %d parts", len(all))
	}
	return all
}

// TestWhatIsNoAddressIsToldAndTheOthersAreMailed: in the answer, the log and the
// delivery; and in the mail, where it goes to the default recipients. Nothing in
// an entry gets it to anybody else.
func TestWhatIsNoAddressIsToldAndTheOthersAreMailed(t *testing.T) {
	r := relay(t, relaytest.Options{})
	var out log
	p := start(t, "memory:", &out)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"allowedRecipients": []string{"@team.example.com"}})
	tests := []struct {
		name, to  string
		envelope  []string
		rejected  []string
		defaulted bool
	}{
		{"a label with a team's name", "a@team.example.com,team-db,b@team.example.com", []string{"a@team.example.com", "b@team.example.com"}, []string{"team-db"}, false},
		{"a team's name alone", "team-db", nil, []string{"team-db"}, true},
		{"two of them", "team-db, <b>web</b>", nil, []string{"team-db", "<b>web</b>"}, true},
		{"two domains", "a@team.example.com@elsewhere.example", nil, []string{"a@team.example.com@elsewhere.example"}, true},
		{"an address in quotation marks", `"x@elsewhere.example"@team.example.com`, nil, []string{`"x@elsewhere.example"@team.example.com`}, true},
		{"a source route", "@elsewhere.example:a@team.example.com", nil, []string{"@elsewhere.example:a@team.example.com"}, true},
		{"a command behind a line break", "a@team.example.com\r\nRCPT TO:<x@elsewhere.example>", []string{"a@team.example.com"}, []string{"RCPT TO:<x@elsewhere.example>"}, false},
		{"an end of the path", "a@team.example.com>\r\nDATA", nil, []string{"a@team.example.com>", "DATA"}, true},
		{"a NUL", "a\x00@team.example.com", nil, []string{"a\x00@team.example.com"}, true},
		{"an address literal", "a@[127.0.0.1]", nil, []string{"a@[127.0.0.1]"}, true},
		{"a local part beyond ASCII", "우편@team.example.com", nil, []string{"우편@team.example.com"}, true},
		{"a group", "team: a@team.example.com;", nil, []string{"team: a@team.example.com"}, true},
		{"a header in an encoded name", "=?utf-8?q?x=0D=0ABcc:_y?= <a@team.example.com>", nil, []string{"=?utf-8?q?x=0D=0ABcc:_y?= <a@team.example.com>"}, true},
		{"a name without angle brackets", "Ops a\tb@team.example.com", nil, []string{"Ops a\tb@team.example.com"}, true},
		{"what Grafana adds to a URL", "a@team.example.com&orgId=1&targetOrgId=1", []string{"a@team.example.com"}, nil, false},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			to, ignored, _ := strings.Cut(tt.to, "&")
			answer := call(t, p, ds, plugintest.Signed("alerts?to="+url.QueryEscape(to)+"&"+ignored, another(t, i)))
			got := object(t, answer.Body)
			if answer.Status != http.StatusOK || got["status"] != "sent" {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			want := make([]string, 0, len(tt.rejected))
			for _, entry := range tt.rejected {
				want = append(want, entry+" 553 5.1.3")
			}
			if list := rejected(t, got); !slices.Equal(list, want) {
				t.Errorf("rejected %q, want %q", list, want)
			}
			mails := waitMails(t, r, i+1)
			envelope := tt.envelope
			if tt.defaulted {
				envelope = []string{"oncall@example.com"}
			}
			if !slices.Equal(mails[i].To, envelope) {
				t.Errorf("mailed to %q, want %q", mails[i].To, envelope)
			}
			for part, text := range parts(t, mails[i].Data) {
				if said := strings.Contains(strings.Join(strings.Fields(text), " "), "so this email went to the default recipients"); said != tt.defaulted {
					t.Errorf("%s says that the mail went to the default recipients: %v\n%s", part, said, text)
				}
			}
			delivery := object(t, call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + got["id"].(string), User: viewer}).Body)
			note := fmt.Sprint(delivery["note"])
			if strings.Contains(note, "not mailed, from the query parameter to") != (len(want) > 0) || strings.Contains(note, "the default recipients have the mail instead") != tt.defaulted {
				t.Errorf("the delivery's note is %q", note)
			}
		})
	}
	if words := out.String(); !strings.Contains(words, `not mailed, from the query parameter to: \"team-db\" is not a mail address`) {
		t.Errorf("the log does not tell:\n%s", words)
	}
	noViolations(t, r)
}

// TestWithNobodyLeftAnAlertIsRefused: the words name what was no address.
func TestWithNobodyLeftAnAlertIsRefused(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, map[string]any{"to": nil, "allowedRecipients": []string{"@team.example.com"}})
	answer := call(t, p, ds, plugintest.Request{Path: "alerts?to=team-db", User: admin, Body: another(t, 1)})
	refused(t, r, answer, http.StatusUnprocessableEntity, "recipients")
	if !strings.Contains(string(answer.Body), `the notification has no recipients: \"team-db\" is not a mail address`) {
		t.Errorf("%s", answer.Body)
	}
}

// TestWhatIsNoAddressIsToldWhateverBecomesOfTheMail: queued, and failed.
func TestWhatIsNoAddressIsToldWhateverBecomesOfTheMail(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	for i, tt := range []struct {
		reply  string
		status int
		word   string
	}{{"451 4.7.1 later", http.StatusAccepted, "queued"}, {"550 5.1.1 no such user", http.StatusBadGateway, "failed"}} {
		remove := r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply(tt.reply)})
		answer := call(t, p, ds, plugintest.Signed("alerts?to=oncall@example.com,team-db", another(t, i)))
		remove()
		got := object(t, answer.Body)
		if answer.Status != tt.status || got["status"] != tt.word || !slices.Equal(rejected(t, got), []string{"team-db 553 5.1.3"}) {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
}

// TestAddressesOfDotsAreMailed: docomo's of old, in the settings and in requests,
// with and without quotation marks.
func TestAddressesOfDotsAreMailed(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	const first, second, third = `"a..b"@docomo.ne.jp`, `"c."@docomo.ne.jp`, `"d..e."@docomo.ne.jp`
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"to": []string{"a..b@docomo.ne.jp", "oncall@example.com"}, "allowedRecipients": []string{`"C."@docomo.ne.jp`, "d..e.@docomo.ne.jp"},
	})
	if health, err := p.CheckHealth(within(t), ds); err != nil || health.Status.String() != "OK" {
		t.Fatal(err, health)
	}
	seen := 0
	for i, tt := range []struct {
		path      string
		envelopes [][]string
		to        string // of the first mail
	}{
		{"alerts", [][]string{{first, "oncall@example.com"}}, first + ", oncall@example.com"},
		{"alerts?to=" + url.QueryEscape("A..B@docomo.ne.jp"), [][]string{{`"A..B"@docomo.ne.jp`}}, `"A..B"@docomo.ne.jp`},
		{"alerts?to=c.@docomo.ne.jp," + url.QueryEscape(`Kim <"d..e."@docomo.ne.jp>`), [][]string{{second, third}}, second + `, "Kim" <` + third + ">"},
		{"alerts?mode=individual&to=c.@docomo.ne.jp," + url.QueryEscape(third), [][]string{{second}, {third}}, ""},
	} {
		answer := call(t, p, ds, plugintest.Signed(tt.path, another(t, i)))
		if got := object(t, answer.Body); answer.Status != http.StatusOK || got["rejected"] != nil {
			t.Fatalf("%s: %d %s", tt.path, answer.Status, answer.Body)
		}
		mails := waitMails(t, r, seen+len(tt.envelopes))
		mails, seen = mails[seen:], len(mails)
		slices.SortFunc(mails, func(a, b relaytest.Mail) int { return strings.Compare(a.To[0], b.To[0]) })
		for n, want := range tt.envelopes {
			if !slices.Equal(mails[n].To, want) {
				t.Errorf("%s: mailed to %q, want %q", tt.path, mails[n].To, want)
			}
			field := tt.to
			if field == "" {
				field = want[0]
			}
			if !strings.Contains(string(mails[n].Data), "\r\nTo: "+field+"\r\n") && !strings.HasPrefix(string(mails[n].Data), "To: "+field+"\r\n") {
				t.Errorf("%s: the header does not name %s:\n%.600s", tt.path, field, mails[n].Data)
			}
		}
	}
	if answer := call(t, p, ds, plugintest.Signed("alerts?to=c..@docomo.ne.jp", another(t, 99))); answer.Status != http.StatusForbidden {
		t.Errorf("an address that is not allowed: %d %s", answer.Status, answer.Body)
	}
	noViolations(t, r)
}

// TestAnAddressWithARouteIsMailedOnlyWhereItIsListed: as a default, or as it is
// among the allowed recipients.
func TestAnAddressWithARouteIsMailedOnlyWhereItIsListed(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"bcc": []string{"log%x@example.com"}, "allowedRecipients": []string{"@example.com", "a%b@example.com"},
	})
	for i, tt := range []struct {
		to     string
		status int
	}{
		{"a%b@example.com", 200}, {`"A%B"@example.com`, 200}, {"log%x@example.com", 200},
		{"a%evil.test@example.com", 403}, {"evil.test!a@example.com", 403}, {"evil.test!a%b@example.com", 403}, {"a%b%c@example.com", 403},
	} {
		answer := call(t, p, ds, plugintest.Signed("alerts?to="+url.QueryEscape(tt.to), another(t, i)))
		if answer.Status != tt.status {
			t.Errorf("%s: %d %s", tt.to, answer.Status, answer.Body)
		}
		if tt.status == 403 && !strings.Contains(string(answer.Body), "route to another domain") {
			t.Errorf("%s: the answer does not say why: %s", tt.to, answer.Body)
		}
	}
	for _, m := range r.Mails() {
		if strings.Contains(strings.Join(m.To, " "), "evil.test") {
			t.Errorf("mailed to %q", m.To)
		}
	}
}
