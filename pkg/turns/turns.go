// Package turns bounds what charts and pictures cost the mails that are on their way: for
// how many mails they are made at once, how long a mail waits for them, and for how long a
// server that took too long is left alone.
package turns

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// Within is how long a mail waits for its charts and pictures together.
	Within = 3 * time.Second

	atOnce = 8 // mails in the making that have charts or pictures
)

// ErrBusy is why a mail goes without: others have all the turns.
var ErrBusy = errors.New("eight mails with charts or pictures are being made already")

// Turns gives out turns. A mail has one until it is stored, so that few mails with
// pictures are in memory.
type Turns struct{ free *semaphore.Weighted }

// New makes turns.
func New() *Turns { return &Turns{semaphore.NewWeighted(atOnce)} }

// Begin takes a turn for a mail. What is made in it has the context limited, and end, which
// must be called and may be called again, ends it. Nobody waits for a turn: where there is
// none, limited has ended, and its cause is ErrBusy.
func (t *Turns) Begin(ctx context.Context) (limited context.Context, end func()) {
	if !t.free.TryAcquire(1) {
		return none, func() {}
	}
	limited, cancel := context.WithTimeout(ctx, Within)
	ended := false
	return limited, func() {
		cancel()
		if !ended {
			ended = true
			t.free.Release(1)
		}
	}
}

// none is the context of a mail without a turn.
var none = func() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(ErrBusy)
	return ctx
}()
