package relaytest

import (
	"crypto/tls"
	"io"
	"strings"
	"time"
)

// answer gives the usual reply of a stage, or the one ordered. It says whether
// the command is to be carried out, as the reply told the client.
func (s *session) answer(at Stage, about, usual string) (bool, error) {
	raw, err := s.consult(at, about, usual+"\r\n")
	if err != nil {
		return false, err
	}
	s.say(raw)
	return strings.HasPrefix(raw, "2") || strings.HasPrefix(raw, "3"), nil
}

// consult lets the faults of a stage act and returns what is to be said.
func (s *session) consult(at Stage, about, usual string) (string, error) {
	for _, o := range s.relay.faults.all() {
		if !s.relay.faults.due(o, s, at, about) {
			continue
		}
		if o.OnFire != nil {
			o.OnFire()
		}
		s.relay.records.note(func() {})
		switch a := o.Action; a.kind {
		case actReply:
			return a.reply, nil
		case actDelay:
			s.flush()
			if !waitUntil(time.Now().Add(a.delay), s.done) {
				return "", errEnd
			}
		case actHold:
			s.flush()
			select {
			case <-a.release:
			case <-s.done:
				return "", errEnd
			}
		default:
			s.misbehave(o)
			return "", errEnd
		}
	}
	return usual, nil
}

// misbehave does what ends a session sooner or later.
func (s *session) misbehave(o *order) {
	if o.Action.kind != actFlood {
		s.say(o.Action.reply)
	}
	switch o.Action.kind {
	case actReplyAndClose:
		s.sayAndClose("")
	case actClose:
		s.flush()
		_ = s.link.Close()
	case actReset:
		s.flush()
		_ = s.socket.SetLinger(0)
		_ = s.link.Close()
	case actSilence:
		s.flush()
		s.drain()
	case actStall:
		s.flush()
		select {
		case <-o.removed:
		case <-s.done:
		}
	case actFlood:
		s.flush()
		chunk := strings.Repeat(o.Action.reply, 1+4096/(1+len(o.Action.reply)))
		for {
			if _, err := io.WriteString(s.stream, chunk); err != nil {
				return
			}
		}
	}
}

// drain reads until the client is gone.
func (s *session) drain() {
	_, _ = io.Copy(io.Discard, s.in)
}

// sayAndClose says raw and ends the connection in good order.
func (s *session) sayAndClose(raw string) {
	s.drop(raw)
	s.drain()
}

// drop says raw and finishes writing: TLS's goodbye, a FIN, and a while for
// the client to read it all before what it still sends is answered with a
// reset. Any goroutine may call it.
func (s *session) drop(raw string) {
	s.say(raw)
	s.flush()
	time.AfterFunc(2*time.Second, s.kill)
	s.outMu.Lock()
	defer s.outMu.Unlock()
	if t, ok := s.stream.(*tls.Conn); ok {
		_ = t.CloseWrite()
	}
	if l, ok := s.link.(*delayLine); ok {
		l.finish(func() { _ = s.socket.CloseWrite() })
		return
	}
	_ = s.socket.CloseWrite()
}
