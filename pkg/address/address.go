// Package address parses mailboxes (RFC 5322 section 3.4) into the form that
// both a header and an SMTP envelope can carry without SMTPUTF8, and matches
// them against patterns of allowed recipients.
package address

import (
	"errors"
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
	// Local is the part before the @, as the receiving host will see it.
	Local string
	// Domain is in lower case and in A-labels (RFC 5890).
	Domain string
}

// Parse reads "user@example.com" or "Name <user@example.com>". The domain may
// be international; it is turned into A-labels. Local parts beyond ASCII need
// SMTPUTF8, which the service does not offer, and are refused. Every error
// quotes the input, shortened where it is long.
func Parse(s string) (Address, error) {
	if strings.TrimSpace(s) == "" {
		return Address{}, errors.New("the address is empty")
	}
	if len(s) > maxInput {
		return Address{}, fmt.Errorf("%s is %d octets long, too long for a mail address", quote(s), len(s))
	}
	parsed, err := mail.ParseAddress(s)
	// A group ("team: user@example.com;", RFC 5322 section 3.4) ends in a
	// semicolon; it is not a mailbox, even when it has one member.
	if err != nil || strings.HasSuffix(strings.TrimSpace(s), ";") {
		return Address{}, fmt.Errorf("%s is not a mail address (user@example.com or Name <user@example.com>)", quote(s))
	}
	// An encoded word (RFC 2047) can hide a line break that the input does not
	// show, so the name is judged after decoding.
	if strings.ContainsFunc(parsed.Name, unicode.IsControl) {
		return Address{}, fmt.Errorf("%s: the name holds a line break or another control character", quote(s))
	}
	at := strings.LastIndexByte(parsed.Address, '@')
	local, domain := parsed.Address[:at], parsed.Address[at+1:]
	if !dotAtom(local) {
		return Address{}, fmt.Errorf("%s: the part before the @ may hold ASCII letters, digits, single dots and !#$%%&'*+-/=?^_`{|}~ only", quote(s))
	}
	ascii, err := Domain(domain)
	if err != nil {
		return Address{}, fmt.Errorf("%s: %w", quote(s), err)
	}
	if len(local) > maxLocal || len(local)+1+len(ascii) > maxMailbox {
		return Address{}, fmt.Errorf("%s is too long (at most %d octets before the @, %d in all)", quote(s), maxLocal, maxMailbox)
	}
	return Address{Name: parsed.Name, Local: local, Domain: ascii}, nil
}

// Mailbox is the address as the SMTP envelope carries it.
func (a Address) Mailbox() string { return a.Local + "@" + a.Domain }

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

// dotAtom checks for a dot-atom of ASCII (RFC 5322 section 3.2.3). Quoted
// local parts are legal and, in practice, always a mistake or an attack.
func dotAtom(local string) bool {
	for _, r := range local {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
		case strings.ContainsRune(".!#$%&'*+-/=?^_`{|}~", r):
		default:
			return false
		}
	}
	return local != "" && local[0] != '.' && local[len(local)-1] != '.' && !strings.Contains(local, "..")
}

// quote makes foreign text safe and short enough for an error.
func quote(s string) string {
	const most = 100
	if len(s) > most {
		return fmt.Sprintf("%.*q...", most, s)
	}
	return fmt.Sprintf("%q", s)
}
