package view

import (
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// MaxSubject bounds a subject, in graphemes.
const MaxSubject = 120

const (
	// maxSubjectRule bounds the rule in a subject.
	maxSubjectRule = 60
	subjectJoin    = " · "
)

// subject is the built-in one: state and counts in a bracket, which Gmail leaves
// out when it compares, then rule, where and how severe. A stable one has behind
// the bracket only what every mail of the group shares.
func (m *Model) subject(stable bool) string {
	if stable {
		return m.words.Say("subject.state", m.subjectState(), m.Topic())
	}
	where, rule := m.where(), m.headline(maxSubjectRule)
	for {
		s := m.words.Say("subject.state", m.subjectState(), Join(rule, strings.Join(where, subjectJoin), m.Severity))
		switch {
		case len(where) == 0 || clean.Cut(s, MaxSubject) == s:
			return s
		case len(where) == 1 && rule != m.headline(maxSubjectRule/2):
			rule = m.headline(maxSubjectRule / 2)
		default:
			where = where[:len(where)-1]
		}
	}
}

// Topic is the same for every mail of a group: the group's labels, the rule
// first, then where.
func (m *Model) Topic() string {
	var values []string
	if rule := m.GroupLabels.Rule(); rule != "" {
		values = append(values, rule)
	}
	for _, p := range placesOf(m.GroupLabels) {
		values = append(values, p.Value)
	}
	for _, name := range m.GroupLabels.Names(nil) {
		if tells(name) && name != alert.NameLabel && labelRank(name) == len(labelOrder) && m.GroupLabels[name] != "" {
			values = append(values, m.GroupLabels[name])
		}
	}
	if len(values) == 0 {
		return m.Receiver
	}
	return strings.Join(values, subjectJoin)
}

// subjectState is state and count, each state that occurs.
func (m *Model) subjectState() string {
	parts := m.counts("subject.")
	if len(parts) == 0 {
		parts = append(parts, m.words.Say("subject."+m.State, 0))
	}
	return strings.Join(parts, m.words.Say("list.join"))
}
