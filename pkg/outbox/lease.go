package outbox

import (
	"context"
	"sync"
	"time"
)

// lease is the context of a send. It ends with the lease of its delivery, when
// other processes may take that. Err compares the time itself: in a process that
// was stopped and goes on, timers may not have run yet.
type lease struct {
	context.Context
	cancel context.CancelCauseFunc
	now    func() time.Time

	mu    sync.Mutex
	until time.Time
	timer *time.Timer
}

func newLease(parent context.Context, now func() time.Time, until time.Time) *lease {
	l := &lease{now: now, until: until}
	l.Context, l.cancel = context.WithCancelCause(parent)
	l.timer = time.AfterFunc(until.Sub(now()), func() { _ = l.Err() })
	return l
}

// Err is not nil once the lease has ended.
func (l *lease) Err() error {
	l.mu.Lock()
	now := l.now()
	// The wall clock goes on while a virtual machine is suspended; the other one
	// cannot be set.
	over := now.After(l.until) || now.Round(0).After(l.until.Round(0))
	if !over {
		l.timer.Reset(max(l.until.Sub(now), time.Millisecond))
	}
	l.mu.Unlock()
	if over {
		l.cancel(errLeaseLost)
	}
	return l.Context.Err()
}

// renew moves the end of the lease.
func (l *lease) renew(until time.Time) {
	l.mu.Lock()
	l.until = until
	l.mu.Unlock()
	_ = l.Err()
}

// end ends the context for good.
func (l *lease) end(cause error) {
	l.cancel(cause)
	l.timer.Stop()
}
