package alert

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// The query parameters of an alert.
var parameters = []string{"to", "cc", "bcc", "type", "language", "mode"}

// Overrides are what a request's query string sets in place of the settings.
// The zero value of a field overrides nothing.
type Overrides struct {
	To, Cc, Bcc []address.Address
	MailType    nhncloud.MailType
	Language    string
	Mode        settings.RecipientMode
}

// ParseOverrides reads a raw query string. Addresses may be repeated and
// separated by commas or semicolons. An empty value, as from a URL template
// that expanded to nothing, overrides nothing; an unknown parameter is refused,
// so that a typing error does not mail somebody else. The error is a *Refusal.
func ParseOverrides(rawQuery string) (Overrides, error) {
	q, err := ParseQuery(rawQuery)
	if err != nil {
		return Overrides{}, err
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(parameters, name) {
			return Overrides{}, badParameter(fmt.Sprintf("the query parameter %.60q is unknown", name), "it may be "+strings.Join(parameters, ", "))
		}
	}
	var o Overrides
	if o.To, err = addresses(q, "to"); err != nil {
		return Overrides{}, err
	}
	if o.Cc, err = addresses(q, "cc"); err != nil {
		return Overrides{}, err
	}
	if o.Bcc, err = addresses(q, "bcc"); err != nil {
		return Overrides{}, err
	}
	if o.MailType, err = word(q, "type", nhncloud.MailTypes()); err != nil {
		return Overrides{}, err
	}
	if o.Language, err = word(q, "language", settings.Languages()); err != nil {
		return Overrides{}, err
	}
	if o.Mode, err = word(q, "mode", settings.RecipientModes()); err != nil {
		return Overrides{}, err
	}
	return o, nil
}

// ParseQuery reads a raw query string. The error is a *Refusal.
func ParseQuery(rawQuery string) (url.Values, error) {
	// url.ParseQuery refuses the semicolon, which has no meaning in a query.
	q, err := url.ParseQuery(strings.ReplaceAll(rawQuery, ";", "%3B"))
	if err != nil {
		return nil, badParameter("the query string cannot be read", "percent-encode it, with urlquery in a URL template")
	}
	return q, nil
}

// addresses reads every address of a parameter.
func addresses(q url.Values, name string) ([]address.Address, error) {
	var all []address.Address
	for _, value := range q[name] {
		for _, s := range address.Split(value) {
			a, err := address.Parse(s)
			if err != nil {
				// A plus sign that a URL template left bare arrives as a
				// space, which no bare address can hold.
				plus, plusErr := address.Parse(strings.ReplaceAll(s, " ", "+"))
				if plusErr != nil {
					return nil, badParameter(fmt.Sprintf("the query parameter %s is wrong: %v", name, err), "write user@example.com, several separated by commas")
				}
				a = plus
			}
			all = append(all, a)
		}
	}
	return all, nil
}

// word reads a parameter that holds one of a few words.
func word[T ~string](q url.Values, name string, allowed []T) (T, error) {
	var found T
	for _, value := range q[name] {
		value := T(strings.TrimSpace(value))
		switch {
		case value == "" || value == found:
		case !slices.Contains(allowed, value):
			return "", badParameter(fmt.Sprintf("the query parameter %s is %.60q", name, string(value)), fmt.Sprintf("it may be one of %q", allowed))
		case found != "":
			return "", badParameter(fmt.Sprintf("the query parameter %s is both %q and %q", name, string(found), string(value)), "send it once")
		default:
			found = value
		}
	}
	return found, nil
}

// badParameter is a refusal of the query string.
func badParameter(message, hint string) error {
	return &Refusal{Status: http.StatusBadRequest, Reason: ReasonParameter, Message: message, Hint: hint}
}
