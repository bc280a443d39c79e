// Package message turns a notification into a MIME mail: what it says, in the
// reader's language and time zone, and the bytes that go to the relay. Data goes
// one way: view says what a mail says, html and text lay that out, sandbox runs
// the templates of users instead, and Compose makes the mail.
package message

import "github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"

// Content is what one notification says, rendered once whoever it goes to.
type Content struct {
	Subject string // Unicode, one line, at most view.MaxSubject graphemes
	Text    string // the text/plain part, lines end in LF
	HTML    string // the text/html part
	// FromName is what the sender is called where the settings give it no name.
	FromName string
	// About is what a reader's filters and threads go by.
	About About
	// Priority follows from the alerts' severity.
	Priority view.Priority
	// Pictures are those that the HTML part shows and the mail carries.
	Pictures []Picture
	// Warnings name, for the log and the note of the delivery, each template of the
	// user's that failed on this notification and was replaced by the built-in one,
	// and each picture that is not carried.
	Warnings []string
}

// About is what a mail says of its alerts in its header.
type About struct {
	State, Severity, Rule, Folder string
	Org                           int64  // Grafana's; 0 where it is not known
	ContactPoint, Host            string // Host is Grafana's, or Alertmanager's
	Topic                         string // the same for every mail of a group
	Notifications                 int    // of a digest; 0: it is none
}
