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

// rest says how many alerts a mail does not list, and of which kinds those are
// that are known; of what the sender left out only the number is. Both are empty
// where all are listed.
func (m *Model) rest(notListed []*Alert) (count, ofKinds string) {
	n := m.Omitted + len(notListed)
	if n == 0 {
		return "", ""
	}
	all := maps.Clone(m.dropped)
	if all == nil {
		all = make(map[alert.Kind]int)
	}
	countKinds(all, notListed)
	if len(all) > 0 {
		ofKinds = m.words.Say("omitted.kinds", kinds(all, m.words))
	}
	return m.words.Say("omitted", n), ofKinds
}

// countKinds adds alerts to counts by kind.
func countKinds(all map[alert.Kind]int, alerts []*Alert) {
	for _, a := range alerts {
		status := alert.Firing
		if a.Ended() {
			status = a.State
		}
		all[alert.Kind{Status: status, Severity: a.Severity}]++
	}
}

// kinds are counts of alerts in words: those that fire by severity, and those
// that have ended.
func kinds(all map[alert.Kind]int, w *locale.Words) string {
	counts := make(map[string]int)
	for kind, n := range all {
		counts[kind.Status] += n
	}
	var parts []string
	for _, status := range []string{alert.Firing, alert.Resolved, alert.Closed} {
		if counts[status] == 0 {
			continue
		}
		part := w.Say("count."+status, counts[status])
		if severities := firingSeverities(all, w); status == alert.Firing && severities != "" {
			part = w.Say("count.severities", part, severities)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, w.Say("list.join"))
}

// firingSeverities are the counts of those that fire by severity, the most severe
// first.
func firingSeverities(all map[alert.Kind]int, w *locale.Words) string {
	bySeverity := make(map[string]int)
	for kind, n := range all {
		if kind.Status == alert.Firing && kind.Severity != "" {
			bySeverity[clean.Cut(clean.Line(kind.Severity), maxLabel)] += n
		}
	}
	severities := slices.SortedFunc(maps.Keys(bySeverity), func(a, b string) int {
		return cmp.Or(alert.SeverityRank(a)-alert.SeverityRank(b), bySeverity[b]-bySeverity[a], strings.Compare(a, b))
	})
	var counts []string
	for _, s := range severities[:min(len(severities), maxSeverities)] {
		counts = append(counts, w.Say("count.severity", bySeverity[s], s))
	}
	if len(severities) > maxSeverities {
		counts = append(counts, clean.Ellipsis)
	}
	return strings.Join(counts, w.Say("list.join"))
}
