package relaytest

import "crypto/tls"

// startTLS does the handshake; phase tells how it went.
func (s *session) startTLS() error {
	s.phase = handshake
	raw, err := s.consult(TLS, "", "")
	if err != nil {
		return err
	}
	if raw != "" {
		s.say(raw)
		s.drain()
		return errEnd
	}
	if s.opt.RefuseTLS {
		return errEnd
	}
	config, err := s.relay.authority.config(s.opt.Certificate, s.opt.MaxTLS)
	if err != nil {
		s.update(func(seen *Session) { seen.TLSError = err.Error() })
		return err
	}
	conn := tls.Server(s.stream, config)
	if err := conn.Handshake(); err != nil {
		s.update(func(seen *Session) { seen.TLSError = err.Error() })
		return err
	}
	s.phase = secure
	s.outMu.Lock()
	s.stream = conn
	s.out.Reset(conn)
	s.outMu.Unlock()
	s.in.Reset(input{s})
	state := conn.ConnectionState()
	s.update(func(seen *Session) {
		seen.TLSVersion = state.Version
		seen.Resumed = state.DidResume
	})
	return nil
}
