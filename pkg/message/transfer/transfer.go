// Package transfer writes text in the transfer encodings of mail, which are
// 7-bit, and tells how large it gets.
//
// mime/quotedprintable takes five times as long (79 µs against 15 for the HTML
// of two alerts), which is a tenth of what a mail costs from request to relay;
// the tests compare with it, octet by octet.
package transfer

import (
	"encoding/base64"
	"strings"
)

// encodedLine is how long a line may be in both transfer encodings (RFC 2045
// sections 6.7 and 6.8), in octets without the line end.
const encodedLine = 76

// Shorter is the transfer encoding that makes the body shorter: quoted-printable
// takes two more octets for each that it escapes, base64 a third more of all.
func Shorter(body string) (name string, appendEncoded func(dst []byte, body string) []byte) {
	if 2*escaped(body) > len(body)/3 {
		return "base64", appendBase64
	}
	return "quoted-printable", appendQuotedPrintable
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

// appendBase64 writes text in base64. Every line end becomes CRLF.
func appendBase64(dst []byte, text string) []byte {
	return AppendBase64(dst, appendCRLF(nil, text))
}

// AppendBase64 writes data in base64 (RFC 2045 section 6.8), in lines.
func AppendBase64(dst, data []byte) []byte {
	const whole = encodedLine / 4 * 3
	for ; len(data) > whole; data = data[whole:] {
		dst = base64.StdEncoding.AppendEncode(dst, data[:whole])
		dst = append(dst, "\r\n"...)
	}
	return base64.StdEncoding.AppendEncode(dst, data)
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
