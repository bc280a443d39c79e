package message

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// MaxSubject bounds a subject, in graphemes.
const MaxSubject = 120

const (
	// maxSubjectValue bounds one label's value in a subject.
	maxSubjectValue = 40
	// maxSubjectNames is how many alerts of one rule a subject tells apart.
	maxSubjectNames = 3
	subjectJoin     = " · "
)

// placeLabels usually say where an alert is, the most telling first.
var placeLabels = []string{"instance", "host", "hostname", "node", "namespace", "pod", "service", "job"}

// machineLabels are Grafana's own and say nothing to a person.
var machineLabels = []string{"datasource_uid", "ref_id", alert.RuleLabel}

// tells says whether a label of a list says anything to a person: Grafana's own
// do not, nor does the mark of those that were too many.
func tells(name string) bool { return name != ellipsis && !slices.Contains(machineLabels, name) }

// subject is the built-in one: state and counts, rule, where, how severe.
func (m *Model) subject(w *words, stable bool) string {
	if stable {
		return w.say("subject.stable", m.stableStem())
	}
	parts := append([]string{m.Headline}, m.places(w)...)
	return w.say("subject.state", m.subjectState(w), strings.Join(parts, subjectJoin))
}

// stableStem is the same for every mail of a group.
func (m *Model) stableStem() string {
	if values := sortedValues(m.GroupLabels, nil); len(values) > 0 {
		return strings.Join(values, subjectJoin)
	}
	return m.Receiver
}

// subjectState is state and count, each state that occurs.
func (m *Model) subjectState(w *words) string {
	if m.State == stateMixed && m.FiringCount == 0 {
		return w.say("subject.resolved", m.ResolvedCount) + w.say("subject.join") + w.say("more", m.truncated)
	}
	state := m.State
	if state == stateMixed || m.FiringCount > 0 && state == stateResolved {
		state = stateFiring
	}
	if state == stateResolved {
		return w.say("subject.resolved", m.ResolvedCount)
	}
	s := w.say("subject."+state, m.FiringCount)
	if m.ResolvedCount > 0 {
		s += w.say("subject.join") + w.say("subject.resolved", m.ResolvedCount)
	}
	return s
}

// places are the label values that tell this mail from others: first what
// tells alerts of one rule apart, then what they share.
func (m *Model) places(w *words) []string {
	var parts []string
	add := func(value string) {
		value = cut(value, maxSubjectValue)
		if value != "" && !slices.Contains(parts, value) && !strings.Contains(value, "://") {
			parts = append(parts, value)
		}
	}
	shared := m.SharedLabels
	if len(m.Alerts) == 1 && len(shared) == 0 {
		shared = m.Alerts[0].OwnLabels
	} else {
		add(m.distinct(w))
	}
	for _, p := range slices.SortedStableFunc(slices.Values(shared), func(a, b Pair) int {
		return labelRank(a.Name) - labelRank(b.Name)
	}) {
		if tells(p.Name) {
			add(p.Value)
		}
	}
	return parts
}

// labelRank orders labels by how much they say: how severe, where, the rest, what
// is Grafana's own.
func labelRank(name string) int {
	if i := slices.Index(alert.SeverityLabels, name); i >= 0 {
		return i
	}
	rank := len(alert.SeverityLabels) + placeRank(name)
	if !tells(name) {
		rank++
	}
	return rank
}

// distinct lists the values of the label that tells the alerts of one rule
// apart; "" where there is none or the rules differ already.
func (m *Model) distinct(w *words) string {
	if len(m.Alerts) < 2 || slices.ContainsFunc(m.Alerts, func(a *Alert) bool { return a.Name != m.Alerts[0].Name }) {
		return ""
	}
	var names []string
	for _, p := range m.Alerts[0].OwnLabels {
		if tells(p.Name) {
			names = append(names, p.Name)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return placeRank(a) - placeRank(b) })
	if len(names) == 0 {
		return ""
	}
	var values []string
	seen := map[string]bool{"": true}
	for _, a := range m.Alerts {
		if v := a.Labels[names[0]]; !seen[v] {
			seen[v] = true
			values = append(values, v)
		}
	}
	more := len(values) - maxSubjectNames
	switch {
	case len(m.dropped) > 0: // there may be others among those
		return strings.Join(values[:min(len(values), maxSubjectNames)], ", ") + " " + ellipsis
	case more <= 0:
		return strings.Join(values, ", ")
	}
	return strings.Join(values[:maxSubjectNames], ", ") + " " + w.say("more", more)
}

// placeRank orders labels by how well they say where an alert is.
func placeRank(name string) int {
	if i := slices.Index(placeLabels, name); i >= 0 {
		return i
	}
	return len(placeLabels)
}

// finishSubject makes any subject fit for a header, and marks an ad.
func finishSubject(s string, t nhncloud.MailType) string {
	s = oneLine(s)
	if t == nhncloud.Ad && !strings.HasPrefix(s, nhncloud.AdSubjectPrefix) {
		s = nhncloud.AdSubjectPrefix + " " + s
	}
	return cut(s, MaxSubject)
}
