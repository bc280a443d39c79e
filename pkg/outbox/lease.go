package outbox

import (
	"context"
	"sync"
	"time"
)

// lease is the context of a send. It ends with the lease of its delivery, when
// other processes may take that.
type lease struct {
	context.Context
	cancel context.CancelCauseFunc
	o      *Outbox

	mu     sync.Mutex
	until  time.Time // by the monotonic clock
	onWall time.Time // by the wall clock
	timer  *time.Timer
}

// newLease is a lease that began then.
func newLease(parent context.Context, o *Outbox, began moment) *lease {
	l := &lease{o: o}
	l.Context, l.cancel = context.WithCancelCause(parent)
	l.timer = time.AfterFunc(o.opt.Lease, l.check)
	l.renew(began)
	return l
}

// renew makes the lease one that began then.
func (l *lease) renew(began moment) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.until, l.onWall = began.monotonic.Add(l.o.opt.Lease), began.wall.Add(l.o.opt.Lease)
	l.timer.Reset(l.until.Sub(l.o.opt.monotonic()))
}

// check ends the context once the lease has ended.
func (l *lease) check() {
	l.mu.Lock()
	left := l.until.Sub(l.o.opt.monotonic())
	if left > 0 {
		l.timer.Reset(left)
	}
	l.mu.Unlock()
	if left <= 0 {
		l.cancel(errLeaseLost)
	}
}

// Err is not nil once the lease has ended. It compares the time itself: where
// this process was stopped and goes on, no timer may have run yet, and where its
// machine was suspended, only the wall clock tells. A wall clock that was set
// tells the same, so for that alone nothing under way is broken off.
func (l *lease) Err() error {
	l.mu.Lock()
	over := l.o.opt.monotonic().After(l.until) || l.o.Now().Round(0).After(l.onWall)
	l.mu.Unlock()
	if err := l.Context.Err(); err != nil || !over {
		return err
	}
	return errLeaseLost
}

// end ends the context for good.
func (l *lease) end(cause error) {
	l.cancel(cause)
	l.timer.Stop()
}

// moment is a time by this process's clocks.
type moment struct{ wall, monotonic time.Time }

func (o *Outbox) moment() moment { return moment{o.Now().Round(0), o.opt.monotonic()} }
