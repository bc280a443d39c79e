package address

import (
	"fmt"
	"strings"

	"golang.org/x/net/idna"
)

// Limits of RFC 1035 section 2.3.4, in octets.
const (
	maxLabel  = 63
	maxDomain = 253
)

// Domain turns a domain name into lower-case A-labels (RFC 5891). Address
// literals, underscores, empty labels and a trailing dot are refused.
func Domain(s string) (string, error) {
	if len(s) > maxInput {
		return "", fmt.Errorf("%s is too long for a domain name", quote(s))
	}
	ascii, err := idna.Lookup.ToASCII(s)
	if err != nil || len(ascii) > maxDomain {
		return "", fmt.Errorf("%s is not a domain name", quote(s))
	}
	// idna's Lookup profile leaves the lengths to the resolver.
	for label := range strings.SplitSeq(ascii, ".") {
		if label == "" || len(label) > maxLabel {
			return "", fmt.Errorf("%s is not a domain name", quote(s))
		}
	}
	return strings.ToLower(ascii), nil
}
