package message

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// maxSeverities bounds how many severities are counted one by one.
const maxSeverities = 5

// omitted says how many alerts are not listed where the list ends before next,
// and of which kinds those are that are known; of what the sender left out only
// the number is. Both are empty where all are listed.
func (v *view) omitted(next int) (count, kinds string) {
	n := v.Omitted + len(v.Alerts) - next
	if n <= 0 {
		return "", ""
	}
	all := maps.Clone(v.dropped)
	if all == nil {
		all = make(map[alert.Kind]int)
	}
	for _, a := range v.Alerts[next:] {
		status := alert.Firing
		if a.State == stateResolved {
			status = alert.Resolved
		}
		all[alert.Kind{Status: status, Severity: a.Severity}]++
	}
	if len(all) > 0 {
		kinds = v.words.say("omitted.kinds", v.words.kinds(all))
	}
	return v.words.say("omitted", n), kinds
}

// kinds are counts of alerts in words: those that fire by severity, the most
// severe first, and those that are resolved.
func (w *words) kinds(all map[alert.Kind]int) string {
	firing, resolved := 0, 0
	bySeverity := make(map[string]int)
	for kind, n := range all {
		if kind.Status == alert.Resolved {
			resolved += n
			continue
		}
		firing += n
		if kind.Severity != "" {
			bySeverity[cut(oneLine(kind.Severity), maxLabel)] += n
		}
	}
	var parts []string
	if firing > 0 {
		parts = append(parts, w.say("count.firing", firing))
	}
	severities := slices.SortedFunc(maps.Keys(bySeverity), func(a, b string) int {
		return cmp.Or(alert.SeverityRank(a)-alert.SeverityRank(b), bySeverity[b]-bySeverity[a], strings.Compare(a, b))
	})
	if len(severities) > 0 {
		var counts []string
		for _, s := range severities[:min(len(severities), maxSeverities)] {
			counts = append(counts, w.say("count.severity", bySeverity[s], s))
		}
		if len(severities) > maxSeverities {
			counts = append(counts, ellipsis)
		}
		parts[0] = w.say("omitted.severities", parts[0], strings.Join(counts, w.say("list.join")))
	}
	if resolved > 0 {
		parts = append(parts, w.say("count.resolved", resolved))
	}
	return strings.Join(parts, w.say("list.join"))
}
