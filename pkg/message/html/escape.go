package html

import (
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// entities stand for what would end a text or a quoted attribute. A plus sign
// is among them because it begins UTF-7.
var entities = [256]string{
	0:    "\ufffd",
	'"':  "&#34;",
	'&':  "&amp;",
	'\'': "&#39;",
	'+':  "&#43;",
	'<':  "&lt;",
	'>':  "&gt;",
}

// appendEscaped writes a value as text.
func appendEscaped(dst []byte, s string) []byte {
	written := 0
	for i := range len(s) {
		if entity := entities[s[i]]; entity != "" {
			dst = append(dst, s[written:i]...)
			dst = append(dst, entity...)
			written = i + 1
		}
	}
	return append(dst, s[written:]...)
}

// appendLink writes what clean.URL gave as the address of a link or a picture, and
// nothing where it leads anywhere else. Quotes and parentheses are percent-
// encoded too, for readers that move addresses into other places.
func appendLink(dst []byte, s string) []byte {
	const hexDigits = "0123456789abcdef"
	if !followed(s) {
		return dst
	}
	for i := range len(s) {
		switch c := s[i]; {
		case !clean.InURL(c), c == '\'', c == '(', c == ')', c == '%' && !percentEncoded(s[i:]):
			dst = append(dst, '%', hexDigits[c>>4], hexDigits[c&15])
		case entities[c] != "":
			dst = append(dst, entities[c]...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// percentEncoded says whether s begins with an octet as RFC 3986 encodes it.
func percentEncoded(s string) bool {
	return len(s) >= 3 && strings.Trim(s[1:3], "0123456789ABCDEFabcdef") == ""
}

// appendLines writes a text with its line breaks.
func appendLines(dst []byte, s string) []byte {
	for {
		line, next, more := strings.Cut(s, "\n")
		dst = appendEscaped(dst, line)
		if !more {
			return dst
		}
		dst, s = append(dst, "<br>"...), next
	}
}

// Source returns the attribute that shows the picture at an address, as Render and
// the templates of users write it.
func Source(address string) string {
	return `src="` + string(appendLink(nil, address)) + `"`
}

// Escape is a value as text.
func Escape(s string) string { return string(appendEscaped(nil, s)) }

// followed says whether s begins as an address does that clean.URL lets pass, or as that
// of a picture which the mail carries.
func followed(s string) bool {
	for _, scheme := range []string{"https://", "http://", "mailto:", "cid:"} {
		if len(s) > len(scheme) && strings.EqualFold(s[:len(scheme)], scheme) {
			return true
		}
	}
	return false
}
