// Package maildomain looks up what DNS says of the domain that mail is from: SPF
// (RFC 7208), DKIM (RFC 6376) and DMARC (RFC 7489). It says of each record whether it
// is right, what is wrong with it, and which record to add. What could not be looked
// up is unknown, and never taken for missing.
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

// within bounds a whole check.
const within = 4 * time.Second

// Kind is a kind of record.
type Kind string

// The kinds of records.
const (
	SPF   Kind = "spf"
	DKIM  Kind = "dkim"
	DMARC Kind = "dmarc"
)

// Title is the kind as people write it.
func (k Kind) Title() string { return strings.ToUpper(string(k)) }

// Status is what was found out about a record.
type Status string

const (
	// OK is a record as it should be.
	OK Status = "ok"
	// Missing is a record that is not there.
	Missing Status = "missing"
	// Wrong is a record that does not work.
	Wrong Status = "wrong"
	// Unknown is a record that could not be looked up.
	Unknown Status = "unknown"
)

// Sender is whose records are looked up.
type Sender struct {
	Domain   string   // of From, in A-labels
	Selector string   // of the DKIM key
	Includes []string // one of them has to be in the SPF record; the first is recommended
	Known    []string // names that the internet's DNS knows, besides
}

// Finding is what was found of one record.
type Finding struct {
	Record   Kind     `json:"record"`
	Name     string   `json:"name"` // to look up, or to add
	Status   Status   `json:"status"`
	Found    []string `json:"found,omitempty"`    // bounded and printable
	Expected string   `json:"expected,omitempty"` // the record to add at Name; none where it is right or only the console has it
	failure.Hint
}

// Lacking says that the record is missing or wrong.
func (f Finding) Lacking() bool { return f.Status == Missing || f.Status == Wrong }

// Advice is what is wrong and what to do, with the record to add.
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

// Lacking lists the findings of records that are missing or wrong.
func (r *Report) Lacking() []Finding {
	var all []Finding
	if r != nil {
		for _, f := range r.Findings {
			if f.Lacking() {
				all = append(all, f)
			}
		}
	}
	return all
}

// Complete says that every record could be looked up.
func (r *Report) Complete() bool {
	return r != nil && !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Status == Unknown })
}

// After is the report with what could not be looked up as an earlier one has it.
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

// Titles names the kinds of findings: "SPF, DMARC".
func Titles(findings []Finding) string {
	titles := make([]string, len(findings))
	for i, f := range findings {
		titles[i] = f.Record.Title()
	}
	return strings.Join(titles, ", ")
}

// Checker looks records up.
type Checker struct{ dns Resolver }

// Check looks up the records of a sender's domain. It takes a few seconds at most.
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
	if len(report.Lacking()) > 0 {
		if doubt := look.doubt(ctx); doubt != "" {
			for i, f := range report.Findings {
				if f.Lacking() {
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

// organizational is the domain that was registered: example.co.kr of
// alerts.example.co.kr.
func organizational(domain string) string {
	if parent, err := publicsuffix.EffectiveTLDPlusOne(domain); err == nil {
		return parent
	}
	return domain
}

// unknown is a finding that says nothing of the record, and why.
func (f Finding) unknown(why failure.ID) Finding {
	f.Status, f.Expected, f.Hint = Unknown, "", why.With("name", f.Name)
	return f
}

// Bounds of what is shown of records, which may be anybody's.
const (
	mostShown  = 3
	mostOctets = 600
)

// shown is records fit to show.
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
