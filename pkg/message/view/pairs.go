package view

import (
	"cmp"
	"math"
	"regexp"
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

// values are query results by RefID.
func values(all alert.Values) []Pair {
	out := make([]Pair, 0, len(all))
	for name, value := range all {
		out = append(out, Pair{clean.Cut(clean.Line(name), maxLabel), number(value)})
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
