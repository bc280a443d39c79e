package view

import (
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

const (
	// FlapsFrom is how many times in an hour an alert has to begin to fire to be flapping.
	FlapsFrom = 4
	// fewestDays is how many days a history has at least.
	fewestDays = 2
	// maxHistories is how many of several alerts are shown with their history.
	maxHistories = 3
)

// Day is how many times an alert began to fire on a day.
type Day struct {
	Name  string // of the weekday
	Times string // "" where it did not
	Tone  string // that of the alert when it fires
}

// addHistory says of an alert whether it is new or changed since the last mail, and
// how often it fired before.
func (m *Model) addHistory(a *Alert, from *alert.Alert, h alert.History, location *time.Location, now time.Time) {
	a.New = h.Compared && !a.Ended() && !from.Past.Unchanged
	a.changed = h.Compared && !from.Past.Unchanged
	s := startsOf(from, h.Days, location, now)
	if s == nil {
		return
	}
	before := from.Past.Episodes[0]
	when := m.words.Time(before.StartsAt.In(location)).Weekday(m.Now)
	a.History = m.words.Say("history", s.total, h.Days, when)
	if before.EndsAt.After(before.StartsAt) {
		a.History = m.words.Say("history.for", s.total, h.Days, when, m.words.Span(before.EndsAt.Sub(before.StartsAt)).String())
	}
	if s.lastHour >= FlapsFrom {
		a.flaps = true
		a.History = m.words.Say("history.flaps", s.lastHour, a.History)
	}
	for i, n := range s.byDay {
		d := Day{Name: m.words.Weekday(s.first.AddDate(0, 0, i).Weekday()), Tone: a.firingTone()}
		if n > 0 {
			d.Times = strconv.Itoa(n)
		}
		a.week = append(a.week, d)
	}
}

// starts are how many times an alert began to fire.
type starts struct {
	first    time.Time // the day of the first of byDay
	byDay    []int
	lastHour int
	total    string // with a plus sign where there may be more
}

// startsOf counts the starts of an alert in the last days, or returns nil where there
// is no earlier one in them.
func startsOf(from *alert.Alert, days int, location *time.Location, now time.Time) *starts {
	episodes := from.Past.Episodes
	if days < fewestDays || len(episodes) == 0 {
		return nil
	}
	// Days are those of the calendar: one without a midnight begins at 01:00.
	date := func(t time.Time) time.Time {
		year, month, day := t.In(location).Date()
		return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	}
	s := &starts{first: date(now).AddDate(0, 0, 1-days), byDay: make([]int, days)}
	if date(episodes[0].StartsAt).Before(s.first) {
		return nil
	}
	times := 0
	count := func(start time.Time) {
		if start.After(now) { // the sender's clock is ahead
			start = now
		}
		day := int(date(start).Sub(s.first) / (24 * time.Hour))
		if day < 0 {
			return
		}
		s.byDay[day]++
		times++
		if now.Sub(start) <= time.Hour {
			s.lastHour++
		}
	}
	count(from.StartsAt)
	for _, e := range episodes {
		count(e.StartsAt)
	}
	s.total = strconv.Itoa(times)
	if from.Past.Cut && !date(episodes[len(episodes)-1].StartsAt).Before(s.first) {
		s.total += "+"
	}
	return s
}

// sinceLastMail says what has changed since the last mail of the group, if any alert
// fires. It sets news, and whether new alerts are marked.
func (m *Model) sinceLastMail(h alert.History) string {
	if !h.Compared || len(m.Alerts) < 2 || m.FiringCount == 0 {
		return ""
	}
	counts := make(map[string]int)
	for _, a := range m.Alerts {
		switch {
		case a.Ended() && a.changed:
			counts[a.State]++
		case a.New:
			counts["new"]++
		case !a.Ended():
			counts["still"]++
		}
	}
	var parts []string
	add := func(key string, n int) {
		if n > 0 {
			parts = append(parts, m.words.Say(key, n))
		}
	}
	add("since.new", counts["new"])
	add("count.resolved", counts[Resolved])
	add("count.closed", counts[Closed])
	add("since.still", counts["still"])
	// A mark tells the new ones from the others, where there are others.
	m.marked = counts["new"] > 0 && counts["still"] > 0
	if counts["new"] > 0 {
		m.news = m.words.Say("since.new", counts["new"])
	}
	return m.words.Say("since.mail", strings.Join(parts, m.words.Say("list.join")))
}

// mark returns the word that marks an alert as new, or none.
func (m *Model) mark(a *Alert) string {
	if m.marked && a.New {
		return m.words.Say("new")
	}
	return ""
}

// firingTone returns the tone of an alert while it fires, by its severity.
func (a *Alert) firingTone() string {
	if a.Severity == "" {
		return Critical
	}
	return []string{Critical, Warning, Info}[a.rank]
}
