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

// dialer is dial, of which at most limit connections of a user are open at once.
// After patience it dials all the same: the relay may have room.
func (c *openConnections) dialer(user string, limit int, patience time.Duration, dial Dialer) Dialer {
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		c.take(ctx, user, limit, patience)
		conn, err := dial(ctx, network, addr)
		if err != nil {
			c.release(user)
			return nil, err
		}
		return &counted{Conn: conn, release: sync.OnceFunc(func() { c.release(user) })}, nil
	}
}

// take waits until there is room for one more, or patience or ctx ends.
func (c *openConnections) take(ctx context.Context, user string, limit int, patience time.Duration) {
	patient, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		c.mu.Lock()
		freed := c.freed
		if c.open[user] < limit || patient.Err() != nil {
			c.open[user]++
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

func (c *openConnections) release(user string) {
	c.mu.Lock()
	defer c.mu.Unlock()
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
