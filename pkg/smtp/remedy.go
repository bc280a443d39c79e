package smtp

import (
	"crypto/tls"
	"errors"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// A remedy is what is done about a refusal, or about the loss of a connection.
type remedy int

const (
	// believe: it is about the mail, its recipients or its sender, and ends the
	// transaction.
	believe remedy = iota
	// reset: it is about the session, which RSET may put right.
	reset
	// renew: it may be about the session, which has served before. A fresh
	// connection that refuses the same mail shows that it is about the mail.
	renew
	// later: as renew, but no fresh connection could be had. The refusal is taken
	// for a temporary one.
	later
)

// remedy is the one place that decides whether e is about the mail or about
// the session that it was said in: relays limit the mails of a session, forget
// who is authenticated and lose track of a transaction, and say so in the same
// replies in which they refuse a mail. Whatever a fresh session says is
// believed, so a mail that is refused costs one more connection at most.
func (s *session) remedy(j *job, e *Error) remedy {
	ofSession := false // the refusal may be about the session
	switch elsewhere := e.Code.Elsewhere(); {
	case j.ctx.Err() != nil:
		return believe
	case elsewhere == failure.IfLost, e.Code == failure.Protocol && e.Stage == StageRset:
		switch {
		case e.Ambiguous || !j.undecided():
			return believe
		case s.transactions == 0 && j.tries < maxTries:
			return renew
		}
		ofSession = s.transactions > 0
	case elsewhere == failure.Never:
		return believe
	case e.Reply.Code == 503 && e.Stage == StageMail && !j.reset:
		return reset
	default:
		ofSession = s.mayConcernSession(e)
	}
	switch {
	case !ofSession:
		return believe
	case j.renewals < maxTries:
		return renew
	}
	return later
}

// mayConcernSession says whether a refusal may be about this session and not
// about the mail, because the session has served before.
func (s *session) mayConcernSession(e *Error) bool {
	switch {
	case e.Code == failure.Refused || e.Stage == StageMail:
		return s.transactions > 0
	case e.Stage == StageRcpt && aboutAddress(e), e.Stage == StageContent && aboutContent(e):
		return false
	}
	return s.taken > 0
}

// asTemporary returns the refusal as a temporary one, since it may concern the
// session.
func asTemporary(e *Error) *Error {
	if e.Temporary() {
		return e
	}
	temporary := *e
	temporary.Code, temporary.Hint = failure.Transient, failure.Hint{}
	return &temporary
}

// aboutAddress says whether a refused RCPT speaks of the address or its
// mailbox (RFC 3463 sections 3.2 and 3.3).
func aboutAddress(e *Error) bool {
	if e.Reply.EnhancedCode != "" {
		return detail(e, "1.") || detail(e, "2.")
	}
	return e.Reply.Code == 550 || e.Reply.Code == 551 || e.Reply.Code == 553
}

// aboutContent says whether a refusal after the final dot is for good and does
// not speak of a limit of the system (RFC 3463 section 3.5) or of the protocol
// (section 3.6).
func aboutContent(e *Error) bool {
	return e.Code == failure.Permanent && !detail(e, "4.") && !detail(e, "5.")
}

// tooManyRecipients says whether a refused RCPT is due to the number of those
// before it (RFC 5321 section 4.5.3.1.10, RFC 3463 section 3.6).
func tooManyRecipients(e *Error) bool {
	if e.Reply.EnhancedCode != "" {
		return detail(e, "5.3")
	}
	return e.Reply.Code == 452 || e.Reply.Code == 552
}

// detail says whether the enhanced code is of that subject, whatever its class.
func detail(e *Error, subject string) bool {
	_, rest, ok := strings.Cut(e.Reply.EnhancedCode, ".")
	return ok && (rest == subject || strings.HasSuffix(subject, ".") && strings.HasPrefix(rest, subject))
}

// outOfStep says that replies and commands did not match. A reply that is no
// SMTP at all says nothing of those before it.
func outOfStep(e *Error) bool {
	return e != nil && e.Code == failure.Protocol && (e.Reply.Code != 0 || errors.Is(e.Err, errMismatch))
}

// needsConfirmation says that a session could not be opened for a reason that
// pauses the sender, and that a second connection must confirm it: the reason may
// be one server of many, or a proxy on the way that failed once. A refusal of the
// credentials, a bad certificate and an old TLS version need no confirmation.
func needsConfirmation(e *Error) bool {
	var certificate *tls.CertificateVerificationError
	switch {
	case e == nil || !e.Sender(), e.Stage == StageAuth && e.Reply.Code != 0, errors.As(e.Err, &certificate):
		return false
	}
	return e.Stage != StageTLS || !strings.Contains(e.Err.Error(), "protocol version")
}
