package outbox

import (
	"context"
	"time"
)

// repeat tries for so long, with growing pauses, while the error is worth
// trying again.
func repeat(ctx context.Context, limit time.Duration, try func() (again bool, err error)) error {
	began := time.Now()
	for pause := 20 * time.Millisecond; ; pause *= 2 {
		again, err := try()
		if err == nil || !again || time.Since(began) > limit || !sleep(ctx, pause) {
			return err
		}
	}
}

// sleep waits for d and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
