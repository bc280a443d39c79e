package settings

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Field is a field of the mail's header.
type Field struct{ Name, Value string }

// ListID is the field that says of which list a mail is (RFC 2919).
const ListID = "List-Id"

// fieldName is the name of a field that a profile may add.
var fieldName = regexp.MustCompile(`(?i)^(X-[A-Z0-9-]{1,62}|List-Id)$`)

// listID is a List-Id: a phrase or none, and a name as of a domain.
var listID = regexp.MustCompile(`^[^<>]*<[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+>$`)

// isOwn says whether mail has a field of itself.
func isOwn(name string) bool {
	switch name = strings.ToLower(name); name {
	case "x-priority", "x-mailer", "x-auto-response-suppress":
		return true
	}
	return strings.HasPrefix(name, "x-grafana-alert-")
}

// headers reads the header fields that a profile adds. What is wrong is left out.
func (r *reader) headers() []Field {
	const key = "headers"
	p := properties[key]
	v := r.value(key)
	values, ok := v.(map[string]any)
	if v != nil && !ok || len(values) > p.MaxProperties {
		r.add(key, notHeaders, value(v), number("most", p.MaxProperties))
		return nil
	}
	var fields []Field
	for _, name := range slices.Sorted(maps.Keys(values)) {
		text, ok := values[name].(string)
		text = strings.TrimSpace(text)
		if strings.EqualFold(name, ListID) {
			name = ListID
		}
		switch {
		case !fieldName.MatchString(name):
			r.add(key, notHeader, value(name))
		case isOwn(name), slices.ContainsFunc(fields, func(f Field) bool { return strings.EqualFold(f.Name, name) }):
			r.add(key, ownHeader, value(name))
		case !ok, text == "", len(text) > p.AdditionalProperties.MaxLength, strings.ContainsFunc(text, unicode.IsControl):
			r.add(key, badHeader, value(name), number("most", p.AdditionalProperties.MaxLength))
		case name == ListID && !listID.MatchString(text):
			r.add(key, notListID, value(text))
		default:
			fields = append(fields, Field{name, text})
		}
	}
	return fields
}
