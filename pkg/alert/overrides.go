package alert

import (
	"cmp"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// The query parameters of an alert, and those that Grafana puts into URLs by
// itself, which say nothing to this data source.
var (
	parameters = []string{"profile", "to", "cc", "bcc", "type", "language", "mode", "timezone", "replyTo", "team"}
	ignored    = []string{"orgId", "targetOrgId"}
)

// maxTeams is how many teams a request may name.
const maxTeams = 5

// Overrides are what a request's query string sets in place of the settings.
// The zero value of a field overrides nothing.
type Overrides struct {
	Profile     string   // its name, if there is such a profile
	Teams       []string // Grafana's, whose members have the mail
	To, Cc, Bcc []address.Address
	MailType    nhncloud.MailType
	Language    string
	Mode        settings.RecipientMode
	Location    *time.Location
	ReplyTo     *address.Address
	// Rejected are the entries of to, cc, bcc and replyTo that are no mail addresses.
	Rejected []Rejected
}

// Rejected is what a request names as a recipient and cannot be mailed.
type Rejected struct {
	Parameter string // to, cc, bcc or replyTo
	Entry     string // as it was sent, shortened where it is long
	Reason    string // a sentence for whoever wrote it, which quotes the entry
}

// ParseOverrides reads a query. Addresses may be repeated and separated by commas or
// semicolons. An empty value, as from a URL template
// that expanded to nothing, overrides nothing; an entry that is no address is
// left out and listed in Rejected, since a label that holds a team's name must not
// keep the alert from the others. An unknown parameter is refused, so that a
// typing error does not mail somebody else. The error is a *failure.Error.
func ParseOverrides(q url.Values) (*Overrides, error) {
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if !slices.Contains(parameters, name) && !slices.Contains(ignored, name) {
			return nil, badParameter(fmt.Sprintf("the query parameter %.60q is unknown", name), "It must be "+strings.Join(parameters, ", ")+".")
		}
	}
	var o Overrides
	var err error
	if o.Profile, err = single(q, "profile"); err != nil {
		return nil, err
	}
	for _, name := range q["team"] {
		if name = strings.TrimSpace(name); name != "" && !slices.Contains(o.Teams, name) {
			o.Teams = append(o.Teams, name)
		}
	}
	if len(o.Teams) > maxTeams {
		return nil, badParameter(fmt.Sprintf("the query names %d teams", len(o.Teams)), fmt.Sprintf("Name %d at most.", maxTeams))
	}
	o.To = o.addresses(q, "to")
	o.Cc = o.addresses(q, "cc")
	o.Bcc = o.addresses(q, "bcc")
	if o.MailType, err = word(q, "type", nhncloud.MailTypes()); err != nil {
		return nil, err
	}
	if o.Language, err = word(q, "language", settings.Languages()); err != nil {
		return nil, err
	}
	if o.Mode, err = word(q, "mode", settings.RecipientModes()); err != nil {
		return nil, err
	}
	if o.Location, err = location(q); err != nil {
		return nil, err
	}
	if to := o.addresses(q, "replyTo"); len(to) > 0 {
		o.ReplyTo = &to[0]
	}
	return &o, nil
}

// ParseQuery reads a raw query string. The error is a *failure.Error.
func ParseQuery(rawQuery string) (url.Values, error) {
	// url.ParseQuery refuses the semicolon, which has no meaning in a query.
	q, err := url.ParseQuery(strings.ReplaceAll(rawQuery, ";", "%3B"))
	if err != nil {
		return nil, badParameter("the query string cannot be read", "Percent-encode it, with urlquery in a URL template.")
	}
	return q, nil
}

// addresses reads every address of a parameter and keeps what is none in
// Rejected.
func (o *Overrides) addresses(q url.Values, name string) []address.Address {
	var all []address.Address
	for _, value := range q[name] {
		for _, s := range address.Split(value) {
			a, err := address.Parse(s)
			if err != nil {
				var plusErr error
				if a, plusErr = address.Parse(plusSigns(s)); plusErr != nil {
					o.Rejected = append(o.Rejected, Rejected{Parameter: name, Entry: shortened(s), Reason: err.Error()})
					continue
				}
			}
			all = append(all, a)
		}
	}
	return all
}

// plusSigns puts back the plus signs that a URL template left bare, which arrive
// as spaces: only where the address is bare, too. In a name, a comment or
// quotation marks a space is a space.
func plusSigns(s string) string {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || strings.ContainsAny(local, "\"<>()[],:;\\\t") || strings.ContainsAny(domain, "\"<>()@ \t") {
		return s
	}
	return strings.ReplaceAll(local, " ", "+") + "@" + domain
}

// shortened bounds an entry of a query string.
func shortened(s string) string {
	const most = 100
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "..."
	}
	return s
}

// word reads a parameter that holds one of a few words.
func word[T ~string](q url.Values, name string, allowed []T) (T, error) {
	value, err := single(q, name)
	if err != nil || value == "" || slices.Contains(allowed, T(value)) {
		return T(value), err
	}
	return "", badParameter(fmt.Sprintf("the query parameter %s is %.60q", name, value), fmt.Sprintf("It must be one of %q.", allowed))
}

// location reads the time zone of the mail.
func location(q url.Values) (*time.Location, error) {
	name, err := single(q, "timezone")
	if err != nil || name == "" {
		return nil, err
	}
	location, ok := settings.Location(name)
	if !ok {
		return nil, badParameter(fmt.Sprintf("the query parameter timezone is %.60q", name), "It must be "+settings.LocationForm+".")
	}
	return location, nil
}

// single reads a parameter that has one value.
func single(q url.Values, name string) (string, error) {
	found := ""
	for _, value := range q[name] {
		value = strings.TrimSpace(value)
		if value != "" && found != "" && value != found {
			return "", badParameter(fmt.Sprintf("the query parameter %s is both %.60q and %.60q", name, found, value), "Send it once.")
		}
		found = cmp.Or(value, found)
	}
	return found, nil
}

// badParameter is a refusal of the query string.
func badParameter(message, hint string) error {
	return refuse(failure.Parameter, 0, message, failure.Say(hint))
}
