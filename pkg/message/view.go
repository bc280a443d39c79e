package message

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// view is the model with what only the built-in mail shows.
type view struct {
	*Model
	words      *words
	Places     string // what tells this mail from others
	Preheader  string // what an inbox shows behind the subject
	Footer     string
	Advertiser *advertiser
	cards      []card // the first of Alerts
}

// card is an alert that is shown in full.
type card struct {
	*Alert
	facts   []Pair
	buttons []button
}

// advertiser is the sender's block of an ad mail.
type advertiser struct {
	Name    string // with the mail address
	Address string
	Link    string // to unsubscribe
}

// What somebody might still read in full: the first alerts, and of the resolved
// ones fewer while others fire.
const (
	maxCards         = 10
	maxResolvedCards = 3
)

// inFull is how many alerts are shown in full, if there is room.
func (v *view) inFull() int {
	firing := 0
	for firing < len(v.Alerts) && v.Alerts[firing].State != stateResolved {
		firing++
	}
	if firing == 0 {
		return min(len(v.Alerts), maxCards)
	}
	return min(len(v.Alerts), firing+maxResolvedCards, maxCards)
}

// button is a link of an alert.
type button struct{ Text, URL string }

func newView(m *Model, w *words, o Options) *view {
	v := &view{
		Model:  m,
		words:  w,
		Places: strings.Join(m.places(w), subjectJoin),
		Footer: w.say("footer.sent", Product, m.Receiver),
	}
	if len(m.Alerts) > 0 {
		first := m.Alerts[0]
		v.Preheader = cut(strings.Join(nonEmpty(first.Summary, oneLine(first.Description), w.since(first)), subjectJoin), maxLabel)
	}
	v.cards = make([]card, v.inFull())
	for i := range v.cards {
		a := m.Alerts[i]
		v.cards[i] = card{a, w.facts(a), w.buttons(a, m.Grafana)}
	}
	if ad := o.Advertiser; o.MailType == nhncloud.Ad {
		who := address.Address{Name: oneLine(ad.Name), Local: o.From.Local, Domain: o.From.Domain}
		v.Advertiser = &advertiser{Name: who.String(), Address: strings.TrimSpace(clean(ad.Address)), Link: unsubscribeLink(ad.Unsubscribe)}
	}
	return v
}

// facts are what a reader looks up in one alert: since when, the values, the
// labels that differ, the other annotations.
func (w *words) facts(a *Alert) []Pair {
	var out []Pair
	add := func(key, value string) {
		if value != "" {
			out = append(out, Pair{w.say(key), value})
		}
	}
	if a.State == stateResolved {
		add("label.fired", a.StartsAt.String())
		add("label.resolved", w.ended(a))
	} else {
		add("label.since", w.since(a))
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
func (w *words) since(a *Alert) string {
	start := a.StartsAt.String()
	if length := a.Duration.String(); start != "" && length != "" && a.State != stateResolved {
		return w.say("since.for", start, length)
	}
	return start
}

// ended is when an alert was resolved and how long it had lasted.
func (w *words) ended(a *Alert) string {
	end := a.EndsAt.String()
	if length := a.Duration.String(); end != "" && length != "" {
		return w.say("resolved.after", end, length)
	}
	return end
}

// brief is an alert in half a line: where it is and what it says.
func (w *words) brief(a *Alert) string {
	var where []string
	for _, p := range a.OwnLabels {
		if tells(p.Name) && !slices.Contains(alert.SeverityLabels, p.Name) {
			where = append(where, p.Value)
		}
	}
	return strings.Join(nonEmpty(
		cut(strings.Join(where, w.say("list.join")), maxSubjectValue),
		cut(a.Summary, 2*maxSubjectValue),
	), subjectJoin)
}

// changed is when an alert took its present state.
func (a *Alert) changed() Time {
	if a.State == stateResolved {
		return a.EndsAt
	}
	return a.StartsAt
}

// openText names what the mail's own link leads to.
func (w *words) openText(grafana bool) string {
	if grafana {
		return w.say("open.grafana")
	}
	return w.say("open.alertmanager")
}

// buttons are an alert's links, the first the one to press first.
func (w *words) buttons(a *Alert, grafana bool) []button {
	rule := "button.source"
	if grafana {
		rule = "button.rule"
	}
	var out []button
	for _, b := range []struct{ key, url string }{
		{rule, a.RuleURL},
		{"button.runbook", a.RunbookURL},
		{"button.panel", a.PanelURL},
		{"button.dashboard", a.DashboardURL},
		{"button.silence", a.SilenceURL},
	} {
		if b.url != "" {
			out = append(out, button{w.say(b.key), b.url})
		}
	}
	return out
}
