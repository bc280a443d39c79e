package maildomain

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/emersion/go-msgauth/dmarc"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// leastDMARC is the shortest valid record. It changes nothing about what receivers do.
const leastDMARC = "v=DMARC1; p=none"

// dmarcFinding is a finding with the policy that applies; nil if none does.
type dmarcFinding struct {
	Finding
	policy *dmarc.Record
}

// dmarc checks the policy of the domain, or that of its organizational domain if the
// domain has none.
func (l *lookup) dmarc(ctx context.Context) dmarcFinding {
	finding := Finding{Record: DMARC}
	for _, domain := range slices.Compact([]string{l.sender.Domain, l.parent}) {
		finding.Name = "_dmarc." + domain
		records, err := l.txt(ctx, finding.Name, isDMARC)
		if err != nil {
			return dmarcFinding{Finding: finding.unknown(why(ctx, err))}
		}
		if len(records) == 0 {
			continue
		}
		finding.Found = shown(records)
		policy, err := dmarc.Parse(policyTags(records[0]))
		switch {
		case len(records) > 1:
			finding.Status, finding.Expected = Wrong, shown(records)[0]
			finding.Hint = failure.DMARCSeveral.With("name", finding.Name, "count", strconv.Itoa(len(records)))
		case err != nil:
			finding.Status, finding.Expected = Wrong, leastDMARC
			finding.Hint = failure.DMARCSyntax.With("name", finding.Name)
		default:
			finding.Status = OK
			finding.Hint = failure.DMARCOK.With("domain", domain, "policy", string(applied(policy, domain != l.sender.Domain)),
				"adkim", string(policy.DKIMAlignment), "aspf", string(policy.SPFAlignment))
			return dmarcFinding{finding, policy}
		}
		return dmarcFinding{Finding: finding}
	}
	finding.Status, finding.Expected = Missing, leastDMARC
	finding.Hint = failure.DMARCMissing.With("name", finding.Name)
	return dmarcFinding{Finding: finding}
}

// isDMARC says whether a TXT record is meant as a policy.
func isDMARC(record string) bool {
	first, _, _ := strings.Cut(record, ";")
	name, value, _ := strings.Cut(first, "=")
	return strings.TrimSpace(name) == "v" && strings.TrimSpace(value) == "DMARC1"
}

// policyTags returns a record with only the tags that matter here, in lower case, for
// the library reads no other. A mistake in any other tag, or in the alignment, does not
// make the record invalid (RFC 7489 section 6.3).
func policyTags(record string) string {
	kept := []string{"v=DMARC1"}
	t := tags(record)
	for _, tag := range []string{"p", "sp", "adkim", "aspf"} {
		value, ok := t[tag]
		value = strings.ToLower(value)
		if mistake := strings.HasPrefix(tag, "a") && value != "r" && value != "s"; ok && !mistake {
			kept = append(kept, tag+"="+value)
		}
	}
	return strings.Join(kept, "; ")
}

// applied returns the policy for the sender's domain. If the record is that of the
// organizational domain, its policy for subdomains comes first.
func applied(r *dmarc.Record, subdomain bool) dmarc.Policy {
	if subdomain {
		return cmp.Or(r.SubdomainPolicy, r.Policy)
	}
	return r.Policy
}

// aligned returns the finding of the key under the policy: with strict alignment
// (adkim=s), a key of the organizational domain does not count for a subdomain.
func (l *lookup) aligned(key Finding, d dmarcFinding) Finding {
	own := l.sender.Selector + "._domainkey." + l.sender.Domain
	if key.Status == OK && key.Name != own && d.policy != nil && d.policy.DKIMAlignment == dmarc.AlignmentStrict {
		key.Status = Wrong
		key.Hint = failure.DKIMStrict.With("name", key.Name, "dmarc", d.Name, "domain", l.sender.Domain)
	}
	return key
}
