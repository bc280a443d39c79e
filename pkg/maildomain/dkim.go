package maildomain

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// leastBits is the shortest RSA key that receivers accept (RFC 8301).
const leastBits = 1024

// dkim checks the key of the domain. A subdomain without a key may use the key of its
// organizational domain, since that is the domain verified in the console.
func (l *lookup) dkim(ctx context.Context) Finding {
	finding := Finding{Record: DKIM}
	for _, domain := range slices.Compact([]string{l.sender.Domain, l.parent}) {
		finding.Name = l.sender.Selector + "._domainkey." + domain
		records, err := l.txt(ctx, finding.Name, isKey)
		if err != nil {
			return finding.unknown(why(ctx, err))
		}
		if len(records) == 0 {
			continue
		}
		finding.Found = shown(records)
		if len(records) > 1 {
			finding.Status, finding.Hint = Wrong, failure.DKIMSeveral.With("name", finding.Name, "count", strconv.Itoa(len(records)))
			return finding
		}
		finding.Status, finding.Hint = key(finding.Name, tags(records[0]))
		return finding
	}
	finding.Status, finding.Hint = Missing, failure.DKIMMissing.With("name", finding.Name, "selector", l.sender.Selector)
	return finding
}

// isKey says whether a TXT record is meant as a key.
func isKey(record string) bool {
	t := tags(record)
	version, versioned := t["v"]
	if versioned { // a policy of DMARC, which a wildcard may answer, has a p= too
		return strings.HasPrefix(strings.ToUpper(version), "DKIM")
	}
	_, key := t["p"]
	return key
}

// tags reads "a=b; c=d" (RFC 6376 section 3.2). If a tag is there twice, the last one
// counts.
func tags(record string) map[string]string {
	all := map[string]string{}
	for part := range strings.SplitSeq(record, ";") {
		if name, value, ok := strings.Cut(part, "="); ok {
			all[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
	}
	return all
}

// key checks the tags of a key record (RFC 6376 section 3.6.1).
func key(name string, t map[string]string) (Status, failure.Hint) {
	has := func(tag, value string) bool { // the values are separated by colons; an unset tag allows every value
		list, set := t[tag]
		return !set || slices.ContainsFunc(strings.Split(list, ":"), func(s string) bool { s = strings.TrimSpace(s); return s == value || s == "*" })
	}
	wrong := func(tag string) (Status, failure.Hint) {
		return Wrong, failure.DKIMSyntax.With("name", name, "tag", tag+"=")
	}
	p, set := t["p"]
	switch {
	case t["v"] != "" && t["v"] != "DKIM1":
		return wrong("v")
	case set && p == "":
		return Wrong, failure.DKIMRevoked.With("name", name)
	case !has("s", "email"):
		return wrong("s")
	case !has("h", "sha256"):
		return wrong("h")
	}
	octets, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(p), ""))
	if err != nil {
		return wrong("p")
	}
	switch t["k"] {
	case "", "rsa":
		public, ok := rsaKey(octets)
		if !ok {
			return wrong("p")
		}
		bits := public.N.BitLen()
		if bits < leastBits {
			return Wrong, failure.DKIMShort.With("name", name, "bits", strconv.Itoa(bits))
		}
		return OK, failure.DKIMOK.With("type", "RSA "+strconv.Itoa(bits))
	case "ed25519":
		if len(octets) != ed25519.PublicKeySize {
			return wrong("p")
		}
		return OK, failure.DKIMOK.With("type", "Ed25519")
	}
	return wrong("k")
}

// rsaKey reads an RSA key in either of the two forms in use (RFC 6376, erratum 3017).
func rsaKey(der []byte) (*rsa.PublicKey, bool) {
	if any, err := x509.ParsePKIXPublicKey(der); err == nil {
		public, ok := any.(*rsa.PublicKey)
		return public, ok
	}
	public, err := x509.ParsePKCS1PublicKey(der)
	return public, err == nil
}
