package settings

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

// reader takes typed values out of jsonData and collects what is wrong. A key
// that is missing, null or an empty string is unset.
type reader struct {
	values   map[string]any // string, json.Number, bool, []any, map[string]any
	problems []string
	wrong    map[string]bool // the keys that have a problem
}

// add records a problem of a key.
func (r *reader) add(key, format string, args ...any) {
	r.wrong[key] = true
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
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
		r.add(key, "%s is %s; it must be a string (in YAML, put it in quotes)", key, kind(v))
		return ""
	}
}

// line reads a string without control characters, trimmed.
func (r *reader) line(key string) string {
	s := strings.TrimSpace(r.text(key))
	if strings.ContainsFunc(s, unicode.IsControl) {
		r.add(key, "%s holds a line break or another control character; write it on one line", key)
		return ""
	}
	return s
}

// number reads a whole number, also from a string.
func (r *reader) number(key string, unset, least, most int) int {
	v := r.value(key)
	if v == nil {
		return unset
	}
	var digits string
	switch v := v.(type) {
	case json.Number:
		digits = v.String()
	case string:
		digits = strings.TrimSpace(v)
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n < least || n > most {
		r.add(key, "%s is %s; it must be a whole number from %d to %d", key, held(v), least, most)
		return unset
	}
	return n
}

// seconds reads a duration in whole seconds.
func (r *reader) seconds(key string, unset time.Duration, least, most int) time.Duration {
	return time.Duration(r.number(key, int(unset/time.Second), least, most)) * time.Second
}

// flag reads a boolean that is false where it is unset.
func (r *reader) flag(key string) bool { return r.flagOr(key, false) }

// flagOr reads a boolean, also from "true" and "false" in any case.
func (r *reader) flagOr(key string, unset bool) bool {
	v := r.value(key)
	if v == nil {
		return unset
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
		r.add(key, "%s is %s; it must be true or false", key, held(v))
	}
	return b
}

// list reads an array of strings. A string is a list written with commas,
// semicolons or line breaks, as is every element.
func (r *reader) list(key string) []string {
	var elements []any
	switch v := r.value(key).(type) {
	case nil:
		return nil
	case string:
		elements = []any{v}
	case []any:
		elements = v
	default:
		r.add(key, "%s is %s; it must be an array of strings", key, held(v))
		return nil
	}
	var all []string
	for i, e := range elements {
		s, ok := e.(string)
		if !ok && e != nil {
			r.add(key, "%s[%d] is %s; it must be a string", key, i, held(e))
		}
		all = append(all, address.Split(s)...)
	}
	if len(all) > MaxRecipients {
		r.add(key, "%s holds %d entries; at most %d are allowed", key, len(all), MaxRecipients)
		return nil
	}
	return all
}

// choice reads one of a few words.
func choice[T ~string](r *reader, key string, unset T, allowed []T) T {
	v := r.value(key)
	if v == nil {
		return unset
	}
	s, _ := v.(string)
	if t := T(strings.TrimSpace(s)); slices.Contains(allowed, t) {
		return t
	}
	r.add(key, "%s is %s; it must be %s", key, held(v), orQuoted(allowed))
	return unset
}

// orQuoted lists words as `"a", "b" or "c"`.
func orQuoted[T ~string](words []T) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = strconv.Quote(string(w))
	}
	return or(quoted)
}

// or lists words as `a, b or c`.
func or(words []string) string {
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// held shows a value in a message: short and on one line.
func held(v any) string {
	const most = 60
	switch v := v.(type) {
	case string:
		if len(v) > most {
			return fmt.Sprintf("%.*q...", most, v)
		}
		return strconv.Quote(v)
	case json.Number:
		if len(v) > most {
			return "a number"
		}
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	return kind(v)
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
