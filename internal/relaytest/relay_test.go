package relaytest

import (
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A client that nobody here wrote gets its mail through.
func TestAnIndependentClientDelivers(t *testing.T) {
	for _, userName := range []string{"AppKey", "AppKey#normal", "AppKey#auth", "AppKey#ad"} {
		for port, connect := range map[string]func(string, *Relay) (*smtp.Client, error){
			"STARTTLS":    func(at string, r *Relay) (*smtp.Client, error) { return smtp.DialStartTLS(at, trust(t, r)) },
			"TLS wrapper": func(at string, r *Relay) (*smtp.Client, error) { return smtp.DialTLS(at, trust(t, r)) },
		} {
			t.Run(userName+" on "+port, func(t *testing.T) {
				r := start(t, Options{})
				n := r.STARTTLSPort()
				if port == "TLS wrapper" {
					n = r.TLSWrapperPort()
				}
				c, err := connect(net.JoinHostPort(r.Host(), strconv.Itoa(n)), r)
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = c.Close() }()
				if err := c.Auth(sasl.NewPlainClient("", userName, "SecretKey")); err != nil {
					t.Fatal(err)
				}
				if err := c.SendMail("a@example.com", []string{"b@example.com", "c@example.com"}, strings.NewReader("Subject: x\n\n.dot\n")); err != nil {
					t.Fatal(err)
				}
				if err := c.Quit(); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), deadline)
				defer cancel()
				mails, err := r.WaitMails(ctx, 1)
				if err != nil {
					t.Fatal(err)
				}
				m := mails[0]
				if m.UserName != userName || m.Mechanism != "PLAIN" || !m.TLS || len(m.To) != 2 || string(m.Data) != "Subject: x\r\n\r\n.dot\r\n" {
					t.Errorf("took %+v", m)
				}
				if v := r.Violations(); len(v) > 0 {
					t.Errorf("violations: %q", v)
				}
			})
		}
	}
}

func TestConnectionsBeyondTheCapGet421(t *testing.T) {
	r := start(t, Options{MaxConnections: 2})
	first, second := login(t, r), login(t, r)
	third := dial(t, r)
	if got := third.reply(); !strings.HasPrefix(got, "421 4.7.0") {
		t.Errorf("the third got %q", got)
	}
	third.gone()
	fourth := dialPort(t, r, r.TLSWrapperPort())
	fourth.secure(r)
	if got := fourth.reply(); !strings.HasPrefix(got, "421 4.7.0") {
		t.Errorf("the fourth got %q", got)
	}
	if open, peak, total, refused := r.Connections(); open != 2 || peak != 2 || total != 4 || refused != 2 {
		t.Errorf("open %d, peak %d, total %d, refused %d", open, peak, total, refused)
	}
	first.say("QUIT", "221")
	login(t, r) // the place is free
	second.say("NOOP", "250")
}

func TestStopAndRestartKeepThePorts(t *testing.T) {
	r := start(t, Options{})
	before := [2]int{r.STARTTLSPort(), r.TLSWrapperPort()}
	for range 3 {
		c := login(t, r)
		r.Stop()
		r.Stop()
		c.gone()
		for _, port := range before {
			if conn, err := net.Dial("tcp", net.JoinHostPort(r.Host(), strconv.Itoa(port))); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dial while stopped: %v", err)
				if err == nil {
					_ = conn.Close()
				}
			}
		}
		if err := r.Restart(); err != nil {
			t.Fatal(err)
		}
		if err := r.Restart(); err != nil {
			t.Fatal(err)
		}
		if after := [2]int{r.STARTTLSPort(), r.TLSWrapperPort()}; after != before {
			t.Fatalf("ports %v, before %v", after, before)
		}
	}
	login(t, r)
	if open, _, total, _ := r.Connections(); open != 1 || total != 4 {
		t.Errorf("open %d of %d", open, total)
	}
}

func TestStartSaysWhichPortIsTaken(t *testing.T) {
	r := start(t, Options{})
	if _, err := Start(Options{TLSWrapperPort: r.STARTTLSPort()}); err == nil || !strings.Contains(err.Error(), strconv.Itoa(r.STARTTLSPort())) {
		t.Errorf("error: %v", err)
	}
}

func TestDropEndsIdleConnectionsWithAWord(t *testing.T) {
	r := start(t, Options{})
	inClear := login(t, r)
	underTLS := dialPort(t, r, r.TLSWrapperPort())
	underTLS.secure(r)
	underTLS.reply()
	r.Drop("421 4.4.2 idle for too long\r\n")
	for _, c := range []*client{inClear, underTLS} {
		c.expect("421 4.4.2 idle for too long\r\n")
		if c.gone() {
			t.Error("the connection was reset")
		}
	}
	eventually(t, r, "the end of both", func() bool {
		for _, c := range []*client{inClear, underTLS} {
			_ = c.conn.Close()
		}
		open, _, _, _ := r.Connections()
		return open == 0
	})
}

func TestSetTakesEffectForConnectionsToCome(t *testing.T) {
	r := start(t, Options{})
	c := dial(t, r)
	c.reply()
	r.Set(func(o *Options) { o.SecretKey = "rotated" })
	c.say("EHLO a", "250")
	c.say("AUTH PLAIN "+b64("\x00AppKey\x00SecretKey"), "235")
	c = dial(t, r)
	c.reply()
	c.say("EHLO a", "250")
	c.say("AUTH PLAIN "+b64("\x00AppKey\x00SecretKey"), "535")
	c.say("AUTH PLAIN "+b64("\x00AppKey\x00rotated"), "235")
}

func TestDiscardKeepsTheCountersOnly(t *testing.T) {
	var mu sync.Mutex
	var seen []string
	r := start(t, Options{Discard: true, OnMail: func(m Mail) {
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, m.To[0]+" "+string(m.Data))
	}})
	c := login(t, r)
	for _, text := range []string{"one", "two"} {
		c.mail()
		c.say(text+"\r\n.", "250")
	}
	s := r.Sessions()[0]
	if r.Taken() != 2 || s.Mails != 2 || len(r.Mails()) != 0 || len(s.Plain) != 0 || len(s.Commands) != 0 {
		t.Errorf("taken %d, kept %d mails, session %+v", r.Taken(), len(r.Mails()), s)
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(seen, "|"); got != "ops@example.com one\r\n|ops@example.com two\r\n" {
		t.Errorf("seen %q", got)
	}
}

func TestWaitMailsSaysHowManyCame(t *testing.T) {
	r := start(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.WaitMails(ctx, 3); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "0 of 3") {
		t.Errorf("error: %v", err)
	}
}

// BenchmarkMails is the relay's own share: one busy connection, one flight a
// mail of 20 KB.
func BenchmarkMails(b *testing.B) {
	for name, o := range map[string]Options{"kept": {}, "discarded": {Discard: true}} {
		b.Run(name, func(b *testing.B) {
			r := start(b, o)
			c := login(b, r)
			envelope := "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.com>\r\nRCPT TO:<c@example.com>\r\nRCPT TO:<d@example.com>\r\nDATA\r\n"
			flight := strings.Repeat(strings.Repeat("x", 76)+"\r\n", 256) + ".\r\n" + envelope
			c.send(envelope)
			for range 5 {
				c.reply()
			}
			b.SetBytes(int64(len(flight)))
			for b.Loop() {
				c.send(flight)
				for range 6 {
					c.reply()
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
		})
	}
}
