package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// plan lists the stages that open a session.
func plan(mode nhncloud.PortMode) []Stage {
	if mode == nhncloud.TLSWrapper {
		return []Stage{StageDial, StageTLS, StageGreeting, StageEHLO, StageAuth}
	}
	return []Stage{StageDial, StageGreeting, StageEHLO, StageSTARTTLS, StageTLS, StageEHLOTLS, StageAuth}
}

// observer is told of each stage when it is done.
type observer func(stage Stage, start time.Time, reply Reply, err *Error)

// open makes an authenticated session, ready for ask. The session is returned
// with an error too, for what it learned; its connection is closed then.
// beforeAuth, if not nil, may hold back the credentials for a while, or for
// good with an error.
func open(ctx context.Context, cfg *Config, observe observer, beforeAuth func() error) (*session, *Error) {
	s := &session{cfg: cfg, redactor: newRedactor(cfg.UserName, cfg.Password), dialogue: newDialogue(cfg)}
	if err := cfg.check(); err != nil {
		return s, err
	}
	unwatch := func() bool { return true }
	for _, stage := range plan(cfg.Mode) {
		if stage == StageAuth && beforeAuth != nil {
			if cause := beforeAuth(); cause != nil {
				s.abort(cause)
			}
		}
		start := time.Now()
		reply, err := s.step(ctx, stage)
		if err != nil {
			err.Hint = hint(cfg, err)
			s.dialogue.say(ctx, Event, err.Error())
		}
		observe(stage, start, reply, err)
		if err != nil {
			unwatch()
			s.abort(err)
			return s, err
		}
		if stage == StageDial {
			unwatch = s.watch(ctx)
		}
	}
	if !unwatch() {
		return s, s.failure(StageAuth, context.Cause(ctx))
	}
	s.usedAt = time.Now()
	return s, nil
}

// check refuses what would break a command line.
func (c *Config) check() *Error {
	if visible(c.EHLOName) {
		return nil
	}
	return &Error{Code: failure.Local, Stage: StageEHLO, Err: errors.New("ehloName holds a character that no host name has"),
		Hint: failure.EHLOCharacter.With()}
}

// step runs one stage of the plan.
func (s *session) step(ctx context.Context, stage Stage) (Reply, *Error) {
	switch stage {
	case StageDial:
		return Reply{}, s.dial(ctx)
	case StageGreeting:
		return s.command(stage, "")
	case StageEHLO, StageEHLOTLS:
		return s.command(stage, "EHLO "+s.cfg.ehloName(s.raw))
	case StageSTARTTLS:
		return s.starttls()
	case StageTLS:
		return Reply{}, s.handshake()
	default:
		return s.authenticate()
	}
}

// dial waits no longer than the timeout and ctx allow, even for a dialer that
// ignores its context, as those of proxies may.
func (s *session) dial(ctx context.Context) *Error {
	limited, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	type outcome struct {
		conn net.Conn
		err  error
	}
	dialed := make(chan outcome, 1)
	go func() {
		conn, err := s.cfg.Dial(limited, "tcp", s.cfg.address())
		dialed <- outcome{conn, err}
	}()
	select {
	case d := <-dialed:
		if d.err == nil {
			s.wire = newWire(d.conn, s.cfg.Timeout)
			s.dialogue.say(ctx, Event, "connected to ", s.cfg.address())
			return nil
		}
		if ctx.Err() == nil {
			return asFailure(StageDial, d.err)
		}
	case <-limited.Done():
		go func() {
			if d := <-dialed; d.err == nil {
				_ = d.conn.Close() // it comes too late
			}
		}()
	}
	if ctx.Err() == nil {
		return asFailure(StageDial, fmt.Errorf("no connection to %s within %s: %w", s.cfg.address(), s.cfg.Timeout, limited.Err()))
	}
	return asFailure(StageDial, context.Cause(ctx))
}

// starttls asks for TLS (RFC 3207). What comes in the clear after the 220 was
// not said by the peer that TLS will prove: section 5 has it discarded, and a
// connection on which it happens is not worth keeping.
func (s *session) starttls() (Reply, *Error) {
	if !s.caps.starttls {
		return Reply{}, &Error{Code: failure.TLS, Stage: StageSTARTTLS, Err: errors.New("the relay does not offer STARTTLS")}
	}
	reply, err := s.ask(StageSTARTTLS, "STARTTLS")
	switch {
	case err != nil:
		return reply, err
	case reply.Code != 220:
		return reply, refusal(StageSTARTTLS, reply)
	case s.r.Buffered() > 0:
		return reply, &Error{Code: failure.TLS, Stage: StageSTARTTLS, Err: errors.New("plain text follows the reply to STARTTLS: somebody may be injecting replies")}
	}
	return reply, nil
}

// handshake turns the connection into TLS. Capabilities from before are
// forgotten: nothing vouches for them.
func (s *session) handshake() *Error {
	if err := s.raw.SetDeadline(time.Now().Add(s.timeout)); err != nil {
		return s.failure(StageTLS, err)
	}
	conn := tls.Client(s.raw, s.cfg.TLS)
	if err := conn.Handshake(); err != nil {
		fail := s.failure(StageTLS, err)
		if fail.Code == failure.Network && !brokenConnection(err) {
			fail.Code = failure.TLS
		}
		return fail
	}
	state := conn.ConnectionState()
	s.tls = &state
	s.dialogue.say(context.Background(), Event, tls.VersionName(state.Version), ", ", tls.CipherSuiteName(state.CipherSuite))
	s.caps = capabilities{}
	s.use(conn)
	return nil
}

// command is ask for a command whose reply must be 2yz.
func (s *session) command(stage Stage, line string) (Reply, *Error) {
	reply, err := s.ask(stage, line)
	if err == nil && reply.Code/100 != 2 {
		err = refusal(stage, reply)
	}
	return reply, err
}

// ask sends a line, unless it is empty, and reads the reply to it. It is used
// before listen reads the replies.
func (s *session) ask(stage Stage, line string) (Reply, *Error) {
	if line != "" {
		if s.r.Buffered() > 0 {
			return Reply{}, asFailure(stage, malformed{reason: "the relay says more than it was asked"})
		}
		s.wire.line(line)
		if stage == StageAuth {
			line = withoutResponse(line)
		}
		s.dialogue.say(context.Background(), Sent, line)
		if err := s.w.Flush(); err != nil {
			return Reply{}, s.failure(stage, err)
		}
	}
	asked := time.Now()
	if err := s.raw.SetReadDeadline(asked.Add(s.timeout)); err != nil {
		return Reply{}, s.failure(stage, err)
	}
	defer func() { s.roundTrip = max(s.roundTrip, time.Since(asked)) }()
	said, err := readReply(s.r)
	if stage == StageEHLO || stage == StageEHLOTLS {
		s.caps = parseCapabilities(said, s.redactor)
	}
	reply, err := s.redactor.redactReply(said, err)
	s.dialogue.receive(reply, err)
	if err != nil {
		return Reply{}, s.failure(stage, err)
	}
	return reply, nil
}

// ehloName is the name to say in EHLO.
func (c *Config) ehloName(conn net.Conn) string {
	if c.EHLOName != "" {
		return c.EHLOName
	}
	if name, err := os.Hostname(); err == nil && qualified(name) {
		return name
	}
	host, _, err := net.SplitHostPort(conn.LocalAddr().String())
	ip := net.ParseIP(host)
	switch {
	case err != nil || ip == nil:
		return "localhost"
	case ip.To4() != nil:
		return "[" + ip.String() + "]"
	}
	return "[IPv6:" + ip.String() + "]"
}

// qualified says whether name is a domain name with a dot in it.
func qualified(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i] | 0x20 // lower case
		if (c < 'a' || 'z' < c) && (c < '0' || '9' < c) && c != '-' && name[i] != '.' {
			return false
		}
	}
	return strings.Contains(strings.Trim(name, "."), ".") && name != "localhost.localdomain"
}
