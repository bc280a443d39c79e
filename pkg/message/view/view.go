package view

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/markdown"
)

// Product is how the mail names what sent it.
const Product = "NHN Cloud Email for Grafana"

// View is the model with what only the built-in mail shows, in words: the HTML
// and the text lay out the same.
type View struct {
	*Model
	Tone       string   // of the mail's color
	Kicker     string   // state and severity, above the heading
	Where      string   // where and since when, below the heading
	Preheader  string   // what an inbox shows behind the subject
	Reason     string   // why, where all alerts have the same reason
	Cause      string   // what went wrong, where a query failed
	Lead       *Card    // the only alert; nil where there are several
	Sections   Sections // several alerts, by rule and severity
	Buttons    []Button // of the whole mail
	Links      []Button // less often needed
	Common     []Pair   // SharedLabels without what the heading says
	Shared     string   // the heading of Common
	OpenText   string   // of the link to ExternalURL
	Footer     []string
	Advertiser *Advertiser // of an ad mail
}

// Card is an alert that is shown in full.
type Card struct {
	*Alert
	Heading  string // of Facts
	Facts    []Pair // its labels
	Week     []Day  // how often it fired on each day; the last is today
	ImageAlt string // instead of the picture
}

// New makes the view of a model; ad is nil unless the mail is one.
func New(m *Model, ad *Advertiser) *View {
	w := m.words
	v := &View{
		Model:      m,
		Tone:       m.tone(),
		Kicker:     m.kicker(),
		Shared:     w.Say("heading.common"),
		OpenText:   m.openText(),
		Footer:     m.footer(),
		Advertiser: ad,
	}
	where := m.where()
	if folder := m.Folder(); folder != "" && !slices.Contains(where, folder) {
		where = append(where, clean.CutMiddle(folder, maxWhere))
	}
	v.Where = Join(strings.Join(where, subjectJoin), m.period())
	v.Preheader = clean.Cut(m.preheader(), maxLabel)
	v.Common = slices.DeleteFunc(slices.Clone(m.SharedLabels), func(p Pair) bool {
		return p.Value == m.Severity && slices.Contains(alert.SeverityLabels, p.Name)
	})
	if len(m.Alerts) > 0 {
		v.Reason = common(m.Alerts, func(a *Alert) string { return a.Reason })
		v.Cause = common(m.Alerts, func(a *Alert) string { return a.Cause })
	}
	switch {
	case len(m.Alerts) == 1 && m.Omitted == 0:
		v.Lead = m.card(m.Alerts[0])
		v.Buttons, v.Links = m.links(m.Alerts[0])
	case len(m.Alerts) > 0:
		v.Buttons, v.Links = m.sharedLinks()
		v.Sections = m.sections(v)
	}
	return v
}

func (m *Model) openText() string {
	if m.Grafana {
		return m.words.Say("open.grafana")
	}
	return m.words.Say("open.alertmanager")
}

// card is an alert with everything that is known of it.
func (m *Model) card(a *Alert) *Card {
	c := &Card{Alert: a, Heading: m.words.Say("heading.labels"), Facts: labelsOf(a), Week: a.week, ImageAlt: m.imageAlt(a)}
	return c
}

func (m *Model) imageAlt(a *Alert) string {
	if a.ImageURL == "" {
		return ""
	}
	return m.words.Say("image.alt", a.Name)
}

// labelsOf are an alert's own labels that nothing else shows.
func labelsOf(a *Alert) []Pair {
	return slices.DeleteFunc(slices.Clone(a.OwnLabels), func(p Pair) bool {
		return p.Name != clean.Ellipsis && !tells(p.Name) || p.Value == a.Severity && slices.Contains(alert.SeverityLabels, p.Name)
	})
}

// Tones are the colors of states: how bad it is, whether it is over, and whether
// anybody knows.
const (
	Critical = "critical"
	Warning  = "warning"
	Info     = "info"
	Over     = "resolved"
	Unsure   = "closed"
	Blind    = "unknown"
)

// toneOf is the tone of a state, or empty where the severity decides.
func toneOf(state string) string {
	switch state {
	case Resolved:
		return Over
	case Closed:
		return Unsure
	case NoData, Error:
		return Blind
	}
	return ""
}

// Tone is that of an alert. One that does not say how severe it is may be severe.
func (a *Alert) Tone() string {
	if tone := toneOf(a.State); tone != "" {
		return tone
	}
	return a.firingTone()
}

func (m *Model) tone() string {
	if tone := toneOf(m.State); tone != "" {
		return tone
	}
	if m.FiringCount == 0 && m.truncated > 0 {
		return Warning
	}
	for _, tone := range []string{Critical, Warning, Info} {
		if slices.ContainsFunc(m.counting(), func(a *Alert) bool { return a.Tone() == tone }) {
			return tone
		}
	}
	return Critical
}

// kicker is state and severity, with counts of each severity where there are
// several.
func (m *Model) kicker() string {
	state := m.StateText
	switch {
	case m.State == Closed && m.ResolvedCount == 1:
		state = m.words.Say("state.unconfirmed")
	case m.FiringCount > 0 && m.State != NoData && m.State != Error:
		all := make(map[alert.Kind]int)
		for kind, n := range m.dropped {
			all[kind] += n
		}
		countKinds(all, m.Alerts)
		severities := make(map[string]bool)
		for kind := range all {
			severities[kind.Severity] = severities[kind.Severity] || kind.Status == alert.Firing && kind.Severity != ""
		}
		several := 0
		for _, fires := range severities {
			if fires {
				several++
			}
		}
		if several > 1 {
			return kinds(all, m.words)
		}
	}
	return Join(state, m.Severity)
}

// period is since when, or how long and until when, of the only alert or of the
// first that began.
func (m *Model) period() string {
	if len(m.Alerts) == 1 && m.Alerts[0].Ended() {
		return m.fired(m.Alerts[0])
	}
	if first := m.earliest(); first != nil {
		return m.since(first)
	}
	return ""
}

// earliest is the alert that has fired longest.
func (m *Model) earliest() *Alert {
	var first *Alert
	for _, a := range m.Alerts[:m.shownFiring()] {
		if !a.StartsAt.IsZero() && (first == nil || a.StartsAt.Before(first.StartsAt)) {
			first = a
		}
	}
	return first
}

// since is how long an alert has fired, and since when.
func (m *Model) since(a *Alert) string {
	start, length := a.StartsAt.Zoned(m.Now), a.Duration.String()
	switch {
	case start == "":
		return ""
	case length == "":
		return m.words.Say("since.only", start)
	}
	return m.words.Say("since", length, start)
}

// fired is how long an alert fired that has ended, and when.
func (m *Model) fired(a *Alert) string {
	end, length := a.EndsAt.Zoned(m.Now), a.Duration.String()
	switch {
	case end == "":
		return ""
	case length == "":
		return m.words.Say("ended", end)
	}
	return m.words.Say("fired", length, a.StartsAt.Short(m.Now), end)
}

// preheader is the state and its time, then why, then what people wrote.
func (m *Model) preheader() string {
	if len(m.Alerts) == 0 {
		return m.StateText
	}
	a := m.Alerts[0]
	said := Join(markdown.Plain(a.Summary), clean.Cut(markdown.Plain(a.Description), maxLabel))
	if len(m.Alerts) > 1 {
		return Join(m.StateText, m.news, m.period(), a.Reason, said)
	}
	length, end := a.Duration.String(), a.EndsAt.Zoned(m.Now)
	switch {
	case a.State == Closed && length != "" && end != "":
		return Join(a.Reason, m.words.Say("ended.closed", length, a.StartsAt.Short(m.Now), end), said)
	case a.State == Closed:
		return Join(a.Reason, m.fired(a), said)
	case a.State == Resolved && length != "" && end != "":
		return Join(m.words.Say("ended.resolved", length, a.StartsAt.Short(m.Now), end), said)
	case a.State == Resolved:
		return Join(a.StateText, m.fired(a), said)
	case a.State == Error && a.Cause != "":
		return Join(a.StateText, clean.Line(a.Cause), m.since(a), said)
	case a.State == Error, a.State == NoData:
		return Join(a.StateText, a.Reason, m.since(a), said)
	}
	return Join(a.StateText, m.since(a), m.Value(a), said)
}

// Value is the result of an alert that says most, "" where there is none.
func (m *Model) Value(a *Alert) string {
	for _, v := range a.Values {
		if !v.Condition {
			return v.Value
		}
	}
	return ""
}

// Join puts parts that are not empty on one line.
func Join(parts ...string) string {
	line := ""
	for _, part := range parts {
		if line != "" && part != "" {
			line += subjectJoin
		}
		line += part
	}
	return line
}
