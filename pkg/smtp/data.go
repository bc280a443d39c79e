package smtp

import (
	"bufio"
	"bytes"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// maxLine is the most octets of a line without its CRLF (RFC 5322 section 2.1.1).
const maxLine = 998

// maxPath is the most octets of a mailbox (RFC 5321 section 4.5.3.1.3, less
// the angle brackets).
const maxPath = 254

// check refuses a mail that the relay and the next host could read in two
// ways: bare CR or LF and NUL in the content (SMTP smuggling), and anything
// that ends or extends a command in an address.
func (m Mail) check() *Error {
	if len(m.To) == 0 {
		return local("the mail has no recipient")
	}
	if m.From != "" && !plainAddress(m.From) {
		return local("the sender " + failure.Bounded(m.From) + " is not an address that SMTP can carry")
	}
	for _, to := range m.To {
		if !plainAddress(to) {
			return local("the recipient " + failure.Bounded(to) + " is not an address that SMTP can carry")
		}
	}
	return checkData(m.Data)
}

// plainAddress says whether s can stand between the angle brackets of a path
// as it is.
func plainAddress(s string) bool {
	return 0 < len(s) && len(s) <= maxPath && visible(s) && !strings.ContainsAny(s, "<>")
}

// visible says whether s is ASCII without spaces and control characters.
func visible(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}

// checkData wants CRLF line ends only, no NUL, and no line over maxLine.
func checkData(parts [][]byte) *Error {
	line := 0       // octets of the current line so far, its CR among them
	last := byte(0) // the octet before, over the bounds of parts
	returns, feeds := 0, 0
	for _, part := range parts {
		if bytes.IndexByte(part, 0) >= 0 {
			return local("the mail holds a NUL")
		}
		returns += bytes.Count(part, []byte("\r"))
		for len(part) > 0 {
			n := bytes.IndexByte(part, '\n')
			if n < 0 {
				line += len(part)
				last = part[len(part)-1]
				break
			}
			if n > 0 {
				last = part[n-1]
			}
			if last != '\r' {
				return local("the mail holds an LF without a CR before it")
			}
			if line+n-1 > maxLine {
				return local("the mail holds a line of more than 998 octets")
			}
			feeds++
			line, last = 0, '\n'
			part = part[n+1:]
		}
	}
	if line > maxLine {
		return local("the mail holds a line of more than 998 octets")
	}
	if returns != feeds { // each LF has its CR: what is left over stands alone
		return local("the mail holds a CR without an LF after it")
	}
	return nil
}

// writeData writes checked content dot-stuffed (RFC 5321 section 4.5.2), to
// be ended by lastLine, and says how many octets that makes. The writer keeps
// the first error.
func writeData(w *bufio.Writer, parts [][]byte) (size int64) {
	put := func(p []byte) {
		_, _ = w.Write(p)
		size += int64(len(p))
	}
	lineStart := true
	for _, part := range parts {
		if len(part) == 0 {
			continue
		}
		if lineStart && part[0] == '.' {
			put(dot)
		}
		lineStart = part[len(part)-1] == '\n'
		for {
			n := bytes.Index(part, lineDot)
			if n < 0 {
				break
			}
			put(part[:n+len(lineDot)])
			put(dot)
			part = part[n+len(lineDot):]
		}
		put(part)
	}
	if !lineStart {
		put(crlf)
	}
	return size
}

var (
	dot      = []byte(".")
	lineDot  = []byte("\n.")
	crlf     = []byte("\r\n")
	lastLine = []byte(".\r\n")
)
