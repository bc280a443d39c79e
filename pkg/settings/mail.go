package settings

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	// Time zones by name, also on Windows and in images without tzdata.
	_ "time/tzdata"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// mail reads what a mail is like and whom it goes to: what a profile may have of its own.
func (r *reader) mail(s *Settings) {
	set(r, "mailType", &s.MailType, choice[nhncloud.MailType](r))
	r.from(s)
	set(r, "replyTo", &s.ReplyTo, r.address)
	setList(r, "to", &s.To, r.addresses)
	setList(r, "cc", &s.Cc, r.addresses)
	setList(r, "bcc", &s.Bcc, r.addresses)
	if r.has("allowedRecipients") { // a mistake never allows more
		s.AllowedRecipients, s.AllowedTeams = r.patterns("allowedRecipients")
	}
	set(r, "recipientMode", &s.RecipientMode, choice[RecipientMode](r))
	set(r, "language", &s.Language, choice[string](r))
	set(r, "timezone", &s.Location, r.location)
	set(r, "subjectTemplate", &s.SubjectTemplate, r.text)
	set(r, "textTemplate", &s.TextTemplate, r.text)
	set(r, "htmlTemplate", &s.HTMLTemplate, r.text)
	set(r, "charts", &s.Charts, r.flag)
}

// from reads fromAddress and fromName. A name there takes precedence over one in the
// address.
func (r *reader) from(s *Settings) {
	const key = "fromAddress"
	text := r.line(key)
	switch {
	case text != "":
		if from, ok := r.addressOf(key, text); ok {
			from.Name = cmp.Or(from.Name, s.From.Name)
			s.From = from
		}
	case r.profile == "" && !r.wrong(key):
		r.add(key, noFrom)
	}
	s.From.Name = cmp.Or(r.line("fromName"), s.From.Name)
}

// maxDNSName leaves room for a domain in the 253 octets of a name.
const maxDNSName = 200

// dnsName matches a DNS name in the form of RFC 1035 section 2.3.1, and also with the
// underscores that names of TXT records have.
var dnsName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// dnsName reads a name in DNS, in lower case and without a trailing dot.
func (r *reader) dnsName(key string) string {
	unset := properties[key].text()
	s := strings.TrimSuffix(strings.ToLower(r.line(key)), ".")
	switch {
	case s == "":
		return unset
	case len(s) > maxDNSName || !dnsName.MatchString(s):
		r.add(key, notDNSName, value(s))
		return unset
	}
	return s
}

// address reads one address or none.
func (r *reader) address(key string) *address.Address {
	s := r.line(key)
	if s == "" {
		return nil
	}
	if a, ok := r.addressOf(key, s); ok {
		return &a
	}
	return nil
}

// advertiser reads who advertises, and for mail type ad insists on it.
func (r *reader) advertiser(t nhncloud.MailType) Advertiser {
	a := Advertiser{
		Name:        r.line("adSenderName"),
		Address:     r.text("adSenderAddress"),
		Unsubscribe: Unsubscribe{URL: r.line("unsubscribeUrl"), Mailbox: r.address("unsubscribeAddress")},
	}
	if u, err := url.Parse(a.URL); a.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		r.add("unsubscribeUrl", notHTTPS, value(a.URL))
	}
	if t != nhncloud.Ad {
		return a
	}
	if a.Name == "" && !r.wrong("adSenderName") {
		r.add("adSenderName", noAdName)
	}
	if a.Address == "" && !r.wrong("adSenderAddress") {
		r.add("adSenderAddress", noAdAddress)
	}
	if a.URL == "" && a.Mailbox == nil && !r.wrong("unsubscribeAddress") {
		r.add("unsubscribeUrl", noUnsubscribe)
	}
	return a
}

// complete says whether mail of type ad can be written.
func (a Advertiser) complete() bool {
	return a.Name != "" && a.Address != "" && (a.URL != "" || a.Mailbox != nil)
}

// addresses reads a list of addresses. What is in it twice stays so: alert.Resolve
// sees to it.
func (r *reader) addresses(key string) (all []address.Address) {
	for i, s := range r.list(key) {
		if a, ok := r.addressOf(key, s, number("index", i)); ok {
			all = append(all, a)
		}
	}
	return all
}

// patterns reads a list of patterns, and of teams.
func (r *reader) patterns(key string) (all []address.Pattern, teams []string) {
	for i, s := range r.list(key) {
		if team, ok := strings.CutPrefix(s, "team:"); ok && strings.TrimSpace(team) != "" {
			teams = append(teams, strings.TrimSpace(team))
			continue
		}
		pattern, err := address.ParsePattern(s)
		if err != nil {
			r.add(key, notPattern, param{name: "words", logged: err.Error()}, number("index", i), value(s))
			continue
		}
		all = append(all, pattern)
	}
	return all, teams
}

// AllowsTeam says whether a request may name a team.
func (s *Settings) AllowsTeam(name string) bool {
	return slices.Contains(s.AllowedTeams, "*") || slices.Contains(s.AllowedTeams, name)
}

// location reads a time zone. "Local" is the server's own, which nobody who
// reads the data source can know.
func (r *reader) location(key string) *time.Location {
	name := cmp.Or(r.line(key), properties[key].text())
	location, ok := Location(name)
	if !ok {
		r.add(key, notTimezone, value(name))
		return time.UTC
	}
	return location
}

// LocationForm says, for error messages, what Location takes.
const LocationForm = `"UTC" or an IANA name such as "Asia/Seoul"`

// Location returns the time zone of that name, and whether there is one. That of the
// machine is none.
func Location(name string) (*time.Location, bool) {
	location, err := time.LoadLocation(name)
	return location, err == nil && location != time.Local
}
