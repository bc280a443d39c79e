// Package clean makes foreign text fit to show: text, one line of it, a part of
// it, and addresses that a reader may follow.
package clean

import (
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// Ellipsis marks what was cut.
const Ellipsis = "…"

// Text makes foreign text safe to show: valid UTF-8, LF line ends, no control
// characters, nothing that turns the direction of the text around it (Unicode
// TR36, "bidirectional text spoofing").
func Text(s string) string {
	if isClean(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i, r := range s {
		switch {
		case r == '\r':
			if !strings.HasPrefix(s[i+1:], "\n") {
				b.WriteByte('\n')
			}
		case r == '\u2028', r == '\u2029', r == '\u0085', r == '\v', r == '\f':
			b.WriteByte('\n')
		case hidden(r):
		default:
			b.WriteRune(r) // an invalid byte arrives as U+FFFD
		}
	}
	return b.String()
}

// isClean is the quick way out: most text needs no change.
func isClean(s string) bool {
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if c < ' ' && c != '\n' && c != '\t' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, octets := utf8.DecodeRuneInString(s[i:])
		if r == '\u2028' || r == '\u2029' || hidden(r) || r == utf8.RuneError {
			return false
		}
		i += octets
	}
	return true
}

// hidden says whether r is a control, a bidirectional control or a
// noncharacter, which no reader of a mail should meet.
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case r < 0x20, 0x7f <= r && r <= 0x9f:
		return true
	case r == '\u061c', r == '\u200e', r == '\u200f':
		return true
	case '\u202a' <= r && r <= '\u202e', '\u2066' <= r && r <= '\u2069':
		return true
	case r == '\ufeff', '\ufff9' <= r && r <= '\ufffb', r&0xfffe == 0xfffe, '\ufdd0' <= r && r <= '\ufdef':
		return true
	}
	return false
}

// Line makes clean text for a header or a heading: every run of white space is
// one space.
func Line(s string) string {
	space := true // the last byte was one, or there is none
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= 0x7f || c == ' ' && space {
			return strings.Join(strings.Fields(Text(s)), " ")
		}
		space = s[i] == ' '
	}
	return strings.TrimSuffix(s, " ")
}

// OctetsEach bounds a grapheme: a letter may carry any number of marks.
const OctetsEach = 6

// Cut shortens s to at most n graphemes, the last of them an ellipsis where
// something went, and to OctetsEach octets for each of them.
func Cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	it := graphemes.FromString(s)
	end := 0 // where n-1 graphemes end
	for count := 0; it.Next(); count++ {
		if count == n || it.End() > n*OctetsEach {
			return strings.TrimRight(s[:end], " \n") + Ellipsis
		}
		if count < n-1 {
			end = it.End()
		}
	}
	return s
}

// CutMiddle shortens s to at most n graphemes as Cut does, but keeps both ends:
// names of one kind often differ only in the last characters.
func CutMiddle(s string, n int) string {
	if Cut(s, n) == s {
		return s
	}
	ends := []int{0} // of the graphemes
	for it := graphemes.FromString(s); it.Next(); {
		ends = append(ends, it.End())
	}
	last := len(ends) - 1
	head, tail := 0, last // what is left out is between the two
	for kept := 1; kept < n && head < tail; kept++ {
		if kept%2 == 0 {
			head++
		} else {
			tail--
		}
		if ends[head]+ends[last]-ends[tail] > n*OctetsEach {
			return Cut(s, n)
		}
	}
	return strings.TrimRight(s[:ends[head]], " ") + Ellipsis + strings.TrimLeft(s[ends[tail]:], " ")
}

// ASCII says whether s holds nothing beyond ASCII.
func ASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
