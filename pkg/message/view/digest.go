package view

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// A digest lists so many alerts at most, the gravest first, and counts the others.
const (
	maxListed      = 50 // of those that fire
	fewestListed   = 3  // of a rule, while there are maxListed
	maxListedEnded = 20
	maxRules       = 40 // of which no alert is listed
)

// Window is the time over which notifications were gathered, and why they were.
type Window struct {
	Opened, End time.Time
	MaxPerHour  int    // the budget that was used up; 0: none
	Clock       string // the time of day that a digest was waited for, such as "09:00"; "": none
}

// Gathered is what a digest tells.
type Gathered struct {
	Notes, Mailed, Unread int // notifications: all, those with a mail of their own, those that are lost
	// Notification has the alerts as they stand. Their fingerprints are indexes of Told.
	Notification alert.Notification
	Told         []Told
}

// Told is what a digest tells of an alert besides its state.
type Told struct {
	Mailed  bool // its state was mailed on its own, too
	HasLine bool // there is enough for a line; else it is counted
	Flaps   Flaps
}

// Flaps is how many times an alert began to fire within an hour, where that is often.
type Flaps struct {
	Times    int
	From, To time.Time
}

// NewDigest makes the view of a digest.
func NewDigest(g *Gathered, window Window, ad *Advertiser, w *locale.Words, location *time.Location) *View {
	m := NewModel(&g.Notification, w, location, window.End, false)
	m.gathered = g.Notes
	for _, a := range m.Alerts {
		index, _ := strconv.Atoi(a.Fingerprint)
		told := g.Told[index]
		if a.counted = !told.HasLine; told.Mailed {
			a.mailed = w.Say("digest.also")
		}
		if f := told.Flaps; f.Times > 0 {
			a.History = w.Say("digest.flaps", f.Times, w.Time(f.From.In(location)).Short(m.Now), w.Time(f.To.In(location)).Short(m.Now))
		}
	}
	v := &View{
		Model: m, Tone: m.tone(), Kicker: w.Say("digest.kicker", g.Notes), OpenText: m.openText(),
		Footer: m.footer(), Advertiser: ad,
	}
	if m.FiringCount == 0 { // how severe it was is over, too
		m.Severity = ""
	}
	m.Headline = m.kicker()
	m.Subject = clean.Cut(w.Say("subject.state", w.Say("subject.digest", g.Notes),
		Join(strings.Join(m.counts("count."), w.Say("list.join")), m.gravest(maxSubjectRule), m.Severity)), MaxSubject)
	opened, end := w.Time(window.Opened.In(location)), m.Now
	v.Where = Join(w.Say("digest.period", opened.Short(end), end.Zoned(end)), window.why(w))
	v.Preheader = clean.Cut(Join(m.Headline, m.gravest(maxLabel)), maxLabel)
	if g.Mailed > 0 {
		v.Footer = slices.Insert(v.Footer, 1, w.Say("digest.mailed", g.Mailed))
	}
	v.Sections = m.sections(v)
	v.Sections.limit()
	v.Sections = m.collapse(v.Sections)
	return v
}

// why says in a few words why notifications were gathered.
func (window Window) why(w *locale.Words) string {
	switch {
	case window.MaxPerHour > 0:
		return w.Say("digest.budget", window.MaxPerHour)
	case window.Clock != "":
		return w.Say("digest.clock", window.Clock)
	}
	return ""
}

// gravest names the rule of the gravest alert, and counts the other rules of those that
// fire, or of all where none does.
func (m *Model) gravest(limit int) string {
	if len(m.Alerts) == 0 {
		return ""
	}
	names := distinct(m.counting(), func(a *Alert) string { return a.Name })
	first := clean.CutMiddle(names[0], limit)
	if len(names) > 1 {
		return first + " " + m.words.Say("more", len(names)-1)
	}
	return first
}

// limit says how many alerts of each section are listed: as many of each rule that
// fires, the gravest first, so that none hides the others.
func (all Sections) limit() {
	firing := len(all)
	for _, s := range all {
		if s.ended {
			firing--
		}
	}
	each := max(maxListed/max(firing, 1), fewestListed)
	left, leftEnded := maxListed, maxListedEnded
	for _, s := range all {
		room, most := &left, each
		if s.ended {
			room, most = &leftEnded, maxListedEnded
		}
		lines := slices.IndexFunc(s.Alerts, func(a *Alert) bool { return a.counted })
		if lines < 0 {
			lines = len(s.Alerts)
		}
		s.Listed = min(lines, most, *room)
		*room -= s.Listed
	}
}

// collapse makes one section of the rules that fire and have no alert listed, with a
// line for each rule.
func (m *Model) collapse(all Sections) Sections {
	rules := &Section{kinds: make(map[*Alert]string)}
	at := 0
	var kept Sections
	for _, s := range all {
		if s.ended || s.Listed > 0 {
			kept = append(kept, s)
			if !s.ended {
				at = len(kept)
			}
			continue
		}
		rules.Alerts = append(rules.Alerts, s.Alerts[0])
		rules.kinds[s.Alerts[0]] = s.Kind
	}
	if len(rules.Alerts) == 0 {
		return all
	}
	rules.Name = m.words.Say("digest.rules", len(rules.Alerts))
	rules.Listed = min(len(rules.Alerts), maxRules)
	return slices.Insert(kept, at, rules)
}
