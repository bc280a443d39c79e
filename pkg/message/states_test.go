package message

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

var preheader = regexp.MustCompile(`(?s)<div class="preheader"[^>]*>(.*?)</div>`)

// preheaderOf is what an inbox shows behind the subject.
func preheaderOf(c Content) string {
	text := html.UnescapeString(preheader.FindStringSubmatch(c.HTML)[1])
	return strings.Join(strings.Fields(text), " ") // a time and its zone are not parted
}

// inOrder says whether the parts of a text come one after the other.
func inOrder(text string, parts ...string) bool {
	text = strings.Join(strings.Fields(text), " ")
	for _, part := range parts {
		_, behind, found := strings.Cut(text, part)
		if !found {
			return false
		}
		text = behind
	}
	return true
}

// TestAMailBeginsWithItsState: on a lock screen, below the subject, and in the
// first lines of both parts.
func TestAMailBeginsWithItsState(t *testing.T) {
	const firing, over = "#b3261e", "#1a7a41"
	for _, tt := range []struct {
		state, color, preheader string
		head                    []string // of both parts, in order
	}{
		{"one", firing, "Firing · 5m 30s, since 08:14 GMT · 95.34 · CPU usage is 95.3% on web-1 · CPU on web-1",
			[]string{"Firing · critical", "High CPU usage", "web-1 · Production · 5m 30s, since 08:14 GMT", "CPU usage is 95.3% on web-1", "A = 95.34", "C = 1", "Open runbook"}},
		{"resolved", over, "Resolved after 5m (08:14 to 08:19 GMT) · CPU usage is 95.3% on web-1",
			[]string{"Resolved · critical", "High CPU usage", "web-1 · Production · fired for 5m, 08:14 to 08:19 GMT", "CPU usage is 95.3% on web-1", "Open runbook"}},
		{"closed", "#4b5a6b", "Closed because its data series disappeared. The problem may still be there. · Closed after 5m (08:14 to 08:19 GMT)",
			[]string{"Closed, not confirmed as fixed · critical", "High CPU usage", "fired for 5m, 08:14 to 08:19 GMT", "Closed because its data series disappeared.", "CPU usage is 95.3%"}},
		{"error", "#6b3fa0", `Evaluation error · [sse.dataQueryError] failed to execute query [A]: Post "http://prometheus:9090`,
			[]string{"Evaluation error · critical", "High CPU usage", "Grafana could not run the query", "[sse.dataQueryError]", "CPU usage is 95.3%"}},
		{"nodata-1", "#6b3fa0", "No data · Query A returned no data, so the condition is unknown. · 2h 10m, since 06:10 GMT",
			[]string{"No data", "決済エラー率 결제 오류율", "Query A returned no data", "Who looks", "Payment errors above 1 %"}},
		{"mixed", firing, "2 firing, 1 resolved · 5m 30s, since 08:14 GMT · CPU usage",
			[]string{"2 firing, 1 resolved · critical", "High CPU usage", "web-1, web-3 · Production", "Firing", "web-1", "Firing", "web-3", "Resolved", "web-2"}},
	} {
		c := render(t, renderer(t, Options{}), states(t)[tt.state])
		if got := preheaderOf(c); !strings.HasPrefix(got, tt.preheader) {
			t.Errorf("%s: the preheader is\n     %q\nwant %q", tt.state, got, tt.preheader)
		}
		if band := regexp.MustCompile(`class="band" style="[^"]*background-color:(#[0-9a-f]+)`).FindStringSubmatch(c.HTML); band == nil || band[1] != tt.color {
			t.Errorf("%s: the band is %v, want %s", tt.state, band, tt.color)
		}
		shown := shownHTML(preheader.ReplaceAllString(c.HTML, ""))
		if !inOrder(shown, tt.head...) {
			t.Errorf("%s: the HTML has not in order %q:\n%s", tt.state, tt.head, shown)
		}
		tt.head[0], tt.head[1] = tt.head[1], tt.head[0] // the rule is in line one
		if !inOrder(c.Text, tt.head...) || !strings.HasPrefix(c.Text, tt.head[0]) {
			t.Errorf("%s: the text has not in order %q:\n%s", tt.state, tt.head, c.Text)
		}
	}
}

// TestClosedIsNoAllClear in any language, for one alert and among resolved ones.
func TestClosedIsNoAllClear(t *testing.T) {
	closed := func(reason string) alert.Alert {
		a := resolved("alertname", "X", "instance", reason)
		a.Annotations[alert.ReasonAnnotation] = reason
		return a
	}
	for _, reason := range []string{"MissingSeries", "Updated", "RuleDeleted", "Paused", "NoData", "Error", "Something new"} {
		for language, want := range map[string]string{"en": "[CLOSED:1] X", "ja": "[終了 1件] X", "ko": "[종료 1건] X"} {
			c := render(t, renderer(t, Options{Language: language}), notification(closed(reason)))
			if !strings.HasPrefix(c.Subject, want) || strings.Contains(c.HTML, "#1a7a41") {
				t.Errorf("%s, %s: %q", reason, language, c.Subject)
			}
		}
	}
	c := render(t, renderer(t, Options{}), notification(resolved("alertname", "X", "instance", "a"), closed("MissingSeries")))
	if !strings.HasPrefix(c.Subject, "[RESOLVED:1, CLOSED:1] X") || !strings.Contains(c.HTML, `class="band" style="padding:13px 20px 15px;border-radius:7px 7px 0 0;color:#ffffff;background-color:#4b5a6b`) {
		t.Errorf("one of two is closed, and the mail says %q", c.Subject)
	}
	c = render(t, renderer(t, Options{}), notification(fires("alertname", "X", "instance", "a"), closed("MissingSeries"), resolved("alertname", "X", "instance", "b")))
	if !strings.HasPrefix(c.Subject, "[FIRING:1, RESOLVED:1, CLOSED:1] X · a") {
		t.Errorf("%q", c.Subject)
	}
}

func TestWhatIsGrafanasOwnIsHidden(t *testing.T) {
	for _, state := range []string{"error", "nodata-1"} {
		c := render(t, renderer(t, Options{}), states(t)[state])
		for _, never := range []string{"P8E80F9AEF21F6940", "datasource_uid", "ref_id", "rulename", "DatasourceError", "DatasourceNoData"} {
			if strings.Contains(c.Subject+c.Text+shownHTML(c.HTML), never) {
				t.Errorf("%s shows %q", state, never)
			}
		}
	}
}

// TestSeveralAlertsOfARuleAreOneTable: what all say is said once.
func TestSeveralAlertsOfARuleAreOneTable(t *testing.T) {
	var alerts []alert.Alert
	for i := range 98 {
		alerts = append(alerts, kubernetes(fmt.Sprintf("web-%d", i)))
	}
	n := notification(alerts...)
	for i := range n.Alerts {
		n.Alerts[i].Annotations = alert.KV{"summary": "Restarts again and again", "runbook_url": "https://runbooks.example.com/pod"}
		n.Alerts[i].Values = alert.Values{"A": float64(i) + 0.5, "C": 1}
	}
	c := render(t, renderer(t, Options{}), n)
	_, body, _ := strings.Cut(c.HTML, "<body")
	for once, most := range map[string]int{"Pod crash looping": 1, "https://runbooks.example.com/pod": 1, "Restarts again and again": 2, "Firing": 10} {
		if got := strings.Count(body, once); got > most || got == 0 {
			t.Errorf("%q is there %d times, want %d", once, got, most)
		}
	}
	for i := range 98 {
		for _, text := range []string{shownHTML(c.HTML), c.Text} {
			if !strings.Contains(text, fmt.Sprintf("shop/web-%d", i)) || !strings.Contains(text, fmt.Sprintf("%d.5", i)) {
				t.Fatalf("web-%d, or its value, is not there", i)
			}
		}
	}
}

// TestManyRulesAreCounted: forty rules of two severities, of which not all alerts
// have room.
func TestManyRulesAreCounted(t *testing.T) {
	var alerts []alert.Alert
	for i := range 1000 {
		a := fires("alertname", fmt.Sprintf("Rule %02d", i%40), "instance", fmt.Sprintf("machine-%d.example.com", i), "severity", []string{"warning", "critical"}[i%2])
		a.Annotations["summary"] = strings.Repeat("=", 150)
		alerts = append(alerts, a)
	}
	c := render(t, renderer(t, Options{}), notification(alerts...))
	if !strings.HasPrefix(c.Subject, "[FIRING:1,000] Rule 01 +39 · critical") || !strings.Contains(c.HTML, ">1,000 firing (500 critical, 500 warning)<") {
		t.Errorf("the subject is %q", c.Subject)
	}
	heads := regexp.MustCompile(`<h2 class="name"[^>]*>Rule (\d\d)</h2>\n<p class="kind [^>]*>25 firing · (critical|warning)<`).FindAllStringSubmatch(c.HTML, -1)
	if len(heads) != 40 || heads[0][2] != "critical" || heads[39][2] != "warning" {
		t.Errorf("there are %d sections", len(heads))
	}
	left := 0
	for _, m := range regexp.MustCompile(`>(\d+) more<`).FindAllStringSubmatch(c.HTML, -1) {
		n := 0
		_, _ = fmt.Sscan(m[1], &n)
		left += n
	}
	if shown := strings.Count(c.HTML, `<tr><td class="cell"`) + strings.Count(c.HTML, "\n<tr><td>"); shown+left != 1000 || left == 0 {
		t.Errorf("%d are shown and %d are not", shown, left)
	}
}

func TestOneSilencesAllOfThem(t *testing.T) {
	c := render(t, renderer(t, Options{}), states(t)["mixed"])
	m := regexp.MustCompile(`<a class="face" href="([^"]*)"[^>]*>Silence all of these<`).FindStringSubmatch(strings.ReplaceAll(c.HTML, ` style="color:#1b1f24;text-decoration:none"`, ""))
	if m == nil {
		t.Fatalf("there is no such button:\n%s", shownHTML(c.HTML))
	}
	u, err := url.Parse(html.UnescapeString(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if got := fmt.Sprint(u.Host, u.Path, q["alertmanager"], q["orgId"], q["matcher"]); got !=
		"grafana.example.com/alerting/silence/new[grafana] [1] [alertname=High CPU usage grafana_folder=Production]" {
		t.Errorf("it silences %s", got)
	}
	for _, state := range []string{"one", "resolved", "am-two"} {
		if c := render(t, renderer(t, Options{}), states(t)[state]); strings.Contains(c.HTML+c.Text, "Silence all") {
			t.Errorf("%s has it, too", state)
		}
	}
}

// TestWhatToDoComesFirst: the runbook, else the panel; the rest are links.
func TestWhatToDoComesFirst(t *testing.T) {
	buttons := func(n *alert.Notification) string {
		c := render(t, renderer(t, Options{}), n)
		var all []string
		for _, m := range regexp.MustCompile(`<td class="press( main)?"[^>]*><a [^>]*>([^<]*)<`).FindAllStringSubmatch(c.HTML, -1) {
			all = append(all, m[2]+strings.ReplaceAll(m[1], " main", "!"))
		}
		return strings.Join(all, ", ")
	}
	n := states(t)["one"]
	if got := buttons(n); got != "Open runbook!, Open panel, Silence this alert" {
		t.Errorf("the buttons are %q", got)
	}
	delete(n.Alerts[0].Annotations, "runbook_url")
	if got := buttons(n); got != "Open panel!, Silence this alert" {
		t.Errorf("the buttons are %q", got)
	}
	n.Alerts[0].PanelURL, n.Alerts[0].DashboardURL = "", ""
	if got := buttons(n); got != "Open alert rule!, Silence this alert" {
		t.Errorf("the buttons are %q", got)
	}
	n.Alerts[0].Annotations["runbook"] = "https://wiki.example.com/cpu"
	if got := buttons(n); got != "Open runbook!, Silence this alert" {
		t.Errorf("the buttons are %q", got)
	}
}

// TestWhatPeopleWriteIsMarkdown in descriptions and other annotations, and columns
// stay columns.
func TestWhatPeopleWriteIsMarkdown(t *testing.T) {
	n := states(t)["one"]
	n.Alerts[0].Annotations["description"] = "See **the wiki** at https://wiki.example.com/a.\n```\na  b\n```"
	n.Alerts[0].Annotations["steps"] = "- first\n- [second](https://wiki.example.com/b)"
	c := render(t, renderer(t, Options{}), n)
	for _, want := range []string{"<b>the wiki</b>", `href="https://wiki.example.com/a"`, ">a  b</pre>", "<li>first</li>", `href="https://wiki.example.com/b"`} {
		if !strings.Contains(c.HTML, want) {
			t.Errorf("the HTML lacks %q", want)
		}
	}
	if got := preheaderOf(c); strings.ContainsAny(got, "*`") {
		t.Errorf("the preheader has signs of Markdown: %q", got)
	}
	c = render(t, renderer(t, Options{}), states(t)["description-table"])
	if want := "PID     USER      %CPU  COMMAND\n1       root       0.0  systemd\n"; !regexp.MustCompile(`<pre [^>]*white-space:pre-wrap[^>]*>` + regexp.QuoteMeta(want)).MatchString(c.HTML) {
		t.Errorf("the columns are gone:\n%s", shownHTML(c.HTML))
	}
}

// TestRulesOfPrometheusAreRead: they have their own names for annotations.
func TestRulesOfPrometheusAreRead(t *testing.T) {
	c := render(t, renderer(t, Options{}), states(t)["am-two"])
	for _, want := range []string{"db-0 is down", "db-1 is down", "Open runbook"} {
		if !strings.Contains(c.Text, want) || !strings.Contains(c.HTML, want) {
			t.Errorf("%q is lost:\n%s", want, c.Text)
		}
	}
}

// TestTheYearIsInTheFooterAlone, with the offset of a zone that has a name.
func TestTheYearIsInTheFooterAlone(t *testing.T) {
	for name, n := range states(t) {
		for _, language := range settings.Languages() {
			c := render(t, renderer(t, Options{Language: language}), n)
			body, footer, _ := strings.Cut(c.Text, "=====")
			for _, line := range strings.Split(body, "\n") {
				if strings.Contains(line, "2026") && !strings.Contains(line, "://") {
					t.Errorf("%s, %s: %q", name, language, line)
				}
			}
			if zone := map[string]string{"en": "(UTC+0)", "ja": "(UTC+9)", "ko": "(UTC+9)"}[language]; !says(footer, "2026") || !says(footer, zone) {
				t.Errorf("%s, %s: the footer is %q", name, language, footer)
			}
		}
	}
}

// TestWhoElseHasIt is told where everybody can see it anyway.
func TestWhoElseHasIt(t *testing.T) {
	n := states(t)["one"]
	for _, tt := range []struct {
		visible []string
		want    string
	}{
		{[]string{"lee@example.com", "kim@example.com"}, "Sent to lee@example.com, kim@example.com."},
		{[]string{"a@e.com", "b@e.com", "c@e.com", "d@e.com", "e@e.com", "f@e.com", "g@e.com"}, "Sent to a@e.com, b@e.com, c@e.com, d@e.com, e@e.com, +2."},
		{[]string{"lee@example.com"}, ""},
		{nil, ""},
	} {
		n.Visible = tt.visible
		c := render(t, renderer(t, Options{}), n)
		if tt.want != "" && (!says(c.Text, tt.want) || !strings.Contains(html.UnescapeString(c.HTML), tt.want)) || tt.want == "" && strings.Contains(c.Text, "Sent to") {
			t.Errorf("%v: want %q in\n%s", tt.visible, tt.want, c.Text)
		}
	}
}

// TestMailReadersThatKnowLittle have what they need: Outlook for Windows knows
// widths of attributes alone and gives links no room, and a filter for junk takes
// letters that are a pixel high for hidden ones.
func TestMailReadersThatKnowLittle(t *testing.T) {
	for name, n := range states(t) {
		c := render(t, renderer(t, Options{}), n)
		for _, img := range regexp.MustCompile(`<img [^>]*>`).FindAllString(c.HTML, -1) {
			if !strings.Contains(img, ` width="600"`) {
				t.Errorf("%s: %s", name, img)
			}
		}
		if !strings.Contains(c.HTML, "<!--[if mso]><style>") || !strings.Contains(c.HTML, `<div lang="en" dir="auto">`) || regexp.MustCompile(`font-size:[01]px`).MatchString(c.HTML) {
			t.Errorf("%s: a rule for Outlook or the direction is missing, or a font is invisible", name)
		}
	}
	c := render(t, renderer(t, Options{}), states(t)["arabic"])
	for _, want := range []string{`dir="auto">استخدام المعالج مرتفع</h1>`, `dir="auto">استخدام المعالج 95%`} {
		if !strings.Contains(c.HTML, want) {
			t.Errorf("%q has no direction of its own", want)
		}
	}
}

// TestMailsAreSmall: a phone loads one at once, and Gmail clips none.
func TestMailsAreSmall(t *testing.T) {
	all := states(t)
	for _, language := range settings.Languages() {
		for name, most := range map[string]int{"one": 10_000, "resolved": 10_000, "closed": 10_000, "error": 10_000, "nodata-1": 10_000, "k8s-31-labels": 10_000, "three-hundred": 90_000} {
			if c := render(t, renderer(t, Options{Language: language}), all[name]); len(c.HTML) >= most {
				t.Errorf("%s, %s: the HTML has %d octets", name, language, len(c.HTML))
			}
		}
	}
}
