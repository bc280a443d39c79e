package view

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Product is how the mail names what sent it.
const Product = "NHN Cloud Email for Grafana"

// View is the model with what only the built-in mail shows, in words: the HTML
// and the text lay out the same.
type View struct {
	*Model
	Places     string // what tells this mail from others
	Preheader  string // what an inbox shows behind the subject
	Cards      []Card // the first of Alerts, in full
	Shared     string // the heading of SharedLabels
	OpenText   string // of the link to ExternalURL
	Footer     string
	Advertiser *Advertiser // of an ad mail
}

// Card is an alert that is shown in full.
type Card struct {
	*Alert
	Facts    []Pair
	Buttons  []Button
	ImageAlt string // instead of the picture
}

// Button is a link of an alert; the main one is the one to press first.
type Button struct {
	Text, URL string
	Main      bool
}

// What somebody might still read in full: the first alerts, and of the resolved
// ones fewer while others fire.
const (
	maxCards         = 10
	maxResolvedCards = 3
)

// New makes the view of a model; ad is nil unless the mail is one.
func New(m *Model, ad *Advertiser) *View {
	w := m.words
	v := &View{
		Model:      m,
		Places:     strings.Join(m.places(), subjectJoin),
		Cards:      make([]Card, m.inFull()),
		Shared:     w.Say("heading.common"),
		OpenText:   w.Say("open.alertmanager"),
		Footer:     w.Say("footer.sent", Product, m.Receiver),
		Advertiser: ad,
	}
	if m.Grafana {
		v.OpenText = w.Say("open.grafana")
	}
	if len(m.Alerts) > 0 {
		first := m.Alerts[0]
		v.Preheader = clean.Cut(Join(first.Summary, clean.Line(first.Description), m.since(first)), maxLabel)
	}
	for i := range v.Cards {
		a := m.Alerts[i]
		v.Cards[i] = Card{Alert: a, Facts: m.facts(a), Buttons: m.buttons(a)}
		if a.ImageURL != "" {
			v.Cards[i].ImageAlt = w.Say("image.alt", a.Name)
		}
	}
	return v
}

// Shortened is the card with its values cut.
func (c Card) Shortened() Card {
	c.Facts = slices.Clone(c.Facts)
	for i := range c.Facts {
		c.Facts[i].Value = clean.Cut(c.Facts[i].Value, maxLabel)
	}
	return c
}

// inFull is how many alerts are shown in full, if there is room.
func (m *Model) inFull() int {
	firing := 0
	for firing < len(m.Alerts) && m.Alerts[firing].State != Resolved {
		firing++
	}
	if firing == 0 {
		return min(len(m.Alerts), maxCards)
	}
	return min(len(m.Alerts), firing+maxResolvedCards, maxCards)
}

// facts are what a reader looks up in one alert: since when, the values, the
// labels that differ, the other annotations.
func (m *Model) facts(a *Alert) []Pair {
	var out []Pair
	add := func(key, value string) {
		if value != "" {
			out = append(out, Pair{m.words.Say(key), value})
		}
	}
	if a.State == Resolved {
		add("label.fired", a.StartsAt.String())
		add("label.resolved", m.ended(a))
	} else {
		add("label.since", m.since(a))
	}
	var values []string
	for _, p := range a.Values {
		values = append(values, p.Name+" = "+p.Value)
	}
	add("label.values", strings.Join(values, ", "))
	for _, p := range a.OwnLabels {
		if p.Value != a.Severity || !slices.Contains(alert.SeverityLabels, p.Name) { // shown beside the state
			out = append(out, p)
		}
	}
	return append(out, a.Notes...)
}

// since is when an alert began and how long ago that is.
func (m *Model) since(a *Alert) string {
	start := a.StartsAt.String()
	if length := a.Duration.String(); start != "" && length != "" && a.State != Resolved {
		return m.words.Say("since.for", start, length)
	}
	return start
}

// ended is when an alert was resolved and how long it had lasted.
func (m *Model) ended(a *Alert) string {
	end := a.EndsAt.String()
	if length := a.Duration.String(); end != "" && length != "" {
		return m.words.Say("resolved.after", end, length)
	}
	return end
}

// buttons are an alert's links.
func (m *Model) buttons(a *Alert) []Button {
	rule := "button.source"
	if m.Grafana {
		rule = "button.rule"
	}
	var out []Button
	for _, b := range []struct{ key, url string }{
		{rule, a.RuleURL},
		{"button.runbook", a.RunbookURL},
		{"button.panel", a.PanelURL},
		{"button.dashboard", a.DashboardURL},
		{"button.silence", a.SilenceURL},
	} {
		if b.url != "" {
			out = append(out, Button{m.words.Say(b.key), b.url, len(out) == 0})
		}
	}
	return out
}

// Brief is an alert in half a line: where it is and what it says.
func (m *Model) Brief(a *Alert) string {
	var where []string
	for _, p := range a.OwnLabels {
		if tells(p.Name) && !slices.Contains(alert.SeverityLabels, p.Name) {
			where = append(where, p.Value)
		}
	}
	return Join(
		clean.Cut(strings.Join(where, m.words.Say("list.join")), maxSubjectValue),
		clean.Cut(a.Summary, 2*maxSubjectValue),
	)
}

// More is the heading of a list of n alerts.
func (m *Model) More(n int) string { return m.words.Say("heading.more", n) }

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
