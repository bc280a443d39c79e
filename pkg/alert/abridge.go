package alert

import (
	"bytes"
	"fmt"
	"io"
	"sync"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// maxString is how much of one string is read, in octets of JSON: more than a
// mail shows of any.
const maxString = 64 << 10

// abridged reads a JSON text and leaves out what would take memory and is not
// mailed: what each string has beyond maxString, and the notification's message,
// which goes to an ownText piece by piece. It enforces MaxBody and MaxDepth.
type abridged struct {
	src io.Reader
	// begin returns what the message goes to; where it is nil, the message stays.
	// It is called when everything before the message has been read by the decoder,
	// so that the alerts are known.
	begin func() *ownText

	buf    []byte
	out    []byte // of buf: what the decoder gets next
	unread []byte // of buf, behind out: what was read from src
	total  int    // octets read from src
	begun  bool   // something other than white space was read
	end    error  // what src ended with
	err    error  // what ended the reading

	depth   int
	key     []byte   // the latest string on the first level, raw
	value   bool     // behind a colon on the first level
	str     bool     // inside a string
	length  int      // octets of the string so far
	message *ownText // set in the value of "message"
	raw     []byte   // a piece of the message as JSON, with a quotation mark before it
	text    []byte   // the same piece without JSON's escapes

	dropped bool // something was left out, so that the decoder's offsets are not those of the body
}

// buffers keeps what an abridged used, for the next one.
var buffers = sync.Pool{New: func() any { return &abridged{buf: make([]byte, maxString)} }}

// abridge makes an abridged with buffers from the pool, and fills the first.
func abridge(src io.Reader) *abridged {
	a := buffers.Get().(*abridged)
	*a = abridged{src: src, buf: a.buf, key: a.key[:0], raw: a.raw[:0], text: a.text[:0]}
	a.fill()
	return a
}

// release gives the buffers back. What was decoded does not refer to them.
func (a *abridged) release() {
	a.src, a.begin, a.message = nil, nil, nil
	buffers.Put(a)
}

// whole returns the body if the first buffer holds all of it.
func (a *abridged) whole() (body []byte, ok bool) {
	ok = a.end == io.EOF && a.err == nil && a.filter() && a.err == nil
	return a.out, ok
}

// Read implements io.Reader.
func (a *abridged) Read(p []byte) (int, error) {
	for len(a.out) == 0 {
		switch {
		case a.err != nil:
			return 0, a.err
		case a.filter():
		case a.end != nil:
			a.err = a.end
		default:
			a.fill()
		}
	}
	n := copy(p, a.out)
	a.out = a.out[n:]
	return n, nil
}

// fill reads on from src. What is unread is part of a character or of an escape
// sequence, and stays before what follows.
func (a *abridged) fill() {
	rest := copy(a.buf, a.unread)
	n, err := io.ReadFull(a.src, a.buf[rest:])
	if err == io.ErrUnexpectedEOF {
		err = io.EOF
	}
	a.unread, a.end = a.buf[:rest+n], err
	a.total += n
	a.begun = a.begun || len(bytes.TrimSpace(a.unread)) > 0
	switch {
	case a.total > MaxBody:
		a.err = tooLarge(fmt.Sprintf("the body is larger than %d MiB", MaxBody>>20))
	case err == io.EOF && !a.begun:
		a.err = malformed("the body is empty")
	case !utf8.Valid(a.unread[:len(a.unread)-a.parted()]):
		a.err = malformed("the body is not UTF-8")
	}
}

// parted returns how many octets at the end of unread are a character whose other
// octets are still to come.
func (a *abridged) parted() int {
	for n := 1; a.end == nil && n <= min(utf8.UTFMax, len(a.unread)); n++ {
		if last := a.unread[len(a.unread)-n:]; utf8.RuneStart(last[0]) {
			if utf8.FullRune(last) {
				break
			}
			return n
		}
	}
	return 0
}

// filter moves what the decoder gets from unread to out, which must be empty, and
// says whether it moved or left out anything.
func (a *abridged) filter() bool {
	in, kept, i := a.unread, 0, 0
	for i < len(in) && a.err == nil {
		n := unit(in[i:])
		if n == 0 && a.end == nil {
			break
		}
		if n == 0 {
			n = len(in) - i
		}
		octets := in[i : i+n]
		switch {
		case !a.str && octets[0] == ':' && a.depth == 1 && a.begin != nil && string(a.key) == "message":
			if kept > 0 { // the decoder reads that first
				a.out, a.unread = in[:kept], in[i:]
				return true
			}
			a.message, a.value, a.raw = a.begin(), true, append(a.raw[:0], '"')
		case !a.str:
			a.outside(octets[0])
		case octets[0] == '"':
			a.str = false
			if a.message != nil {
				a.flush()
			}
		default:
			octets = in[i : i+a.run(in[i:], n)]
			n = len(octets)
			if !a.inside(octets) {
				octets, a.dropped = nil, true
			}
		}
		if kept < i {
			copy(in[kept:], octets)
		}
		kept += len(octets)
		i += n
	}
	a.out, a.unread = in[:kept], in[i:]
	return i > 0
}

// unit returns the size of the character or escape sequence that b begins with,
// and 0 if not all of it is in b. A surrogate pair is one.
func unit(b []byte) int {
	const escape = len(`\u0000`)
	switch {
	case b[0] >= utf8.RuneSelf:
		if !utf8.FullRune(b) {
			return 0
		}
		_, n := utf8.DecodeRune(b)
		return n
	case b[0] != '\\':
		return 1
	case len(b) == 1:
		return 0
	case b[1] != 'u':
		return 2
	case len(b) < escape:
		return 0
	}
	isHigh := b[2]|0x20 == 'd' && (b[3] == '8' || b[3] == '9' || b[3]|0x20 == 'a' || b[3]|0x20 == 'b')
	low := b[escape:]
	switch {
	case !isHigh, len(low) > 0 && low[0] != '\\', len(low) > 1 && low[1] != 'u':
		return escape
	case len(low) < escape:
		return 0
	}
	return 2 * escape
}

// outside follows the text outside strings.
func (a *abridged) outside(c byte) {
	switch c {
	case '"':
		a.str, a.length = true, 0
		if a.depth == 1 && !a.value {
			a.key = a.key[:0]
		}
	case '{', '[':
		if a.depth++; a.depth > MaxDepth {
			a.err = unprocessable(fmt.Sprintf("the body nests deeper than %d levels", MaxDepth))
		}
	case '}', ']':
		a.depth--
	case ':', ',':
		if a.depth == 1 {
			a.value, a.message = c == ':', nil
		}
	}
}

// run returns how many octets of a string can be treated at once: a unit, or the
// plain characters that text begins with.
func (a *abridged) run(text []byte, unit int) int {
	if unit > 1 {
		return unit
	}
	most := len(text)
	if a.length < maxString {
		most = min(most, maxString-a.length)
	}
	n := 0
	for n < most && plain[text[n]] {
		n++
	}
	return max(n, 1)
}

// plain are the characters of a string that stand for themselves in one octet.
var plain = func() (plain [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		plain[c] = c != '"' && c != '\\'
	}
	return plain
}()

// inside takes octets of a string and says whether the decoder gets them.
func (a *abridged) inside(octets []byte) bool {
	a.length += len(octets)
	if a.message != nil {
		if len(a.raw) >= maxString {
			a.flush()
		}
		a.raw = append(a.raw, octets...)
		return false
	}
	const longestName = 16 // of the field of a notification
	if a.depth == 1 && !a.value && len(a.key) < longestName {
		a.key = append(a.key, octets...)
	}
	return a.length <= maxString || octets[0] < ' ' // the decoder refuses that
}

// flush adds the piece of the message in raw to the ownText.
func (a *abridged) flush() {
	var err error
	piece := jsontext.Value(append(a.raw, '"'))
	a.text, err = jsontext.AppendUnquote(a.text[:0], piece)
	if err != nil && !piece.IsValid(jsontext.AllowInvalidUTF8(true)) { // half a surrogate pair became U+FFFD
		a.err = notJSON(err)
	}
	a.message.add(a.text)
	a.raw = a.raw[:1]
}
