package message

import (
	"fmt"
	"html"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// TestNothingOfAPayloadIsLostOrWrong renders payloads of the field, each of which
// once lost something, in every language.
func TestNothingOfAPayloadIsLostOrWrong(t *testing.T) {
	tests := []struct {
		name         string
		subject      []string
		shown, never []string // in both parts
	}{
		{"msg-copied-default-two", nil, []string{"Escalate: call the duty phone 555-0100"}, []string{"Annotations:", "**Firing**"}},
		{"custom-payload-docs", []string{"Queue disk nearly full"},
			[]string{"disk of mq-1 is nearly full", "less than 7 % free", "Value: B=6.71, C=1", "description = less than 7 % free"}, nil},
		{"custom-payload-own-message", nil, []string{"team db: look at the disk"}, nil},
		{"values-null", nil, []string{"C = 1"}, []string{"A = ", "null"}},
		{"times-odd", nil, []string{"mq-5", "mq-2"}, []string{"20,7", "20,8", "20786", "20787", "1970", "0001", "739", "(-"}},
		{"k8s-31-labels", []string{"Node memory", "critical", "node-exporter-x7f2q", "monitoring"},
			[]string{"critical", "node-exporter-x7f2q", "ip-10-0-3-17.internal", "monitoring", "10.0.3.17:9100", "+"}, nil},
	}
	for _, tt := range tests {
		n := caseOf(t, tt.name)
		for _, language := range settings.Languages() {
			t.Run(tt.name+"/"+language, func(t *testing.T) {
				c := render(t, renderer(t, Options{Language: language}), n)
				for _, want := range tt.subject {
					if !strings.Contains(c.Subject, want) {
						t.Errorf("the subject %q lacks %q", c.Subject, want)
					}
				}
				// The alert says it, and so does the message.
				if tt.name == "custom-payload-docs" && (strings.Count(c.Text, "disk of mq-1 is nearly full") < 2 || strings.Count(c.HTML, "less than 7 % free") < 2) {
					t.Errorf("the alert lacks what all alerts share:\n%s", c.Text)
				}
				for part, text := range map[string]string{"text": c.Text, "HTML": shownHTML(c.HTML)} {
					for _, want := range tt.shown {
						if !says(text, want) {
							t.Errorf("the %s lacks %q:\n%s", part, want, text)
						}
					}
					for _, never := range tt.never {
						if strings.Contains(text, never) {
							t.Errorf("the %s has %q:\n%s", part, never, text)
						}
					}
				}
			})
		}
	}
}

// shownHTML is the text of a page as a reader sees it.
func shownHTML(page string) string {
	_, page, _ = strings.Cut(page, "<body")
	var b strings.Builder
	for page != "" {
		var text string
		text, page, _ = strings.Cut(page, "<")
		b.WriteString(html.UnescapeString(text))
		_, page, _ = strings.Cut(page, ">")
	}
	return b.String()
}

// TestSharedLabelsAreRankedBeforeTheyAreCut: two alerts of the same thirty
// labels.
func TestSharedLabelsAreRankedBeforeTheyAreCut(t *testing.T) {
	one := func(pod string) alert.Alert {
		a := fires("alertname", "x", "zone", "z", "severity", "critical", "priority", "P1", "node", "node-7", "pod", pod)
		for i := range 30 {
			a.Labels[fmt.Sprintf("app_%02d", i)] = fmt.Sprintf("value-%02d", i)
		}
		return a
	}
	c := render(t, renderer(t, Options{}), notification(one("pod-a"), one("pod-b")))
	if c.Subject != "[FIRING:2] x · pod-a, pod-b · critical" {
		t.Errorf("the subject is %q", c.Subject)
	}
	for _, text := range []string{c.Text, shownHTML(c.HTML)} {
		for _, want := range []string{"critical", "node-7", "pod-a", "pod-b", "value-00", "+14"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is lost in\n%s", want, text)
			}
		}
		if strings.Contains(text, "value-29") {
			t.Errorf("nothing was cut:\n%s", text)
		}
	}
}

// TestCountsAreRightWhenAlertsAreDropped: what was not kept is told by state and
// severity, and nothing that was counted among the kept stands for all.
func TestCountsAreRightWhenAlertsAreDropped(t *testing.T) {
	n := many(t, 5000)
	n.Alerts, n.Omitted, n.FiringCount, n.ResolvedCount, n.Rules = n.Alerts[:20], 4980+7, 4100, 900, 1
	n.Title, n.TruncatedAlerts = "", 7
	n.Dropped = map[alert.Kind]int{
		{Status: alert.Firing, Severity: "info"}: 3000, {Status: alert.Firing, Severity: "critical"}: 80, {Status: alert.Firing}: 1000,
		{Status: alert.Resolved, Severity: "critical"}: 900,
	}
	for language, want := range map[string][3]string{
		"en": {"[FIRING:4,100, RESOLVED:900] High CPU 高負荷 · web-0 … · critical", "4,987 further alerts are not listed in this mail.", "Among them: 4,080 firing (80 critical, 3,000 info), 900 resolved."},
		"ja": {"[発生 4,100件、復旧 900件] High CPU 高負荷 · web-0 … · critical", "このメールに記載していないアラートがあと4,987件あります。", "うち、発生中 4,080件（critical 80件、info 3,000件）、復旧 900件。"},
		"ko": {"[발생 4,100건, 해결 900건] High CPU 高負荷 · web-0 … · critical", "이 메일에 표시하지 않은 알림이 4,987건 더 있습니다.", "그중 발생 중 4,080건(critical 80건, info 3,000건), 해결 900건."},
	} {
		c := render(t, renderer(t, Options{Language: language}), n)
		if c.Subject != want[0] {
			t.Errorf("the subject is\n     %q\nwant %q", c.Subject, want[0])
		}
		for _, line := range want[1:] {
			if !says(c.Text, line) {
				t.Errorf("the text lacks %q:\n%s", line, c.Text[max(0, len(c.Text)-900):])
			}
			if !strings.Contains(shownHTML(c.HTML), line) {
				t.Errorf("the HTML lacks %q", line)
			}
		}
	}
	n.Rules = 12
	if c := render(t, renderer(t, Options{}), n); !strings.Contains(c.Subject, "High CPU 高負荷 +11 ·") {
		t.Errorf("the other rules are not counted: %q", c.Subject)
	}
	n.Dropped = nil
	if c := render(t, renderer(t, Options{}), n); !says(c.Text, "4,987 further alerts") || says(c.Text, "Among them") {
		t.Errorf("of what the sender left out the kinds are told")
	}
}
