// Package address parses mailboxes (RFC 5322 section 3.4) into the form that
// both a header and an SMTP envelope can carry without SMTPUTF8, and matches
// them against patterns of allowed recipients.
package address

import (
	"fmt"
	"net/mail"
	"strings"
	"unicode"

	"golang.org/x/net/idna"
)

// Limits of RFC 5321 section 4.5.3.1, in octets.
const (
	maxLocal   = 64
	maxMailbox = 254
)

// maxInput bounds what Parse looks at: a mailbox, its name, and room for
// comments.
const maxInput = 1000

// Address is one mailbox with an optional display name.
type Address struct {
	// Name is the display name in Unicode, without control characters; empty
	// if there is none.
	Name string
	// Local is the part before the @ without quotation marks: ASCII letters,
	// digits, dots and !#$%&'*+-/=?^_`{|}~.
	Local string
	// Domain is in lower case and in A-labels (RFC 5890).
	Domain string
}

// Reason is why a text is no address.
type Reason int

// The reasons.
const (
	Empty     Reason = iota
	Malformed        // the form is neither user@example.com nor Name <user@example.com>
	Name             // the name holds a control character
	Local            // the part before the @ holds what no relay is sure to take
	NoDomain         // the part behind the @ is no domain name
	Long
)

// Error says why a text is no address, and quotes it, shortened where it is long.
type Error struct {
	Reason Reason
	words  string
}

// Error returns the reason in words.
func (e *Error) Error() string { return e.words }

func wrong(reason Reason, format string, args ...any) *Error {
	return &Error{reason, fmt.Sprintf(format, args...)}
}

// Parse reads "user@example.com" or "Name <user@example.com>". The domain may
// be international; it is turned into A-labels. Local parts beyond ASCII need
// SMTPUTF8, which the service does not offer, and are refused. Two dots in a
// row and one before the @ are read with and without quotation marks: Japanese
// carriers gave out such addresses for years. The error is an *Error.
func Parse(s string) (Address, error) {
	if strings.TrimSpace(s) == "" {
		return Address{}, &Error{Empty, "the address is empty"}
	}
	if len(s) > maxInput {
		return Address{}, wrong(Long, "%s is %d octets long, too long for a mail address", quote(s), len(s))
	}
	parsed, err := mail.ParseAddress(quoteDots(s))
	// A group ("team: user@example.com;", RFC 5322 section 3.4) ends in a
	// semicolon; it is not a mailbox, even when it has one member.
	if err != nil || strings.HasSuffix(strings.TrimSpace(s), ";") {
		return Address{}, wrong(Malformed, "%s is not a mail address (user@example.com or Name <user@example.com>)", quote(s))
	}
	// An encoded word (RFC 2047) can hide a line break that the input does not
	// show, so the name is judged after decoding.
	if strings.ContainsFunc(parsed.Name, unicode.IsControl) {
		return Address{}, wrong(Name, "%s: the name holds a line break or another control character", quote(s))
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := parsed.Address[:at], parsed.Address[at+1:]
	if !atoms(local) {
		return Address{}, wrong(Local, "%s: the part before the @ may hold ASCII letters, digits, !#$%%&'*+-/=?^_`{|}~ and, except in front, dots only", quote(s))
	}
	ascii, err := Domain(domain)
	if err != nil {
		return Address{}, wrong(NoDomain, "%s: %v", quote(s), err)
	}
	a := Address{Name: parsed.Name, Local: local, Domain: ascii}
	if all := len(a.Mailbox()); all > maxMailbox || all-len("@"+ascii) > maxLocal {
		return Address{}, wrong(Long, "%s is too long (at most %d octets before the @, %d in all)", quote(s), maxLocal, maxMailbox)
	}
	return a, nil
}

// Mailbox is the address as the SMTP envelope and a header carry it: a local
// part that is no dot-string is a quoted-string (RFC 5321 section 4.1.2).
func (a Address) Mailbox() string {
	if dotString(a.Local) {
		return a.Local + "@" + a.Domain
	}
	return `"` + a.Local + `"@` + a.Domain
}

// String is the address as a person reads it: with its name, the domain in
// Unicode. It is not a header value; package message encodes those.
func (a Address) String() string {
	domain, err := idna.Display.ToUnicode(a.Domain)
	if err != nil {
		domain = a.Domain
	}
	if a.Name == "" {
		return a.Local + "@" + domain
	}
	return a.Name + " <" + a.Local + "@" + domain + ">"
}

// Key is equal for two addresses that name the same mailbox. It has local parts
// without case: RFC 5321 leaves their case to the receiving host, and no host in
// use tells them apart.
func (a Address) Key() string { return strings.ToLower(a.Local) + "@" + a.Domain }

// MayRoute says whether the local part holds a sign that relays take for a route
// to another host: "a%b.example@c.example" and "b.example!a@c.example" reach
// a@b.example through Postfix as it is installed (allow_percent_hack,
// swap_bangpath).
func (a Address) MayRoute() bool { return strings.ContainsAny(a.Local, "%!") }

// quoteDots puts a bare local part that is no dot-string into quotation marks,
// in which the library reads it. Everything else is the library's to judge.
func quoteDots(s string) string {
	start, end := 0, strings.LastIndexByte(s, '@')
	if open := strings.LastIndexByte(s, '<'); open < end {
		start = open + 1
	}
	if end < 0 {
		return s
	}
	local := strings.TrimSpace(s[start:end])
	if !atoms(local) || dotString(local) {
		return s
	}
	return s[:start] + `"` + local + `"` + s[end:]
}

// atoms checks for the characters of a dot-string, with dots anywhere but in
// front. What else a quoted-string may hold is, in practice, a mistake or an
// attack.
func atoms(local string) bool {
	for _, r := range local {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		case strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r):
		default:
			return false
		}
	}
	return local != "" && local[0] != '.'
}

// dotString says whether atoms are separated by single dots (RFC 5321 section
// 4.1.2).
func dotString(local string) bool {
	return !strings.HasSuffix(local, ".") && !strings.Contains(local, "..")
}

// quote makes foreign text safe and short enough for an error.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}
