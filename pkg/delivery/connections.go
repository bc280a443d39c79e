package delivery

import (
	"context"
	"net"
	"sync"
	"time"
)

// openConnections counts those to a relay by user, over the senders that follow each
// other as settings are saved: a relay that takes just so many has no room for
// those of a new sender until the old one's are closed.
type openConnections struct {
	mu    sync.Mutex
	open  map[string]int
	freed chan struct{} // closed, and made anew, when one is closed
}

func newOpenConnections() *openConnections {
	return &openConnections{open: map[string]int{}, freed: make(chan struct{})}
}

// dialer returns the dial of one sender. While connections of an earlier sender
// are open, at most limit of the user's are open at once; after patience it dials
// all the same, for the relay may have room. How many it opens of its own, its
// pool knows.
func (c *openConnections) dialer(user string, limit int, patience time.Duration, dial Dialer) Dialer {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	own := new(int)
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.take(ctx, user, own, limit, patience)
		conn, err := dial(ctx, network, addr)
		if err != nil {
			c.release(user, own)
			return nil, err
		}
		return &counted{Conn: conn, release: sync.OnceFunc(func() { c.release(user, own) })}, nil
	}
}

// take waits until there is room for one more, or patience or ctx ends.
func (c *openConnections) take(ctx context.Context, user string, own *int, limit int, patience time.Duration) {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		c.mu.Lock()
		freed := c.freed
		if c.open[user] < limit || c.open[user] == *own || patient.Err() != nil {
			c.open[user]++
			*own++
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		select {
		case <-freed:
		case <-patient.Done():
		}
	}
}

func (c *openConnections) release(user string, own *int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*own--
	if c.open[user]--; c.open[user] == 0 {
		delete(c.open, user)
	}
	close(c.freed)
	c.freed = make(chan struct{})
}

// counted is a connection that is counted until it is closed.
type counted struct {
	net.Conn
	release func()
}

func (c *counted) Close() error {
	defer c.release()
	return c.Conn.Close()
}
