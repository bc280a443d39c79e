package smtp

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Stage is a step of a session.
type Stage string

// The stages of a session, in the order they come in.
const (
	StageDial     Stage = "dial"
	StageGreeting Stage = "greeting"
	StageEHLO     Stage = "ehlo"
	StageSTARTTLS Stage = "starttls"
	StageTLS      Stage = "tls"
	StageEHLOTLS  Stage = "ehlo_tls" // the second EHLO, after STARTTLS
	StageAuth     Stage = "auth"
	StageMail     Stage = "mail"
	StageRcpt     Stage = "rcpt"
	StageData     Stage = "data"    // DATA and the reply to it
	StageMessage  Stage = "message" // the content, its final dot and the reply to it
	StageRset     Stage = "rset"
	StageNoop     Stage = "noop"
	StageQuit     Stage = "quit"
	// StageQueue is before any connection: the mail waits, or is not fit to send.
	StageQueue Stage = "queue"
)

// Class says what kind of failure an Error is, and with that what to do.
type Class string

// The classes of failure.
const (
	Transient   Class = "transient"   // 4yz: the same mail may pass later
	Permanent   Class = "permanent"   // 5yz: the mail, or one recipient, is refused for good
	Unavailable Class = "unavailable" // 421: the relay closes the connection
	Network     Class = "network"     // no connection, a lost one, or a timeout
	TLS         Class = "tls"         // the relay cannot be trusted, or offers no TLS
	Refused     Class = "refused"     // the relay refuses the sender, not the mail: credentials, AUTH missing
	Protocol    Class = "protocol"    // the relay said what SMTP does not allow there
	Local       Class = "local"       // the mail or the configuration is not fit to send
	Cancelled   Class = "cancelled"   // given up on this side: context or pool closed
)

// ErrClosed is wrapped by the error of mails that a closed pool did not send.
var ErrClosed = errors.New("the connection pool is closed")

// Error is any failure of this package.
type Error struct {
	Class        Class
	Stage        Stage
	Code         int    // the reply code; 0 when the relay did not speak
	EnhancedCode string // RFC 3463, such as "5.7.8"; empty if there is none
	Text         string // the relay's own words, printable and bounded
	failure.Hint        // what to do about it; may be empty
	// Ambiguous: the content may have been delivered, for the connection was
	// lost after its final dot and before the reply to it.
	Ambiguous bool
	Err       error // the cause when the relay did not speak
}

// Error names the stage and the relay's words, or the cause. The Hint is apart.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(string(e.Stage))
	b.WriteString(": ")
	if e.Code != 0 {
		b.WriteString(Reply{Code: e.Code, EnhancedCode: e.EnhancedCode, Text: e.Text}.String())
	}
	if e.Err != nil {
		if e.Code != 0 {
			b.WriteString(": ")
		}
		b.WriteString(bounded(withoutStage(e.Err.Error(), e.Stage))) // a certificate may name much
	}
	if e.Ambiguous {
		b.WriteString(" (the mail may have been delivered)")
	}
	return b.String()
}

// Advice is the error and its hint, in sentences.
func (e *Error) Advice() string {
	if e.English == "" {
		return e.Error()
	}
	return strings.TrimSuffix(e.Error(), ".") + ". " + e.English
}

// withoutStage is the words of a cause for behind the name of the stage: net
// says "dial tcp" itself, and crypto/tls "tls:", also after "remote error:".
func withoutStage(words string, stage Stage) string {
	for _, name := range []string{string(stage) + ": ", string(stage) + " tcp: ", string(stage) + " tcp "} {
		words = strings.TrimPrefix(words, name)
		words = strings.ReplaceAll(words, ": "+name, ": ")
	}
	return words
}

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }

// Temporary says that the same mail may pass later, with nothing changed.
func (e *Error) Temporary() bool {
	switch e.Class {
	case Transient, Unavailable, Network, Protocol, Cancelled:
		return true
	}
	return false
}

// Sender says that the configuration is wrong and not the mail: nothing passes
// until someone acts.
func (e *Error) Sender() bool { return e.Class == TLS || e.Class == Refused }

// Away says that the relay could not be had for now: no session was opened, and
// the mail has no part in that.
func (e *Error) Away() bool {
	switch e.Stage {
	case StageDial, StageGreeting, StageEHLO, StageSTARTTLS, StageTLS, StageEHLOTLS, StageAuth:
		return e.Temporary() && e.Class != Cancelled
	}
	return false
}

// Timeout says that a deadline passed.
func (e *Error) Timeout() bool { return isTimeout(e.Err) }

// MarshalJSON is the form for the frontend.
func (e *Error) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Class        Class  `json:"class"`
		Stage        Stage  `json:"stage"`
		Code         int    `json:"code,omitempty"`
		EnhancedCode string `json:"enhancedCode,omitempty"`
		Text         string `json:"text,omitempty"`
		Message      string `json:"message"`
		failure.Hint
		Ambiguous bool `json:"ambiguous,omitempty"`
	}{e.Class, e.Stage, e.Code, e.EnhancedCode, e.Text, e.Error(), e.Hint, e.Ambiguous})
}

// classify is the one place where a reply code that is not the hoped-for one
// gets its meaning.
func classify(stage Stage, code int) Class {
	switch {
	case code == 421:
		return Unavailable
	case code/100 == 4:
		return Transient
	case code/100 != 5:
		return Protocol
	case code == 503: // RFC 5321 section 4.2.3: the order of the commands, which no mail has part in
		switch stage {
		case StageMail, StageRcpt, StageData, StageMessage:
			return Transient
		}
	}
	switch code {
	case 530, 534, 535, 538: // RFC 4954 section 6: credentials are missing, too weak or wrong
		return Refused
	}
	switch stage {
	case StageGreeting, StageEHLO, StageEHLOTLS, StageAuth:
		return Refused
	case StageSTARTTLS:
		return TLS
	case StageRcpt:
		if code == 552 { // RFC 5321 section 4.5.3.1.10: too many recipients, once written as 552
			return Transient
		}
	}
	return Permanent
}

// refusal is a reply that is not the hoped-for one.
func refusal(stage Stage, r Reply) *Error {
	e := &Error{Class: classify(stage, r.Code), Stage: stage, Code: r.Code, EnhancedCode: r.EnhancedCode, Text: bounded(r.Text)}
	if e.Class == Protocol {
		e.Err = errUnfit
	}
	return e
}

// unfit is a reply that cannot be to the command it is read for.
func unfit(stage Stage, r Reply) *Error {
	e := refusal(stage, r)
	e.Class, e.Err = Protocol, errUnfit
	return e
}

var (
	errUnfit       = errors.New("the reply does not fit this stage")
	errUnsolicited = errors.New("reply without a command")
	errMismatch    = errors.New("replies and commands do not match")
)

// asFailure is an error of the connection, of the bytes read from it, or of a
// context.
func asFailure(stage Stage, err error) *Error {
	e := &Error{Class: Network, Stage: stage, Err: err}
	var m malformed
	switch {
	case errors.As(err, &m):
		e.Class = Protocol
	case errors.Is(err, context.Canceled), errors.Is(err, ErrClosed):
		e.Class = Cancelled
	}
	return e
}

// local is a mail or configuration that must not reach the relay.
func local(reason string) *Error {
	return &Error{Class: Local, Stage: StageQueue, Err: errors.New(reason)}
}

// isTimeout says whether err is a deadline that passed.
func isTimeout(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}
