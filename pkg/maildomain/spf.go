package maildomain

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Limits of RFC 7208 section 4.6.4.
const (
	mostLookups = 10
	mostVoid    = 2
)

// spf checks the SPF record of the domain itself: unlike DKIM and DMARC, SPF never
// falls back to the organizational domain.
func (l *lookup) spf(ctx context.Context) Finding {
	name, include := l.sender.Domain, l.sender.Includes[0]
	finding := Finding{Record: SPF, Name: name, Status: Wrong}
	records, err := l.txt(ctx, name, isSPF)
	if err != nil {
		return finding.unknown(why(ctx, err))
	}
	finding.Found = shown(records)
	if len(records) == 0 {
		finding.Status, finding.Expected = Missing, oneRecord(nil, include, true)
		finding.Hint = failure.SPFMissing.With("name", name)
		return finding
	}
	parsed, invalid := parseAll(records)
	if invalid != "" {
		finding.Hint = failure.SPFSyntax.With("name", name, "term", failure.Bounded(invalid))
		return finding
	}
	walk := &spfWalk{lookup: l}
	for _, terms := range parsed {
		walk.record(ctx, name, terms, true, []string{name})
	}
	one := oneRecord(parsed, include, walk.included == "")
	if len(one) > mostOctets {
		one = "" // a record that was cut off is of no use
	}
	switch before := allBefore(parsed[0]); {
	case len(records) > 1:
		finding.Expected = one
		finding.Hint = failure.SPFSeveral.With("name", name, "count", strconv.Itoa(len(records)))
	case before != "":
		finding.Expected = one
		finding.Hint = failure.SPFAllNotLast.With("name", name, "all", before)
	case walk.fault.ID != "":
		finding.Hint = walk.fault
	case walk.failed != "":
		finding.Status, finding.Hint = Unknown, walk.failed.With("name", walk.at)
	case walk.included != "":
		finding.Status, finding.Hint = OK, failure.SPFOK.With("include", walk.included, "count", strconv.Itoa(walk.lookups))
	case walk.macro:
		finding.Status, finding.Hint = Unknown, failure.SPFMacro.With("name", name, "include", include)
	default:
		finding.Expected = one
		finding.Hint = failure.SPFNoInclude.With("name", name, "include", include)
	}
	return finding
}

// parseAll reads the terms of several records, up to the first term that is not valid.
func parseAll(records []string) (parsed [][]spfTerm, invalid string) {
	for _, r := range records {
		terms, invalid := parseSPF(r)
		if invalid != "" {
			return nil, invalid
		}
		parsed = append(parsed, terms)
	}
	return parsed, ""
}

// spfWalk goes through a record and every record that it includes.
type spfWalk struct {
	*lookup
	lookups  int
	void     []string // terms whose lookup found nothing
	included string   // which of the sender's Includes was found
	macro    bool     // a name has a macro, which depends on the mail
	fault    failure.Hint
	failed   failure.ID // why a name could not be looked up
	at       string     // that name
}

// record goes through the terms of a domain's record. passes says whether a host that
// this record allows may also send for the sender; path lists the domains that led here.
// It stops at the first fault, since that makes the sender's whole record invalid.
func (w *spfWalk) record(ctx context.Context, domain string, terms []spfTerm, passes bool, path []string) {
	redirect, all := "", false
	for _, t := range terms {
		switch {
		case t.name == "redirect" && t.modifier:
			redirect = t.value
		case t.modifier:
		case t.name == "all":
			all = true
		case t.name == "include":
			w.follow(ctx, domain, t.value, passes && t.pass, path)
		case t.name == "a", t.name == "mx", t.name == "exists", t.name == "ptr":
			if passes && t.pass && t.name == "exists" && strings.Contains(t.value, "%") {
				w.macro = true // it may allow any sender, the service too
			}
			w.hosts(ctx, t, domain)
		}
		if w.fault.ID != "" {
			return
		}
	}
	if redirect != "" && !all {
		w.follow(ctx, domain, redirect, passes, path)
	}
}

// count counts a lookup against the limit.
func (w *spfWalk) count() {
	if w.lookups++; w.lookups > mostLookups {
		w.fault = failure.SPFTooMany.With("name", w.sender.Domain)
	}
}

// follow goes through the record of the domain to, which the record of from includes or
// redirects to.
func (w *spfWalk) follow(ctx context.Context, from, to string, passes bool, path []string) {
	if w.count(); w.fault.ID != "" {
		return
	}
	if strings.Contains(to, "%") {
		w.macro = true
		return
	}
	to = strings.ToLower(strings.TrimSuffix(to, "."))
	if passes && slices.Contains(w.sender.Includes, to) {
		w.included = to
	}
	if slices.Contains(path, to) {
		w.fault = failure.SPFLoop.With("name", from, "include", to)
		return
	}
	records, err := w.txt(ctx, to, isSPF)
	if err != nil {
		w.failed, w.at = why(ctx, err), to
		return
	}
	switch len(records) {
	case 0:
		w.fault = failure.SPFIncludeMissing.With("name", from, "include", to)
	case 1:
		terms, invalid := parseSPF(records[0])
		if invalid != "" {
			w.fault = failure.SPFSyntax.With("name", to, "term", failure.Bounded(invalid))
			return
		}
		w.record(ctx, to, upToAll(terms), passes, append(slices.Clip(path), to))
	default:
		w.fault = failure.SPFSeveral.With("name", to, "count", strconv.Itoa(len(records)))
	}
}

// upToAll cuts off the terms after "all": receivers do not read them.
func upToAll(terms []spfTerm) []spfTerm {
	if i := slices.IndexFunc(terms, func(t spfTerm) bool { return !t.modifier && t.name == "all" }); i >= 0 {
		return terms[:i+1]
	}
	return terms
}

// hosts looks up the hosts of a mechanism, and counts the lookup.
func (w *spfWalk) hosts(ctx context.Context, t spfTerm, domain string) {
	if w.count(); w.fault.ID != "" || strings.Contains(t.value, "%") {
		return
	}
	host := domain
	if t.value != "" {
		host = strings.ToLower(t.value)
	}
	var err error
	switch t.name {
	case "a", "exists":
		_, err = w.dns.LookupNetIP(ctx, "ip", absolute(host))
	case "mx":
		_, err = w.dns.LookupMX(ctx, absolute(host))
	}
	if !notFound(err) {
		return // an answer, or a failure that may pass: not a void lookup
	}
	if w.void = append(w.void, t.text); len(w.void) > mostVoid {
		w.fault = failure.SPFVoid.With("name", w.sender.Domain, "hosts", failure.Bounded(strings.Join(w.void, " ")))
	}
}
