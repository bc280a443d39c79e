package relaytest

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// deadline is what no test should come near.
const deadline = 20 * time.Second

func start(t testing.TB, o Options) *Relay {
	t.Helper()
	r, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

func eventually(t testing.TB, r *Relay, what string, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	if err := r.WaitFor(ctx, cond); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// client is a hand that types at the relay, byte for byte.
type client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dial(t testing.TB, r *Relay) *client { return dialPort(t, r, r.STARTTLSPort()) }

func dialPort(t testing.TB, r *Relay, port int) *client {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(r.Host(), strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return newClient(t, conn)
}

func newClient(t testing.TB, conn net.Conn) *client {
	if err := conn.SetDeadline(time.Now().Add(deadline)); err != nil {
		t.Fatal(err)
	}
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fatalf("sending %.60q: %v", raw, err)
	}
}

// expect reads exactly want.
func (c *client) expect(want string) {
	c.t.Helper()
	got := make([]byte, len(want))
	n, err := io.ReadFull(c.r, got)
	if err != nil || string(got) != want {
		c.t.Fatalf("got %q, %v; want %q", got[:n], err, want)
	}
}

// reply reads a whole reply and returns its last line.
func (c *client) reply() string {
	c.t.Helper()
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("reading a reply: %q, %v", line, err)
		}
		if len(line) < 4 || line[3] != '-' {
			return strings.TrimSuffix(line, "\r\n")
		}
	}
}

// say sends a line and expects a reply that begins with want.
func (c *client) say(line, want string) {
	c.t.Helper()
	c.send(line + "\r\n")
	if got := c.reply(); !strings.HasPrefix(got, want) {
		c.t.Fatalf("reply to %.60q: %q, want %q", line, got, want)
	}
}

// gone expects the connection's end and tells whether it was a reset.
func (c *client) gone() (reset bool) {
	c.t.Helper()
	rest, err := io.ReadAll(c.r)
	if len(rest) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatalf("got %q, %v; want the end of the connection", rest, err)
	}
	return err != nil
}

func (c *client) secure(r *Relay) {
	c.t.Helper()
	conn := tls.Client(c.conn, trust(c.t, r))
	if err := conn.Handshake(); err != nil {
		c.t.Fatal(err)
	}
	c.conn, c.r = conn, bufio.NewReader(conn)
}

func trust(t testing.TB, r *Relay) *tls.Config {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(r.CA()) {
		t.Fatal("the relay's CA is not PEM")
	}
	return &tls.Config{RootCAs: roots, ServerName: r.ServerName()}
}

// login goes all the way to a session that may send, in the clear.
func login(t testing.TB, r *Relay) *client {
	t.Helper()
	c := dial(t, r)
	c.reply()
	c.say("EHLO a", "250 ")
	c.say("AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=", "235 ")
	return c
}

// mail begins a transaction, up to 354.
func (c *client) mail() {
	c.t.Helper()
	c.say("MAIL FROM:<alerts@example.com>", "250 2.1.0")
	c.say("RCPT TO:<ops@example.com>", "250 2.1.5")
	c.say("DATA", "354 ")
}
