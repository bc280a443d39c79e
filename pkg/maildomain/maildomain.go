// Package maildomain checks the DNS records of the sender's domain: SPF (RFC 7208),
// DKIM (RFC 6376) and DMARC (RFC 7489). For each record it reports whether it is
// correct, what is wrong with it, and which record to add. A record that could not be
// looked up is reported as unknown, never as missing.
package maildomain

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// within is how long a whole check may take.
const within = 4 * time.Second

// Kind is a kind of record.
type Kind string

// The kinds of records.
const (
	SPF   Kind = "spf"
	DKIM  Kind = "dkim"
	DMARC Kind = "dmarc"
)

// Title returns the kind as people write it: SPF, DKIM, DMARC.
func (k Kind) Title() string { return strings.ToUpper(string(k)) }

// Status is the result of checking a record.
type Status string

const (
	// OK is a record that is correct.
	OK Status = "ok"
	// Missing is a record that does not exist.
	Missing Status = "missing"
	// Wrong is a record that exists and does not work.
	Wrong Status = "wrong"
	// Unknown is a record that could not be looked up.
	Unknown Status = "unknown"
)

// Sender says whose records are checked, and what they must contain.
type Sender struct {
	Domain   string   // of the From address, in A-labels
	Selector string   // of the DKIM key
	Includes []string // the SPF record must include one of them; the first is recommended
	Known    []string // more names that every DNS server on the internet knows
}

// Finding is the result for one record.
type Finding struct {
	Record   Kind     `json:"record"`
	Name     string   `json:"name"` // where the record is, or has to be added
	Status   Status   `json:"status"`
	Found    []string `json:"found,omitempty"`    // bounded and printable
	Expected string   `json:"expected,omitempty"` // the record to add at Name; empty if it is correct, or if only the console shows it
	failure.Hint
}

// Faulty says whether the record is missing or wrong.
func (f Finding) Faulty() bool { return f.Status == Missing || f.Status == Wrong }

// Advice returns what is wrong and what to do, with the record to add.
func (f Finding) Advice() string {
	if f.Expected == "" {
		return f.English
	}
	return strings.TrimSuffix(f.English, ".") + ": " + strconv.Quote(f.Expected) + "."
}

// Report is the result of a check.
type Report struct {
	Domain   string    `json:"domain"`
	Checked  time.Time `json:"checked"`
	Findings []Finding `json:"findings"` // SPF, DKIM, DMARC
}

// Faulty returns the findings of the records that are missing or wrong.
func (r *Report) Faulty() []Finding {
	var all []Finding
	if r != nil {
		for _, f := range r.Findings {
			if f.Faulty() {
				all = append(all, f)
			}
		}
	}
	return all
}

// Complete says whether every record could be looked up.
func (r *Report) Complete() bool {
	return r != nil && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Status == Unknown })
}

// After returns the report, with the findings of an earlier one for the records that
// could not be looked up this time.
func (r *Report) After(earlier *Report) *Report {
	if earlier == nil || earlier.Domain != r.Domain {
		return r
	}
	merged := *r
	merged.Findings = slices.Clone(r.Findings)
	for i, f := range merged.Findings {
		if f.Status == Unknown {
			merged.Findings[i] = earlier.Findings[i]
		}
	}
	return &merged
}

// Titles lists the records of findings: "SPF, DMARC".
func Titles(findings []Finding) string {
	titles := make([]string, len(findings))
	for i, f := range findings {
		titles[i] = f.Record.Title()
	}
	return strings.Join(titles, ", ")
}

// Checker looks up the records.
type Checker struct{ dns Resolver }

// Check looks up the records of a sender's domain. It takes four seconds at most.
func (c *Checker) Check(ctx context.Context, s Sender) *Report {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	look := &lookup{dns: c.dns, sender: s, parent: organizational(s.Domain)}
	var spf, dkim Finding
	var dmarc dmarcFinding
	var looking sync.WaitGroup
	looking.Go(func() { spf = look.spf(ctx) })
	looking.Go(func() { dkim = look.dkim(ctx) })
	looking.Go(func() { dmarc = look.dmarc(ctx) })
	looking.Wait()
	report := &Report{Domain: s.Domain, Checked: time.Now().UTC(), Findings: []Finding{spf, look.aligned(dkim, dmarc), dmarc.Finding}}
	if len(report.Faulty()) > 0 {
		if doubt := look.doubt(ctx); doubt != "" {
			for i, f := range report.Findings {
				if f.Faulty() {
					report.Findings[i] = f.unknown(doubt)
				}
			}
		}
	}
	return report
}

// lookup is one check.
type lookup struct {
	dns    Resolver
	sender Sender
	parent string // the organizational domain
}

// organizational returns the domain that was registered: example.co.kr for
// alerts.example.co.kr.
func organizational(domain string) string {
	if parent, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return parent
	}
	return domain
}

// unknown returns the finding of a record that could not be looked up, with the reason.
func (f Finding) unknown(why failure.ID) Finding {
	f.Status, f.Expected, f.Hint = Unknown, "", why.With("name", f.Name)
	return f
}

// Bounds of the records that are shown: anybody may have written them.
const (
	mostShown  = 3
	mostOctets = 600
)

// shown returns records that are printable and bounded.
func shown(records []string) []string {
	var all []string
	for _, r := range records[:min(len(records), mostShown)] {
		r = failure.Printable(r)
		if len(r) > mostOctets {
			r = strings.ToValidUTF8(r[:mostOctets], "") + "..."
		}
		all = append(all, r)
	}
	return all
}
