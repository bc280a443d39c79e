package view

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Value is the result of one of a rule's queries.
type Value struct {
	Name, Value string
	// Condition says that it is only the 0 or 1 of the rule's condition, beside a
	// result that says more.
	Condition bool
}

// values are query results by RefID. The condition is the last of a rule's
// queries.
func values(all alert.Values) []Value {
	out := make([]Value, 0, len(all))
	for name, value := range all {
		name = clean.Cut(clean.Line(name), maxLabel)
		out = append(out, Value{Name: name, Value: withUnit(name, value)})
	}
	slices.SortFunc(out, func(a, b Value) int { return strings.Compare(a.Name, b.Name) })
	if last := len(out) - 1; last > 0 {
		out[last].Condition = out[last].Value == "0" || out[last].Value == "1"
	}
	if more := len(out) - maxPairs; more > 0 {
		out = append(out[:maxPairs], Value{Name: clean.Ellipsis, Value: "+" + strconv.Itoa(more), Condition: true})
	}
	return out
}

// evaluation is one result in Grafana's valueString.
var evaluation = regexp.MustCompile(`var='([^']*)' (?:metric='[^']*' )?labels=\{.*?\} (?:type='[^']*' )?value=(\S+)`)

// evaluated are the query results where one of them is NaN or infinite: JSON has
// no such numbers, and Grafana then leaves all of them out of values.
func evaluated(text string) []Value {
	if text == "" {
		return nil
	}
	all := make(alert.Values)
	for _, m := range evaluation.FindAllStringSubmatch(text, -1) {
		if v, err := strconv.ParseFloat(m[2], 64); err == nil {
			all[m[1]] = v
		}
	}
	return values(all)
}

// binary are the units of octets.
var binary = []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}

// withUnit writes a number with the unit that its name says.
func withUnit(name string, v float64) string {
	if len(name) < len("t ms") || math.IsNaN(v) || math.IsInf(v, 0) {
		return number(v)
	}
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return strings.ContainsRune("_ -.()[]/:", r) })
	if len(words) < 2 {
		return number(v)
	}
	switch words[len(words)-1] {
	case "percent", "pct", "percentage":
		return number(v) + "%"
	case "ratio":
		return number(v*100) + "%"
	case "seconds", "sec", "secs":
		return number(v) + " s"
	case "milliseconds", "millis", "ms":
		return number(v) + " ms"
	case "celsius":
		return number(v) + " °C"
	case "bytes":
		unit := 0
		for math.Abs(v) >= 1024 && unit < len(binary)-1 {
			v /= 1024
			unit++
		}
		return number(v) + " " + binary[unit]
	}
	return number(v)
}

// significant is how many digits of a number are shown, and of a whole number
// all.
const significant = 4

// number writes a float as a person would: four significant digits, thousands
// apart, no exponent for everyday sizes.
func number(v float64) string {
	size := math.Abs(v)
	if size >= 1e15 || size > 0 && size < 1e-4 || math.IsInf(v, 0) || math.IsNaN(v) {
		return strconv.FormatFloat(v, 'g', significant, 64)
	}
	decimals := significant
	for limit := 1.0; limit <= size && decimals > 0; limit *= 10 {
		decimals--
	}
	for limit := 0.1; size > 0 && size < limit; limit /= 10 {
		decimals++
	}
	s := strconv.FormatFloat(v+0, 'f', decimals, 64) // no negative zero
	if decimals > 0 {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		return "0"
	}
	return thousands(s)
}

// thousands puts commas into the digits before the point.
func thousands(s string) string {
	whole, _, _ := strings.Cut(s, ".")
	digits := strings.TrimPrefix(whole, "-")
	if len(digits) <= 3 {
		return s
	}
	var b strings.Builder
	b.WriteString(s[:len(whole)-len(digits)])
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteByte(digits[i])
	}
	b.WriteString(s[len(whole):])
	return b.String()
}
