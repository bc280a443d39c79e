package relaytest

import (
	"io"
	"strings"
	"testing"
)

// walk leads a client to a stage; the next thing it hears is the fault's.
func walk(t *testing.T, r *Relay, to Stage) *client {
	c := dial(t, r)
	if to == Greeting {
		return c
	}
	c.reply()
	steps := []struct {
		stage Stage
		line  string
	}{
		{EHLO, "EHLO a"}, {STARTTLS, "STARTTLS"}, {EHLO2, "EHLO a"}, {Challenge, "AUTH LOGIN"}, {Challenge, b64("AppKey")}, {AUTH, b64("SecretKey")},
		{NOOP, "NOOP"}, {RSET, "RSET"}, {MAIL, "MAIL FROM:<a@example.com>"}, {RCPT, "RCPT TO:<b@example.com>"}, {DATA, "DATA"},
		{Body, "x"}, {EOM, "."}, {QUIT, "QUIT"},
	}
	for _, step := range steps {
		if step.stage == Body && to != Body {
			c.send(step.line + "\r\n")
			continue
		}
		c.send(step.line + "\r\n")
		if step.stage == to || step.stage == EOM && to == Taken {
			return c
		}
		if got := c.reply(); got[0] != '2' && got[0] != '3' {
			t.Fatalf("reply to %q: %q", step.line, got)
		}
		if step.stage == STARTTLS {
			if to == TLS {
				return c
			}
			c.secure(r)
		}
	}
	t.Fatalf("no way to stage %s", to)
	return nil
}

func stages() []Stage {
	return []Stage{Greeting, EHLO, STARTTLS, TLS, EHLO2, Challenge, AUTH, NOOP, RSET, MAIL, RCPT, DATA, Body, EOM, Taken, QUIT}
}

func TestEveryActionAtEveryStage(t *testing.T) {
	const raw = "451 4.3.0 as ordered\r\n"
	actions := map[string]struct {
		action Action
		check  func(t *testing.T, r *Relay, c *client, remove func())
	}{
		"reply": {Reply(raw), func(_ *testing.T, _ *Relay, c *client, _ func()) { c.expect(raw) }},
		"reply and close": {ReplyAndClose(raw), func(_ *testing.T, _ *Relay, c *client, _ func()) {
			c.expect(raw)
			c.gone()
		}},
		"close": {Close(), func(_ *testing.T, _ *Relay, c *client, _ func()) { c.gone() }},
		"reset": {Reset(), func(t *testing.T, _ *Relay, c *client, _ func()) {
			if !c.gone() {
				t.Error("the connection ended without a reset")
			}
		}},
		"partial": {Partial("25"), func(t *testing.T, r *Relay, c *client, _ func()) {
			c.expect("25")
			c.send("still read\r\n")
			eventually(t, r, "what is sent into the silence", func() bool {
				s := r.Sessions()[0]
				return strings.Contains(string(s.Plain)+string(s.Handshake)+string(s.Secure), "still read")
			})
		}},
		"flood": {Flood("250-x\r\n"), func(_ *testing.T, _ *Relay, c *client, _ func()) { c.expect(strings.Repeat("250-x\r\n", 10_000)) }},
		"stall": {Stall(), func(_ *testing.T, _ *Relay, c *client, remove func()) {
			remove()
			c.gone()
		}},
	}
	for name, a := range actions {
		for _, stage := range stages() {
			t.Run(name+" at "+string(stage), func(t *testing.T) {
				r := start(t, Options{})
				fired := make(chan struct{}, 1)
				dialed := make(chan struct{})
				if stage == Greeting { // else the dial itself may be reset
					r.Fault(Fault{Stage: Greeting, Action: Hold(dialed)})
				}
				remove := r.Fault(Fault{Stage: stage, Times: 1, Action: a.action, OnFire: func() { fired <- struct{}{} }})
				c := walk(t, r, stage)
				close(dialed)
				<-fired
				a.check(t, r, c, remove)
				_ = c.conn.Close()
				eventually(t, r, "the session's end", func() bool { return !r.Sessions()[0].Open })
				if taken := r.Taken(); (taken == 1) != (stage == Taken || stage == QUIT) {
					t.Errorf("%d mails taken", taken)
				}
			})
		}
	}
}

func TestSilenceAnswersNothing(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: NOOP, Action: Silence()})
	c := login(t, r)
	c.send("NOOP\r\nRSET\r\n")
	eventually(t, r, "both commands", func() bool { return strings.HasSuffix(string(r.Sessions()[0].Plain), "RSET\r\n") })
	r.Drop("421 4.3.2 enough\r\n")
	c.expect("421 4.3.2 enough\r\n")
	c.gone()
}

func TestHoldAndDelayGoOnAsUsual(t *testing.T) {
	r := start(t, Options{})
	held, release := make(chan struct{}), make(chan struct{})
	r.Fault(Fault{Stage: EOM, Times: 1, Action: Delay(1)})
	r.Fault(Fault{Stage: EOM, Times: 1, Action: Hold(release), OnFire: func() { close(held) }})
	c := login(t, r)
	c.mail()
	c.send("x\r\n.\r\n")
	<-held
	if n := r.Taken(); n != 0 {
		t.Errorf("%d mails taken while held", n)
	}
	close(release)
	if got := c.reply(); !strings.HasPrefix(got, "250 2.0.0") {
		t.Errorf("reply %q", got)
	}
	if n := r.Taken(); n != 1 {
		t.Errorf("%d mails taken", n)
	}
}

func TestARefusedCommandIsNotCarriedOut(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: RCPT, Match: "BAD@", Action: Reply("550 5.1.1 no such user\r\n")})
	c := login(t, r)
	c.say("MAIL FROM:<a@example.com>", "250")
	c.say("RCPT TO:<good@example.com>", "250")
	c.say("RCPT TO:<bad@example.com>", "550 5.1.1 no such user")
	c.say("DATA", "354")
	c.say(".", "250")
	if to := r.Mails()[0].To; len(to) != 1 || to[0] != "good@example.com" {
		t.Errorf("taken for %q", to)
	}
}

func TestAnOrdered354TakesDataForNobody(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: RCPT, Action: Reply("550 5.1.1 no such user\r\n")})
	r.Fault(Fault{Stage: DATA, Action: Reply("354 go on\r\n")})
	c := login(t, r)
	c.say("MAIL FROM:<a@example.com>", "250")
	c.say("RCPT TO:<b@example.com>", "550")
	c.say("DATA", "354 go on")
	c.say(".", "554 5.5.1")
	if r.Taken() != 0 {
		t.Error("a mail to nobody was taken")
	}
}

func TestFaultsActTheTimesOrdered(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: NOOP, Skip: 1, Times: 2, Action: Reply("451 4.0.0 first order\r\n")})
	remove := r.Fault(Fault{Stage: NOOP, Match: "here", Action: Reply("452 4.0.0 second order\r\n")})
	c := login(t, r)
	for _, exchange := range [][2]string{
		{"NOOP", "250"}, {"NOOP", "451"}, {"NOOP here", "451"}, {"NOOP", "250"}, {"NOOP here", "452"}, {"NOOP here", "452"},
	} {
		c.say(exchange[0], exchange[1])
	}
	remove()
	remove()
	c.say("NOOP here", "250")
}

func TestFaultsCountEachSessionByItself(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: NOOP, Skip: 1, Times: 1, PerSession: true, Action: Reply("451 4.0.0 as ordered\r\n")})
	for range 2 {
		c := login(t, r)
		for _, reply := range []string{"250", "451", "250"} {
			c.say("NOOP", reply)
		}
	}
}

func TestMatchLooksAtWhatTheStageIsAbout(t *testing.T) {
	for stage, match := range map[Stage]string{
		EHLO: "ehlo A", Challenge: "appkey", AUTH: "AppKey", MAIL: "a@example.com", RCPT: "b@example.com",
		DATA: "b@example.com", Body: "x", EOM: "a@example.com", Taken: "B@example.com",
	} {
		t.Run(string(stage), func(t *testing.T) {
			r := start(t, Options{})
			r.Fault(Fault{Stage: stage, Match: "somebody else", Action: Close()})
			fired := make(chan struct{}, 1)
			r.Fault(Fault{Stage: stage, Match: match, Times: 1, Action: Delay(1), OnFire: func() { fired <- struct{}{} }})
			c := walk(t, r, QUIT)
			if got := c.reply(); !strings.HasPrefix(got, "221") {
				t.Errorf("reply %q", got)
			}
			select {
			case <-fired:
			default:
				t.Error("the fault did not act")
			}
		})
	}
}

func TestPlaintextBehindSTARTTLSsReply(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: STARTTLS, Action: Reply("220 go\r\n250 injected\r\n")})
	c := walk(t, r, STARTTLS)
	c.expect("220 go\r\n250 injected\r\n")
	c.secure(r) // the relay does its part of the handshake all the same
	c.say("EHLO a", "250 ")
}

func TestAStalledRelayStopsReading(t *testing.T) {
	r := start(t, Options{})
	r.Fault(Fault{Stage: Body, Action: Stall()})
	c := login(t, r)
	c.mail()
	blocked := make(chan error, 1)
	go func() {
		_, err := io.Copy(c.conn, endless{})
		blocked <- err
	}()
	eventually(t, r, "the body's beginning", func() bool { return strings.Contains(string(r.Sessions()[0].Plain), "DATA\r\nx") })
	r.Stop()
	if err := <-blocked; err == nil {
		t.Error("writing ended without an error")
	}
	if n := len(r.Sessions()[0].Plain); n > 1<<20 {
		t.Errorf("%d bytes were read", n)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return copy(p, "x\r\n"), nil }
