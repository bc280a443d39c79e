package smtp

import (
	"context"
	"sync/atomic"
)

// A gate lets one connection at a time offer the credentials until the relay
// has taken them once. A refusal then costs one AUTH however many connections
// were opened at once; services lock accounts over less.
type gate struct {
	turn  chan struct{}
	known *atomic.Bool // the credentials are good
}

func newGate() gate { return gate{turn: make(chan struct{}, 1), known: new(atomic.Bool)} }

// enter waits for the turn, if there is need for one; ours says so to leave.
func (g gate) enter(ctx context.Context) (ours bool, err error) {
	if g.known.Load() {
		return false, nil
	}
	select {
	case g.turn <- struct{}{}:
	case <-ctx.Done():
		return false, context.Cause(ctx)
	}
	if ctx.Err() != nil {
		<-g.turn
		return false, context.Cause(ctx)
	}
	if g.known.Load() {
		<-g.turn
		return false, nil
	}
	return true, nil
}

// leave notes whether the session stands, and passes the turn on.
func (g gate) leave(ours bool, err *Error) {
	switch {
	case err == nil:
		g.known.Store(true)
	case err.Sender():
		g.known.Store(false)
	}
	if ours {
		<-g.turn
	}
}
