package message

// size is how many octets text takes in each transfer encoding.
type size struct{ quotedPrintable, base64 int }

// sizeOf counts what quoted-printable escapes as three octets each, CRLF line
// ends, and the line breaks that each encoding adds.
func sizeOf(s string) size {
	escaped, crlf := 0, len(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c >= 0x80, c == '=':
			escaped++
		case c == '\n':
			crlf++
		}
	}
	qp := crlf + 2*escaped
	return size{qp + 3*qp/70, (crlf + 2) * 4 / 3 * 78 / 76}
}

func (s size) plus(other size) size {
	return size{s.quotedPrintable + other.quotedPrintable, s.base64 + other.base64}
}

// transferred is the size in the better encoding.
func (s size) transferred() int { return min(s.quotedPrintable, s.base64) }
