package settings

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

// reader takes typed values out of jsonData and collects what is wrong. A key
// that is missing, null or an empty string is unset; then, and where its value is
// wrong, it has the default of the schema.
type reader struct {
	values   map[string]any // string, json.Number, bool, []any, map[string]any
	secure   map[string]string
	profile  string // where in jsonData the values are: "profiles[2]."; empty: the data source's own
	problems []Problem
}

// add records a problem of a key; without one, of the whole profile.
func (r *reader) add(key string, c Code, params ...param) {
	r.problems = append(r.problems, NewProblem(strings.TrimSuffix(r.profile+key, "."), c, params...))
}

// wrong says whether a key has a problem.
func (r *reader) wrong(key string) bool {
	return slices.ContainsFunc(r.problems, func(p Problem) bool { return p.Key == r.profile+key })
}

// has says whether a key is to be read: a profile leaves what it does not name, or what
// is wrong there, as the data source has it.
func (r *reader) has(key string) bool { return r.profile == "" || r.value(key) != nil }

// set reads a key into a setting.
func set[T any](r *reader, key string, setting *T, read func(key string) T) {
	if !r.has(key) {
		return
	}
	if v := read(key); r.profile == "" || !r.wrong(key) {
		*setting = v
	}
}

// setList reads a key into a setting that is a list, of which the entries that are right
// count. A list that a profile names and leaves empty is empty.
func setList[T any](r *reader, key string, setting *[]T, read func(key string) []T) {
	if !r.has(key) {
		return
	}
	if list := read(key); len(list) > 0 || r.profile == "" || !r.wrong(key) {
		*setting = list
	}
}

// value is what a key holds; nil if it is unset.
func (r *reader) value(key string) any {
	v := r.values[key]
	if s, ok := v.(string); ok && strings.TrimSpace(s) == "" {
		return nil
	}
	return v
}

// text reads a string. A number is refused: YAML reads 0123 as 83, so an
// unquoted one may have lost digits already. The value stays out of the
// message, because free text may be anything, also a misplaced secret.
func (r *reader) text(key string) string {
	switch v := r.value(key).(type) {
	case nil:
		return ""
	case string:
		return v
	default:
		r.add(key, notText, param{name: "kind", logged: kind(v)})
		return ""
	}
}

// line reads a string without control characters, trimmed.
func (r *reader) line(key string) string {
	s := strings.TrimSpace(r.text(key))
	if strings.ContainsFunc(s, unicode.IsControl) {
		r.add(key, notLine)
		return ""
	}
	return s
}

// number reads a whole number, also from a string.
func (r *reader) number(key string) int {
	p := properties[key]
	v := r.value(key)
	if v == nil {
		return p.number()
	}
	var digits string
	switch v := v.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = strings.TrimSpace(v)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < p.Minimum || n > p.Maximum {
		r.add(key, notNumber, value(v), number("least", p.Minimum), number("most", p.Maximum))
		return p.number()
	}
	return n
}

// seconds reads a duration in whole seconds.
func (r *reader) seconds(key string) time.Duration {
	return time.Duration(r.number(key)) * time.Second
}

// flag reads a boolean, also from "true" and "false" in any case.
func (r *reader) flag(key string) bool {
	v := r.value(key)
	if v == nil {
		return properties[key].flag()
	}
	if s, ok := v.(string); ok {
		switch strings.ToLower(strings.TrimSpace(s)) {
		case "true":
			return true
		case "false":
			return false
		}
	}
	b, ok := v.(bool)
	if !ok {
		r.add(key, notFlag, value(v))
	}
	return b
}

// maxWrong is how many entries of a list are told to be wrong.
const maxWrong = 100

// list reads an array of strings. A string is a list written with commas,
// semicolons or line breaks, as is every element.
func (r *reader) list(key string) []string {
	var elements []any
	switch v := r.value(key).(type) {
	case nil:
		return properties[key].list()
	case string:
		elements = []any{v}
	case []any:
		elements = v
	default:
		r.add(key, notList, value(v))
		return nil
	}
	var all []string
	before := len(r.problems)
	for i, e := range elements {
		s, ok := e.(string)
		if !ok && e != nil {
			if len(r.problems)-before == maxWrong {
				return nil // there may be a million
			}
			r.add(key, notEntry, number("index", i), value(e))
		}
		all = append(all, address.Split(s)...)
	}
	if most := properties[key].MaxItems; len(all) > most {
		r.add(key, longList, number("entries", len(all)), number("most", most))
		return nil
	}
	return all
}

// choice returns what reads one of a few words.
func choice[T ~string](r *reader) func(key string) T {
	return func(key string) T {
		unset := T(properties[key].text())
		v := r.value(key)
		if v == nil {
			return unset
		}
		s, _ := v.(string)
		allowed := properties[key].Enum
		if s = strings.TrimSpace(s); slices.Contains(allowed, s) {
			return T(s)
		}
		r.add(key, notChoice, value(v), choices(allowed))
		return unset
	}
}

// choices makes a parameter of words that may be chosen.
func choices(words []string) param {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = strconv.Quote(word)
	}
	return param{name: "choices", logged: or(quoted)}
}

// addressOf reads the text of a key, or the one at an index of its list, as an
// address.
func (r *reader) addressOf(key, text string, index ...param) (address.Address, bool) {
	a, err := address.Parse(text)
	var wrong *address.Error
	if errors.As(err, &wrong) {
		r.add(key, notAddress[wrong.Reason], append(index, param{"words", wrong.Error(), ""}, value(text))...)
	}
	return a, err == nil
}

// kind names a value's JSON type.
func kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case json.Number:
		return "a number"
	case bool:
		return "a boolean"
	case []any:
		return "an array"
	}
	return "an object"
}
