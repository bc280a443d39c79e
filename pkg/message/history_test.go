package message

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// withHistory gives a notification the history that previews show: the first of its
// alerts fired three times before, and is new among those that fire.
func withHistory(n *alert.Notification) *alert.Notification {
	n.SampleHistory(renderTime)
	return n
}

// flapping gives a notification the history of an alert that fired five times in the
// last hour, and before.
func flapping(n *alert.Notification) *alert.Notification {
	withHistory(n)
	var short []alert.Episode
	for i := range 4 {
		start := renderTime.Add(time.Duration(-10*i-16) * time.Minute)
		short = append(short, alert.Episode{StartsAt: start, EndsAt: start.Add(2 * time.Minute)})
	}
	n.Alerts[0].Past.Episodes = append(short, n.Alerts[0].Past.Episodes...)
	return n
}

// strip is what the cells of a history show: how often it fired on which days.
func strip(c Content) string {
	table := regexp.MustCompile(`(?s)class="days".*?</table>`).FindString(c.HTML)
	var cells []string
	for _, m := range regexp.MustCompile(`<td[^>]*>([^<]*)</td>`).FindAllStringSubmatch(table, -1) {
		cells = append(cells, strings.ReplaceAll(m[1], "&nbsp;", "-"))
	}
	return strings.Join(cells, " ")
}

// bothSay fails where one part of the mail says a text and should not, or the
// other way.
func bothSay(t *testing.T, c Content, want bool, texts ...string) {
	t.Helper()
	for part, shown := range map[string]string{"text": c.Text, "HTML": shownHTML(preheader.ReplaceAllString(c.HTML, ""))} {
		for _, text := range texts {
			if got := inOrder(shown, text); got != want {
				t.Errorf("the %s says %q: %t, want %t:\n%s", part, text, got, want, shown)
			}
		}
	}
}

// TestAMailTellsOfTheLastDays: how often the alert fired, when and how long the last
// time, and on which days, in the time zone of the mail.
func TestAMailTellsOfTheLastDays(t *testing.T) {
	for _, tt := range []struct{ state, language, says, strip string }{
		{"again", "en", "Fired 4 times in the last 7 days; previously Sun 22 Nov 06:20, for 12m", "- - - 2 - 1 1 Tue Wed Thu Fri Sat Sun Mon"},
		{"again", "ja", "直近7日間で4回発生。前回は11月22日(日) 15:20から12分間", "- - - 2 - 1 1 火 水 木 金 土 日 月"},
		{"again", "ko", "최근 7일간 4회 발생, 직전 발생: 11월 22일(일) 15:20부터 12분 동안", "- - - 2 - 1 1 화 수 목 금 토 일 월"},
		{"again-resolved", "en", "Fired 4 times in the last 7 days; previously Sun 22 Nov 06:20, for 12m", "- - - 2 - 1 1 Tue Wed Thu Fri Sat Sun Mon"},
		{"flaps", "en", "Flapping: 5 times in the last hour. Fired 8 times in the last 7 days; previously 08:04, for 2m", "- - - 2 - 1 5 Tue Wed Thu Fri Sat Sun Mon"},
		{"flaps", "ja", "発生と復旧を繰り返しています（直近1時間に5回）。", "- - - 2 - 1 5 火 水 木 金 土 日 月"},
		{"flaps", "ko", "발생과 해결이 반복되고 있습니다(최근 1시간에 5회).", "- - - 2 - 1 5 화 수 목 금 토 일 월"},
	} {
		c := render(t, renderer(t, Options{Language: tt.language}), states(t)[tt.state])
		for part, text := range map[string]string{"text": c.Text, "HTML": shownHTML(c.HTML)} {
			if !strings.Contains(strings.Join(strings.Fields(text), ""), strings.Join(strings.Fields(tt.says), "")) {
				t.Errorf("%s, %s: the %s does not say %q:\n%s", tt.state, tt.language, part, tt.says, text)
			}
		}
		if got := strip(c); got != tt.strip {
			t.Errorf("%s, %s: the days are %q, want %q", tt.state, tt.language, got, tt.strip)
		}
	}
}

// TestAHistoryIsOfWholeDays: those of the time zone of the mail, and as many as the
// log has.
func TestAHistoryIsOfWholeDays(t *testing.T) {
	at := func(days int, starts ...string) Content {
		a := fires("alertname", "X")
		for _, s := range starts {
			start, err := time.Parse(time.RFC3339, s)
			if err != nil {
				t.Fatal(err)
			}
			a.Past.Episodes = append(a.Past.Episodes, alert.Episode{StartsAt: start})
		}
		n := notification(a)
		n.History.Days = days
		return render(t, renderer(t, Options{Language: "ko"}), n)
	}
	// 08:20 on the 23rd is 17:20 in Seoul, where the 17th begins at 15:00 of the 16th.
	c := at(7, "2026-11-22T15:00:00Z", "2026-11-22T14:59:00Z", "2026-11-16T15:00:00Z", "2026-11-16T14:59:00Z")
	if got, want := strip(c), "1 - - - - 1 2 화 수 목 금 토 일 월"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	bothSay(t, c, true, "최근 7일간 4회 발생, 직전 발생: 00:00")
	if got := strip(at(3, "2026-11-22T14:59:00Z", "2026-11-19T15:00:00Z")); got != "- 1 1 토 일 월" {
		t.Errorf("of three days: %q", got)
	}
	n := states(t)["again"]
	n.Alerts[0].Past.Cut = true
	bothSay(t, render(t, renderer(t, Options{}), n), true, "Fired 4+ times in the last 7 days")
	for name, c := range map[string]Content{
		"it is the first time":     at(7),
		"the last time is too old": at(7, "2026-11-16T14:59:00Z"),
		"the log has a day only":   at(1, "2026-11-23T05:00:00Z"),
		"nothing is known":         at(0, "2026-11-23T05:00:00Z"),
	} {
		if got := strip(c); got != "" || strings.Contains(c.Text, "직전") {
			t.Errorf("%s, and the mail says %q:\n%s", name, got, c.Text)
		}
	}
}

// TestAMailOfSeveralAlertsTellsWhatChanged since the last: in the band, on a lock
// screen, and at those that are new, which come first.
func TestAMailOfSeveralAlertsTellsWhatChanged(t *testing.T) {
	c := render(t, renderer(t, Options{}), states(t)["mixed-again"])
	bothSay(t, c, true, "Since the last mail: 1 new, 1 resolved, 1 still firing", "Firing · New", "Fired 4 times in the last 7 days")
	if got := preheaderOf(c); !strings.HasPrefix(got, "2 firing, 1 resolved · 1 new · 5m 30s") {
		t.Errorf("the preheader is %q", got)
	}
	for language, want := range map[string]string{"ja": "前回のメール以降：新規 1件、復旧 1件、継続中 1件", "ko": "지난 메일 이후: 신규 1건, 해결 1건, 계속 발생 중 1건"} {
		if c := render(t, renderer(t, Options{Language: language}), states(t)["mixed-again"]); !strings.Contains(shownHTML(c.HTML), want) {
			t.Errorf("%s: %s", language, shownHTML(c.HTML))
		}
	}

	n := withHistory(many(t, 300))
	n.Alerts[0].Past.Unchanged, n.Alerts[150].Past.Unchanged, n.Alerts[299].Past.Unchanged = true, false, false
	c = render(t, renderer(t, Options{}), n)
	bothSay(t, c, true, "Since the last mail: 2 new, 298 still firing")
	shown := shownHTML(c.HTML)
	if !inOrder(shown, "New", "web-150", "New", "web-299", "web-0", "web-1") || strings.Count(shown, "New") != 2 {
		t.Errorf("the new ones are not in front:\n%.3000s", shown)
	}
}

// TestWhatIsNotKnownToHaveChangedIsNotTold.
func TestWhatIsNotKnownToHaveChangedIsNotTold(t *testing.T) {
	unknown := states(t)["mixed-again"]
	unknown.History.Compared = false
	over := withHistory(notification(resolved("alertname", "X", "instance", "a"), resolved("alertname", "X", "instance", "b")))
	one := states(t)["again"]
	one.History.Compared = true
	for name, n := range map[string]*alert.Notification{
		"the first mail": states(t)["mixed"], "a mail without a past": unknown, "an all-clear": over, "a mail of one alert": one,
	} {
		bothSay(t, render(t, renderer(t, Options{}), n), false, "Since the last mail", "New")
		if got := preheaderOf(render(t, renderer(t, Options{}), n)); strings.Contains(got, "new") {
			t.Errorf("%s: %q", name, got)
		}
	}
	n := states(t)["mixed-again"]
	for i := range n.Alerts {
		n.Alerts[i].Past.Unchanged = false
	}
	c := render(t, renderer(t, Options{}), n)
	bothSay(t, c, true, "Since the last mail: 2 new, 1 resolved")
	bothSay(t, c, false, "· New") // there is nothing to tell them from
}

// TestAHistoryLeavesTheMailSmall: what Gmail clips, and what a phone loads.
func TestAHistoryLeavesTheMailSmall(t *testing.T) {
	for _, language := range settings.Languages() {
		for state, most := range map[string]int{"again": 10_000, "flaps": 10_000, "three-hundred-again": 90_000} {
			if c := render(t, renderer(t, Options{Language: language}), states(t)[state]); len(c.HTML) > most {
				t.Errorf("%s, %s: %d octets of HTML", state, language, len(c.HTML))
			}
		}
	}
}

// TestTemplatesHaveTheHistory.
func TestTemplatesHaveTheHistory(t *testing.T) {
	r := renderer(t, Options{TextTemplate: `{{.SinceLastMail}}{{range .Alerts}}|{{.New}} {{.History}}{{end}}`})
	want := "Since the last mail: 1 new, 1 resolved, 1 still firing|true Fired 4 times in the last 7 days; previously Sun 22 Nov 06:20, for 12m|false |false "
	if got := strings.Join(strings.Fields(render(t, r, states(t)["mixed-again"]).Text), " "); got != strings.Join(strings.Fields(want), " ") {
		t.Errorf("%q", got)
	}
}

// TestADayThatBeginsAnHourLaterIsADay: where clocks are set forward at midnight, the
// days and their names stay what the calendar says.
func TestADayThatBeginsAnHourLaterIsADay(t *testing.T) {
	for _, tt := range []struct{ zone, now, strip string }{
		{"America/Santiago", "2026-09-12T12:00:00", "1 1 1 1 1 1 2 Sun Mon Tue Wed Thu Fri Sat"}, // the 6th has no midnight
		{"Africa/Cairo", "2026-04-30T12:00:00", "1 1 1 1 1 1 2 Fri Sat Sun Mon Tue Wed Thu"},     // nor has the 24th
		{"America/Santiago", "2026-04-05T12:00:00", "1 1 1 1 1 1 2 Mon Tue Wed Thu Fri Sat Sun"}, // the 4th has 25 hours
		{"Europe/London", "2026-03-31T12:00:00", "1 1 1 1 1 1 2 Wed Thu Fri Sat Sun Mon Tue"},
	} {
		location, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.ParseInLocation("2006-01-02T15:04:05", tt.now, location)
		if err != nil {
			t.Fatal(err)
		}
		a := fires("alertname", "X")
		a.StartsAt = now.Add(-time.Minute)
		for i := range 7 {
			start := time.Date(now.Year(), now.Month(), now.Day()-i, 0, 30, 0, 0, location)
			if start.Day() != now.AddDate(0, 0, -i).Day() { // there is no such time
				start = start.Add(time.Hour)
			}
			a.Past.Episodes = append(a.Past.Episodes, alert.Episode{StartsAt: start})
		}
		a.Past.Episodes = append(a.Past.Episodes, alert.Episode{StartsAt: time.Date(now.Year(), now.Month(), now.Day()-7, 23, 30, 0, 0, location)})
		n := notification(a)
		n.History.Days = 7
		c := renderer(t, Options{Location: location}).Render(t.Context(), n, now)
		if got := strip(c); got != tt.strip {
			t.Errorf("%s: the days are %q, want %q", tt.zone, got, tt.strip)
		}
		bothSay(t, c, true, "Fired 8 times in the last 7 days")
	}
}

// TestAHistoryBearsClocksThatDisagree: the sender's may be ahead of the plugin's, and
// may have been set back while an alert fired.
func TestAHistoryBearsClocksThatDisagree(t *testing.T) {
	a := fires("alertname", "X")
	a.StartsAt = renderTime.Add(20 * time.Second)
	begun := renderTime.Add(-time.Hour)
	for _, end := range []time.Time{begun, begun.Add(-time.Minute)} {
		a.Past.Episodes = []alert.Episode{{StartsAt: begun, EndsAt: end}}
		n := notification(a)
		n.History.Days = 7
		c := render(t, renderer(t, Options{}), n)
		bothSay(t, c, true, "Fired 2 times in the last 7 days; previously 07:20")
		bothSay(t, c, false, "07:20, for")
		if got, want := strip(c), "- - - - - - 2 Tue Wed Thu Fri Sat Sun Mon"; got != want {
			t.Errorf("the days are %q, want %q", got, want)
		}
	}
}
