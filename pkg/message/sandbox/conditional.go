package sandbox

import (
	"regexp"
	"strings"
)

// conditional is a comment that Outlook reads: html/template drops comments.
var conditional = regexp.MustCompile(`<!--\[if [^\]<>]*\]>(?:<!-->)?|<!--<!\[endif\]-->|<!\[endif\]-->`)

// A conditional comment that is hidden is written in characters of these two, which
// Unicode keeps for the use inside a program: nothing that is mailed has them, and
// what a notification says least of all (see clean.Text).
const (
	hiddenBegin = '\ufdd0'
	hiddenFirst = '\ufdd1' // for the first of hiddenOctets, and so on
)

// hiddenOctets are those of which a conditional comment is made.
const hiddenOctets = "<!-[]>&|() ."

// hideConditionals makes text of conditional comments, so that html/template takes
// it along, and what is between them is markup like any other.
func hideConditionals(source string) string {
	return conditional.ReplaceAllStringFunc(source, func(comment string) string {
		var b strings.Builder
		b.WriteRune(hiddenBegin)
		for _, r := range comment {
			if i := strings.IndexRune(hiddenOctets, r); i >= 0 {
				r = hiddenFirst + rune(i)
			}
			b.WriteRune(r)
		}
		b.WriteRune(hiddenBegin)
		return b.String()
	})
}

// showConditionals brings them back.
func showConditionals(s string) string {
	if !strings.ContainsRune(s, hiddenBegin) {
		return s
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r == hiddenBegin:
			return -1
		case hiddenFirst <= r && r < hiddenFirst+rune(len(hiddenOctets)):
			return rune(hiddenOctets[r-hiddenFirst])
		}
		return r
	}, s)
}

// unsafeMark is what html/template writes where a value must not stand.
const unsafeMark = "ZgotmplZ"

// finishHTML is the HTML of a template as it is mailed; a value that html/template
// did not let through is an error, for a reader would see its mark.
func finishHTML(s string) (string, error) {
	if strings.Contains(s, unsafeMark) {
		return "", boundError{Unsafe, "a value is not safe in the place where it stands, and would be mailed as " + unsafeMark +
			": a URL must begin with http, https or mailto, and a style takes plain words and numbers only"}
	}
	return showConditionals(s), nil
}
