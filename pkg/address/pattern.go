package address

import (
	"fmt"
	"strings"
)

// Pattern names recipients that a request may address: one mailbox
// ("user@example.com"), everyone at a domain ("@example.com" or
// "*@example.com"), or everyone at any domain below one ("*@*.example.com").
type Pattern struct {
	local  string // "" for any
	domain string
	below  bool // domains below domain, not domain itself
}

// ParsePattern reads a pattern.
func ParsePattern(s string) (Pattern, error) {
	if local, domain, _ := strings.Cut(strings.TrimSpace(s), "@"); local == "" || local == "*" {
		domain, below := strings.CutPrefix(domain, "*.")
		if ascii, err := Domain(domain); err == nil {
			return Pattern{domain: ascii, below: below}, nil
		}
	} else if a, err := Parse(s); err == nil && a.Name == "" && !strings.Contains(a.Local, "*") {
		return Pattern{local: a.Local, domain: a.Domain}, nil
	}
	return Pattern{}, fmt.Errorf("%s is not user@example.com, @example.com or *@*.example.com", quote(s))
}

// Match says whether the pattern names the address. A pattern of a whole domain
// does not name an address that may be routed out of it.
func (p Pattern) Match(a Address) bool {
	if p.local == "" && a.MayRoute() {
		return false
	}
	if p.below {
		return strings.HasSuffix(a.Domain, "."+p.domain)
	}
	return a.Domain == p.domain && (p.local == "" || strings.EqualFold(p.local, a.Local))
}
