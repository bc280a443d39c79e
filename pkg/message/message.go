// Package message turns a notification into a MIME mail: what it says, in the
// reader's language and time zone, and the bytes that go to the relay.
package message

// Product is how the mail names what sent it.
const Product = "NHN Cloud Email for Grafana"

// Content is what one notification says, rendered once whoever it goes to.
type Content struct {
	Subject string // Unicode, one line, at most MaxSubject graphemes
	Text    string // the text/plain part, lines end in LF
	HTML    string // the text/html part
	// Priority follows from the alerts' severity.
	Priority Priority
	// Warnings name each template of the user's that failed on this
	// notification and was replaced by the built-in one, for the log and the
	// delivery record.
	Warnings []string
}

// Priority is how a mail asks to be noticed.
type Priority int

// Normal says nothing in the header; High and Low set Importance (RFC 2156)
// and X-Priority.
const (
	Normal Priority = iota
	High
	Low
)
