package view

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Pair is a name and its value.
type Pair struct{ Name, Value string }

// private says whether Grafana or Prometheus use a label or annotation for
// themselves.
func private(name string) bool { return strings.HasPrefix(name, "__") }

func cleanLabels(kv alert.KV) alert.KV {
	return cleanKV(kv, func(_, value string) string { return clean.Cut(clean.Line(value), maxLabel) })
}

func cleanAnnotations(kv alert.KV) alert.KV {
	return cleanKV(kv, func(name, value string) string {
		limit := maxAnnotation
		if name == "runbook_url" {
			limit = clean.MaxURL
		}
		return clean.Cut(strings.TrimSpace(clean.Text(value)), limit)
	})
}

// cleanKV is kv itself where there is nothing to clean, as for most alerts.
func cleanKV(kv alert.KV, value func(name, value string) string) alert.KV {
	changed := false
	for name, v := range kv {
		if clean.Cut(clean.Line(name), maxLabel) != name || value(name, v) != v {
			changed = true
			break
		}
	}
	if !changed {
		return kv
	}
	out := make(alert.KV, len(kv))
	for name, v := range kv {
		out[clean.Cut(clean.Line(name), maxLabel)] = value(name, v)
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
	return append(list[:maxPairs], Pair{clean.Ellipsis, "+" + strconv.Itoa(more)})
}
