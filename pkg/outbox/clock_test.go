package outbox

import (
	"testing"
	"time"
)

// TestClockJumpsLoseAndRepeatNothing: the store's clock jumps while a mail is
// queued for a retry, being sent, or held. It goes out, and once.
func TestClockJumpsLoseAndRepeatNothing(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, 30 * 24 * time.Hour, -time.Hour, -30 * 24 * time.Hour} {
		t.Run(jump.String(), func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				// The leases stay long enough: of another process there is a test.
				o := f.open(func(opt *Options) { opt.Renew = 5 * time.Millisecond })
				s := newScript()
				f.attach(o, s)

				sending := f.enqueue(o, notification("sending"))
				receive(t, "a send begins", s.started)
				f.clock.advance(jump)
				time.Sleep(20 * time.Millisecond) // the loops that look at the clock run meanwhile
				s.answers <- accept
				if d := f.awaitStatus(o, sending.ID, Sent); d.Attempt != 1 {
					t.Errorf("sent %d times", d.Attempt)
				}

				queued := f.enqueue(o, notification("queued"))
				receive(t, "a send begins", s.started)
				s.answers <- defer4
				f.awaitStatus(o, queued.ID, Queued)
				eventually(t, "the retry is planned", func() bool { return len(o.handsFull(src)) == 0 })
				f.clock.advance(jump)
				if jump < 0 {
					f.clock.advance(15 * time.Minute) // the longest pause and more
				}
				receive(t, "the second attempt", s.started)
				s.answers <- accept
				if d := f.awaitStatus(o, queued.ID, Sent); d.Attempt != 2 {
					t.Errorf("%d attempts", d.Attempt)
				}

				held := f.enqueue(o, notification("held"))
				receive(t, "a send begins", s.started)
				s.answers <- hold
				f.awaitStatus(o, held.ID, Held)
				f.clock.advance(jump)
				if err := o.Resume(t.Context(), src, "normal"); err != nil {
					t.Fatal(err)
				}
				receive(t, "the attempt after the resumption", s.started)
				s.answers <- accept
				f.awaitStatus(o, held.ID, Sent)
			})
		})
	}
}
