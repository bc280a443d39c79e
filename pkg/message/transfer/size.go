package transfer

import (
	"bytes"
	"math/bits"
	"strings"
)

// Size is how many octets text takes in each transfer encoding.
type Size struct{ quotedPrintable, base64 int }

// SizeOf counts what quoted-printable escapes as three octets each, CRLF line
// ends, and the line breaks that each encoding adds.
func SizeOf(s []byte) Size {
	crlf := len(s) + bytes.Count(s, []byte("\n"))
	qp := crlf + 2*(bytes.Count(s, []byte("="))+beyondASCII(s))
	return Size{qp + 3*qp/70, (crlf + 2) * 4 / 3 * 78 / 76}
}

// escaped counts the octets that quoted-printable escapes.
func escaped(s string) int { return strings.Count(s, "=") + beyondASCII(s) }

// beyondASCII counts the octets that are not ASCII, eight at a time.
func beyondASCII[T string | []byte](s T) int {
	n := 0
	for ; len(s) >= 8; s = s[8:] {
		n += bits.OnesCount64(0x8080_8080_8080_8080 & (uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56))
	}
	for i := range len(s) {
		n += int(s[i] >> 7)
	}
	return n
}

// Plus is the size of both texts.
func (s Size) Plus(other Size) Size {
	return Size{s.quotedPrintable + other.quotedPrintable, s.base64 + other.base64}
}

// Octets is the size in the better encoding.
func (s Size) Octets() int { return min(s.quotedPrintable, s.base64) }
