package message

import (
	"fmt"
	"regexp"
	"strings"
)

// piece is a constant part of the built-in HTML with slots for values. Where a
// slot stands decides how its value is made safe, as html/template does it for
// the templates of users.
type piece struct {
	text  []string // before, between and after the slots
	slots []slot
}

// slot is where a value stands.
type slot int

const (
	inText  slot = iota // text, or an attribute that only shows
	inLink              // the whole of href or src
	inStyle             // a value in a declaration
)

// slotMark is a slot in the source of a piece.
const slotMark = "{}"

// markup makes a piece. It is for constants of the program, so that a slot in a
// place that cannot be made safe shows at once.
func markup(source string) *piece {
	source = inlineStyles(source)
	if inTag(source) {
		panic(fmt.Sprintf("the piece ends inside a tag: %s", source))
	}
	p := &piece{text: strings.Split(source, slotMark)}
	before := ""
	for _, text := range p.text[:len(p.text)-1] {
		before += text
		p.slots = append(p.slots, slotAfter(before))
		before += "x"
	}
	return p
}

func inTag(s string) bool { return strings.LastIndexByte(s, '<') > strings.LastIndexByte(s, '>') }

// openAttribute finds the attribute in whose quotes a text ends, and what it
// holds so far.
var openAttribute = regexp.MustCompile(` ([a-z-]+)="([^"]*)$`)

// slotAfter is the kind of the slot behind a text.
func slotAfter(before string) slot {
	if !inTag(before) {
		return inText
	}
	if m := openAttribute.FindStringSubmatch(before); m != nil {
		switch m[1] {
		case "alt", "class", "lang":
			return inText
		case "style":
			return inStyle
		case "href", "src":
			if m[2] == "" {
				return inLink
			}
		}
	}
	panic(fmt.Sprintf("no value is safe after %s", before))
}

// appendPiece writes a piece with a value for each of its slots.
func appendPiece(dst []byte, p *piece, values []string) []byte {
	for i, s := range p.slots {
		dst = append(dst, p.text[i]...)
		switch s {
		case inText:
			dst = appendEscaped(dst, values[i])
		case inLink:
			dst = appendLink(dst, values[i])
		case inStyle:
			dst = appendStyle(dst, values[i])
		}
	}
	return append(dst, p.text[len(p.slots)]...)
}
