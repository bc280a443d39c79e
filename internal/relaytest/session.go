package relaytest

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// errEnd ends a session; nothing went wrong that anyone needs to hear of.
var errEnd = errors.New("session ends")

// session is one connection. Its goroutine runs serve; others only kill, drop
// or take a snapshot.
type session struct {
	relay   *Relay
	opt     Options
	wrapper bool
	socket  *net.TCPConn
	peer    string // the client's IP
	done    chan struct{}
	kill    func() // ends the session at once, from any goroutine

	link  net.Conn // the socket, or the delay line over it
	phase phase
	in    *bufio.Reader

	outMu  sync.Mutex
	stream net.Conn // link, or TLS over it; only serve changes it
	out    *bufio.Writer
	dirty  bool // replies wait in out

	mu           sync.Mutex
	seen         Session
	firstReply   time.Time // earliest reply the client has not spoken upon
	lastReply    time.Time
	mustWait     time.Time // when the reply left that the client had to wait for
	mustWaitSoon bool      // such a reply waits in out

	greeted       bool // EHLO or HELO came
	offered       []string
	pipelining    bool
	authenticated bool
	envelope      envelope
	data          []byte
}

// phase is how far TLS has come.
type phase int

const (
	plain phase = iota
	handshake
	secure
)

func newSession(r *Relay, o Options, conn net.Conn, wrapper bool) *session {
	s := &session{
		relay:   r,
		opt:     o,
		wrapper: wrapper,
		socket:  conn.(*net.TCPConn),
		peer:    conn.RemoteAddr().(*net.TCPAddr).IP.String(),
		done:    make(chan struct{}),
	}
	s.kill = sync.OnceFunc(func() {
		close(s.done)
		_ = s.socket.Close()
	})
	s.seen = Session{TLSWrapper: wrapper, Open: true}
	s.link = s.socket
	if o.RTT > 0 {
		s.link = newDelayLine(s.socket, o.RTT, s.done)
	}
	s.stream = tap{s.link, s}
	s.in = bufio.NewReaderSize(input{s}, 32<<10)
	s.out = bufio.NewWriterSize(s.stream, 4<<10)
	return s
}

func (s *session) serve() {
	defer s.end()
	// SYN, SYN+ACK and ACK each take half a round trip.
	if !waitUntil(time.Now().Add(s.opt.RTT*3/2), s.done) {
		return
	}
	if s.wrapper && s.startTLS() != nil {
		return
	}
	if s.seen.Refused {
		s.sayAndClose("421 4.7.0 " + nhncloud.Host + " Error: too many connections\r\n")
		return
	}
	if _, err := s.answer(Greeting, "", "220 "+nhncloud.Host+" SMTP Server (NHN Cloud Email SMTP) ready"); err != nil {
		return
	}
	s.nowWait()
	for s.next() == nil {
	}
}

// end strikes the session off and closes what is still open, in this order: a
// client that dials again upon the 221 must find its place free.
func (s *session) end() {
	s.relay.records.note(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.seen.Open = false
		if !s.seen.Refused {
			s.relay.records.open--
		}
	})
	s.flush()
	_ = s.stream.Close()
	s.kill()
	s.data, s.in = nil, nil
}

func (s *session) ended() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *session) snapshot() Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.seen
	c.Plain, c.Handshake, c.Secure = slices.Clone(c.Plain), slices.Clone(c.Handshake), slices.Clone(c.Secure)
	c.Commands = slices.Clone(c.Commands)
	return c
}

// update changes what is recorded of the session.
func (s *session) update(change func(*Session)) {
	s.relay.records.note(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		change(&s.seen)
	})
}

func (s *session) violation(format string, args ...any) {
	s.relay.records.violation(fmt.Sprintf("session %d: ", s.seen.ID) + fmt.Sprintf(format, args...))
}
