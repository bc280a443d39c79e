package failure

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how many octets of others' words are kept.
const maxText = 500

// Reply is what the relay answered.
type Reply struct {
	Code         int    `json:"code"`                   // 0 when it did not speak
	EnhancedCode string `json:"enhancedCode,omitempty"` // RFC 3463, such as "5.7.8"
	Text         string `json:"text"`                   // lines are separated by \n
}

// String is the reply on one line, as the relay wrote it.
func (r Reply) String() string {
	var b strings.Builder
	b.WriteString(strconv.Itoa(r.Code))
	for _, s := range []string{r.EnhancedCode, Bounded(r.Text)} {
		if s != "" {
			b.WriteByte(' ')
			b.WriteString(s)
		}
	}
	return b.String()
}

// unseen is what makes a text look like another: control characters, among them
// those that change the direction of the text, and characters without a width.
var unseen = []*unicode.RangeTable{
	unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector,
}

// Printable turns controls and what cannot be seen into spaces and broken UTF-8
// into U+FFFD: what a relay says ends up in logs, terminals and web pages.
func Printable(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = s[i] >= ' ' && s[i] < 0x7f
	}
	if clean {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unseen...) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// Bounded is s as one printable line of at most maxText octets.
func Bounded(s string) string {
	s = Printable(s)
	if len(s) <= maxText {
		return s
	}
	cut := maxText
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "..."
}
