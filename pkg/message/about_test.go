package message

import (
	"encoding/base64"
	"net/mail"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// headerOf is the header of the mail that a notification becomes.
func headerOf(t *testing.T, o Options, n *alert.Notification) parsedMail {
	t.Helper()
	h := header(t)
	h.Thread = n.GroupKey
	return parseMail(t, compose(t, h, render(t, renderer(t, o), n)))
}

// TestFiltersHaveSomethingToGoBy: a reader sorts by list, state, severity, rule,
// folder and organization.
func TestFiltersHaveSomethingToGoBy(t *testing.T) {
	n := states(t)["one"]
	n.OrgID = 3
	p := headerOf(t, Options{Language: "ja"}, n)
	for name, want := range map[string]string{
		"List-Id":                  `"On-call (platform)" <on-call-platform.alerts.grafana.example.com>`,
		"X-Grafana-Alert-State":    "firing",
		"X-Grafana-Alert-Severity": "critical",
		"X-Grafana-Alert-Rule":     "High CPU usage",
		"X-Grafana-Alert-Folder":   "Production",
		"X-Grafana-Alert-Org":      "3",
	} {
		if got := p.decoded(t, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := headerOf(t, Options{}, states(t)["closed"]).decoded(t, "X-Grafana-Alert-State"); got != "closed" {
		t.Errorf("the state is %q", got)
	}
}

func TestAListHasANameThatMailReadersTake(t *testing.T) {
	for contactPoint, want := range map[string]string{
		"ops":                    "ops <ops.alerts.grafana.example.com>",
		"당직 (DB)":                "당직 (DB) <xn---db-vg3mi52g.alerts.grafana.example.com>",
		`a "b" <c@d>`:            `"a \"b\" <c@d>" <a-b-c-d.alerts.grafana.example.com>`,
		"!!!":                    "!!! <contact-e84c538e7fe25073.alerts.grafana.example.com>",
		strings.Repeat("x", 200): "",
	} {
		n := states(t)["one"]
		n.Receiver = contactPoint
		got := headerOf(t, Options{}, n).decoded(t, "List-Id")
		if want != "" && got != want {
			t.Errorf("%q is the list %q, want %q", contactPoint, got, want)
		}
		label, _, _ := strings.Cut(got[strings.LastIndex(got, " <")+2:], ".")
		if label == "" || len(label) > maxDNSLabel || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || strings.HasPrefix(label, "-") {
			t.Errorf("%q has the label %q in %q", contactPoint, label, got)
		}
	}
}

// TestAnIncidentIsOneThread: what is behind the bracket of the subject, and what
// else mail readers go by, is the same when it fires and when it ends; the
// bracket is one that they know.
func TestAnIncidentIsOneThread(t *testing.T) {
	all := states(t)
	for _, language := range settings.Languages() {
		var first mail.Header
		stem := ""
		for _, name := range []string{"one", "resolved", "closed"} {
			p := headerOf(t, Options{Language: language}, all[name])
			subject := p.decoded(t, "Subject")
			state, behind, ok := strings.Cut(subject, "] ")
			if !ok || !strings.HasPrefix(state, "[") || behind != "High CPU usage · web-1 · critical" {
				t.Errorf("%s, %s: the subject is %q", language, name, subject)
			}
			if first == nil {
				first, stem = p.header, behind
			}
			if behind != stem {
				t.Errorf("%s, %s: %q, and before %q", language, name, behind, stem)
			}
			for _, field := range []string{"References", "Thread-Topic", "Thread-Index"} {
				if p.header.Get(field) != first.Get(field) || first.Get(field) == "" {
					t.Errorf("%s, %s: %s is %q, before %q", language, name, field, p.header.Get(field), first.Get(field))
				}
			}
		}
		index, err := base64.StdEncoding.DecodeString(first.Get("Thread-Index"))
		if err != nil || len(index) != 22 || index[0] != 1 {
			t.Errorf("Thread-Index is %q", first.Get("Thread-Index"))
		}
		if got := first.Get("Thread-Topic"); got != "High CPU usage · Production" && !strings.HasPrefix(got, "=?utf-8?b?") {
			t.Errorf("Thread-Topic is %q", got)
		}
	}
}

// TestASenderHasAName: a lock screen shows it.
func TestASenderHasAName(t *testing.T) {
	for language, want := range map[string]string{"en": "Grafana alerts", "ja": "Grafana アラート", "ko": "Grafana 알림"} {
		h := header(t)
		h.From.Name = ""
		p := parseMail(t, compose(t, h, render(t, renderer(t, Options{Language: language}), states(t)["one"])))
		if from, err := p.header.AddressList("From"); err != nil || from[0].Name != want {
			t.Errorf("%s: the sender is %v (%v), want %q", language, from, err, want)
		}
	}
	if p := headerOf(t, Options{}, states(t)["one"]); !strings.HasPrefix(p.decoded(t, "From"), "Grafana アラート") {
		t.Errorf("the sender's own name is lost: %q", p.decoded(t, "From"))
	}
}
