package relaytest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"
)

// handshake is a client's handshake at the TLS wrapper port.
func wrapperHandshake(t *testing.T, r *Relay, config *tls.Config) (*client, error) {
	t.Helper()
	c := dialPort(t, r, r.TLSWrapperPort())
	conn := tls.Client(c.conn, config)
	if err := conn.Handshake(); err != nil {
		return nil, err
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
	return c, nil
}

func TestCertificatesAreAsBadAsOrdered(t *testing.T) {
	reason := func(want x509.InvalidReason) func(error) bool {
		return func(err error) bool {
			var invalid x509.CertificateInvalidError
			return errors.As(err, &invalid) && invalid.Reason == want
		}
	}
	unknownAuthority := func(err error) bool {
		var unknown x509.UnknownAuthorityError
		return errors.As(err, &unknown)
	}
	for kind, refused := range map[Certificate]func(error) bool{
		Valid:      nil,
		Expired:    reason(x509.Expired),
		SelfSigned: unknownAuthority,
		UnknownCA:  unknownAuthority,
		WrongName: func(err error) bool {
			var name x509.HostnameError
			return errors.As(err, &name)
		},
	} {
		t.Run(string(kind), func(t *testing.T) {
			r := start(t, Options{Certificate: kind})
			_, err := wrapperHandshake(t, r, trust(t, r))
			if refused == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if !refused(err) {
				t.Fatalf("the client's error: %v", err)
			}
			eventually(t, r, "the handshake's failure", func() bool { return r.Sessions()[0].TLSError != "" })
		})
	}
	if _, err := Start(Options{Certificate: "purple"}); err == nil {
		t.Error("an unknown kind of certificate was accepted")
	}
}

func TestTheCertificateNamesTheHostAndMore(t *testing.T) {
	r := start(t, Options{Names: []string{"relay", "192.0.2.1"}})
	for _, name := range []string{"smtp-mail.nhncloudservice.com", "localhost", "127.0.0.1", "relay", "192.0.2.1"} {
		config := trust(t, r)
		config.ServerName = name
		if _, err := wrapperHandshake(t, r, config); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnOutdatedRelaySpeaksNothingNewer(t *testing.T) {
	r := start(t, Options{MaxTLS: tls.VersionTLS11})
	if _, err := wrapperHandshake(t, r, trust(t, r)); err == nil {
		t.Error("TLS 1.2 was spoken")
	}
	config := trust(t, r)
	config.MinVersion = tls.VersionTLS10
	if _, err := wrapperHandshake(t, r, config); err != nil {
		t.Errorf("TLS 1.1 was not spoken: %v", err)
	}
}

func TestTLSSessionsResume(t *testing.T) {
	r := start(t, Options{})
	config := trust(t, r)
	config.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for range 2 {
		c, err := wrapperHandshake(t, r, config)
		if err != nil {
			t.Fatal(err)
		}
		c.reply() // the ticket comes before the greeting
		c.say("QUIT", "221")
		r.Set(func(o *Options) { o.MaxConnections = 10 })
	}
	s := r.Sessions()
	if s[0].Resumed || !s[1].Resumed || s[1].TLSVersion != tls.VersionTLS13 {
		t.Errorf("resumed: %v, then %v with TLS %x", s[0].Resumed, s[1].Resumed, s[1].TLSVersion)
	}
}

func TestSTARTTLSIsStrippedOrRefused(t *testing.T) {
	r := start(t, Options{StripSTARTTLS: true})
	c := dial(t, r)
	c.reply()
	c.send("EHLO a\r\n")
	c.expect("250-smtp-mail.nhncloudservice.com Hello a [127.0.0.1])\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-AUTH LOGIN PLAIN\r\n250 AUTH=LOGIN PLAIN\r\n")
	c.say("STARTTLS", "502 5.5.1")

	r.Set(func(o *Options) { o.StripSTARTTLS, o.RefuseTLS = false, true })
	c.say("STARTTLS", "502 5.5.1") // what is open stays as it was
	c = dial(t, r)
	c.reply()
	c.say("EHLO a", "250")
	c.say("STARTTLS", "454 4.7.0")
	c.say("NOOP", "250")
	if _, err := wrapperHandshake(t, r, trust(t, r)); err == nil {
		t.Error("the TLS wrapper port did not refuse")
	}
}

func TestTheLogTellsPlainFromSecure(t *testing.T) {
	r := start(t, Options{})
	c := dial(t, r)
	c.reply()
	c.say("EHLO before", "250")
	c.say("STARTTLS", "220")
	c.secure(r)
	c.say("EHLO after", "250")
	s := r.Sessions()[0]
	if string(s.Plain) != "EHLO before\r\nSTARTTLS\r\n" || string(s.Secure) != "EHLO after\r\n" || len(s.Handshake) == 0 || bytes.Contains(s.Handshake, []byte("after")) {
		t.Errorf("plain %q, handshake %q, secure %q", s.Plain, s.Handshake, s.Secure)
	}

	// What a client says in the clear to the TLS wrapper port is no secret
	// any more either.
	c = dialPort(t, r, r.TLSWrapperPort())
	c.send("EHLO lost\r\n")
	eventually(t, r, "the end", func() bool {
		s := r.Sessions()
		return len(s) == 2 && s[1].TLSError != ""
	})
	if s := r.Sessions()[1]; string(s.Handshake) != "EHLO lost\r\n" || s.TLSVersion != 0 {
		t.Errorf("handshake %q", s.Handshake)
	}
}

func TestAStalledHandshakeEndsWithTheRelay(t *testing.T) {
	r := start(t, Options{RTT: time.Millisecond})
	r.Fault(Fault{Stage: TLS, Action: Silence()})
	c := dialPort(t, r, r.TLSWrapperPort())
	failed := make(chan error)
	go func() { failed <- tls.Client(c.conn, trust(t, r)).Handshake() }()
	eventually(t, r, "the client's hello", func() bool {
		s := r.Sessions()
		return len(s) == 1 && len(s[0].Handshake) > 0
	})
	r.Stop()
	if <-failed == nil {
		t.Error("the handshake succeeded")
	}
}
