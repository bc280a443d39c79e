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
	// begin returns what the message goes to. It is called when everything before
	// the message has been read by the decoder, so that the alerts are known.
	begin func() *ownText

	buf    []byte
	unread []byte // of buf
	parted []byte // the octets of a character whose others are not read yet
	total  int    // octets read from src
	begun  bool   // something other than white space was read
	err    error  // what ended the reading

	depth  int
	key    []byte   // the latest string on the first level, raw
	value  bool     // behind a colon on the first level
	str    bool     // inside a string
	length int      // octets of the string so far
	cut    bool     // the rest of the string is left out
	escape int      // octets of an escape sequence that are still to come
	high   bool     // the latest escape was the first half of a surrogate pair
	within *ownText // set inside the message
	raw    []byte   // a piece of the message as JSON, with a quotation mark before it
	text   []byte   // the same piece without JSON's escapes

	dropped bool // something was left out, so that the decoder's offsets are not those of the body
}

// buffers keeps what an abridged used, for the next one.
var buffers = sync.Pool{New: func() any { return &abridged{buf: make([]byte, 16<<10)} }}

// abridge makes an abridged with buffers from the pool.
func abridge(src io.Reader, begin func() *ownText) *abridged {
	a := buffers.Get().(*abridged)
	*a = abridged{src: src, begin: begin, buf: a.buf, parted: a.parted[:0], key: a.key[:0], raw: a.raw[:0], text: a.text[:0]}
	return a
}

// release gives the buffers back. What was decoded does not refer to them.
func (a *abridged) release() {
	a.src, a.begin, a.within = nil, nil, nil
	buffers.Put(a)
}

// Read implements io.Reader.
func (a *abridged) Read(p []byte) (int, error) {
	for {
		if a.err != nil {
			return 0, a.err
		}
		if len(a.unread) == 0 {
			a.fill()
			continue
		}
		if n := a.pass(p); n > 0 {
			return n, nil
		}
	}
}

// fill reads on from src.
func (a *abridged) fill() {
	n, err := a.src.Read(a.buf)
	a.unread = a.buf[:n]
	a.total += n
	a.begun = a.begun || len(bytes.TrimSpace(a.unread)) > 0
	switch {
	case a.total > MaxBody:
		a.err = tooLarge(fmt.Sprintf("the body is larger than %d MiB", MaxBody>>20))
	case n == 0 && err == io.EOF && !a.begun:
		a.err = malformed("the body is empty")
	case !a.isUTF8(err == io.EOF):
		a.err = malformed("the body is not UTF-8")
	case n == 0:
		a.err = err
	}
}

// isUTF8 says whether what was read is UTF-8 so far. At the end no character may be
// parted.
func (a *abridged) isUTF8(end bool) bool {
	rest := a.unread
	for len(a.parted) > 0 && len(rest) > 0 && !utf8.FullRune(a.parted) {
		a.parted, rest = append(a.parted, rest[0]), rest[1:]
	}
	if utf8.FullRune(a.parted) {
		if !utf8.Valid(a.parted) {
			return false
		}
		a.parted = a.parted[:0]
	}
	if len(a.parted) == 0 {
		for cut := range min(utf8.UTFMax, len(rest)) { // a character at the end may be parted
			last := rest[len(rest)-1-cut:]
			if utf8.RuneStart(last[0]) {
				if !utf8.FullRune(last) {
					a.parted = append(a.parted, last...)
					rest = rest[:len(rest)-len(last)]
				}
				break
			}
		}
	}
	return utf8.Valid(rest) && (!end || len(a.parted) == 0)
}

// pass moves octets from unread to p until one of them has no more, or the
// message begins.
func (a *abridged) pass(p []byte) int {
	n := 0
	for len(a.unread) > 0 && n < len(p) && a.err == nil {
		if a.str {
			n += a.inString(p[n:])
			continue
		}
		c := a.unread[0]
		switch c {
		case '"':
			if a.value && a.depth == 1 && string(a.key) == "message" {
				if n > 0 {
					return n
				}
				a.within, a.raw = a.begin(), append(a.raw[:0], '"')
			}
			a.str, a.length, a.cut, a.high = true, 0, false, false
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
				a.value = c == ':'
			}
		}
		p[n] = c
		n++
		a.unread = a.unread[1:]
	}
	return n
}

// inString moves the next octets of a string, its closing quotation mark among
// them, and says how many went to p.
func (a *abridged) inString(p []byte) int {
	c := a.unread[0]
	// Neither a character nor an escape sequence is parted.
	continued := a.escape > 0 || c&0xc0 == 0x80 || c == '\\' && a.high
	if a.within != nil && len(a.raw) >= maxString && !continued {
		a.flush()
	}
	if run := a.plainRun(len(p)); run > 0 {
		return a.move(p, run)
	}
	if a.escape == 0 && c == '"' {
		a.str = false
		if a.within != nil {
			a.flush()
			a.within = nil
		}
		p[0] = c
		a.unread = a.unread[1:]
		return 1
	}
	if a.length >= maxString && !continued && c >= ' ' {
		a.cut = true
	}
	a.follow(c)
	return a.move(p, 1)
}

// plainRun returns how many of the next octets can be moved at once, at most limit:
// characters of ASCII that begin no escape sequence and end no string.
func (a *abridged) plainRun(limit int) int {
	if a.escape > 0 {
		return 0
	}
	if a.cut || a.within != nil {
		limit = len(a.unread)
	} else {
		limit = min(limit, maxString-a.length)
	}
	run := 0
	for run < min(limit, len(a.unread)) && a.unread[run] != '"' && a.unread[run] != '\\' && a.unread[run] >= ' ' && a.unread[run] < 0x80 {
		run++
	}
	if run > 0 {
		a.high = false
	}
	return run
}

// follow keeps track of escape sequences.
func (a *abridged) follow(c byte) {
	switch {
	case a.escape == 0:
		if c == '\\' {
			a.escape = 1
		} else {
			a.high = false
		}
	case a.escape == 1 && c == 'u': // the octet behind the backslash
		a.escape = 4 + 1
	case a.escape == 1:
		a.escape, a.high = 0, false
	default:
		a.escape--
		switch a.escape {
		case 4: // the first of four digits
			a.high = c|0x20 == 'd'
		case 3:
			a.high = a.high && (c == '8' || c == '9' || c|0x20 == 'a' || c|0x20 == 'b')
		case 1: // the last
			a.escape = 0
		}
	}
}

// move hands n octets of a string to p, to the message, or to nobody.
func (a *abridged) move(p []byte, n int) int {
	octets := a.unread[:n]
	a.unread = a.unread[n:]
	a.length += n
	switch {
	case a.within != nil:
		a.raw = append(a.raw, octets...)
		a.dropped = true
		return 0
	case a.cut && octets[0] >= ' ':
		a.dropped = true
		return 0
	}
	const longestName = 16 // of the field of a notification
	if a.depth == 1 && !a.value && len(a.key) < longestName {
		a.key = append(a.key, octets...)
	}
	return copy(p, octets)
}

// flush adds the piece of the message in raw to the ownText.
func (a *abridged) flush() {
	var err error
	piece := jsontext.Value(append(a.raw, '"'))
	a.text, err = jsontext.AppendUnquote(a.text[:0], piece)
	if err != nil && !piece.IsValid(jsontext.AllowInvalidUTF8(true)) { // half a surrogate pair became U+FFFD
		a.err = notJSON(err)
	}
	a.within.add(a.text)
	a.raw = a.raw[:1]
}
