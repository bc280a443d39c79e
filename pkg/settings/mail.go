package settings

import (
	"cmp"
	"net/url"
	"regexp"
	"strings"
	"time"

	// Time zones by name, also on Windows and in images without tzdata.
	_ "time/tzdata"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// sender reads whom the mail is from.
func (r *reader) sender(s *Settings) {
	s.From = r.from()
	s.DKIMSelector = r.dnsName("dkimSelector")
	s.SPFInclude = r.dnsName("spfInclude")
	s.ReplyTo = r.address("replyTo")
}

// recipients reads whom mail goes to, and whom it may go to.
func (r *reader) recipients(s *Settings) {
	s.To = r.addresses("to")
	s.Cc = r.addresses("cc")
	s.Bcc = r.addresses("bcc")
	s.AllowedRecipients = r.patterns("allowedRecipients")
	s.RecipientMode = choice[RecipientMode](r, "recipientMode")
}

// message reads how the mail reads.
func (r *reader) message(s *Settings) {
	s.Language = choice[string](r, "language")
	s.Location = r.location("timezone")
	s.StableSubject = r.flag("stableSubject")
	s.SubjectTemplate = r.text("subjectTemplate")
	s.TextTemplate = r.text("textTemplate")
	s.HTMLTemplate = r.text("htmlTemplate")
}

// from reads fromAddress and fromName.
func (r *reader) from() address.Address {
	const key = "fromAddress"
	s := r.line(key)
	name := r.line("fromName")
	if s == "" {
		if !r.wrong(key) {
			r.add(key, noFrom)
		}
		return address.Address{}
	}
	from, _ := r.addressOf(key, s)
	if name != "" {
		from.Name = name
	}
	return from
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

// patterns reads a list of patterns.
func (r *reader) patterns(key string) (all []address.Pattern) {
	for i, s := range r.list(key) {
		pattern, err := address.ParsePattern(s)
		if err != nil {
			r.add(key, notPattern, param{name: "words", logged: err.Error()}, number("index", i), value(s))
			continue
		}
		all = append(all, pattern)
	}
	return all
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
