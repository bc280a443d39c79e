package message

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// columns is how wide plain text is; a CJK character takes two.
const columns = 78

// wrap breaks text into lines of at most width columns: at spaces, and between
// Chinese and Japanese characters by their rules (no line begins with closing
// punctuation or ends with opening punctuation). Korean is broken at spaces.
// URLs stay whole, even if they are longer than a line.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		var line strings.Builder
		column, pending := 0, 0
		for _, u := range units(paragraph, width) {
			if u.space {
				pending++
				continue
			}
			if column > 0 && column+pending+u.width > width {
				lines = append(lines, line.String())
				line.Reset()
				column, pending = 0, 0
			}
			line.WriteString(strings.Repeat(" ", pending))
			line.WriteString(u.text)
			column += pending + u.width
			pending = 0
		}
		lines = append(lines, line.String())
	}
	return lines
}

// unit is text that stays on one line.
type unit struct {
	text  string
	width int
	space bool
}

// units splits a line where it may be broken.
func units(s string, width int) []unit {
	var out []unit
	for i, word := range strings.Split(strings.ReplaceAll(s, "\t", " "), " ") {
		if i > 0 {
			out = append(out, unit{space: true})
		}
		if word == "" {
			continue
		}
		if strings.Contains(word, "://") || isASCII(word) && len(word) <= width {
			out = append(out, unit{text: word, width: len(word)})
			continue
		}
		out = append(out, breakWord(word, width)...)
	}
	return out
}

// breakWord splits a word between ideographs, and anywhere where it is longer
// than a whole line.
func breakWord(word string, width int) []unit {
	var out []unit
	var last unit
	previous := rune(0) // the last character of last
	g := displaywidth.StringGraphemes(word)
	for g.Next() {
		text, w := g.Value(), g.Width()
		r, _ := utf8.DecodeRuneInString(text)
		mayBreak := previous != 0 && (ideographic(r) || ideographic(previous)) && !closing(r) && !opening(previous)
		if mayBreak || last.width+w > width {
			out = append(out, last)
			last = unit{}
		}
		last.text += text
		last.width += w
		previous = r
	}
	return append(out, last)
}

func isASCII(s string) bool { return asciiBytes(s) == len(s) }

// ideographic says whether r belongs to a script that is written without
// spaces, its punctuation included.
func ideographic(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) || '\u3000' <= r && r <= '\u303f' || '\uff00' <= r && r <= '\uffef'
}

// closing says whether r must not begin a line (JIS X 4051).
func closing(r rune) bool {
	return strings.ContainsRune("、。，．・：；？！ー）］｝」』】〉》〕ぁぃぅぇぉっゃゅょァィゥェォッャュョ々%％)]}!?,.:;", r)
}

// opening says whether r must not end a line.
func opening(r rune) bool { return strings.ContainsRune("（［｛「『【〈《〔([{", r) }
