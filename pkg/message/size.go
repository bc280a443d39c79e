package message

import (
	"bytes"
	"math/bits"
)

// size is how many octets text takes in each transfer encoding.
type size struct{ quotedPrintable, base64 int }

// sizeOf counts what quoted-printable escapes as three octets each, CRLF line
// ends, and the line breaks that each encoding adds.
func sizeOf(s []byte) size {
	escaped := bytes.Count(s, []byte("=")) + beyondASCII(s)
	crlf := len(s) + bytes.Count(s, []byte("\n"))
	qp := crlf + 2*escaped
	return size{qp + 3*qp/70, (crlf + 2) * 4 / 3 * 78 / 76}
}

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

func (s size) plus(other size) size {
	return size{s.quotedPrintable + other.quotedPrintable, s.base64 + other.base64}
}

// transferred is the size in the better encoding.
func (s size) transferred() int { return min(s.quotedPrintable, s.base64) }
