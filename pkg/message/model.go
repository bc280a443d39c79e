package message

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
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
	Title     string // of the contact point, when customised
	Message   string // of the contact point, when customised: Markdown
	Notice    string // why the default recipients have the mail, when others were asked for

	Alerts        []*Alert // the firing ones first, the gravest first
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

// Alert is what a template sees of one alert. URLs are http, https or mailto,
// or empty. Times are in the time zone of the mail.
type Alert struct {
	State       string // firing, resolved, nodata or error
	StateText   string // the same in the language of the mail
	Name        string // of the rule
	Severity    string // label severity or priority
	Summary     string
	Description string
	Reason      string // a sentence, when Grafana gave grafana_state_reason

	Labels      alert.KV
	OwnLabels   []Pair // those that not all alerts share, without the name
	Annotations alert.KV
	Notes       []Pair // annotations not shown elsewhere
	Values      []Pair // the results of the rule's queries, by RefID

	StartsAt Time
	EndsAt   Time // zero while firing
	Duration Span // until EndsAt or now

	RuleURL      string
	RunbookURL   string
	DashboardURL string
	PanelURL     string
	SilenceURL   string // empty when resolved
	ImageURL     string
	Fingerprint  string

	priority Priority
}

// Pair is a name and its value.
type Pair struct{ Name, Value string }

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

// headline names the rule of the gravest alert and counts the other rules.
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

// priority is the gravest of the firing alerts'.
func (m *Model) priority() Priority {
	if len(m.Alerts) == 0 || m.FiringCount == 0 {
		return Normal
	}
	return m.Alerts[0].priority
}

func newAlert(a *alert.Alert, shared alert.KV, w *words, location *time.Location, now time.Time) *Alert {
	labels, annotations := cleanLabels(a.Labels), cleanAnnotations(a.Annotations)
	v := &Alert{
		State:        alertState(a),
		Name:         labels.Rule(),
		Severity:     labels.Severity(),
		Summary:      oneLine(annotations["summary"]),
		Description:  annotations["description"],
		Labels:       labels,
		Annotations:  annotations,
		Values:       values(a.Values),
		RuleURL:      webLink(a.GeneratorURL),
		RunbookURL:   link(annotations["runbook_url"]),
		DashboardURL: webLink(a.DashboardURL),
		PanelURL:     webLink(a.PanelURL),
		ImageURL:     webLink(a.ImageURL),
		Fingerprint:  cut(oneLine(a.Fingerprint), maxLabel),
	}
	if len(a.Values) == 0 && v.State != stateResolved {
		v.Values = evaluated(a.ValueString)
	}
	v.priority = priorityOf(v.Severity)
	if v.Name == "" {
		v.Name = w.say("unnamed")
	}
	if v.Description == v.Summary {
		v.Description = ""
	}
	v.StateText = w.say("state." + v.State)
	v.Reason = reason(annotations["grafana_state_reason"], v.State, w)
	v.OwnLabels = pairs(labels, func(name string) bool {
		value, same := shared[name]
		isName := name == alert.NameLabel || name == alert.RuleLabel && labels[name] == v.Name
		return !private(name) && !isName && (!same || value != labels[name])
	})
	v.Notes = pairs(annotations, func(name string) bool {
		switch name {
		case "summary", "description", "grafana_state_reason":
			return false
		case "runbook_url":
			return v.RunbookURL == ""
		}
		return !private(name)
	})

	end := now
	if v.State == stateResolved {
		end = a.EndsAt
		v.EndsAt = Time{end.In(location), w}
	} else {
		v.SilenceURL = webLink(a.SilenceURL)
	}
	v.StartsAt = Time{a.StartsAt.In(location), w}
	v.Duration = Span{unknownLength, w}
	if !a.StartsAt.IsZero() && !end.IsZero() {
		v.Duration.length = end.Sub(a.StartsAt)
	}
	return v
}

// alertState tells apart what Grafana fires for want of data or for a failed
// query: those alerts have names of their own, or the reason in an annotation.
func alertState(a *alert.Alert) string {
	if a.Status == alert.Resolved {
		return stateResolved
	}
	why := a.Annotations["grafana_state_reason"]
	switch {
	case keptLast(why): // it fired before the query failed
		return stateFiring
	case a.Labels[alert.NameLabel] == "DatasourceNoData", strings.HasPrefix(why, "NoData"):
		return stateNoData
	case a.Labels[alert.NameLabel] == "DatasourceError", strings.HasPrefix(why, "Error"):
		return stateError
	}
	return stateFiring
}

// keptLast says whether a rule without data or with a failed query keeps the
// state that it had.
func keptLast(why string) bool { return strings.HasSuffix(why, ", KeepLast") }

// reason is a sentence for Grafana's grafana_state_reason.
func reason(why, state string, w *words) string {
	if why == "" {
		return ""
	}
	kind := stateFiring
	if state == stateResolved {
		kind = stateResolved
	} else if keptLast(why) {
		kind = "kept"
	}
	first, _, _ := strings.Cut(why, ",")
	key, known := map[string]string{
		"NoData": "nodata", "Error": "error", "Updated": "updated",
		"RuleDeleted": "deleted", "Paused": "paused", "MissingSeries": "missing",
	}[first]
	if !known || kind != stateResolved && key != "nodata" && key != "error" {
		return w.say("reason.other", oneLine(why))
	}
	return w.say("reason." + kind + "." + key)
}

// private says whether Grafana or Prometheus use a label or annotation for
// themselves.
func private(name string) bool { return strings.HasPrefix(name, "__") }

func cleanLabels(kv alert.KV) alert.KV {
	return cleanKV(kv, func(_, value string) string { return cut(oneLine(value), maxLabel) })
}

func cleanAnnotations(kv alert.KV) alert.KV {
	return cleanKV(kv, func(name, value string) string {
		limit := maxAnnotation
		if name == "runbook_url" {
			limit = maxURL
		}
		return cut(strings.TrimSpace(clean(value)), limit)
	})
}

// cleanKV is kv itself where there is nothing to clean, as for most alerts.
func cleanKV(kv alert.KV, value func(name, value string) string) alert.KV {
	changed := false
	for name, v := range kv {
		if cut(oneLine(name), maxLabel) != name || value(name, v) != v {
			changed = true
			break
		}
	}
	if !changed {
		return kv
	}
	out := make(alert.KV, len(kv))
	for name, v := range kv {
		out[cut(oneLine(name), maxLabel)] = value(name, v)
	}
	return out
}

// pairs are the entries of kv that have a value and that keep wants, by name.
func pairs(kv alert.KV, keep func(name string) bool) []Pair {
	var out []Pair
	for name, value := range kv {
		if value != "" && keep(name) {
			out = append(out, Pair{name, value})
		}
	}
	return sortPairs(out)
}

// sortPairs orders by name. Where there are too many to show it keeps those that
// say most, and leaves a mark.
func sortPairs(list []Pair) []Pair {
	byName := func(a, b Pair) int { return strings.Compare(a.Name, b.Name) }
	more := len(list) - maxPairs
	if more <= 0 {
		slices.SortFunc(list, byName)
		return list
	}
	slices.SortFunc(list, func(a, b Pair) int { return cmp.Or(labelRank(a.Name)-labelRank(b.Name), byName(a, b)) })
	slices.SortFunc(list[:maxPairs], byName)
	return append(list[:maxPairs], Pair{ellipsis, "+" + strconv.Itoa(more)})
}

// values are query results by RefID.
func values(all alert.Values) []Pair {
	out := make([]Pair, 0, len(all))
	for name, value := range all {
		out = append(out, Pair{cut(oneLine(name), maxLabel), number(value)})
	}
	return sortPairs(out)
}

// evaluation is one result in Grafana's valueString.
var evaluation = regexp.MustCompile(`var='([^']*)' (?:metric='[^']*' )?labels=\{.*?\} (?:type='[^']*' )?value=(\S+)`)

// evaluated are the query results where one of them is NaN or infinite: JSON has
// no such numbers, and Grafana then leaves all of them out of values.
func evaluated(text string) []Pair {
	all := make(alert.Values)
	for _, m := range evaluation.FindAllStringSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil {
			all[m[1]] = v
		}
	}
	return values(all)
}

// number writes a float as a person would: six significant digits, no exponent
// for everyday sizes.
func number(v float64) string {
	if a := math.Abs(v); a >= 1e15 || a > 0 && a < 1e-4 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	v += 0 // no negative zero
	decimals := 4
	if a := math.Abs(v); a < 1 {
		decimals = 6
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}
