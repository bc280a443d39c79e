package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// never renews, within a test's time.
func noRenewal(o *Options) { o.Renew = time.Hour }

// never looks, within a test's time, for what nobody told it of.
func noPoll(o *Options) { o.Poll = time.Hour }

func TestDeadProcessesWorkIsTakenUp(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		dead, alive := f.open(noRenewal), f.open()
		lostOne, taker := newScript(), newScript()
		f.attach(dead, lostOne)
		d := f.enqueue(dead, notification("n"))
		wait.For(t, "the first process sends", lostOne.started)
		f.attach(alive, taker)
		f.clock.advance(9 * time.Second)
		if err := alive.Resume(t.Context(), src, "normal"); err != nil { // makes it look
			t.Fatal(err)
		}
		select {
		case <-taker.started:
			t.Fatal("the lease was not respected")
		default:
		}
		f.clock.advance(2 * time.Second)
		if again := wait.For(t, "the second process sends", taker.started); again.ID != d.ID || again.Attempt != 2 {
			t.Fatalf("%+v", again)
		}

		// The first process comes back to life: its outcome changes nothing.
		lostOne.answers <- refuse5
		wait.Until(t, "the first process has given up", func() bool { return len(dead.working(src)) == 0 })
		if got := f.get(alive, d.ID); got.Status != Sending || got.Attempt != 2 || got.Recipients[0].Status != Queued {
			t.Errorf("the fence failed: %+v", got)
		}
		taker.answers <- accept
		got := f.awaitStatus(alive, d.ID, Sent)
		if len(got.Attempts) != 2 || got.Attempts[0].Outcome != store.Lost || got.Attempts[1].Outcome != string(Sent) {
			t.Errorf("attempts %+v", got.Attempts)
		}
	})
}

// TestSendEndsWithItsLease: a process that is cut off from the database sends
// no longer than nobody else may.
func TestSendEndsWithItsLease(t *testing.T) {
	f := &fixture{T: t, url: pgtest.Database(t), clock: newClock()}
	o := f.open(noRenewal, func(o *Options) { o.Lease = 100 * time.Millisecond })
	ended := make(chan error, 1)
	f.attach(o, deliver(func(ctx context.Context, _ Job) Outcome {
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return Outcome{Verdict: Release}
	}))
	f.enqueue(o, notification("n"))
	if err := wait.For(t, "the send ends", ended); !errors.Is(err, errLeaseLost) {
		t.Errorf("it ends with %v", err)
	}
}

// TestOutcomeWhoseCommitHadNoAnswerIsStoredOnce: it is tried again, and is the
// same outcome.
func TestOutcomeWhoseCommitHadNoAnswerIsStoredOnce(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		finished := make(chan Delivery, 10)
		var st faults
		o := f.openWith(&st, noPoll, func(o *Options) { o.Finished = func(d Delivery) { finished <- d } })
		s := newScript()
		f.attach(o, s)
		f.enqueue(o, notification("n"))
		d := wait.For(t, "the send begins", s.started)
		st.unheard.Store(true)
		s.answers <- accept
		wait.Until(t, "it is stored", func() bool { return f.get(o, d.ID).Status == Sent })
		st.unheard.Store(false)
		if got := wait.For(t, "it is finished", finished); got.ID != d.ID || got.Status != Sent {
			t.Errorf("finished as %s", got.Status)
		}
		if got := f.get(o, d.ID); got.Status != Sent || len(got.Attempts) != 1 {
			t.Errorf("%s, attempts %+v", got.Status, got.Attempts)
		}
	})
}

func TestMailOfADeadProcessIsGivenUpInTheEnd(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		dead, s := f.open(noRenewal, noPoll), newScript() // nor does it look at the clock
		f.attach(dead, s)
		d := f.enqueue(dead, notification("n"))
		wait.For(t, "a send begins", s.started)
		alive := f.open()
		f.clock.advance(11 * time.Second) // a clock that was set takes no lease, time does
		alive.clean()
		f.clock.advance(24*time.Hour + 720*time.Hour + time.Minute)
		alive.clean()
		if got := f.get(alive, d.ID); got.Status != Expired {
			t.Errorf("it is %s after all that time", got.Status)
		}
		s.answers <- accept
		wait.Until(t, "the late outcome is dropped", func() bool { return len(dead.working(src)) == 0 })
		if got := f.get(alive, d.ID); got.Status != Expired {
			t.Errorf("the fence failed: %s", got.Status)
		}
	})
}

func TestLeaseIsRenewedWhileASendRuns(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		busy := f.open(func(o *Options) { o.Renew = 5 * time.Millisecond })
		other := f.open()
		s, thief := newScript(), newScript()
		f.attach(busy, s)
		d := f.enqueue(busy, notification("n"))
		wait.For(t, "the send begins", s.started)
		f.attach(other, thief)
		db := f.database()
		due := func() int64 {
			var due int64
			if err := db.QueryRowContext(t.Context(), `SELECT due_at FROM delivery WHERE id = $1`, d.ID).Scan(&due); err != nil {
				t.Fatal(err)
			}
			return due
		}
		for range 5 {
			before := due()
			f.clock.advance(6 * time.Second)
			wait.Until(t, "the lease is renewed", func() bool { return due() > before })
		}
		s.answers <- accept
		if got := f.awaitStatus(other, d.ID, Sent); got.Attempt != 1 {
			t.Errorf("%d attempts", got.Attempt)
		}
	})
}

func TestLostLeaseCancelsTheHandler(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open(func(o *Options) { o.Renew = 5 * time.Millisecond })
		s := newScript()
		cause := make(chan error, 1)
		f.attach(o, deliver(func(ctx context.Context, d Job) Outcome {
			s.started <- d
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return accept // too late
		}))
		d := f.enqueue(o, notification("n"))
		wait.For(t, "the send begins", s.started)
		f.exec(`UPDATE delivery SET owner = 'thief', attempt = attempt + 1 WHERE id = $1`, d.ID)
		mustBe(t, wait.For(t, "the handler is cancelled", cause), errLeaseLost)
		wait.Until(t, "the outcome is dropped", func() bool { return len(o.working(src)) == 0 })
		if got := f.get(o, d.ID); got.Status != Sending || got.Attempt != 2 {
			t.Errorf("%+v", got)
		}
	})
}

// TestClaimsThatStandThoughTheyFailedCostTheMailNothing: while PostgreSQL waits
// for a standby that is gone, or SQLite's file is elsewhere, commits are stored
// and nobody hears of it.
func TestClaimsThatStandThoughTheyFailedCostTheMailNothing(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var st faults
		o := f.openWith(&st, noRenewal)
		d := f.enqueue(o, notification("n"))
		st.unheard.Store(true)
		var begun atomic.Int64
		f.attach(o, deliver(func(_ context.Context, job Job) Outcome {
			if job.Lost != 0 {
				t.Errorf("it seems to end processes, %d times", job.Lost)
			}
			if job.Begin() != nil { // the clock has passed the lease
				return Outcome{Verdict: Release}
			}
			begun.Add(1)
			return accept
		}))
		for range 10 {
			before := st.writes.Load()
			wait.Until(t, "the loop tries again", func() bool {
				o.wakeSource(src)
				return st.writes.Load() > before
			})
			f.clock.advance(11 * time.Second)
		}
		st.unheard.Store(false)
		wait.Until(t, "it is sent", func() bool {
			o.wakeSource(src)
			f.clock.advance(11 * time.Second)
			return f.get(o, d.ID).Status.Final()
		})
		if got := f.get(o, d.ID); got.Status != Sent || begun.Load() != 1 {
			t.Errorf("%s, begun %d times: %s", got.Status, begun.Load(), got.Reason)
		}
	})
}

func TestOutcomeThatCannotBeStoredIsStoredLater(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var st faults
		o := f.openWith(&st)
		s := newScript()
		f.attach(o, s)
		d := f.enqueue(o, notification("n"))
		wait.For(t, "the send begins", s.started)
		st.away.Store(true)
		s.answers <- accept
		f.clock.advance(time.Minute) // past the lease
		wait.Until(t, "storing fails", func() bool {
			_, err := o.Cancel(t.Context(), src, d.ID)
			return err != nil
		})
		st.away.Store(false)
		if got := f.awaitStatus(o, d.ID, Sent); got.Attempt != 1 {
			t.Errorf("the mail was sent %d times", got.Attempt)
		}
	})
}

// TestStoreThatIsAwayDoesNotFloodTheLog: every delivery in hand tries again and
// again to store its outcome.
func TestStoreThatIsAwayDoesNotFloodTheLog(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var lines atomic.Int64
		logger := hclog.New(&hclog.LoggerOptions{Output: counted{&lines}, Level: hclog.Error})
		var st faults
		o := f.openWith(&st, func(o *Options) { o.Logger, o.Poll = logger, time.Hour })
		s := newScript()
		const n = 12
		f.attachAs(o, Attachment{Source: src, Slots: 4 * n, Handler: s})
		for i := range n {
			f.enqueue(o, notification(fmt.Sprint(i)))
			wait.For(t, "a send begins", s.started)
		}
		st.away.Store(true)
		for range n {
			s.answers <- accept
		}
		wait.Until(t, "it is said", func() bool { return lines.Load() > 0 })
		failed := st.writes.Load()
		wait.Until(t, "it is tried again, several times", func() bool { return st.writes.Load() > failed+4 })
		st.away.Store(false)
		if got := lines.Load(); got > 2 {
			t.Errorf("%d lines of one failure", got)
		}
		wait.Until(t, "all is stored", func() bool { return len(o.working(src)) == 0 })
	})
}

// counted counts what is written.
type counted struct{ n *atomic.Int64 }

func (c counted) Write(p []byte) (int, error) {
	c.n.Add(1)
	return len(p), nil
}

func TestClockSetBackDelaysNoMailBeyondTheLongestPause(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		f.enqueue(o, notification("n"))
		wait.For(t, "the first attempt", s.started)
		s.answers <- defer4
		wait.Until(t, "the retry is planned", func() bool { return len(o.working(src)) == 0 })
		f.clock.advance(-48 * time.Hour)
		s.answers <- accept
		wait.For(t, "the second attempt", s.started)
	})
}

func TestDetachWaitsForSendsThenCancelsThem(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		detach := f.attach(o, s)
		d := f.enqueue(o, notification("n"))
		wait.For(t, "the send begins", s.started)

		patient := make(chan error, 1)
		go func() { patient <- detach(context.Background()) }()
		queued := f.enqueue(o, notification("m"))
		if queued.Status != Queued {
			wait.Until(t, "a detached source takes nothing", func() bool {
				queued = f.enqueue(o, notification(NewID()))
				return queued.Status == Queued
			})
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		if err := detach(ended); err != nil { // cancels
			t.Fatal(err)
		}
		if err := wait.For(t, "detach returns", patient); err != nil {
			t.Fatal(err)
		}
		got := f.get(o, d.ID)
		if got.Status != Queued || len(got.Attempts) != 0 {
			t.Errorf("the released delivery is %+v", got)
		}
		// Nobody else has to wait for the lease.
		next := newScript()
		f.attach(o, next)
		wait.For(t, "it is sent again", next.started)
	})
}

func TestNewSettingsReplaceTheOldWhileTheirSendsEnd(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		old, young := newScript(), newScript()
		saved := f.clock.Now()
		f.attachAs(o, Attachment{Source: src, Slots: 2, Handler: old, SettingsUpdated: saved})
		first := f.enqueue(o, notification("1"))
		wait.For(t, "the old handler sends", old.started)
		f.attachAs(o, Attachment{Source: src, Slots: 2, Handler: young, SettingsUpdated: saved.Add(time.Second)})
		f.enqueue(o, notification("2"))
		wait.For(t, "the new handler sends", young.started)
		// A refusal of the old settings pauses nobody.
		old.answers <- hold
		if again := wait.For(t, "the new settings try it", young.started); again.ID != first.ID {
			t.Errorf("%s instead of %s", again.ID, first.ID)
		}
		if pauses := pausesOf(t, o); len(pauses) != 0 {
			t.Errorf("pauses %+v", pauses)
		}
	})
}

func TestAttachAndDetachUnderLoadLosesNothing(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(func(opt *Options) { opt.Now = nil })
		const mails = 100
		var wg sync.WaitGroup
		var delivered sync.Map
		handler := deliver(func(ctx context.Context, d Job) Outcome {
			if ctx.Err() != nil {
				return Outcome{Verdict: Release}
			}
			if _, twice := delivered.LoadOrStore(d.ID, true); twice {
				t.Errorf("%s was mailed twice", d.ID)
			}
			return accept
		})
		wg.Go(func() {
			for i := range mails {
				if _, _, err := unpack(o.Enqueue(context.Background(), notification(fmt.Sprint(i)))); err != nil {
					t.Error(err)
				}
			}
		})
		for range 2 {
			wg.Go(func() {
				for range 30 {
					detach, err := o.Attach(Attachment{Source: src, Slots: 3, Handler: handler})
					if err != nil {
						t.Error(err)
						return
					}
					ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
					if err := detach(ctx); err != nil {
						t.Error(err)
					}
					cancel()
				}
			})
		}
		wg.Wait()
		f.attachAs(o, Attachment{Source: src, Slots: 3, Handler: handler})
		wait.Until(t, "all are delivered", func() bool {
			d, err := o.Depth(t.Context(), src)
			return err == nil && total(d) == 0
		})
	})
}

func TestClosedOutboxAnswersSo(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		for name, err := range map[string]error{
			"Enqueue": second(o.Enqueue(ctx, notification("n"))),
			"Attach":  second(o.Attach(Attachment{Source: src, Handler: always(accept)})),
			"Check":   o.Check(ctx),
			"Get":     second(o.Get(ctx, src, NewID())),
			"List":    second(o.List(ctx, Filter{Source: src})),
			"Stats":   second(o.Stats(ctx, src, f.clock.Now(), f.clock.Now().Add(time.Hour), time.Minute)),
			"Depth":   second(o.Depth(ctx, src)),
			"Waiting": second(o.Waiting(ctx)),
		} {
			if !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// TestRecipientWhoHasTheMailIsNotSentToAgain: the process died over a delivery
// some of whose recipients had a mail each already.
func TestRecipientWhoHasTheMailIsNotSentToAgain(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		dead := f.open(noRenewal)
		alive, taker := f.open(), newScript()
		f.attach(dead, deliver(func(ctx context.Context, d Job) Outcome {
			d.Reached(Result{Address: d.Recipients[0].Address, Status: Sent, Code: 250})
			<-ctx.Done()
			return Outcome{Verdict: Release}
		}))
		n := notification("n")
		n.Recipients = []Recipient{{Address: "a@example.com", Kind: To}, {Address: "b@example.com", Kind: To}}
		d := f.enqueue(dead, n)
		wait.Until(t, "it is known who has the mail", func() bool {
			got := f.get(alive, d.ID)
			return got.Status == Sending && got.Recipients[0].Status == Sent && got.Recipients[1].Status == Queued
		})
		dead.cancel() // it renews no more
		dead.tasks.Wait()
		f.attach(alive, taker)
		f.clock.advance(11 * time.Second)
		if pending := wait.For(t, "it is taken up", taker.started).Pending(); len(pending) != 1 || pending[0].Address != "b@example.com" {
			t.Errorf("it is sent to %+v", pending)
		}
		taker.answers <- accept
		f.awaitStatus(alive, d.ID, Sent)
	})
}

// TestWhoHasTheMailIsStoredWithinAFifthOfASecond, and where the store was away just
// then, with those who have it next.
func TestWhoHasTheMailIsStoredWithinAFifthOfASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fixture{T: t, url: "memory:", clock: newClock()}
		var st faults
		o := f.openWith(&st, noPoll)
		reached, over := make(chan string), make(chan struct{})
		f.attach(o, deliver(func(_ context.Context, d Job) Outcome {
			for address := range reached {
				d.Reached(Result{Address: address, Status: Sent, Code: 250})
			}
			<-over
			return accept
		}))
		n := notification("n")
		n.Recipients = nil
		for _, address := range []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com"} {
			n.Recipients = append(n.Recipients, Recipient{Address: address, Kind: To})
		}
		d := f.enqueue(o, n)
		for i, want := range []string{"sent queued queued queued", "sent queued queued queued", "sent sent sent queued"} {
			st.away.Store(i == 1)
			reached <- n.Recipients[i].Address
			time.Sleep(200 * time.Millisecond)
			var got []string
			for _, r := range f.get(o, d.ID).Recipients {
				got = append(got, string(r.Status))
			}
			if strings.Join(got, " ") != want {
				t.Errorf("after %d: %v, want %s", i+1, got, want)
			}
		}
		close(reached)
		close(over)
	})
}

// TestForgottenMailThatEverybodyHasIsSent: its process died when it had stored
// that, and not yet the outcome.
func TestForgottenMailThatEverybodyHasIsSent(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		dead := f.open(noRenewal, f.monotonic)
		f.attach(dead, deliver(func(ctx context.Context, d Job) Outcome {
			d.Reached(Result{Address: d.Recipients[0].Address, Status: Sent, Code: 250})
			<-ctx.Done()
			return Outcome{Verdict: Release}
		}))
		d := f.enqueue(dead, notification("n"))
		wait.Until(t, "it is known who has the mail", func() bool {
			got := f.get(dead, d.ID)
			return got.Status == Sending && got.Recipients[0].Status == Sent
		})
		// One that lives would take the month for a clock that was set, and spare the lease.
		f.kill(dead, d.ID)
		f.clock.advance(24*time.Hour + 721*time.Hour)
		alive := f.open(noPoll, f.monotonic)
		alive.clean()
		if got := f.get(alive, d.ID); got.Status != Sent {
			t.Errorf("%s", got.Status)
		}
	})
}
