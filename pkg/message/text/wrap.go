package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// columns is how wide plain text is, so that a phone breaks no line again; a CJK
// character takes two.
const columns = 40

// wrap breaks text into lines of at most width columns, which write takes: at
// spaces, and between Chinese and Japanese characters by their rules (no line
// begins with closing punctuation or ends with opening punctuation). Korean is
// broken at spaces. URLs stay whole, even if they are longer than a line.
func wrap(text string, width int, write func(line string)) {
	w := wrapper{width: width, write: write}
	for paragraph := range strings.SplitSeq(strings.ReplaceAll(text, "\t", " "), "\n") {
		w.paragraph(paragraph)
	}
}

// wrapper breaks text between units, which stay on one line.
type wrapper struct {
	width int
	write func(line string)

	text       string // the paragraph
	start, end int    // of the line in it
	column     int    // where the line ends
}

func (w *wrapper) paragraph(s string) {
	if len(s) <= w.width { // no character has more columns than octets
		w.write(strings.TrimRight(s, " "))
		return
	}
	w.text, w.start, w.end, w.column = s, 0, 0, 0
	at := 0
	for word := range strings.SplitSeq(s, " ") {
		switch {
		case word == "":
		case clean.ASCII(word) && (len(word) <= w.width || strings.Contains(word, "://")):
			w.unit(at, at+len(word), len(word))
		case strings.Contains(word, "://"):
			w.aroundURL(at, word)
		default:
			w.breakWord(at, at+len(word))
		}
		at += len(word) + 1
	}
	w.write(w.text[w.start:w.end])
}

// aroundURL breaks a word of a script without spaces before and behind the
// address in it, which takes its brackets and punctuation along.
func (w *wrapper) aroundURL(at int, word string) {
	url := clean.BareURL.FindStringIndex(word)
	if url == nil {
		w.unit(at, at+len(word), displaywidth.String(word))
		return
	}
	from, to := url[0], url[1]
	for r, n := utf8.DecodeLastRuneInString(word[:from]); n > 0 && opening(r); r, n = utf8.DecodeLastRuneInString(word[:from]) {
		from -= n
	}
	for r, n := utf8.DecodeRuneInString(word[to:]); n > 0 && closing(r); r, n = utf8.DecodeRuneInString(word[to:]) {
		to += n
	}
	if from > 0 {
		w.breakWord(at, at+from)
	}
	w.unit(at+from, at+to, displaywidth.String(word[from:to]))
	switch rest := word[to:]; {
	case rest == "":
	case strings.Contains(rest, "://"):
		w.aroundURL(at+to, rest)
	default:
		w.breakWord(at+to, at+len(word))
	}
}

// unit puts a unit, and the spaces before it, on this line or on the next.
func (w *wrapper) unit(from, to, width int) {
	spaces := from - w.end
	if w.column > 0 && w.column+spaces+width > w.width {
		w.write(w.text[w.start:w.end])
		w.start, w.column, spaces = from, 0, 0
	}
	w.column += spaces + width
	w.end = to
}

// breakWord splits a word between ideographs, and anywhere where it is longer
// than a whole line.
func (w *wrapper) breakWord(from, to int) {
	at, width := from, 0 // where the unit from from ends, and its width
	previous := rune(0)  // the last character of the unit
	g := displaywidth.StringGraphemes(w.text[from:to])
	for g.Next() {
		text, columns := g.Value(), g.Width()
		r, _ := utf8.DecodeRuneInString(text)
		mayBreak := previous != 0 && (ideographic(r) || ideographic(previous)) && !closing(r) && !opening(previous)
		if mayBreak || width+columns > w.width {
			w.unit(from, at, width)
			from, width = at, 0
		}
		at += len(text)
		width += columns
		previous = r
	}
	w.unit(from, at, width)
}

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
