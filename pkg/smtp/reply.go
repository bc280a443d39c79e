package smtp

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Bounds on what is read. RFC 5321 section 4.5.3.1.5 has 512 octets a line;
// relays in use write longer ones.
const (
	maxReplyLine  = 2000
	maxReplyLines = 100
)

// malformed is an error in the bytes of a reply.
type malformed struct {
	reason string
	line   string // that is no reply; may be empty
}

func (m malformed) Error() string {
	if m.line == "" {
		return m.reason
	}
	return m.reason + ": " + strconv.Quote(failure.Bounded(m.line))
}

// readReply reads one reply of any number of lines (RFC 5321 section 4.2.1).
// The error is malformed, or the reader's.
func readReply(r *bufio.Reader) (Reply, error) {
	var reply Reply
	for n := 0; n < maxReplyLines; n++ {
		line, err := readLine(r)
		if err != nil {
			if err == io.EOF && n > 0 {
				err = io.ErrUnexpectedEOF
			}
			return Reply{}, err
		}
		code, text, more, ok := parseLine(line)
		if !ok {
			return Reply{}, malformed{"not an SMTP reply", string(line)}
		}
		if n == 0 {
			reply.Code = code
			reply.EnhancedCode, reply.Text = splitEnhanced(code, failure.Printable(string(text)))
		} else {
			if code != reply.Code {
				return Reply{}, malformed{reason: "reply code changes within a reply, from " + strconv.Itoa(reply.Code) + " to " + strconv.Itoa(code)}
			}
			_, rest := splitEnhanced(code, failure.Printable(string(text)))
			reply.Text += "\n" + rest
		}
		if !more {
			return reply, nil
		}
	}
	return Reply{}, malformed{reason: "reply of more than " + strconv.Itoa(maxReplyLines) + " lines"}
}

// readLine reads a line without its end, valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull) || len(line) > maxReplyLine:
		return nil, malformed{reason: "reply line of more than " + strconv.Itoa(maxReplyLine) + " octets"}
	case err == io.EOF && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
}

// parseLine splits "250-text" and "250 text"; more is true for the first.
func parseLine(line []byte) (code int, text []byte, more, ok bool) {
	if len(line) < 3 || line[0] < '1' || line[0] > '5' {
		return 0, nil, false, false
	}
	for _, c := range line[:3] {
		if c < '0' || c > '9' {
			return 0, nil, false, false
		}
		code = code*10 + int(c-'0')
	}
	if len(line) == 3 {
		return code, nil, false, true
	}
	if line[3] != ' ' && line[3] != '-' {
		return 0, nil, false, false
	}
	return code, line[4:], line[3] == '-', true
}

// splitEnhanced takes an enhanced status code off the text. One whose class is
// not that of the reply contradicts it (RFC 2034 section 4) and stays text.
func splitEnhanced(code int, text string) (enhanced, rest string) {
	enhanced, rest, _ = strings.Cut(text, " ")
	class, detail, ok := strings.Cut(enhanced, ".")
	subject, detail, ok2 := strings.Cut(detail, ".")
	if !ok || !ok2 || class != strconv.Itoa(code/100) || !number(subject) || !number(detail) {
		return "", text
	}
	return enhanced, rest
}

// number says whether s is one to three digits.
func number(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return 1 <= len(s) && len(s) <= 3
}
