package smtp

import (
	"context"
	"errors"
	"net"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// A failure of this package is told in the types that all packages have in common.
type (
	// Error is any failure of this package.
	Error = failure.Error
	// Reply is what the relay answered.
	Reply = failure.Reply
	// Stage is a step of a session.
	Stage = failure.Stage
)

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
	StageContent  Stage = "content" // the content, its final dot and the reply to it
	StageRset     Stage = "rset"
	StageNoop     Stage = "noop"
	StageQuit     Stage = "quit"
	// StageQueue is before any connection: the mail waits, or is not fit to send.
	StageQueue Stage = "queue"
)

// ErrClosed is wrapped by the error of mails that a closed pool did not send.
var ErrClosed error = &Error{Code: failure.Cancelled, Message: "the connection pool is closed"}

// Unreachable says that no session could be had for now, in which the mail has no
// part.
func Unreachable(e *Error) bool {
	switch e.Stage {
	case StageDial, StageGreeting, StageEHLO, StageSTARTTLS, StageTLS, StageEHLOTLS, StageAuth:
		return e.Code.Then() == failure.Later
	}
	return false
}

// classify is the one place where a reply code that is not the hoped-for one
// gets its meaning.
func classify(stage Stage, code int) failure.Code {
	switch {
	case code == 421:
		return failure.Closing
	case code/100 == 4:
		return failure.Transient
	case code/100 != 5:
		return failure.Protocol
	case code == 503: // RFC 5321 section 4.2.3: the order of the commands, which no mail has part in
		switch stage {
		case StageMail, StageRcpt, StageData, StageContent:
			return failure.Transient
		}
	}
	switch code {
	case 530, 534, 535, 538: // RFC 4954 section 6: credentials are missing, too weak or wrong
		return failure.Refused
	}
	switch stage {
	case StageGreeting, StageEHLO, StageEHLOTLS, StageAuth:
		return failure.Refused
	case StageSTARTTLS:
		return failure.TLS
	case StageRcpt:
		if code == 552 { // RFC 5321 section 4.5.3.1.10: too many recipients, once written as 552
			return failure.Transient
		}
	}
	return failure.Permanent
}

// refusal is a reply that is not the hoped-for one.
func refusal(stage Stage, r Reply) *Error {
	r.Text = failure.Bounded(r.Text)
	e := &Error{Code: classify(stage, r.Code), Stage: stage, Reply: r}
	if e.Code == failure.Protocol {
		e.Err = errUnfit
	}
	return e
}

// unfit is a reply that cannot be to the command it is read for.
func unfit(stage Stage, r Reply) *Error {
	e := refusal(stage, r)
	e.Code, e.Err = failure.Protocol, errUnfit
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
	e := &Error{Code: failure.Network, Stage: stage, Err: err}
	var m malformed
	switch {
	case errors.As(err, &m):
		e.Code = failure.Protocol
	case errors.Is(err, context.Canceled), errors.Is(err, ErrClosed):
		e.Code = failure.Cancelled
	case isTimeout(err):
		e.Code = failure.Timeout
	}
	return e
}

// isTimeout says whether err is a deadline that passed.
func isTimeout(err error) bool {
	ne, ok := errors.AsType[net.Error](err)
	return ok && ne.Timeout()
}

// local is a mail or configuration that must not reach the relay.
func local(reason string) *Error {
	return &Error{Code: failure.Local, Stage: StageQueue, Err: errors.New(reason)}
}
