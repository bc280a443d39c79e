package clean

import (
	"net/url"
	"regexp"
	"strings"
)

// MaxURL bounds a link, in octets; mail readers break longer ones.
const MaxURL = 4096

// URL is an address of the payload that a reader may follow, in ASCII, or "" where
// it is none: only absolute http and https, and mailto.
func URL(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > MaxURL {
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

// WebURL is a URL that is http or https, not mailto.
func WebURL(s string) string {
	l := URL(s)
	if len(l) < 4 || !strings.EqualFold(l[:4], "http") {
		return ""
	}
	return l
}

// InURL says whether c may stand in a URL as it is.
func InURL(c byte) bool { return urlOctet[c] }

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

// Japanese and Korean write on behind an address without a space: letters of
// theirs belong to it only where a part of it begins with them, and their
// punctuation never does.
const (
	cjk    = `[\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}]`
	cjkAll = `\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\x{3000}-\x{303f}\x{ff00}-\x{ffef}`
)

// BareURL finds an address that stands in a text by itself.
var BareURL = regexp.MustCompile(`https?://(?:[/=_&?#+.-]` + cjk + `+|[^\s<>"` + cjkAll + `])+`)

// TrimSentence takes off a bare URL what belongs to the sentence around it:
// punctuation, and brackets that were not opened in it.
func TrimSentence(address string) string {
	open := strings.Count(address, "(") - strings.Count(address, ")")
	square := strings.Count(address, "[") - strings.Count(address, "]")
	return strings.TrimRightFunc(address, func(r rune) bool {
		if r == ']' {
			square++
			return square <= 0
		}
		if r == ')' {
			open++
			return open <= 0
		}
		return strings.ContainsRune(".,;:!?'", r)
	})
}
