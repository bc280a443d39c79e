package view

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Sections are the alerts of a mail by rule and severity, the gravest first.
type Sections []*Section

// Section is alerts of one rule and severity.
type Section struct {
	Name                 string // of the rule; "" where the heading of the mail says it
	Kind                 string // how many in which state, and how severe; likewise
	Tone                 string
	Reason, Cause        string   // likewise, and of all of its alerts
	Summary, Description string   // what all of its alerts say
	Links                []Button // what all of its alerts share
	Alerts               []*Alert
	Listed               int // how many of Alerts are shown at most

	apart   []string          // the labels that tell its alerts apart
	why     bool              // Reason and Cause, or those of the mail, say what all have
	ended   bool              // a digest's, of several rules
	kinds   map[*Alert]string // a digest's rules, each with its first alert and as Kind is
	runbook bool              // Links, or those of the mail, have the runbook of all
	rule    bool              // likewise
}

// Row is an alert in a section, without what the section says.
type Row struct {
	*Alert
	StateText, Tone      string
	Stated               bool // a line says StateText: it does not fire, or is marked
	Where, Since         string
	Mark                 string // that it is new since the last mail
	History              string // of the first alerts of the mail, and of those that flap
	Reason, Cause        string
	Summary, Description string
	Value                string // the result that says most
	Links                []Button
	Facts                []Pair // further labels
	Notes                []Pair
	ImageAlt             string
}

// sections groups the alerts.
func (m *Model) sections(v *View) Sections {
	type key struct{ name, severity, ended string }
	known := make(map[key]*Section)
	var all Sections
	for _, a := range m.Alerts {
		k := key{name: a.Name, severity: a.Severity}
		if m.gathered > 0 && a.Ended() { // what is over is read once, and not rule by rule
			k = key{ended: a.State}
		}
		if known[k] == nil {
			known[k] = &Section{ended: k.ended != ""}
			all = append(all, known[k])
		}
		known[k].Alerts = append(known[k].Alerts, a)
		a.when = Join(m.rowTime(a), a.mailed)
	}
	for _, s := range all {
		first := s.Alerts[0]
		s.Listed = len(s.Alerts)
		s.Tone = first.Tone()
		if v.Reason+v.Cause == "" {
			s.Reason = common(s.Alerts, func(a *Alert) string { return a.Reason })
			s.Cause = common(s.Alerts, func(a *Alert) string { return a.Cause })
		}
		if s.ended {
			s.Name = m.words.Say("gathered."+first.State, len(s.Alerts))
			continue
		}
		s.why = v.Reason+v.Cause+s.Reason+s.Cause != ""
		s.Summary = common(s.Alerts, func(a *Alert) string { return a.Summary })
		s.Description = common(s.Alerts, func(a *Alert) string { return a.Description })
		s.apart = apart(s.Alerts)
		s.runbook, s.rule = hasURL(v, first.RunbookURL), hasURL(v, first.RuleURL)
		if len(all) == 1 && m.gathered == 0 {
			continue
		}
		s.Name = first.Name
		counts := make(map[alert.Kind]int)
		countKinds(counts, s.Alerts)
		for kind, n := range counts { // the severity is that of all
			delete(counts, kind)
			counts[alert.Kind{Status: kind.Status}] += n
		}
		s.Kind = Join(kinds(counts, m.words), first.Severity)
		if len(s.Alerts) == 1 {
			s.Kind = Join(first.StateText, first.Severity)
		}
		m.linkSection(s)
	}
	return all
}

// linkSection adds the links that all alerts of a section share.
func (m *Model) linkSection(s *Section) {
	if url := common(s.Alerts, func(a *Alert) string { return a.RunbookURL }); url != "" && !s.runbook {
		s.Links, s.runbook = append(s.Links, Button{m.words.Say("link.runbook"), url, false}), true
	}
	if url := common(s.Alerts, func(a *Alert) string { return a.RuleURL }); url != "" && !s.rule {
		switch {
		case m.Grafana:
			s.Links, s.rule = append(s.Links, Button{m.words.Say("link.rule"), url, false}), true
		case m.gathered > 0: // its lines have no links
			s.Links, s.rule = append(s.Links, Button{m.words.Say("link.source"), url, false}), true
		}
	}
}

// common is what all alerts say, "" where they say different things.
func common(alerts []*Alert, of func(*Alert) string) string {
	first := of(alerts[0])
	for _, a := range alerts[1:] {
		if of(a) != first {
			return ""
		}
	}
	return first
}

// apart are the labels that tell alerts of one rule apart: those that say where,
// or else any.
func apart(alerts []*Alert) []string {
	const most = 3
	first := alerts[0]
	var names []string
	for _, p := range first.places {
		if len(names) < most && !shared(alerts, p) {
			names = append(names, p.Name)
		}
	}
	if len(names) > 0 || len(alerts) == 1 {
		return names
	}
	for _, p := range first.OwnLabels {
		same := func(a *Alert) bool { return a.Labels[p.Name] == p.Value }
		if len(names) < most && tells(p.Name) && slices.ContainsFunc(alerts, func(a *Alert) bool { return !same(a) }) {
			names = append(names, p.Name)
		}
	}
	return names
}

// Alerts of several that are shown with everything that is known of them, and those
// of them that have ended while others fire.
const (
	maxDetailed      = 10
	maxDetailedEnded = 3
)

// Detailed returns how many alerts of several are shown with everything that is known
// of them, and how many of those may have ended.
func (m *Model) Detailed() (alerts, ended int) {
	switch {
	case m.gathered > 0:
		return 0, 0
	case m.FiringCount > 0:
		return maxDetailed, maxDetailedEnded
	}
	return maxDetailed, maxDetailed
}

// Row is the i-th alert of a section; the first of a mail are detailed.
func (m *Model) Row(s *Section, i int, detailed bool) Row {
	a := s.Alerts[i]
	if s.kinds != nil {
		return Row{Alert: a, Where: clean.CutMiddle(a.Name, 2*maxWhere), Value: s.kinds[a]}
	}
	r := Row{
		Alert: a, StateText: a.StateText, Tone: a.Tone(), Value: m.Value(a),
		Where: clean.CutMiddle(s.where(a), 2*maxWhere),
		Since: a.when,
	}
	if s.Name != "" && len(s.Alerts) == 1 { // the section says its state
		if r.Where == "" {
			r.Where = m.Folder()
		}
		if r.Where != "" {
			r.StateText = ""
		}
	}
	if m.gathered > 0 && r.Where != "" && (s.ended || a.State == Firing) {
		r.StateText = ""
	}
	if r.Mark = m.mark(a); r.Mark != "" {
		r.StateText = Join(r.StateText, r.Mark)
	}
	r.Stated = r.StateText != "" && (a.Ended() || r.Mark != "" || m.gathered > 0)
	if !s.why {
		r.Reason, r.Cause = a.Reason, a.Cause
	}
	if s.Summary == "" {
		r.Summary = a.Summary
	}
	if !detailed {
		r.Summary = clean.Cut(r.Summary, 2*maxWhere)
		if s.ended { // what it said is over, too
			r.Summary = ""
		}
		if m.gathered > 0 {
			if r.Where != "" && strings.Contains(r.Summary, r.Where) { // a phone has no room for it twice
				r.Where, r.Summary = r.Summary, ""
			}
			r.Value = Join(a.History, r.Summary)
		}
		return r
	}
	if s.Description == "" {
		r.Description = a.Description
	}
	if slices.Index(m.Alerts, a) < maxHistories || a.flaps {
		r.History = a.History
	}
	r.Links, r.ImageAlt, r.Notes = m.rowLinks(s, a), m.imageAlt(a), a.Notes
	r.Facts = slices.DeleteFunc(labelsOf(a), func(p Pair) bool { return strings.Contains(r.Where, place(p.Value)) })
	return r
}

// where is where an alert of a section is: what tells it from the others.
func (s *Section) where(a *Alert) string {
	var values []string
	if s.ended {
		values = append(values, a.Name)
		for _, p := range a.places[:min(len(a.places), 2)] {
			values = append(values, p.Value)
		}
		return strings.Join(values, subjectJoin)
	}
	for _, name := range s.apart {
		value := a.at(name)
		if value == "" {
			value = place(a.Labels[name])
		}
		if value != "" {
			values = append(values, value)
		}
	}
	if len(values) == 0 {
		for _, p := range a.places[:min(len(a.places), 2)] {
			values = append(values, p.Value)
		}
	}
	if len(values) == 0 {
		for _, p := range a.OwnLabels {
			if placed(p.Name, p.Value) {
				return p.Value
			}
		}
	}
	return strings.Join(values, subjectJoin)
}

// rowTime is how long an alert has fired, or had when it ended.
func (m *Model) rowTime(a *Alert) string {
	at, length := a.Changed().Short(m.Now), a.Duration.String()
	switch {
	case at == "":
		return ""
	case length == "" && a.Ended():
		return m.words.Say("ended", at)
	case length == "":
		return m.words.Say("since.only", at)
	case a.Ended():
		return m.words.Say("ended.after", length, at)
	}
	return m.words.Say("since", length, at)
}

// Others says how many alerts of a section are not listed.
func (m *Model) Others(n int) string { return m.words.Say("heading.others", n) }

// Rest says how many alerts are not listed where the sections from the next on are
// not, and of which kinds those are; both are empty where all are listed.
func (v *View) Rest(next int) (count, ofKinds string) {
	var notListed []*Alert
	for _, s := range v.Sections[min(next, len(v.Sections)):] {
		notListed = append(notListed, s.Alerts...)
	}
	return v.rest(notListed)
}
