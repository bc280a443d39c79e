// Package view says what a mail says of a notification: the model, which the
// templates of users see, and the view, which the built-in mail lays out. It
// knows neither HTML nor MIME.
package view

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// Limits of what a mail shows of one string, in graphemes.
const (
	maxLabel      = 150
	maxCause      = 500
	maxAnnotation = 2000
	MaxMessage    = 8000
	maxPairs      = 20 // labels, annotations or values in one list
)

// States of an alert and of a mail. Closed is what Grafana ended without seeing
// that the problem is gone.
const (
	Firing   = "firing"
	Resolved = "resolved"
	Closed   = "closed"
	Mixed    = "mixed"
	NoData   = "nodata"
	Error    = "error"
)

// Alertmanager is the version of a notification that is not Grafana's.
const Alertmanager = "4"

// Model is what a template sees of a notification. Every string is clean: valid
// UTF-8 without control characters, bounded in length.
type Model struct {
	State     string // firing, resolved, closed, mixed, nodata or error
	StateText string // the same in the language of the mail, with counts
	Severity  string // the gravest of the firing alerts, or of all where none fires
	Headline  string // the rule, and how many others
	Subject   string // the built-in subject
	Title     string // of the contact point, when customized
	Message   string // of the contact point, when customized: Markdown
	Notice    string // why the default recipients have the mail, when others were asked for

	SinceLastMail string // how many alerts are new, resolved and still firing, where it is known

	Alerts        []*Alert // the firing ones first, the most severe first
	FiringCount   int      // of the whole notification
	ResolvedCount int      // of the whole notification, the closed ones among them
	ClosedCount   int      // of the whole notification
	Omitted       int      // alerts that are not in Alerts

	GroupLabels       alert.KV
	CommonLabels      alert.KV
	CommonAnnotations alert.KV
	SharedLabels      []Pair // labels to show once; none for a single alert

	Receiver    string // the contact point
	ExternalURL string // of Grafana or Alertmanager
	Grafana     bool   // false: Alertmanager or Mimir
	Language    string
	Now         locale.Time

	words     *locale.Words
	truncated int                // alerts of which the sender does not say whether they fire
	dropped   map[alert.Kind]int // alerts that are not in Alerts, but counted
	rules     int                // of all alerts, where some are dropped
	visible   []string           // the recipients that each of them can see
	marked    bool               // new alerts are marked, as there are others
	news      string             // how many alerts are new
	labelsCut bool               // the labels of the group are not as they were sent
	gathered  int                // how many notifications a digest is of; 0: it is none
}

// NewModel reads a notification in the language of w. A stable subject has
// behind its bracket only what every mail of the group shares.
func NewModel(n *alert.Notification, w *locale.Words, location *time.Location, now time.Time, stable bool) *Model {
	m := &Model{
		Message:           clean.Cut(strings.TrimSpace(clean.Text(n.Message)), MaxMessage),
		Notice:            notice(n, w),
		Alerts:            make([]*Alert, 0, len(n.Alerts)),
		Omitted:           n.Omitted,
		words:             w,
		truncated:         n.TruncatedAlerts,
		dropped:           n.Dropped,
		rules:             n.Rules,
		visible:           n.Visible,
		GroupLabels:       cleanLabels(n.GroupLabels),
		CommonLabels:      cleanLabels(n.CommonLabels),
		CommonAnnotations: cleanAnnotations(n.CommonAnnotations),
		Receiver:          clean.Cut(clean.Line(n.Receiver), maxLabel),
		ExternalURL:       clean.WebURL(n.ExternalURL),
		Grafana:           n.Version != Alertmanager,
		Language:          w.Language,
		Now:               w.Time(now.In(location)),
	}
	m.labelsCut = !maps.Equal(m.GroupLabels, n.GroupLabels)
	single := len(n.Alerts)+n.Omitted == 1
	shared := m.CommonLabels
	if single {
		shared = nil
	}
	m.SharedLabels = pairs(shared, func(name string) bool {
		return !private(name) && name != alert.NameLabel && tells(name)
	})
	m.read(n, shared, location, now)
	m.State = m.state(n.Status)
	m.StateText = m.stateText()
	m.Severity = m.severity()
	m.SinceLastMail = m.sinceLastMail(n.History)
	m.Headline = m.headline(maxLabel)
	m.Title = clean.Cut(customTitle(n, m.FiringCount, m.ResolvedCount), MaxSubject)
	m.Subject = m.Title
	if m.Subject == "" {
		m.Subject = clean.Cut(clean.Line(m.subject(stable)), MaxSubject)
	}
	return m
}

// read takes the alerts, counts them and puts them in order: first those that fire, of
// these the most severe first, and of those as severe the new ones first.
func (m *Model) read(n *alert.Notification, shared alert.KV, location *time.Location, now time.Time) {
	firing, resolved, closed := 0, 0, 0
	for i := range n.Alerts {
		a := newAlert(&n.Alerts[i], shared, m.words, location, now)
		m.addHistory(a, &n.Alerts[i], n.History, location, now)
		switch {
		case a.State == Closed:
			closed++
			fallthrough
		case a.Ended():
			resolved++
		default:
			firing++
		}
		m.Alerts = append(m.Alerts, a)
	}
	m.FiringCount, m.ResolvedCount, m.ClosedCount = max(firing, n.FiringCount), max(resolved, n.ResolvedCount), max(closed, n.ClosedCount)
	slices.SortStableFunc(m.Alerts, func(a, b *Alert) int {
		if x, y := a.Ended(), b.Ended(); x != y {
			if y {
				return -1
			}
			return 1
		}
		if a.rank != b.rank || a.New == b.New {
			return a.rank - b.rank
		}
		if a.New {
			return -1
		}
		return 1
	})
}

// state is that of the whole notification.
func (m *Model) state(status string) string {
	switch {
	case m.FiringCount+m.ResolvedCount == 0:
		if status == alert.Resolved {
			return Resolved
		}
		return Firing
	case m.FiringCount == 0 && m.truncated > 0: // no all-clear: those may fire
		return Mixed
	case m.FiringCount == 0 && m.ClosedCount > 0: // nor is this one
		return Closed
	case m.FiringCount == 0:
		return Resolved
	case m.ResolvedCount > 0:
		return Mixed
	}
	for _, s := range []string{NoData, Error} {
		if m.Omitted == 0 && !slices.ContainsFunc(m.Alerts, func(a *Alert) bool { return a.State != s }) {
			return s
		}
	}
	return Firing
}

// stateText is the state in words, with counts where they say more.
func (m *Model) stateText() string {
	if m.FiringCount+m.ResolvedCount <= 1 && m.State != Mixed {
		return m.words.Say("state." + m.State)
	}
	return strings.Join(m.counts("count."), m.words.Say("list.join"))
}

// counts are the states that occur, each in the words of that prefix with how
// many alerts are in it.
func (m *Model) counts(prefix string) (parts []string) {
	add := func(state string, n int) {
		if n > 0 {
			parts = append(parts, m.words.Say(prefix+state, n))
		}
	}
	switch m.State {
	case NoData, Error:
		add(m.State, m.FiringCount)
	default:
		add(Firing, m.FiringCount)
	}
	add(Resolved, m.ResolvedCount-m.ClosedCount)
	add(Closed, m.ClosedCount)
	if m.FiringCount == 0 && m.truncated > 0 {
		parts = append(parts, m.words.Say("more", m.truncated))
	}
	return parts
}

// severity is the gravest of the alerts that count.
func (m *Model) severity() string {
	for _, a := range m.counting() {
		if a.rank != m.Alerts[0].rank {
			break
		}
		if a.Severity != "" {
			return a.Severity
		}
	}
	return ""
}

// headline names the rule of the most severe alert, in at most limit graphemes,
// and counts the other rules.
func (m *Model) headline(limit int) string {
	if len(m.Alerts) == 0 {
		return m.words.Say("unnamed")
	}
	names := make(map[string]bool)
	for i := range m.Alerts {
		names[m.Alerts[i].Name] = true
	}
	first := clean.CutMiddle(m.Alerts[0].Name, limit)
	if others := max(len(names), m.rules) - 1; others > 0 {
		return first + " " + m.words.Say("more", others)
	}
	return first
}

// Priority is how a mail asks to be noticed.
type Priority int

// High and Low set Importance (RFC 2156) and X-Priority; Normal says nothing in
// the header.
const (
	Normal Priority = iota
	High
	Low
)

// Priority returns that of the most severe alert that fires.
func (m *Model) Priority() Priority {
	if len(m.Alerts) == 0 || m.FiringCount == 0 {
		return Normal
	}
	return []Priority{High, Normal, Low}[m.Alerts[0].rank]
}
