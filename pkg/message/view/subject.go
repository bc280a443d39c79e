package view

import (
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
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
func tells(name string) bool { return name != clean.Ellipsis && !slices.Contains(machineLabels, name) }

// subject is the built-in one: state and counts, rule, where, how severe.
func (m *Model) subject(stable bool) string {
	if stable {
		return m.words.Say("subject.stable", m.stableStem())
	}
	parts := append([]string{m.Headline}, m.places()...)
	return m.words.Say("subject.state", m.subjectState(), strings.Join(parts, subjectJoin))
}

// stableStem is the same for every mail of a group.
func (m *Model) stableStem() string {
	if values := sortedValues(m.GroupLabels, nil); len(values) > 0 {
		return strings.Join(values, subjectJoin)
	}
	return m.Receiver
}

// subjectState is state and count, each state that occurs.
func (m *Model) subjectState() string {
	if m.State == Mixed && m.FiringCount == 0 {
		return m.words.Say("subject.resolved", m.ResolvedCount) + m.words.Say("subject.join") + m.words.Say("more", m.truncated)
	}
	state := m.State
	if state == Mixed || m.FiringCount > 0 && state == Resolved {
		state = Firing
	}
	if state == Resolved {
		return m.words.Say("subject.resolved", m.ResolvedCount)
	}
	s := m.words.Say("subject."+state, m.FiringCount)
	if m.ResolvedCount > 0 {
		s += m.words.Say("subject.join") + m.words.Say("subject.resolved", m.ResolvedCount)
	}
	return s
}

// places are the label values that tell this mail from others: first what
// tells alerts of one rule apart, then what they share.
func (m *Model) places() []string {
	var parts []string
	add := func(value string) {
		value = clean.Cut(value, maxSubjectValue)
		if value != "" && !slices.Contains(parts, value) && !strings.Contains(value, "://") {
			parts = append(parts, value)
		}
	}
	shared := m.SharedLabels
	if len(m.Alerts) == 1 && len(shared) == 0 {
		shared = m.Alerts[0].OwnLabels
	} else {
		add(m.distinct())
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
func (m *Model) distinct() string {
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
		return strings.Join(values[:min(len(values), maxSubjectNames)], ", ") + " " + clean.Ellipsis
	case more <= 0:
		return strings.Join(values, ", ")
	}
	return strings.Join(values[:maxSubjectNames], ", ") + " " + m.words.Say("more", more)
}

// placeRank orders labels by how well they say where an alert is.
func placeRank(name string) int {
	if i := slices.Index(placeLabels, name); i >= 0 {
		return i
	}
	return len(placeLabels)
}
