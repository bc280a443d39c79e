package message

import (
	"net/url"
	"strings"
)

// maxURL bounds a link, in octets; mail readers break longer ones.
const maxURL = 4096

// link is a URL of the payload that a reader may follow, in ASCII, or "" where
// it is none: only absolute http and https, and mailto.
func link(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxURL {
		return ""
	}
	if plainURL(s) {
		return s
	}
	u, err := url.Parse(s)
	if err != nil {
		return ""
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https":
		if u.Hostname() == "" {
			return ""
		}
	case "mailto":
		if u.Opaque == "" {
			return ""
		}
	default:
		return ""
	}
	return asciiURL(s)
}

// plainURL says of most URLs that they are fine, without taking them apart.
func plainURL(s string) bool {
	host, ok := strings.CutPrefix(s, "https://")
	if !ok {
		host, ok = strings.CutPrefix(s, "http://")
	}
	if !ok || host == "" || strings.IndexByte("/?#:@", host[0]) >= 0 {
		return false
	}
	for i := range len(s) {
		if !urlOctet[s[i]] {
			return false
		}
	}
	return true
}

// webLink is a link that is http or https, not mailto.
func webLink(s string) string {
	l := link(s)
	if len(l) < 4 || !strings.EqualFold(l[:4], "http") {
		return ""
	}
	return l
}

// followed says whether s, which link let pass, begins as such an address does.
func followed(s string) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}

// urlOctet holds for what may stand in a URL (RFC 3986).
var urlOctet = func() (allowed [256]bool) {
	for c := '!'; c <= '~'; c++ {
		allowed[c] = !strings.ContainsRune("\"<>\\^`{|}", c)
	}
	return allowed
}()

// asciiURL percent-encodes what may not stand in a URL and leaves
// everything else as it came, so that a signature over the URL stays good.
func asciiURL(s string) string {
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	kept := 0
	for i := range len(s) {
		c := s[i]
		if urlOctet[c] {
			continue
		}
		b.WriteString(s[kept:i])
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
		kept = i + 1
	}
	if kept == 0 {
		return s
	}
	b.WriteString(s[kept:])
	return b.String()
}
