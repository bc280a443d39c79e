package message

import (
	"encoding/base64"
	"mime"
	"net/mail"
	"strings"
	"unicode/utf8"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

const (
	// maxLine is where a header line is folded: RFC 2047 section 2 allows no
	// more on a line that holds an encoded-word.
	maxLine = 76
	// maxName bounds a display name, in graphemes.
	maxName = 100
)

// appendField writes one header field, folded and ended by CRLF. The value is
// ASCII, with single spaces where it may be folded.
func appendField(dst []byte, name, value string) []byte {
	dst = append(append(dst, name...), ':')
	column := len(name) + 1
	for word := range strings.SplitSeq(value, " ") {
		if column+1+len(word) > maxLine && column > 1 {
			dst = append(dst, "\r\n"...)
			column = 0
		}
		dst = append(append(dst, ' '), word...)
		column += 1 + len(word)
	}
	return append(dst, "\r\n"...)
}

// unstructured is text for a field such as Subject: neutralized, and in
// encoded-words (RFC 2047) where it is not ASCII. The first of them fits beside
// the field's name: where the first line is empty, some readers take the fold
// for a space of the text.
func unstructured(name, s string) string {
	s = literal(clean.Line(s))
	if clean.ASCII(s) {
		return s
	}
	const begin, end = "=?utf-8?b?", "?="
	var words []string
	for room := maxLine - len(name+": "); s != ""; room = maxLine - len(" ") {
		n := min(len(s), (room-len(begin+end))/4*3)
		for n < len(s) && !utf8.RuneStart(s[n]) {
			n--
		}
		words = append(words, begin+base64.StdEncoding.EncodeToString([]byte(s[:n]))+end)
		s = s[n:]
	}
	return strings.Join(words, " ")
}

// literal keeps ASCII text that looks like an encoded-word from being decoded
// by the reader: nobody may smuggle characters past clean.Text.
func literal(s string) string { return strings.ReplaceAll(s, "=?", "= ?") }

// mailboxes is an address list for a header (RFC 5322 section 3.4).
func mailboxes(list ...address.Address) string {
	formatted := make([]string, len(list))
	for i, a := range list {
		if a.Name == "" {
			formatted[i] = a.Mailbox()
			continue
		}
		// The library puts the local part into quotation marks by itself.
		m := mail.Address{Name: clean.Cut(literal(clean.Line(a.Name)), maxName), Address: a.Local + "@" + a.Domain}
		if strings.Contains(m.Name, `\`) && !clean.ASCII(m.Name) {
			// The library leaves a backslash as it is in an encoded-word, where RFC
			// 2047 section 5 allows none: readers then see no address at all.
			formatted[i] = mime.BEncoding.Encode("utf-8", m.Name) + " <" + a.Mailbox() + ">"
		} else {
			formatted[i] = m.String()
		}
	}
	return strings.Join(formatted, ", ")
}
