package pgtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// Silent is the URL of a database by way of a network that falls silent: once a
// side has said words, nothing more passes on that connection, and silent is
// closed. Other connections are well.
func Silent(tb testing.TB, database, words string) (location string, silent <-chan struct{}) {
	tb.Helper()
	u, err := url.Parse(database)
	if err != nil {
		tb.Fatal(err)
	}
	socket := filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	n := network{words: []byte(words), silent: make(chan struct{}), over: make(chan struct{})}
	n.serving.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			n.serving.Go(func() { n.connect(client, socket) })
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		close(n.over)
		n.serving.Wait()
	})
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	return u.String(), n.silent
}

type network struct {
	words   []byte
	said    atomic.Bool
	silent  chan struct{}
	over    chan struct{}
	serving sync.WaitGroup
}

// connect passes on what the two sides say until one ends or all is over.
func (n *network) connect(client net.Conn, socket string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", socket)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	var mute atomic.Bool
	ended := make(chan struct{}, 2)
	pass := func(to io.Writer, from io.Reader) {
		defer func() { ended <- struct{}{} }()
		for buf := make([]byte, 64<<10); ; {
			k, err := from.Read(buf)
			if err != nil {
				return
			}
			if mute.Load() {
				continue
			}
			if _, err := to.Write(buf[:k]); err != nil {
				return
			}
			if bytes.Contains(buf[:k], n.words) && n.said.CompareAndSwap(false, true) {
				mute.Store(true)
				close(n.silent)
			}
		}
	}
	n.serving.Go(func() { pass(server, client) })
	n.serving.Go(func() { pass(client, server) })
	select {
	case <-ended:
	case <-n.over:
	}
}
