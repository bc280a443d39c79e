// Package smtp submits mail to one relay: verified TLS first, then SASL, then
// pipelined transactions over a small pool of kept connections (RFC 5321,
// 2920, 3207, 4954 and 8314).
package smtp

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Config says which relay to use and as whom.
type Config struct {
	Host string
	Port int
	Mode nhncloud.PortMode

	// TLS may be nil. MinVersion is raised to TLS 1.2, and ServerName is Host
	// where it is empty. The certificate is verified unless the caller sets
	// InsecureSkipVerify.
	TLS *tls.Config

	// EHLOName is how the client names itself. Empty: the host's own name if
	// that is fully qualified, else an address literal (RFC 5321 section 4.1.4).
	EHLOName string

	UserName  string
	Password  string                 // in no error, report or trace, nor printed with the Config
	Mechanism settings.AuthMechanism // empty: settings.AuthAuto

	// Timeout bounds every stage: the dial, the TLS handshake, each reply, and
	// each piece of data that the relay is slow to take. By default 10 s.
	Timeout time.Duration
	// MessageTimeout bounds the wait for the reply to a mail's content, which a
	// relay may scan for minutes: a mail that is given up then may arrive twice. By
	// default ten minutes (RFC 5321 section 4.5.3.2.6), or Timeout where that is
	// longer. Other mails wait no longer than Timeout.
	MessageTimeout time.Duration
	// IdleTimeout is how long a connection is kept without a mail. By default a
	// minute.
	IdleTimeout time.Duration
	// MaxConnections bounds the connections of a pool. By default 4. As many again
	// may wait, longer than Timeout, for the reply to a mail's content.
	MaxConnections int
	// MessagesPerConnection is how many mails a connection carries before
	// another takes its place. By default 100.
	MessagesPerConnection int
	// MessagesPerMinute bounds the transactions of a pool, evenly spaced;
	// 0 means no limit.
	MessagesPerMinute int

	// Dial makes the connection; nil means a net.Dialer.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	Trace Trace

	learned *learned
}

// withDefaults fills what the caller left open.
func (c Config) withDefaults() Config {
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.MessageTimeout <= 0 {
		c.MessageTimeout = max(10*time.Minute, c.Timeout)
	}
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = time.Minute
	}
	if c.MaxConnections <= 0 {
		c.MaxConnections = 4
	}
	if c.MessagesPerConnection <= 0 {
		c.MessagesPerConnection = 100
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	c.TLS = tlsConfig(c.TLS, c.Host)
	c.learned = new(learned)
	return c
}

// messagesPerSession is after how many mails a session ends: before the relay
// refuses one more, where that is known.
func (c *Config) messagesPerSession() int { return c.learned.messages.within(c.MessagesPerConnection) }

// address is the relay as a dialer takes it.
func (c Config) address() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// String names the relay and the user, and keeps the password to itself.
func (c Config) String() string { return c.UserName + " at " + c.address() }

// GoString is String: %#v must not print the password either.
func (c Config) GoString() string { return c.String() }

// Trace is told what happens. Each func may be nil; none may block, and each
// is called from several goroutines.
type Trace struct {
	// Stage is called when a stage of a session is done; err is nil, or an
	// *Error. The context is the mail's; a connection's stages have the values
	// of the mail that asked for it.
	Stage func(ctx context.Context, stage Stage, start time.Time, d time.Duration, err error)
	// Connection is called when a connection of a pool changes its state; ""
	// is the state before it is there and after it is gone.
	Connection func(from, to ConnState)
	// Dialogue is told each line of a session, which process-wide numbers tell apart,
	// without the credentials. A command has the context of its mail, if it is one's.
	Dialogue func(ctx context.Context, session int64, said Said, text string)
}

// stage passes a stage on. A nil *Error must not become an error that is not
// nil.
func (t Trace) stage(ctx context.Context, stage Stage, start time.Time, err *Error) {
	switch {
	case t.Stage == nil:
	case err != nil:
		t.Stage(ctx, stage, start, time.Since(start), err)
	default:
		t.Stage(ctx, stage, start, time.Since(start), nil)
	}
}

func (t Trace) connection(from, to ConnState) {
	if t.Connection != nil {
		t.Connection(from, to)
	}
}

// ConnState is what a connection of a pool does.
type ConnState string

// The states of a connection.
const (
	Connecting ConnState = "connecting"
	Busy       ConnState = "busy"
	Idle       ConnState = "idle"
)

// Mail is an envelope and its content.
type Mail struct {
	From string // empty: the null reverse-path
	To   []string
	// Data is an RFC 5322 message with CRLF line ends, in parts that are sent
	// one after the other. It is not dot-stuffed and not modified.
	Data [][]byte
	// Begin, if set, is called right before the envelope is sent. An error takes
	// the mail back.
	Begin func() error
}

// Result is what the relay said of a mail.
type Result struct {
	// Reply is the reply to the first content that was accepted; zero when
	// none was.
	Reply Reply
	// Recipients are in the order of Mail.To, one for each.
	Recipients []RecipientResult
}

// RecipientResult is the outcome for one recipient.
type RecipientResult struct {
	Address string
	// Err is nil when the relay took the mail for this recipient.
	Err *Error
}

// Accepted says how many recipients the relay took the mail for.
func (r Result) Accepted() int {
	n := 0
	for i := range r.Recipients {
		if r.Recipients[i].Err == nil {
			n++
		}
	}
	return n
}

// Verdict is nil if anyone was accepted, else the error of the recipients that
// decides most: one that stops the sender, then one worth another try.
func (r Result) Verdict() error {
	var worst *Error
	for i := range r.Recipients {
		err := r.Recipients[i].Err
		if err == nil {
			return nil
		}
		if worst == nil || weight(err) > weight(worst) {
			worst = err
		}
	}
	if worst == nil { // nobody waits for the mail
		return nil
	}
	return worst
}

func weight(e *Error) int {
	switch {
	case e.Sender():
		return 3
	case e.Ambiguous:
		return 2
	case e.Temporary():
		return 1
	}
	return 0
}
