package relaytest

import (
	"net"
	"time"
)

// tap is the link; it logs what comes in before TLS stands.
type tap struct {
	net.Conn
	s *session
}

func (t tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	switch t.s.phase {
	case plain:
		t.s.log(&t.s.seen.Plain, p[:n])
	case handshake:
		t.s.log(&t.s.seen.Handshake, p[:n])
	}
	return n, err
}

func (s *session) log(to *[]byte, b []byte) {
	if s.opt.Discard || len(b) == 0 {
		return
	}
	s.update(func(*Session) { *to = append(*to, b[:min(len(b), maxLogBytes-len(*to))]...) })
}

// input is what the client says, TLS taken off. Replies leave when the relay
// would have to wait for more of it, as with a server that reads ahead.
type input struct{ s *session }

func (i input) Read(p []byte) (int, error) {
	i.s.flush()
	n, err := i.s.stream.Read(p)
	if n > 0 {
		i.s.spoke(time.Now())
	}
	if i.s.phase == secure {
		i.s.log(&i.s.seen.Secure, p[:n])
	}
	return n, err
}

// spoke takes note that the client was heard at the given time. What is heard
// less than a round trip after a reply left cannot be said upon that reply.
func (s *session) spoke(now time.Time) {
	s.mu.Lock()
	early := !s.mustWait.IsZero() && now.Sub(s.mustWait) < s.opt.RTT
	s.mustWait = time.Time{}
	if !s.firstReply.IsZero() && now.Sub(s.firstReply) >= s.opt.RTT {
		s.seen.Flights++
		if now.Sub(s.lastReply) < s.opt.RTT {
			s.firstReply = s.lastReply
		} else {
			s.firstReply = time.Time{}
		}
	}
	s.mu.Unlock()
	if early {
		s.violation("spoke before a reply that had to be waited for")
	}
}

// mustBeLast takes note of bytes behind a command whose reply the client has
// to wait for.
func (s *session) mustBeLast(command string) {
	if n := s.in.Buffered(); n > 0 {
		s.violation("%d bytes sent behind %s without waiting for its reply", n, command)
	}
	s.nowWait()
}

// nowWait says that the client has to wait for the reply being written.
func (s *session) nowWait() {
	s.mu.Lock()
	s.mustWaitSoon = true
	s.mu.Unlock()
}

func (s *session) say(raw string) {
	if raw == "" {
		return
	}
	s.outMu.Lock()
	defer s.outMu.Unlock()
	// A failed write shows at the next read.
	_, _ = s.out.WriteString(raw)
	s.dirty = true
}

func (s *session) flush() {
	s.outMu.Lock()
	defer s.outMu.Unlock()
	if !s.dirty {
		return
	}
	s.dirty = false
	now := time.Now()
	s.mu.Lock()
	s.lastReply = now
	if s.firstReply.IsZero() {
		s.firstReply = now
	}
	if s.mustWaitSoon {
		s.mustWait, s.mustWaitSoon = now, false
	}
	s.mu.Unlock()
	_ = s.out.Flush()
}
