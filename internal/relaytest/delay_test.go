package relaytest

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// The line is measured by the bubble's clock, to the nanosecond.
func TestTheDelayLineKeepsPipeliningHonest(t *testing.T) {
	const rtt = 20 * time.Millisecond
	exchange := func(flights, perFlight int) (took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			near, far := net.Pipe()
			done := make(chan struct{})
			line := newDelayLine(far, rtt, done)
			go func() { // an echo at the far end
				buf := make([]byte, 64)
				for {
					n, err := line.Read(buf)
					if err != nil {
						_ = line.Close()
						return
					}
					_, _ = line.Write(buf[:n])
				}
			}()
			begin := time.Now()
			for range flights {
				go func() {
					for range perFlight {
						_, _ = io.WriteString(near, "ping")
					}
				}()
				if _, err := io.ReadFull(near, make([]byte, 4*perFlight)); err != nil {
					t.Fatal(err)
				}
			}
			took = time.Since(begin)
			_ = near.Close()
			synctest.Wait()
			close(done)
		})
		return took
	}
	for _, test := range []struct {
		flights, perFlight int
		want               time.Duration
	}{
		{1, 1, rtt}, {1, 100, rtt}, {5, 1, 5 * rtt}, {5, 20, 5 * rtt},
	} {
		if got := exchange(test.flights, test.perFlight); got != test.want {
			t.Errorf("%d flights of %d writes took %v, want %v", test.flights, test.perFlight, got, test.want)
		}
	}
}

func TestTheDelayLineDeliversAllBeforeItCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		done := make(chan struct{})
		line := newDelayLine(far, 20*time.Millisecond, done)
		begin := time.Now()
		go func() {
			_, _ = io.WriteString(line, "last ")
			_, _ = io.WriteString(line, "words")
			_ = line.Close()
		}()
		got, err := io.ReadAll(near)
		if string(got) != "last words" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
		if took := time.Since(begin); took != 10*time.Millisecond {
			t.Errorf("took %v, want half a round trip", took)
		}
		close(done)
	})
}

// A real session takes at least its round trips; how much longer it takes is
// the machine's affair.
func TestRoundTripsOfASession(t *testing.T) {
	const rtt = 20 * time.Millisecond
	r := start(t, Options{RTT: rtt})
	begin := time.Now()
	atLeast := func(what string, trips int) {
		t.Helper()
		if took := time.Since(begin); took < time.Duration(trips)*rtt {
			t.Errorf("%s after %v, sooner than %d round trips", what, took, trips)
		}
	}
	c := dial(t, r)
	c.reply()
	atLeast("greeting", 2) // connect, greeting
	c.say("EHLO a", "250")
	c.say("STARTTLS", "220")
	c.secure(r)
	atLeast("TLS", 5)
	c.say("EHLO a", "250")
	c.say("AUTH PLAIN "+b64("\x00AppKey\x00SecretKey"), "235")
	before := r.Sessions()[0].Flights
	if before != 4 {
		t.Errorf("%d flights up to AUTH, want 4: EHLO, STARTTLS, EHLO, AUTH", before)
	}
	envelope := "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nDATA\r\n"
	for _, line := range []string{"MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.com>\r\n", "DATA\r\n"} {
		c.send(line) // three writes, one flight
	}
	for range 3 {
		c.reply()
	}
	for range 10 {
		c.send("x\r\n.\r\n" + envelope)
		for range 4 {
			c.reply()
		}
	}
	if got := r.Sessions()[0].Flights - before; got != 11 {
		t.Errorf("%d flights for ten mails in a chain, want 11", got)
	}
	atLeast("ten mails", 18)
	if v := r.Violations(); len(v) > 0 {
		t.Errorf("violations: %q", v)
	}
}

func TestSpeakingTooSoonIsSeenAcrossTheLine(t *testing.T) {
	for name, impatient := range map[string]func(c *client){
		"before the greeting": func(c *client) { c.send("EHLO a\r\n") },
		"behind EHLO": func(c *client) {
			c.reply()
			c.send("EHLO a\r\n")
			c.send("NOOP\r\n")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := start(t, Options{RTT: 20 * time.Millisecond})
			impatient(dial(t, r))
			eventually(t, r, "a violation", func() bool { return len(r.Violations()) > 0 })
		})
	}
}
