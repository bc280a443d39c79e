package message

import (
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// Limits of what a mail shows of one string, in graphemes.
const (
	maxLabel      = 150
	maxAnnotation = 2000
	maxMessage    = 8000
	maxPairs      = 20 // labels, annotations or values in one list
)

// States of an alert and of a mail.
const (
	stateFiring   = "firing"
	stateResolved = "resolved"
	stateMixed    = "mixed"
	stateNoData   = "nodata"
	stateError    = "error"
)

// Model is what a template sees of a notification. Every string is clean: valid
// UTF-8 without control characters, bounded in length.
type Model struct {
	State     string // firing, resolved, mixed, nodata or error
	StateText string // the same in the language of the mail, with counts
	Headline  string // the rule, and how many others
	Subject   string // the built-in subject
	Title     string // of the contact point, when customized
	Message   string // of the contact point, when customized: Markdown
	Notice    string // why the default recipients have the mail, when others were asked for

	Alerts        []*Alert // the firing ones first, the most severe first
	FiringCount   int      // of the whole notification
	ResolvedCount int      // of the whole notification
	Omitted       int      // alerts that are not in Alerts

	GroupLabels       alert.KV
	CommonLabels      alert.KV
	CommonAnnotations alert.KV
	SharedLabels      []Pair // labels to show once; none for a single alert

	Receiver    string // the contact point
	ExternalURL string // of Grafana or Alertmanager
	Grafana     bool   // false: Alertmanager or Mimir
	Language    string
	Now         Time

	truncated int                // alerts of which the sender does not say whether they fire
	dropped   map[alert.Kind]int // alerts that are not in Alerts, but counted
	rules     int                // of all alerts, where some are dropped
}

// newModel reads a notification in the language of w.
func newModel(n *alert.Notification, w *words, location *time.Location, now time.Time) *Model {
	m := &Model{
		Message:           cut(strings.TrimSpace(clean(n.Message)), maxMessage),
		Notice:            notice(n.Replaced, w),
		Alerts:            make([]*Alert, 0, len(n.Alerts)),
		Omitted:           n.Omitted,
		truncated:         n.TruncatedAlerts,
		dropped:           n.Dropped,
		rules:             n.Rules,
		GroupLabels:       cleanLabels(n.GroupLabels),
		CommonLabels:      cleanLabels(n.CommonLabels),
		CommonAnnotations: cleanAnnotations(n.CommonAnnotations),
		Receiver:          cut(oneLine(n.Receiver), maxLabel),
		ExternalURL:       webLink(n.ExternalURL),
		Grafana:           n.Version != "4",
		Language:          w.language,
		Now:               Time{now.In(location), w},
	}
	single := len(n.Alerts)+n.Omitted == 1
	shared := m.CommonLabels
	if single {
		shared = nil
	}
	m.SharedLabels = pairs(shared, func(name string) bool { return !private(name) && name != alert.NameLabel })

	firing, resolved := 0, 0
	for i := range n.Alerts {
		a := newAlert(&n.Alerts[i], shared, w, location, now)
		if a.State == stateResolved {
			resolved++
		} else {
			firing++
		}
		m.Alerts = append(m.Alerts, a)
	}
	m.FiringCount, m.ResolvedCount = max(firing, n.FiringCount), max(resolved, n.ResolvedCount)
	slices.SortStableFunc(m.Alerts, func(a, b *Alert) int {
		if x, y := a.State == stateResolved, b.State == stateResolved; x != y {
			if y {
				return -1
			}
			return 1
		}
		return a.priority.rank() - b.priority.rank()
	})
	m.State = m.state(n.Status)
	m.StateText = m.stateText(w)
	m.Headline = m.headline(w)
	m.Title = cut(customTitle(n, m.FiringCount, m.ResolvedCount), MaxSubject)
	return m
}

// state is that of the whole notification.
func (m *Model) state(status string) string {
	switch {
	case m.FiringCount+m.ResolvedCount == 0:
		if status == alert.Resolved {
			return stateResolved
		}
		return stateFiring
	case m.FiringCount == 0 && m.truncated > 0: // no all-clear: those may fire
		return stateMixed
	case m.FiringCount == 0:
		return stateResolved
	case m.ResolvedCount > 0:
		return stateMixed
	}
	for _, s := range []string{stateNoData, stateError} {
		if m.Omitted == 0 && !slices.ContainsFunc(m.Alerts, func(a *Alert) bool { return a.State != s }) {
			return s
		}
	}
	return stateFiring
}

// stateText is the state in words, with counts where they say more.
func (m *Model) stateText(w *words) string {
	if m.State == stateMixed && m.FiringCount == 0 {
		return w.say("count.resolved", m.ResolvedCount) + w.say("list.join") + w.say("more", m.truncated)
	}
	if m.State == stateMixed {
		return w.say("count.firing", m.FiringCount) + w.say("list.join") + w.say("count.resolved", m.ResolvedCount)
	}
	if m.FiringCount+m.ResolvedCount <= 1 || m.State == stateNoData || m.State == stateError {
		return w.say("state." + m.State)
	}
	return w.say("count."+m.State, m.FiringCount+m.ResolvedCount)
}

// headline names the rule of the most severe alert and counts the other rules.
func (m *Model) headline(w *words) string {
	if len(m.Alerts) == 0 {
		return w.say("unnamed")
	}
	names := make(map[string]bool)
	for i := range m.Alerts {
		names[m.Alerts[i].Name] = true
	}
	if others := max(len(names), m.rules) - 1; others > 0 {
		return m.Alerts[0].Name + " " + w.say("more", others)
	}
	return m.Alerts[0].Name
}

// priority returns that of the most severe alert that fires.
func (m *Model) priority() Priority {
	if len(m.Alerts) == 0 || m.FiringCount == 0 {
		return Normal
	}
	return m.Alerts[0].priority
}
