package settings

import (
	"time"

	// Time zones by name, also on Windows and in images without tzdata.
	_ "time/tzdata"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

// from reads fromAddress and fromName.
func (r *reader) from() address.Address {
	const key = "fromAddress"
	s := r.line(key)
	name := r.line("fromName")
	if s == "" {
		if !r.wrong[key] {
			r.add(key, "fromAddress is missing; it may be a mail address whose domain the NHN Cloud console lets you send from")
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

// replyTo reads one address or none.
func (r *reader) replyTo() *address.Address {
	s := r.line("replyTo")
	if s == "" {
		return nil
	}
	a, err := address.Parse(s)
	if err != nil {
		r.add("replyTo", "replyTo: %v", err)
		return nil
	}
	return &a
}

// addresses reads a list of addresses without repetitions.
func (r *reader) addresses(key string) []address.Address {
	var all []address.Address
	for _, s := range r.list(key) {
		a, err := address.Parse(s)
		if err != nil {
			r.add(key, "%s: %v", key, err)
			continue
		}
		all = append(all, a)
	}
	return address.Dedupe(all)
}

// patterns reads a list of patterns of recipients.
func (r *reader) patterns(key string) []address.Pattern {
	var all []address.Pattern
	for _, s := range r.list(key) {
		p, err := address.ParsePattern(s)
		if err != nil {
			r.add(key, "%s: %v", key, err)
			continue
		}
		all = append(all, p)
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
	location, err := time.LoadLocation(s)
	if err != nil || location == time.Local {
		r.add(key, `%s is %s; it may be "UTC" or an IANA name such as "Asia/Seoul"`, key, held(s))
		return unset
	}
	return location
}
