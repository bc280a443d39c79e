package smtp

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// script is a relay's side of one TLS wrapper connection, written by hand: for
// what relaytest has no order for.
type script struct {
	conn net.Conn
	r    *bufio.Reader
	err  error // the client has gone
}

// say writes raw. A client that went away is what some scripts are about.
func (s *script) say(raw string) { _, _ = s.conn.Write([]byte(raw)) }

// line is the next command; "" when the client has gone.
func (s *script) line() string {
	line, err := s.r.ReadString('\n')
	s.err = err
	return strings.TrimRight(line, "\r\n")
}

// greeted plays the opening of a session, up to the reply to AUTH.
func (s *script) greeted() {
	s.say("220 relay ready\r\n")
	s.line()
	s.say("250-relay\r\n250-PIPELINING\r\n250 AUTH PLAIN LOGIN\r\n")
	s.line()
}

// opened plays the opening of a session, up to the first mail.
func (s *script) opened() {
	s.greeted()
	s.say("235 ok\r\n")
}

// skip reads lines to the one that is last.
func (s *script) skip(last string) {
	for l := s.line(); l != "" && l != last; l = s.line() {
	}
}

// scripted is how to reach a relay that plays the script on each connection
// and closes it then.
func scripted(t *testing.T, play func(*script)) Config {
	t.Helper()
	relay := startRelay(t, relaytest.Options{}) // for its certificate
	c := relayConfig(relay, nhncloud.TLSWrapper)
	certificate := selfSigned(t)
	c.TLS = &tls.Config{InsecureSkipVerify: true}
	var playing sync.WaitGroup
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		client, server := tcpPair(t)
		playing.Go(func() {
			conn := tls.Server(server, &tls.Config{Certificates: []tls.Certificate{certificate}})
			play(&script{conn: conn, r: bufio.NewReader(conn)})
			_ = conn.Close()
		})
		return client, nil
	}
	t.Cleanup(playing.Wait)
	return c
}

// tcpPair is the two ends of a connection.
func tcpPair(t *testing.T) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	client, err = net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}
