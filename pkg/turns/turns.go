// Package turns bounds what is made for mails that are on their way: how much at once,
// how long each may take, and for how long nothing is tried where it took too long.
package turns

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// AtOnce is how many mails have a turn at the same time.
	AtOnce = 8
	// SlowInARow turns that took too long are followed by a rest.
	SlowInARow = 2

	rest = time.Minute
)

// Turns gives out turns.
type Turns struct {
	// Within is how long a turn may take.
	Within time.Duration

	free *semaphore.Weighted

	mu    sync.Mutex
	slow  int       // turns in a row that took too long
	until time.Time // when turns are given out again
}

// New makes turns that may take so long.
func New(within time.Duration) *Turns {
	return &Turns{Within: within, free: semaphore.NewWeighted(AtOnce)}
}

// Begin takes a turn and says whether there was one. Nobody waits for one. What is done
// in it has the context that it returns, and end, which must be called, ends it.
func (t *Turns) Begin(ctx context.Context) (limited context.Context, end func(), ok bool) {
	t.mu.Lock()
	resting := time.Now().Before(t.until)
	t.mu.Unlock()
	if resting || ctx.Err() != nil || !t.free.TryAcquire(1) {
		return ctx, func() {}, false
	}
	began := time.Now()
	limited, cancel := context.WithTimeout(ctx, t.Within)
	return limited, func() {
		// Where what was made before it has used up most of its time, it is not slow.
		until, _ := limited.Deadline()
		slow := errors.Is(limited.Err(), context.DeadlineExceeded) && until.Sub(began) >= t.Within/2
		cancel()
		t.end(slow)
	}, true
}

// end gives a turn back; slow says that its time was up.
func (t *Turns) end(slow bool) {
	t.free.Release(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if !slow {
		t.slow = 0
		return
	}
	if t.slow++; t.slow >= SlowInARow {
		t.slow, t.until = 0, time.Now().Add(rest)
	}
}

// Resume ends the rest.
func (t *Turns) Resume() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.slow, t.until = 0, time.Time{}
}
