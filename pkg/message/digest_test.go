package message

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/digest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

const minute = time.Minute

// gathered is a digest of notes, and when and why they were gathered.
type gathered struct {
	notes  []noted
	window Window
}

type noted struct {
	note   []byte
	mailed bool
}

// add adds the note of a notification that came some time before renderTime: of a group
// with these alerts, or one of a single alert.
func (g *gathered) add(ago time.Duration, mailed bool, alerts ...alert.Alert) {
	n := notification(alerts...)
	rule := alerts[0].Labels.Rule()
	n.Receiver, n.ExternalURL = "On-call (platform)", "https://grafana.example.com/"
	n.GroupKey, n.GroupLabels = fmt.Sprintf("{}:{alertname=%q}", rule), alert.KV{"alertname": rule}
	if len(alerts) == 1 {
		n.GroupKey += alerts[0].Labels["instance"]
	}
	g.notify(ago, mailed, n)
}

func (g *gathered) notify(ago time.Duration, mailed bool, n *alert.Notification) {
	g.notes = append(g.notes, noted{NewNote(n, renderTime.Add(-ago)), mailed})
}

func (g *gathered) render(t testing.TB, language string) Content {
	t.Helper()
	return g.renderBy(renderer(t, Options{Language: language}))
}

func (g *gathered) renderBy(r *Renderer) Content {
	var d Digest
	for _, n := range g.notes {
		d.Add(n.note, n.mailed)
	}
	return r.RenderDigest(&d, g.window)
}

// anHour is a digest of the hour before renderTime, without any notes.
func anHour() gathered {
	return gathered{window: Window{Opened: renderTime.Add(-time.Hour), End: renderTime, MaxPerHour: 30}}
}

// instance is an alert that began some time before renderTime, and ended or not.
func instance(rule, severity, where string, from, to time.Duration) alert.Alert {
	a := fires("alertname", rule, "severity", severity, "instance", where, "grafana_folder", "Production")
	a.StartsAt = renderTime.Add(-from)
	a.Annotations = alert.KV{"summary": rule + " on " + where, "runbook_url": "https://runbooks.example.com/" + fmt.Sprint(len(rule))}
	a.GeneratorURL = fmt.Sprintf("https://grafana.example.com/alerting/grafana/r%d/view?orgId=1", len(rule))
	if to > 0 {
		a.Status, a.EndsAt = alert.Resolved, renderTime.Add(-to)
	}
	return a
}

// bothTell fails where a part of the mail does not say a text, wherever its lines are
// broken.
func bothTell(t *testing.T, c Content, texts ...string) {
	t.Helper()
	for part, shown := range map[string]string{"text": c.Text, "HTML": shownHTML(preheader.ReplaceAllString(c.HTML, ""))} {
		for _, text := range texts {
			if !says(shown, text) {
				t.Errorf("the %s does not say %q:\n%s", part, text, shown)
			}
		}
	}
}

func because(reason string, a alert.Alert) alert.Alert {
	a.Annotations[alert.ReasonAnnotation] = reason
	return a
}

// digests are those that have to be readable.
func digests(t testing.TB) map[string]gathered {
	t.Helper()
	storm := anHour()
	storm.add(55*minute, false, instance("Disk almost full", "warning", "db-1", 56*minute, 0), instance("Disk almost full", "warning", "db-2", 56*minute, 0))
	storm.add(50*minute, true, instance("High CPU usage", "critical", "web-1", 51*minute, 0))
	for i := range 5 {
		from := time.Duration(45-7*i) * minute
		storm.add(from, false, instance("Pod crash looping", "warning", "web-7d9f", from, 0))
		if i < 4 {
			storm.add(from-2*minute, false, instance("Pod crash looping", "warning", "web-7d9f", from, from-2*minute))
		}
	}
	storm.add(40*minute, false, instance("Disk almost full", "warning", "db-1", 56*minute, 0), instance("Disk almost full", "warning", "db-2", 56*minute, 41*minute))
	for i := range 9 {
		from := time.Duration(30-i) * minute
		storm.add(from-5*minute, false, instance("Latency", "warning", fmt.Sprint("api-", i), from, from-5*minute))
	}
	storm.add(12*minute, false, because("MissingSeries", instance("Queue is long", "info", "mq-1", 30*minute, 12*minute)))

	over := gathered{window: Window{Opened: renderTime.AddDate(0, 0, -1), End: renderTime, Clock: "08:20"}}
	over.add(20*time.Hour, false, instance("Certificate expires soon", "info", "shop.example.com", 20*time.Hour, 0))
	over.add(3*time.Hour, false, instance("Certificate expires soon", "info", "shop.example.com", 20*time.Hour, 3*time.Hour))
	over.add(2*time.Hour, false, instance("Backup is late", "low", "db-2", 5*time.Hour, 2*time.Hour))

	one := anHour()
	one.add(50*minute, false, instance("High CPU usage", "critical", "web-1", 51*minute, 0))

	thousand := anHour()
	for i := range 1000 {
		ago := time.Duration(1000-i) * 3 * time.Second
		to := time.Duration(0)
		if i%5 == 0 {
			to = ago
		}
		thousand.add(ago, false, instance(fmt.Sprintf("Rule %02d of the platform", i%40), []string{"critical", "warning"}[i%2], fmt.Sprintf("machine-%d.example.com", i), ago+minute, to))
	}

	hostile := anHour()
	for _, n := range states(t) {
		hostile.notify(10*minute, false, n)
	}
	return map[string]gathered{"storm": storm, "over": over, "one": one, "thousand": thousand, "hostile": hostile}
}

// TestADigestBeginsWithHowManyFire, how severe, over which time and why it is one:
// in the subject, on a lock screen and in the first lines of both parts.
func TestADigestBeginsWithHowManyFire(t *testing.T) {
	all := digests(t)
	for _, tt := range []struct {
		name, language, subject, preheader, color string
		head                                      []string // of both parts
	}{
		{"storm", "en", "[DIGEST:22] 3 firing, 10 resolved, 1 closed · High CPU usage +2 · critical",
			"3 firing (1 critical, 2 warning), 10 resolved, 1 closed · High CPU usage +2", "#b3261e",
			[]string{"3 firing (1 critical, 2 warning), 10 resolved, 1 closed", "07:20 to 08:20 GMT · more than 30 emails in an hour"}},
		{"storm", "ja", "[まとめ 22件] 発生中 3件、復旧 10件、終了 1件 · High CPU usage 他2件 · critical",
			"発生中 3件（critical 1件、warning 2件）、復旧 10件、終了 1件", "#b3261e", []string{"16:20～17:20 JST · 1時間に30通を超えたため集約"}},
		{"storm", "ko", "[요약 22건] 발생 중 3건, 해결 10건, 종료 1건 · High CPU usage 외 2건 · critical",
			"발생 중 3건(critical 1건, warning 2건), 해결 10건, 종료 1건", "#b3261e", []string{"16:20~17:20 KST · 1시간에 30통을 넘어 모아서 발송"}},
		{"over", "en", "[DIGEST:3] 2 resolved · Certificate expires soon +1", "2 resolved · Certificate expires soon +1", "#1a7a41",
			[]string{"2 resolved", "22 Nov 08:20 to 08:20 GMT · scheduled digest of 08:20", "2 resolved meanwhile"}},
		{"one", "en", "[DIGEST:1] 1 firing · High CPU usage · critical", "Firing · critical · High CPU usage", "#b3261e", []string{"Firing · critical", "web-1", "51m, since 07:29", "As of"}},
	} {
		d := all[tt.name]
		c := d.render(t, tt.language)
		if c.Subject != tt.subject {
			t.Errorf("the subject is\n     %q\nwant %q", c.Subject, tt.subject)
		}
		if got := preheaderOf(c); !strings.HasPrefix(got, tt.preheader) {
			t.Errorf("the preheader is\n     %q\nwant %q", got, tt.preheader)
		}
		if !strings.Contains(c.HTML, "background-color:"+tt.color+`">`) {
			t.Errorf("%s is not %s", tt.name, tt.color)
		}
		bothTell(t, c, tt.head...)
	}
}

// TestADigestTellsTheLastState of each alert: those that fire first, the gravest before
// the others, then those that are over.
func TestADigestTellsTheLastState(t *testing.T) {
	d := digests(t)["storm"]
	c := d.render(t, "en")
	order := []string{
		"High CPU usage", "Firing · critical", "Runbook", "Alert rule", "web-1", "51m, since 07:29 · also mailed",
		"Disk almost full", "Firing · warning", "db-1", "56m, since 07:24",
		"Pod crash looping", "web-7d9f", "Flapping: fired 5 times, 07:35 to 08:03", "17m, since 08:03",
		"10 resolved meanwhile", "Disk almost full · db-2", "after 15m, 07:39", "Latency · api-0", "Latency · api-8",
		"1 closed, not confirmed as fixed", "its data series disappeared", "Queue is long · mq-1", "after 18m, 08:08",
		"As of", "1 of the notifications was also mailed on its own.", "via contact point “On-call (platform)”",
	}
	for _, text := range []string{shownHTML(c.HTML), c.Text} {
		_, text, _ = strings.Cut(strings.Join(strings.Fields(text), " "), "in an hour") // behind the head
		for _, want := range order {
			_, behind, found := strings.Cut(text, want)
			if !found {
				t.Fatalf("%q is not there, or not in order:\n%s", want, text)
			}
			text = behind
		}
	}
	if strings.Count(shownHTML(c.HTML), "db-2") != 1 || strings.Count(c.HTML, "also mailed<") != 1 {
		t.Errorf("an older state is told:\n%s", shownHTML(c.HTML))
	}
}

// TestOnlyWhatFlapsIsSaidTo: more than three times within an hour, however it ended.
func TestOnlyWhatFlapsIsSaidTo(t *testing.T) {
	for _, tt := range []struct {
		times int
		every time.Duration
		want  bool
	}{{3, 5 * minute, false}, {4, 5 * minute, true}, {4, 20 * minute, true}, {4, 21 * minute, false}, {9, 25 * minute, false}} {
		for _, last := range []string{"fires", "is over"} {
			d := anHour()
			for i := range tt.times {
				from := time.Duration(tt.times-i)*tt.every + minute
				if i < tt.times-1 || last == "fires" {
					d.add(from, false, instance("X", "warning", "web-1", from, 0))
				}
				if i < tt.times-1 || last == "is over" {
					d.add(from-minute, false, instance("X", "warning", "web-1", from, from-minute))
				}
			}
			if c := d.render(t, "en"); says(c.Text, "Flapping: fired") != tt.want || says(shownHTML(c.HTML), "Flapping: fired") != tt.want {
				t.Errorf("%d times, every %s, and at last it %s: said to flap %t, want %t\n%s", tt.times, tt.every, last, !tt.want, tt.want, c.Text)
			}
		}
	}
}

// TestAlertThatItsGroupNamesNoMoreIsClosed: a notification names all of its group that
// fire, and one without resolved alerts, or a silence, tells of no end.
func TestAlertThatItsGroupNamesNoMoreIsClosed(t *testing.T) {
	cpu := func(where string) alert.Alert { return instance("High CPU", "critical", where, 51*minute, 0) }
	d := anHour()
	d.add(50*minute, false, cpu("web-1"), cpu("web-2"), instance("High CPU", "critical", "web-3", 51*minute, 50*minute))
	d.add(40*minute, false, instance("Disk full", "warning", "db-1", 41*minute, 0))
	d.add(10*minute, false, cpu("web-1"), cpu("web-4"))
	c := d.render(t, "en")
	if want := "[DIGEST:3] 3 firing, 1 resolved, 1 closed"; !strings.HasPrefix(c.Subject, want) {
		t.Errorf("the subject is %q, want %q", c.Subject, want)
	}
	bothTell(t, c, "Closed because a later notification of its group did not name it.")

	// Where the last does not name all, it counts the others.
	more := anHour()
	more.notify(20*minute, false, many(t, 900))
	last := many(t, 900)
	last.Alerts, last.TruncatedAlerts = last.Alerts[:500], 400
	more.notify(10*minute, false, last)
	if c, want := more.render(t, "en"), "[DIGEST:2] 500 firing"; !strings.HasPrefix(c.Subject, want) {
		t.Errorf("the subject is %q, want %q", c.Subject, want)
	}
}

// TestCountsOfADigestAreRight, of a thousand notifications and of groups that have
// more alerts than a note has room for, however often they are told.
func TestCountsOfADigestAreRight(t *testing.T) {
	thousand := digests(t)["thousand"]
	groups := anHour()
	all := many(t, 900)
	for range 3 {
		groups.notify(20*minute, false, all)
	}
	for i := range 300 { // the first note has room for few of these
		all.Alerts[i+500].Status, all.Alerts[i+500].EndsAt = alert.Resolved, renderTime.Add(-10*minute)
	}
	all.FiringCount, all.ResolvedCount = 600, 300
	groups.notify(10*minute, false, all)
	beyond := anHour()
	for range 2 {
		beyond.notify(minute, false, many(t, 5000))
	}
	for _, tt := range []struct {
		name    string
		d       gathered
		subject string
		says    []string
	}{
		{"a thousand notifications", thousand, "[DIGEST:1,000] 800 firing, 200 resolved · Rule", []string{"800 firing (400 critical, 400 warning), 200 resolved", "180 more", "15 more rules"}},
		{"a group of nine hundred", groups, "[DIGEST:4] 600 firing, 300 resolved · High CPU", []string{"600 firing · critical", "300 resolved meanwhile"}},
		{"a group of five thousand", beyond, "[DIGEST:2] 5,000 firing · High CPU", []string{"4,000 further alerts are not listed in this mail.", "Among them: 4,000 firing (4,000 critical)."}},
	} {
		for _, language := range settings.Languages() {
			c := tt.d.render(t, language)
			if len(c.HTML) > 90_000 || len(c.Warnings) > 0 {
				t.Errorf("%s, %s: the HTML has %d octets; %v", tt.name, language, len(c.HTML), c.Warnings)
			}
			if language == "en" {
				if !strings.HasPrefix(c.Subject, tt.subject) {
					t.Errorf("%s: the subject is %q, want %q", tt.name, c.Subject, tt.subject)
				}
				bothTell(t, c, tt.says...)
			}
		}
		listed := strings.Count(tt.d.render(t, "en").HTML, "\n<tr><td>")
		if listed > 50+20+40 {
			t.Errorf("%s: %d lines", tt.name, listed)
		}
	}
}

// TestADigestIsSafeWhateverItTells: values that would be markup, and several ways in
// which a note may be broken.
func TestADigestIsSafeWhateverItTells(t *testing.T) {
	d := anHour()
	d.notify(minute, false, payload(t, "firing-15-hostile-annotations"))
	evil := instance(`</td><script>alert(1)</script>`, `"><img src=x>`, "\u202e<b>x</b>", minute, 0)
	evil.GeneratorURL, evil.Annotations["runbook_url"] = "javascript:alert(1)", "data:text/html,x"
	evil.Annotations["summary"] = "<script>\r\nBcc: a@example.com"
	d.add(minute, false, evil)
	for _, broken := range []string{"", "null", "[]", `{"at":1,"alerts":[{"id":1,"kind":7}]}`, `{"others":"AAAAAAA="}`, `{"alerts":[{"kind":-1}],"kinds":[{}]}`, "\xff"} {
		d.notes = append(d.notes, noted{note: []byte(broken)})
	}
	c := d.render(t, "en")
	for _, never := range []string{"<script", "<img", "<b>x", "javascript:", "data:", "\u202e"} {
		if strings.Contains(c.HTML, never) {
			t.Errorf("the HTML has %q", never)
		}
	}
	if strings.ContainsAny(c.Subject, "\r\n") || !strings.HasPrefix(c.Subject, "[DIGEST:9]") || len(c.Warnings) != 1 || !strings.HasPrefix(c.Warnings[0], "6 of the 9 notes") {
		t.Errorf("%q, %q", c.Subject, c.Warnings)
	}
	checkWire(t, compose(t, header(t), c))
	if again := d.render(t, "en"); again.HTML != c.HTML || again.Text != c.Text || again.Subject != c.Subject {
		t.Error("the same notes give another mail")
	}
	d.notes = nil
	n := notification(evil)
	n.Replaced = []string{"not an address"}
	d.notify(minute, false, n)
	bothTell(t, d.render(t, "en"), "“not an address” is not a mail address")
	n.NoProfile = "gone"
	d.notify(minute, false, n)
	bothTell(t, d.render(t, "en"), "“gone”")
	var empty Digest
	if c := renderer(t, Options{}).RenderDigest(&empty, Window{}); !strings.HasPrefix(c.Subject, "[DIGEST:0]") {
		t.Errorf("%q", c.Subject)
	}
}

// TestANoteIsSmall, and keeps the gravest alerts.
func TestANoteIsSmall(t *testing.T) {
	long := strings.Repeat(`"\`+"심각", 200)
	var alerts []alert.Alert
	for i := range 1000 {
		a := instance(fmt.Sprint(i, long), fmt.Sprint(long, i), fmt.Sprint(i, long), minute, 0)
		a.GeneratorURL += "&x=" + strings.Repeat("y", 450)
		alerts = append(alerts, a)
	}
	hostile := notification(alerts...)
	hostile.Receiver, hostile.Replaced = long, []string{long, long, long, long, long, long}
	hostile.Dropped = make(map[alert.Kind]int)
	for i := range 100 {
		hostile.Dropped[alert.Kind{Status: alert.Firing, Severity: fmt.Sprint(`"""""""""""""`, i)}] = i + 1
	}
	all := states(t)
	all["a thousand that differ"], all["a thousand"], all["five thousand"] = hostile, many(t, 1000), many(t, 5000)
	for name, n := range all {
		if note := NewNote(n, renderTime); len(note) > digest.MaxNote {
			t.Errorf("%s: the note has %d octets", name, len(note))
		}
	}

	n := many(t, 200)
	for i := range n.Alerts {
		n.Alerts[i].Labels["severity"] = "warning"
	}
	n.Alerts[199].Labels["severity"] = "critical"
	d := anHour()
	d.notify(minute, false, n)
	bothTell(t, d.render(t, "en"), "200 firing (1 critical, 199 warning)", "Firing · critical", "web-199")
}

// TestADigestIsNoIncident: it belongs to no thread, and a filter can tell it.
func TestADigestIsNoIncident(t *testing.T) {
	d := digests(t)["storm"]
	c := d.render(t, "en")
	h := header(t)
	h.Thread = ""
	p := parseMail(t, compose(t, h, c))
	for name, want := range map[string]string{
		"X-Grafana-Alert-Digest": "22", "X-Grafana-Alert-State": "mixed", "X-Grafana-Alert-Severity": "critical", "X-Grafana-Alert-Rule": "High CPU usage",
		"X-Grafana-Alert-Folder": "Production", "X-Grafana-Alert-Org": "1", "Importance": "high", "Auto-Submitted": "auto-generated",
		"References": "", "In-Reply-To": "", "Thread-Topic": "", "Thread-Index": "",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := p.header.Get("List-Id"); !strings.HasSuffix(got, "<on-call-platform.alerts.grafana.example.com>") {
		t.Errorf("List-Id is %q", got)
	}

	n := notification(fires("alertname", "Y", "grafana_folder", "Other"))
	n.Receiver, n.OrgID = "another", 2
	d.notify(0, false, n)
	c = d.render(t, "en")
	if a := c.About; a.ContactPoint+a.Host+a.Folder != "" || a.Org != 0 || !says(c.Text, "Sent by "+view.Product+".") {
		t.Errorf("of several contact points one is named: %+v", a)
	}
}

// TestADigestLeadsToEachRule, of Grafana's or of Prometheus's.
func TestADigestLeadsToEachRule(t *testing.T) {
	source := func(c Content) bool { return strings.Contains(c.HTML, "http://prometheus:9090/graph") }
	foreign := notification(fires("alertname", "TargetDown", "instance", "db-1"))
	foreign.ExternalURL = "http://alertmanager:9093/"
	foreign.Version, foreign.Alerts[0].GeneratorURL = "4", "http://prometheus:9090/graph?g0.expr=up"
	d := anHour()
	d.notify(minute, false, foreign)
	c := d.render(t, "en")
	bothTell(t, c, "Source", "Open Alertmanager")
	if !source(c) {
		t.Errorf("the source is not there:\n%s", c.Text)
	}
	d.add(minute, false, instance("High CPU usage", "critical", "web-1", 51*minute, 0))
	c = d.render(t, "en")
	bothTell(t, c, "Alert rule", "Runbook")
	if source(c) || says(c.Text, "Source:") {
		t.Errorf("what leads to Prometheus is said to be a rule of Grafana's:\n%s", c.Text)
	}
}

// TestADigestOfAdsSaysSo, as any mail of that type.
func TestADigestOfAdsSaysSo(t *testing.T) {
	d := digests(t)["one"]
	c := d.renderBy(renderer(t, Options{MailType: nhncloud.Ad, From: header(t).From, Advertiser: settings.Advertiser{
		Name: "Shop", Address: "1 Road", Unsubscribe: settings.Unsubscribe{URL: "https://shop.example.com/u"},
	}}))
	if !strings.HasPrefix(c.Subject, nhncloud.AdMarks[0]+" [DIGEST:1]") || !says(c.Text, "Unsubscribe") || !says(shownHTML(c.HTML), "Unsubscribe") {
		t.Errorf("%q\n%s", c.Subject, c.Text)
	}
}
