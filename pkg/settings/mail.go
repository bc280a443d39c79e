package settings

import (
	"net/url"
	"regexp"
	"strings"
	"time"

	// Time zones by name, also on Windows and in images without tzdata.
	_ "time/tzdata"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// from reads fromAddress and fromName.
func (r *reader) from() address.Address {
	const key = "fromAddress"
	s := r.line(key)
	name := r.line("fromName")
	if s == "" {
		if !r.wrong[key] {
			r.add(key, "fromAddress is missing; it must be a mail address whose domain the NHN Cloud console lets you send from")
		}
		return address.Address{}
	}
	from, err := address.Parse(s)
	if err != nil {
		r.add(key, "fromAddress: %v", err)
	}
	if name != "" {
		from.Name = name
	}
	return from
}

// dnsName is a name in DNS in the form of RFC 1035 section 2.3.1, and with the
// underscores that names of TXT records have.
var dnsName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// dnsName reads a name in DNS, in lower case and without a trailing dot.
func (r *reader) dnsName(key, unset string) string {
	s := strings.TrimSuffix(strings.ToLower(r.line(key)), ".")
	switch {
	case s == "":
		return unset
	case len(s) > maxDNSName || !dnsName.MatchString(s):
		r.add(key, "%s is %s; it must be a name in DNS: letters, digits, - and _, with dots between", key, held(s))
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
	a, err := address.Parse(s)
	if err != nil {
		r.add(key, "%s: %v", key, err)
		return nil
	}
	return &a
}

// advertiser reads who advertises, and for mail type ad insists on it.
func (r *reader) advertiser(t nhncloud.MailType) Advertiser {
	a := Advertiser{
		Name:        r.line("adSenderName"),
		Address:     r.text("adSenderAddress"),
		Unsubscribe: Unsubscribe{URL: r.line("unsubscribeUrl"), Mailbox: r.address("unsubscribeAddress")},
	}
	if u, err := url.Parse(a.URL); a.URL != "" && (err != nil || u.Scheme != "https" || u.Host == "") {
		r.add("unsubscribeUrl", "unsubscribeUrl is %s; it must be an https URL", held(a.URL))
	}
	if t != nhncloud.Ad {
		return a
	}
	if a.Name == "" && !r.wrong["adSenderName"] {
		r.add("adSenderName", `adSenderName is missing; with mailType "ad" the mail must name its sender`)
	}
	if a.Address == "" && !r.wrong["adSenderAddress"] {
		r.add("adSenderAddress", `adSenderAddress is missing; with mailType "ad" the mail must give its sender's address`)
	}
	if a.URL == "" && a.Mailbox == nil && !r.wrong["unsubscribeAddress"] {
		r.add("unsubscribeUrl", `unsubscribeUrl and unsubscribeAddress are missing; with mailType "ad" one of them must say how to unsubscribe`)
	}
	return a
}

// recipients reads a list of addresses or patterns. What is in it twice stays
// so: alert.Resolve sees to it.
func recipients[T any](r *reader, key string, parse func(string) (T, error)) []T {
	var all []T
	for _, s := range r.list(key) {
		one, err := parse(s)
		if err != nil {
			r.add(key, "%s: %v", key, err)
			continue
		}
		all = append(all, one)
	}
	return all
}

// location reads a time zone. "Local" is the server's own, which nobody who
// reads the data source can know.
func (r *reader) location(key string, unset *time.Location) *time.Location {
	s := r.line(key)
	if s == "" {
		return unset
	}
	location, ok := Location(s)
	if !ok {
		r.add(key, `%s is %s; it must be %s`, key, held(s), LocationForm)
		return unset
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
