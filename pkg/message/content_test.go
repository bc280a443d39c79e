package message

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clipperhouse/displaywidth"
	"github.com/clipperhouse/uax29/v2/graphemes"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// columns is how wide plain text is, so that a phone does not break its lines.
const columns = 40

// says reports whether a text says something, wherever its lines are broken.
func says(text, something string) bool {
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
	return strings.Contains(squeeze(text), squeeze(something))
}

// notification is one of alerts of the same rule, with what they share.
func notification(alerts ...alert.Alert) *alert.Notification {
	n := &alert.Notification{Receiver: "ops", Status: alert.Resolved, Alerts: alerts, Version: "1", OrgID: 1, GroupLabels: alert.KV{}, CommonLabels: alert.KV{}}
	for name, value := range alerts[0].Labels {
		n.CommonLabels[name] = value
		for _, a := range alerts {
			if a.Labels[name] != value {
				delete(n.CommonLabels, name)
			}
		}
	}
	for _, a := range alerts {
		if a.Status == alert.Firing {
			n.Status = alert.Firing
		}
	}
	return n
}

// fires is a firing alert; labels are name, value, name, value.
func fires(labels ...string) alert.Alert {
	a := alert.Alert{Status: alert.Firing, Labels: alert.KV{}, Annotations: alert.KV{}, StartsAt: renderTime.Add(-90 * time.Second)}
	for i := 0; i < len(labels); i += 2 {
		a.Labels[labels[i]] = labels[i+1]
	}
	return a
}

func resolved(labels ...string) alert.Alert {
	a := fires(labels...)
	a.Status, a.EndsAt = alert.Resolved, renderTime
	return a
}

func TestSubject(t *testing.T) {
	cpu := []string{"alertname", "High CPU", "instance", "web-1", "severity", "critical"}
	disk := func(i int) alert.Alert {
		return fires("alertname", "Disk full", "instance", fmt.Sprintf("db-%d", i), "severity", "warning", "__alert_rule_uid__", "x")
	}
	tests := []struct {
		name       string
		n          *alert.Notification
		en, ja, ko string
	}{
		{"one alert", notification(fires(cpu...)),
			"[FIRING:1] High CPU · web-1 · critical", "[発生 1件] High CPU · web-1 · critical", "[발생 1건] High CPU · web-1 · critical"},
		{"one resolved", notification(resolved(cpu...)),
			"[RESOLVED:1] High CPU · web-1 · critical", "[復旧 1件] High CPU · web-1 · critical", "[해결 1건] High CPU · web-1 · critical"},
		{"one rule on several machines", notification(disk(1), disk(2), disk(3), disk(4), disk(5)),
			"[FIRING:5] Disk full · db-1 +4 · warning", "[発生 5件] Disk full · db-1 他4件 · warning", "[발생 5건] Disk full · db-1 외 4건 · warning"},
		{"several rules, the most severe first", notification(disk(1), fires(cpu...)),
			"[FIRING:2] High CPU +1 · critical", "[発生 2件] High CPU 他1件 · critical", "[발생 2건] High CPU 외 1건 · critical"},
		{"both states", notification(resolved(cpu...), disk(1), disk(2)),
			"[FIRING:2, RESOLVED:1] Disk full +1 · db-1, db-2 · warning", "[発生 2件、復旧 1件] Disk full 他1件 · db-1、db-2 · warning", "[발생 2건, 해결 1건] Disk full 외 1건 · db-1, db-2 · warning"},
		{"no data", notification(fires("alertname", "DatasourceNoData", "rulename", "Payments", "ref_id", "A", "datasource_uid", "P1")),
			"[NO DATA:1] Payments", "[データなし 1件] Payments", "[데이터 없음 1건] Payments"},
		{"failed query", notification(fires("alertname", "DatasourceError", "rulename", "Payments")),
			"[ERROR:1] Payments", "[評価エラー 1件] Payments", "[평가 오류 1건] Payments"},
		{"no name", notification(fires()),
			"[FIRING:1] (alert without a name)", "[発生 1件] （名前のないアラート）", "[발생 1건] (이름 없는 알림)"},
	}
	for _, tt := range tests {
		for language, want := range map[string]string{"en": tt.en, "ja": tt.ja, "ko": tt.ko} {
			if got := render(t, renderer(t, Options{Language: language}), tt.n).Subject; got != want {
				t.Errorf("%s, %s: the subject is\n     %q\nwant %q", tt.name, language, got, want)
			}
		}
	}
}

func TestSubjectPrefersACustomTitle(t *testing.T) {
	for name, want := range map[string]string{
		"firing-2":                      "[FIRING:2] High CPU 高負荷 과부하 +1 · Prod · critical",
		"firing-15-hostile-annotations": "[FIRING:15] High CPU 高負荷 과부하 +3 · Prod · critical",
		"resolved-1":                    "[CLOSED:1] High CPU 高負荷 과부하 2 · Prod · critical",
		"test-button-custom-title":      "firing custom title",
	} {
		if got := render(t, renderer(t, Options{}), payload(t, name)).Subject; got != want {
			t.Errorf("%s: the subject is %q, want %q", name, got, want)
		}
	}
	t.Run("and shows it in the mail", func(t *testing.T) {
		c := render(t, renderer(t, Options{}), payload(t, "test-button-custom-title"))
		for _, body := range []string{c.Text, c.HTML} {
			if !strings.Contains(body, "firing custom title") || !strings.Contains(body, "custom message 1") {
				t.Errorf("title or message is missing in\n%s", body)
			}
		}
	})
	t.Run("and drops Grafana's own message", func(t *testing.T) {
		if c := render(t, renderer(t, Options{}), payload(t, "firing-2")); strings.Contains(c.Text+c.HTML, "Annotations:") {
			t.Errorf("Grafana's default message is in\n%s", c.Text)
		}
	})
}

func TestStableSubjectIsTheSameForAGroup(t *testing.T) {
	r := renderer(t, Options{StableSubject: true})
	for _, name := range []string{"firing-2", "mixed-1-1", "resolved-1"} {
		if got := render(t, r, payload(t, name)).Subject; !strings.HasSuffix(got, "] Prod") {
			t.Errorf("%s: the subject is %q", name, got)
		}
	}
}

func TestSubjectIsCutAtAGrapheme(t *testing.T) {
	const family = "👨‍👩‍👧‍👦"
	n := notification(fires())
	n.Title = strings.Repeat(family, 60)
	n.Title += strings.Repeat("가", 200)
	got := render(t, renderer(t, Options{}), n).Subject
	count := 0
	for it := graphemes.FromString(got); it.Next(); count++ {
		if g := it.Value(); g != family && g != "가" && g != clean.Ellipsis {
			t.Fatalf("a character was cut in two: %q in %q", g, got)
		}
	}
	if count > view.MaxSubject || !strings.HasSuffix(got, clean.Ellipsis) {
		t.Errorf("the subject has %d characters: %q", count, got)
	}
}

func TestAdMail(t *testing.T) {
	unsubscribe, err := address.Parse("stop+1@example.com")
	if err != nil {
		t.Fatal(err)
	}
	full := settings.Advertiser{Name: "Example & Co.", Address: "1 Street\nSeoul", Unsubscribe: settings.Unsubscribe{URL: "https://example.com/stop?a=1&b=2", Mailbox: &unsubscribe}}
	c := render(t, renderer(t, Options{MailType: nhncloud.Ad, Advertiser: full, From: header(t).From, Language: "ko"}), payload(t, "resolved-1"))
	if !strings.HasPrefix(c.Subject, "(광고) [종료 1건]") {
		t.Errorf("the subject is %q", c.Subject)
	}
	for _, want := range []string{"보낸 사람: Example & Co. <grafana@example.com>", "1 Street\nSeoul", "수신 거부 (Unsubscribe)", "https://example.com/stop?a=1&b=2"} {
		if !says(c.Text, want) {
			t.Errorf("the text lacks %q:\n%s", want, c.Text)
		}
	}
	for _, want := range []string{"Example &amp; Co. &lt;grafana@example.com&gt;", "1 Street<br>Seoul", `href="https://example.com/stop?a=1&amp;b=2"`} {
		if !strings.Contains(c.HTML, want) {
			t.Errorf("the HTML lacks %q", want)
		}
	}
	h := header(t)
	h.Unsubscribe = &full.Unsubscribe
	p := parseMail(t, compose(t, h, c))
	if got, want := p.header.Get("List-Unsubscribe"), "<https://example.com/stop?a=1&b=2>, <mailto:stop+1@example.com>"; got != want {
		t.Errorf("List-Unsubscribe is %q, want %q", got, want)
	}
	if got := p.header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post is %q", got)
	}
	t.Run("with a mailbox alone offers no one-click", func(t *testing.T) {
		h := header(t)
		h.Unsubscribe = &settings.Unsubscribe{Mailbox: &unsubscribe}
		if p := parseMail(t, compose(t, h, c)); p.header.Get("List-Unsubscribe-Post") != "" || p.header.Get("List-Unsubscribe") == "" {
			t.Errorf("the header is %v", p.header)
		}
	})
	t.Run("has one mark, also where a template writes it", func(t *testing.T) {
		for template, want := range map[string]string{"(AD) sale": "(AD) sale", "(ad) sale": "(ad) sale", "(広告) セール": "(広告) セール", "(광고) 세일": "(광고) 세일", "sale (AD)": "(광고) sale (AD)", "(": "(광고) ("} {
			c := render(t, renderer(t, Options{MailType: nhncloud.Ad, Advertiser: full, From: header(t).From, SubjectTemplate: template}), payload(t, "resolved-1"))
			if c.Subject != want {
				t.Errorf("%q becomes %q", template, c.Subject)
			}
		}
	})
	t.Run("of another type says nothing of it", func(t *testing.T) {
		c := render(t, renderer(t, Options{Advertiser: full, Language: "ko"}), payload(t, "resolved-1"))
		if strings.Contains(c.Subject+c.Text+c.HTML, "광고") || strings.Contains(c.Text+c.HTML, "수신 거부") {
			t.Errorf("a normal mail looks like an ad: %q", c.Subject)
		}
	})
}

func TestAdMailIsRefusedWithoutItsSender(t *testing.T) {
	at := settings.Unsubscribe{URL: "https://example.com/stop"}
	for want, ad := range map[string]settings.Advertiser{
		"advertiser's name and address": {},
		"name and address":              {Address: "1 Street", Unsubscribe: at},
		"name and address ":             {Name: "Example", Unsubscribe: at},
		"how to unsubscribe":            {Name: "Example", Address: "1 Street"},
		"http://example.com":            {Name: "Example", Address: "1 Street", Unsubscribe: settings.Unsubscribe{URL: "http://example.com"}},
		"at most 900 octets":            {Name: "Example", Address: "1 Street", Unsubscribe: settings.Unsubscribe{URL: "https://example.com/" + strings.Repeat("x", 900)}},
		"javascript:":                   {Name: "Example", Address: "1 Street", Unsubscribe: settings.Unsubscribe{URL: "javascript:alert(1)"}},
	} {
		_, err := NewRenderer(Options{Language: "en", MailType: nhncloud.Ad, Advertiser: ad})
		if err == nil || !strings.Contains(err.Error(), strings.TrimSpace(want)) {
			t.Errorf("%+v: the error is %v, want one about %q", ad, err, want)
		}
	}
}

func TestUnknownLanguageIsRefused(t *testing.T) {
	if _, err := NewRenderer(Options{Language: "fr"}); err == nil || err.Error() != `language is "fr"; it must be en, ja, ko` {
		t.Errorf("the error is %v", err)
	}
}

func TestPriorityFollowsTheGravestFiringAlert(t *testing.T) {
	tests := []struct {
		name string
		n    *alert.Notification
		want view.Priority
	}{
		{"critical among others", notification(fires("severity", "info"), fires("severity", "Critical")), view.High},
		{"P1 by priority", notification(fires("priority", "P1")), view.High},
		{"warning", notification(fires("severity", "warning"), fires("severity", "info")), view.Normal},
		{"info only", notification(fires("severity", "info")), view.Low},
		{"no label", notification(fires()), view.Normal},
		{"critical, but resolved", notification(resolved("severity", "critical")), view.Normal},
		{"critical resolved while info fires", notification(resolved("severity", "critical"), fires("severity", "info")), view.Low},
	}
	for _, tt := range tests {
		if got := render(t, renderer(t, Options{}), tt.n).Priority; got != tt.want {
			t.Errorf("%s: priority %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestPayloadCannotWriteHTML puts markup and dangerous addresses wherever a
// payload has room for them.
func TestPayloadCannotWriteHTML(t *testing.T) {
	const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">`
	a := fires("alertname", evil, "severity", evil, evil, evil)
	a.Annotations = alert.KV{"summary": evil, "description": evil, "runbook_url": "javascript:alert(4)", evil: evil, "grafana_state_reason": evil}
	a.Values = map[string]float64{evil: 1}
	a.GeneratorURL = "javascript:alert(5)"
	a.SilenceURL = "https://example.com/\"><script>alert(6)</script>"
	a.DashboardURL = "data:text/html,<script>alert(7)</script>"
	a.PanelURL = "//example.com/x"
	a.ImageURL = "mailto:x@example.com"
	b := a
	n := notification(a, b)
	n.Receiver, n.Title, n.ExternalURL, n.Message = evil, evil, "file:///etc/passwd", evil+"\n[x](javascript:alert(8)) **"+evil+"**"
	c := render(t, renderer(t, Options{}), n)
	if got := regexp.MustCompile(`<script|<img|onerror=a[^l]|<a href`).FindString(c.HTML); got != "" {
		t.Errorf("the HTML holds %q", got)
	}
	for _, m := range regexp.MustCompile(`(?:href|src)="([^"]*)"`).FindAllStringSubmatch(c.HTML, -1) {
		if address := html.UnescapeString(m[1]); address != "https://example.com/%22%3E%3Cscript%3Ealert%286%29%3C/script%3E" {
			t.Errorf("the HTML links to %q", address)
		}
	}
	if strings.Contains(c.Text, "file://") {
		t.Errorf("the text links to a file:\n%s", c.Text)
	}
}

func TestResolvedForAnotherReasonSaysSo(t *testing.T) {
	for reason, want := range map[string]string{
		"Updated":         "rule was changed",
		"RuleDeleted":     "rule was deleted",
		"Paused":          "rule was paused",
		"MissingSeries":   "data series disappeared",
		"NoData":          "no data",
		"Error, KeepLast": "query failed",
		"Novelty":         "Closed by Grafana (Novelty)",
	} {
		a := resolved("alertname", "x")
		a.Annotations["grafana_state_reason"] = reason
		c := render(t, renderer(t, Options{}), notification(a))
		if !says(c.Text, want) || !strings.Contains(c.HTML, want) {
			t.Errorf("%s: %q is not in\n%s", reason, want, c.Text)
		}
	}
}

// TestLongMailsStayWhole checks that Gmail does not clip, and that nothing is
// missing from the count.
func TestLongMailsStayWhole(t *testing.T) {
	huge := func(n *alert.Notification) *alert.Notification {
		for i := range n.Alerts {
			a := &n.Alerts[i]
			a.Annotations = alert.KV{"summary": strings.Repeat("\"負荷=", 3000), "description": strings.Repeat("<=\"\n", 3000)}
			a.Labels = alert.KV{"alertname": strings.Repeat("'", 500)}
			for l := range 60 {
				a.Labels[fmt.Sprintf("label_%d_%d", i, l)] = strings.Repeat("=", 500)
				n.CommonLabels[fmt.Sprintf("common_%d", l)] = strings.Repeat("=", 500)
				a.Labels[fmt.Sprintf("common_%d", l)] = strings.Repeat("=", 500)
			}
		}
		n.Message = strings.Repeat("- \"=\n", 5000)
		return n
	}
	truncated := many(t, 5)
	truncated.Omitted += 7
	for name, n := range map[string]*alert.Notification{
		"2": many(t, 2), "30": many(t, 30), "1000": many(t, 1000), "1500, of which 1000 are kept": many(t, 1500),
		"5 and 7 truncated": truncated, "3 huge": huge(many(t, 3)), "200 huge": huge(many(t, 200)),
	} {
		for _, language := range settings.Languages() {
			t.Run(name+"/"+language, func(t *testing.T) {
				c := render(t, renderer(t, Options{Language: language}), n)
				w := locale.Get(language)
				shown := strings.Count(c.HTML, `<tr><td class="cell"`) + strings.Count(c.HTML, "\n<tr><td>")
				if left := len(n.Alerts) - shown; left > 0 && !strings.Contains(c.HTML, ">"+w.Say("heading.others", left)+"<") {
					t.Errorf("%d of %d are listed, and it is not said that there are %d others", shown, len(n.Alerts), left)
				}
				if n.Omitted > 0 && (!strings.Contains(c.HTML, ">"+w.Say("omitted", n.Omitted)+"<") || !says(c.Text, w.Say("omitted", n.Omitted))) {
					t.Errorf("it is not said that %d are missing", n.Omitted)
				}
				if shown == 0 {
					t.Error("no alert is shown")
				}
				if got := strings.Count(c.Text, "\n* "); got != len(n.Alerts) {
					t.Errorf("the text lists %d alerts of %d", got, len(n.Alerts))
				}
				mail := compose(t, header(t), c)
				if start := strings.Index(string(mail), "Content-Type: text/html"); len(mail)-start > 102*1000 {
					t.Errorf("the HTML part has %d octets; Gmail clips at 102 kB", len(mail)-start)
				}
			})
		}
	}
}

func TestTextIsNarrow(t *testing.T) {
	for _, name := range payloads(t) {
		for _, language := range settings.Languages() {
			c := render(t, renderer(t, Options{Language: language}), payload(t, name))
			checkText(t, c.Text)
		}
	}
}

// checkText fails where plain text is wider than its columns, apart from
// addresses on lines of their own, or untidy.
func checkText(t testing.TB, text string) {
	t.Helper()
	for i, line := range strings.Split(text, "\n") {
		if displaywidth.String(line) > columns && !strings.Contains(line, "://") {
			t.Errorf("line %d has %d columns: %q", i+1, displaywidth.String(line), line)
		}
		if strings.TrimRight(line, " ") != line {
			t.Errorf("line %d ends in a space: %q", i+1, line)
		}
	}
	if strings.Contains(text, "\n\n\n") || strings.HasPrefix(text, "\n") {
		t.Errorf("the text has empty paragraphs:\n%s", text)
	}
}

func TestAlertThatKeepsItsStateIsFiring(t *testing.T) {
	for _, why := range []string{"NoData, KeepLast", "Error, KeepLast"} {
		a := fires("alertname", "x", "severity", "critical")
		a.Annotations["grafana_state_reason"] = why
		c := render(t, renderer(t, Options{}), notification(a))
		if !strings.HasPrefix(c.Subject, "[FIRING:1]") || !says(c.Text, "It was firing before") {
			t.Errorf("%s: %q\n%s", why, c.Subject, c.Text)
		}
	}
}

func TestMessageAroundGrafanasDefaultIsShown(t *testing.T) {
	for _, fixture := range []string{"firing-2", "resolved-1", "mixed-1-1", "firing-15-hostile-annotations", "mixed-2-firing-13-resolved"} {
		body, err := os.ReadFile(filepath.Join("testdata", "payloads", fixture+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
		if whole, _ := fields["message"].(string); !strings.Contains(whole, "Annotations:") {
			t.Fatalf("%s: the message is %q", fixture, whole)
		}
		fields["message"] = "On call: Lee.\n" + fields["message"].(string) + "\nEscalation: call Kim, 010-0000-0000."
		if body, err = json.Marshal(fields); err != nil {
			t.Fatal(err)
		}
		n, err := alert.Decode(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		c := render(t, renderer(t, Options{}), n)
		for _, want := range []string{"On call: Lee.", "call Kim"} {
			if !strings.Contains(c.Text, want) || !strings.Contains(c.HTML, want) {
				t.Errorf("%s: %q is lost", fixture, want)
			}
		}
		if strings.Contains(c.Text, "Annotations:") {
			t.Errorf("%s: Grafana's default is there, too", fixture)
		}
	}
}

func TestValuesThatJSONCannotHold(t *testing.T) {
	a := fires("alertname", "x")
	a.ValueString = `[ var='A' labels={job="a}b"} value=95 ], [ var='B' labels={} value=+Inf ], [ var='C' labels={} value=NaN ]`
	if c := render(t, renderer(t, Options{}), notification(a)); !strings.Contains(c.Text, "A = 95\nB = +Inf\nC = NaN\n") {
		t.Errorf("%s", c.Text)
	}
}

// TestTruncatedGroupIsNoAllClear: what the sender left out may fire.
func TestTruncatedGroupIsNoAllClear(t *testing.T) {
	n := notification(resolved("alertname", "x"))
	n.Omitted, n.TruncatedAlerts = 9, 9
	if c := render(t, renderer(t, Options{}), n); !strings.HasPrefix(c.Subject, "[RESOLVED:1, +9]") || strings.Contains(c.HTML, "background-color:#1a7a41") {
		t.Errorf("%q, or its band, is an all-clear", c.Subject)
	}
}

func TestNotesKeepTheirLines(t *testing.T) {
	a := fires("alertname", "x")
	a.Annotations["steps"] = "1. a\n2. b"
	if c := render(t, renderer(t, Options{}), notification(a)); !strings.Contains(c.HTML, "1. a<br>2. b") {
		t.Error("they run together")
	}
}

func TestSubjectNamesNothingOfGrafanasOwn(t *testing.T) {
	one := func(uid, ref string) alert.Alert {
		return fires("alertname", "DatasourceNoData", "rulename", "Payments", "datasource_uid", uid, "ref_id", ref)
	}
	if c := render(t, renderer(t, Options{}), notification(one("de2xq8v1k4w0aa", "A"), one("fe9ab77", "B"))); c.Subject != "[NO DATA:2] Payments" {
		t.Errorf("%q", c.Subject)
	}
	many := fires("alertname", "x")
	for i := range 25 {
		many.Labels[string(rune('a'+i))] = string(rune('a' + i))
	}
	if c := render(t, renderer(t, Options{}), notification(many)); strings.Contains(c.Subject, "+5") {
		t.Errorf("%q names the labels that were too many", c.Subject)
	}
}

func TestJapaneseAroundAnAddressIsAsNarrowAsAnyText(t *testing.T) {
	a := fires("alertname", "x")
	a.Annotations["description"] = "サーバーの負荷が高い状態が続いています。手順書（https://wiki.example.com/runbook/cpu）を参照し、必要に応じて担当者へ連絡してください。対応後はチケットに記録を残し、夜間の場合は翌朝までに報告をお願いします。"
	c := render(t, renderer(t, Options{Language: "ja"}), notification(a))
	for line := range strings.Lines(c.Text) {
		if width := displaywidth.String(strings.TrimRight(line, "\r\n")); width > columns {
			t.Errorf("%d columns: %q", width, line)
		}
	}
}

func TestAlertTooLongForItsCardIsShownCut(t *testing.T) {
	a := fires("alertname", "x")
	a.Annotations["runbook_url"] = "https://wiki.example.com/x"
	for i := range 12 {
		a.Annotations[string(rune('a'+i))] = strings.Repeat("負荷", 1000)
	}
	c := render(t, renderer(t, Options{}), notification(a))
	if strings.Contains(c.HTML, "not listed") || !strings.Contains(c.HTML, "https://wiki.example.com/x") {
		t.Error("the only alert is one more alert, without its buttons")
	}
}
