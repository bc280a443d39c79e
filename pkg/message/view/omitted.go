package view

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// maxSeverities bounds how many severities are counted one by one.
const maxSeverities = 5

// Rest says how many alerts are not listed where the list ends before next,
// and of which kinds those are that are known; of what the sender left out only
// the number is. Both are empty where all are listed.
func (m *Model) Rest(next int) (count, ofKinds string) {
	n := m.Omitted + len(m.Alerts) - next
	if n <= 0 {
		return "", ""
	}
	all := maps.Clone(m.dropped)
	if all == nil {
		all = make(map[alert.Kind]int)
	}
	for _, a := range m.Alerts[next:] {
		status := alert.Firing
		if a.State == Resolved {
			status = alert.Resolved
		}
		all[alert.Kind{Status: status, Severity: a.Severity}]++
	}
	if len(all) > 0 {
		ofKinds = m.words.Say("omitted.kinds", kinds(all, m.words))
	}
	return m.words.Say("omitted", n), ofKinds
}

// kinds are counts of alerts in words: those that fire by severity, the most
// severe first, and those that are resolved.
func kinds(all map[alert.Kind]int, w *locale.Words) string {
	firing, resolved := 0, 0
	bySeverity := make(map[string]int)
	for kind, n := range all {
		if kind.Status == alert.Resolved {
			resolved += n
			continue
		}
		firing += n
		if kind.Severity != "" {
			bySeverity[clean.Cut(clean.Line(kind.Severity), maxLabel)] += n
		}
	}
	var parts []string
	if firing > 0 {
		parts = append(parts, w.Say("count.firing", firing))
	}
	severities := slices.SortedFunc(maps.Keys(bySeverity), func(a, b string) int {
		return cmp.Or(alert.SeverityRank(a)-alert.SeverityRank(b), bySeverity[b]-bySeverity[a], strings.Compare(a, b))
	})
	if len(severities) > 0 {
		var counts []string
		for _, s := range severities[:min(len(severities), maxSeverities)] {
			counts = append(counts, w.Say("count.severity", bySeverity[s], s))
		}
		if len(severities) > maxSeverities {
			counts = append(counts, clean.Ellipsis)
		}
		parts[0] = w.Say("omitted.severities", parts[0], strings.Join(counts, w.Say("list.join")))
	}
	if resolved > 0 {
		parts = append(parts, w.Say("count.resolved", resolved))
	}
	return strings.Join(parts, w.Say("list.join"))
}
