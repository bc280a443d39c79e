package message

import (
	"encoding/base64"
	"strings"
)

// encodedLine is how long a line may be in both transfer encodings (RFC 2045
// sections 6.7 and 6.8), in octets without the line end.
const encodedLine = 76

// encoder encodes bodies for the transfer; its buffers serve one after another.
type encoder struct{ body, encoded []byte }

// encode uses the transfer encoding that makes the body shorter. The result is
// good until the next call.
func (e *encoder) encode(body string) (encoding string, encoded []byte) {
	e.body = append(e.body[:0], body...)
	if size := sizeOf(e.body); size.base64 >= size.quotedPrintable {
		e.encoded = appendQuotedPrintable(e.encoded[:0], body)
		return "quoted-printable", e.encoded
	}
	e.body = appendCRLF(e.body[:0], body)
	e.encoded = appendBase64(e.encoded[:0], e.body)
	return "base64", e.encoded
}

// plainOctet holds for what quoted-printable leaves as it is inside a line.
var plainOctet = func() (plain [256]bool) {
	for c := ' '; c <= '~'; c++ {
		plain[c] = c != '='
	}
	plain['\t'] = true
	return plain
}()

// appendQuotedPrintable writes text in quoted-printable (RFC 2045 section 6.7).
// Every line end becomes CRLF.
func appendQuotedPrintable(dst []byte, text string) []byte {
	const most = encodedLine - len("=") // a line that goes on ends in "="
	start := len(dst)                   // of the line
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case plainOctet[c]:
			room := most - (len(dst) - start)
			if room == 0 {
				dst = append(dst, "=\r\n"...)
				start, room = len(dst), most
			}
			run := text[i:min(len(text), i+room)]
			n := 1
			for n < len(run) && plainOctet[run[n]] {
				n++
			}
			dst = append(dst, run[:n]...)
			i += n
		case c == '\n', c == '\r':
			dst = append(escapeBlank(dst, start), "\r\n"...)
			start = len(dst)
			if strings.HasPrefix(text[i:], "\r\n") {
				i++
			}
			i++
		default:
			if len(dst)-start+len("=XX") > most {
				dst = append(dst, "=\r\n"...)
				start = len(dst)
			}
			dst = appendOctet(dst, c)
			i++
		}
	}
	return escapeBlank(dst, start)
}

// escapeBlank escapes a blank at the end of the line that begins at start, where
// it would be lost.
func escapeBlank(dst []byte, start int) []byte {
	last := len(dst) - 1
	if last < start || dst[last] != ' ' && dst[last] != '\t' {
		return dst
	}
	blank := dst[last]
	dst = dst[:last]
	if last-start+len("=XX") > encodedLine-len("=") {
		dst = append(dst, "=\r\n"...)
	}
	return appendOctet(dst, blank)
}

// appendOctet writes an octet as quoted-printable escapes it.
func appendOctet(dst []byte, c byte) []byte {
	const hexDigits = "0123456789ABCDEF"
	return append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
}

// appendBase64 writes text in base64 (RFC 2045 section 6.8).
func appendBase64(dst, text []byte) []byte {
	const whole = encodedLine / 4 * 3
	for len(text) > whole {
		dst = base64.StdEncoding.AppendEncode(dst, text[:whole])
		dst = append(dst, "\r\n"...)
		text = text[whole:]
	}
	return base64.StdEncoding.AppendEncode(dst, text)
}

// appendCRLF writes text with every line end as CRLF.
func appendCRLF(dst []byte, text string) []byte {
	for {
		i := strings.IndexAny(text, "\r\n")
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), "\r\n"...)
		if strings.HasPrefix(text[i:], "\r\n") {
			i++
		}
		text = text[i+1:]
	}
}
