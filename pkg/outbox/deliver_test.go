package outbox

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

func TestOutcomeDecidesTheState(t *testing.T) {
	a, b := "a@example.com", "b@example.com"
	result := func(address string, s Status) Result {
		return Result{Address: address, Status: s, Code: 1, Text: "words"}
	}
	cases := map[string]struct {
		outcome    Outcome
		want       Status
		recipients []Status
	}{
		"all accepted":                    {accept, Sent, []Status{Sent, Sent}},
		"all refused":                     {refuse5, Failed, []Status{Failed, Failed}},
		"one refused":                     {Outcome{Results: []Result{result(a, Sent), result(b, Failed)}}, Partial, []Status{Sent, Failed}},
		"one deferred":                    {Outcome{Results: []Result{result(a, Sent), result(b, Queued)}}, Queued, []Status{Sent, Queued}},
		"one unknown":                     {Outcome{Results: []Result{result(a, Sent)}}, Queued, []Status{Sent, Queued}},
		"nothing known":                   {Outcome{}, Queued, []Status{Queued, Queued}},
		"a result that is no verdict":     {Outcome{Rest: &Result{Status: Cancelled}}, Queued, []Status{Queued, Queued}},
		"held":                            {hold, Held, []Status{Queued, Queued}},
		"held after one was accepted":     {Outcome{Verdict: Hold, Results: []Result{result(a, Sent)}}, Held, []Status{Sent, Queued}},
		"released after all are accepted": {Outcome{Verdict: Release, Rest: &Result{Status: Sent}}, Sent, []Status{Sent, Sent}},
	}
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		final := make(chan Delivery, 100)
		o := f.open(func(opt *Options) { opt.Finished = func(d Delivery) { final <- d } })
		for name, tt := range cases {
			t.Run(name, func(t *testing.T) {
				s := newScript()
				s.answers <- tt.outcome
				f.attachAs(o, Attachment{Source: name, Handler: s})
				n := notification("n")
				n.Source = name
				n.Recipients = []Recipient{{Address: a, Kind: To}, {Address: b, Kind: Cc}}
				d, err := o.waitFor(t.Context(), n.Source, f.enqueue(o, n).ID)
				if err != nil {
					t.Fatal(err)
				}
				if d.Status != tt.want {
					t.Errorf("Wait returned %s, want %s", d.Status, tt.want)
				}
				if d.Status.Final() {
					if told := wait.For(t, "Finished hears of it", final); told.ID != d.ID || told.Status != tt.want {
						t.Errorf("Finished heard of %+v", told)
					}
				}
				stored, err := o.Get(t.Context(), name, d.ID)
				if err != nil {
					t.Fatal(err)
				}
				if stored.Status != tt.want || len(stored.Attempts) != 1 || stored.Attempts[0].Outcome != string(tt.want) {
					t.Errorf("stored: %s, attempts %+v", stored.Status, stored.Attempts)
				}
				if stored.Status.Final() == stored.FinishedAt.IsZero() {
					t.Errorf("finished at %v", stored.FinishedAt)
				}
				for i, want := range tt.recipients {
					if got := stored.Recipients[i]; got != d.Recipients[i] || got.Status != want {
						t.Errorf("recipient %d: stored %+v, told %+v, want %s", i, got, d.Recipients[i], want)
					}
				}
			})
		}
		if len(final) != 0 {
			t.Errorf("Finished heard of %+v", <-final)
		}
	})
}

func TestReleasedMailIsTakenUpAgainAsIfItHadNotBeenClaimed(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		final := make(chan Delivery, 1)
		o := f.open(func(opt *Options) { opt.Finished = func(d Delivery) { final <- d } })
		s := newScript()
		s.answers <- Outcome{Verdict: Release}
		s.answers <- accept
		f.attach(o, s)
		d := f.enqueue(o, notification("n"))
		wait.For(t, "the second try", final)
		stored, err := o.Get(t.Context(), d.Source, d.ID)
		if err != nil {
			t.Fatal(err)
		}
		if stored.Status != Sent || len(stored.Attempts) != 1 || stored.Attempts[0].Outcome != string(Sent) {
			t.Errorf("stored: %s, attempts %+v", stored.Status, stored.Attempts)
		}
	})
}

func TestFinalDeliveriesKeepNoMail(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.attach(o, always(accept))
		d := f.enqueue(o, notification("n"))
		f.awaitStatus(o, d.ID, Sent)
		var mails int
		if err := f.database().QueryRowContext(t.Context(), `SELECT count(*) FROM mail`).Scan(&mails); err != nil || mails != 0 {
			t.Errorf("%d mails are left, %v", mails, err)
		}
	})
}

func TestAcceptedRecipientsAreNotSentToAgain(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		n := notification("n")
		n.Recipients = []Recipient{{Address: "a@example.com", Kind: To}, {Address: "b@example.com", Kind: To}}
		d := f.enqueue(o, n)
		wait.For(t, "the first attempt", s.started)
		s.answers <- Outcome{Results: []Result{{Address: "a@example.com", Status: Sent, Code: 250}, {Address: "b@example.com", Status: Queued, Code: 450, Text: "busy"}}}
		f.awaitStatus(o, d.ID, Queued)
		f.clock.advance(time.Minute)
		second := wait.For(t, "the second attempt", s.started)
		if p := second.Pending(); len(p) != 1 || p[0].Address != "b@example.com" || p[0].Code != 450 {
			t.Fatalf("pending at the second attempt: %+v", p)
		}
		// The relay's word for everybody is not for those who have the mail.
		s.answers <- Outcome{Rest: &Result{Status: Failed, Code: 550}}
		d = f.awaitStatus(o, d.ID, Partial)
		if d.Recipients[0].Status != Sent || d.Recipients[1].Status != Failed || d.Attempt != 2 {
			t.Errorf("%+v", d)
		}
	})
}

func TestReasonIsOfThoseWhoDoNotHaveTheMail(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		f.attach(o, s)
		n := notification("n")
		n.Recipients = []Recipient{{Address: "a@example.com", Kind: To}, {Address: "b@example.com", Kind: To}}
		d := f.enqueue(o, n)
		wait.For(t, "the first attempt", s.started)
		s.answers <- Outcome{Reason: "busy", Results: []Result{{Address: "a@example.com", Status: Queued, Text: "busy"}, {Address: "b@example.com", Status: Failed, Text: "no such mailbox"}}}
		f.awaitStatus(o, d.ID, Queued)
		f.clock.advance(time.Minute)
		wait.For(t, "the second attempt", s.started)
		s.answers <- Outcome{Text: "taken", Results: []Result{{Address: "a@example.com", Status: Sent, Text: "taken"}}}
		if d = f.awaitStatus(o, d.ID, Partial); d.Reason != "no such mailbox" {
			t.Errorf("%q", d.Reason)
		}
	})
}

func TestRetryScheduleDoublesToTenMinutesUntilTheMailExpires(t *testing.T) {
	for name, out := range map[string]Outcome{"4yz": defer4, "away": unreachable} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) { retriesUntilItExpires(t, f, out) })
		})
	}
}

func retriesUntilItExpires(t *testing.T, f *fixture, out Outcome) {
	o := f.open(func(opt *Options) { opt.MaxAge = 2 * time.Hour })
	s := newScript()
	f.attach(o, s)
	d := f.enqueue(o, notification("n"))
	accepted := f.clock.Now()
	want := firstBackoff
	for attempt := 1; ; attempt++ {
		started := wait.For(t, fmt.Sprintf("attempt %d", attempt), s.started)
		if started.Attempt != attempt {
			t.Fatalf("attempt %d is counted %d", attempt, started.Attempt)
		}
		s.answers <- out
		d = f.awaitStatus(o, d.ID, Queued, Expired)
		if d.Status == Expired {
			break
		}
		pause := d.DueAt.Sub(f.clock.Now())
		if low, high := want*8/10, min(want*12/10, maxBackoff); d.DueAt != d.ExpiresAt && (pause < low || pause > high) {
			t.Fatalf("the pause after attempt %d is %s, want %s to %s", attempt, pause, low, high)
		}
		want = min(2*want, maxBackoff)
		f.clock.advance(pause)
	}
	if age := f.clock.Now().Sub(accepted); age != 2*time.Hour {
		t.Errorf("it expired after %s", age)
	}
	if d.Recipients[0].Status != Expired || d.Recipients[0].Text != out.Text || d.Reason != out.Text {
		t.Errorf("the last words are lost: %+v", d)
	}
	if len(d.Attempts) != d.Attempt || d.Attempts[0].Outcome != string(Queued) {
		t.Errorf("%d attempts are logged of %d", len(d.Attempts), d.Attempt)
	}
}

func TestExpiryIsPartialWhenSomeRecipientsHaveTheMail(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		s := newScript()
		n := notification("n")
		n.Recipients = append(n.Recipients, Recipient{Address: "b@example.com", Kind: To})
		d := f.enqueue(o, n)
		f.clock.advance(25 * time.Hour)
		f.attach(o, s)
		wait.For(t, "one attempt, however late", s.started)
		s.answers <- Outcome{Results: []Result{{Address: "a@example.com", Status: Sent}}}
		d = f.awaitStatus(o, d.ID, Partial)
		if d.Recipients[1].Status != Expired {
			t.Errorf("%+v", d.Recipients)
		}
	})
}

// A backlog is drained oldest first, and a fresh mail does not wait for it.
func TestTenThousandQueuedDrainInOrderWithoutStarvingFreshMail(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		const slots = 8
		// A thousand show the order; that a claim is as quick behind ten times as many is
		// seen once, and in the tests of the store's plans. The race detector makes each
		// step ten times as long.
		backlog := 1000
		if f.url == "memory:" && !raceDetector {
			backlog = 10_000
		}
		o := f.open(func(opt *Options) { opt.Now = nil })
		var wg sync.WaitGroup
		for part := range 50 {
			wg.Go(func() {
				for i := range backlog / 50 {
					if _, _, err := unpack(o.Enqueue(context.Background(), notification(fmt.Sprintf("old %d.%d", part, i)))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		page, _, err := listed(o.List(t.Context(), Filter{Source: src, Limit: 1}))
		if err != nil {
			t.Fatal(err)
		}
		youngest := page[0].CreatedAt

		var mu sync.Mutex
		var order []time.Time
		freshAt := -1 // how many were delivered when the fresh mail was
		midst := make(chan struct{})
		f.attachAs(o, Attachment{Source: src, Slots: slots, Handler: deliver(func(_ context.Context, d Job) Outcome {
			mu.Lock()
			n := len(order)
			if d.CreatedAt.After(youngest) {
				freshAt = n
			} else {
				order = append(order, d.CreatedAt)
			}
			mu.Unlock()
			if n >= 100 {
				<-midst // wait for the fresh mail to be there
			}
			return accept
		})})
		wait.Until(t, "the drain begins", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) > 100 })
		d, _, err := unpack(o.Enqueue(t.Context(), notification("fresh")))
		if err != nil {
			t.Fatal(err)
		}
		if d.Status != Sending {
			t.Errorf("fresh mail became %s behind the backlog", d.Status)
		}
		wait.Until(t, "the fresh mail is sent", func() bool { mu.Lock(); defer mu.Unlock(); return freshAt >= 0 })
		close(midst)
		wait.Until(t, "everything is delivered", func() bool { mu.Lock(); defer mu.Unlock(); return len(order) == backlog })
		late := 0
		for i := slots; i < len(order); i++ {
			// Sends of one claim, and of one before it, overtake each other.
			if order[i].Before(slices.MinFunc(order[i-slots:i], time.Time.Compare)) && order[i].Before(order[max(0, i-5*slots)]) {
				late++
			}
		}
		// A send that the machine lets wait in its slot is no disorder.
		if late > backlog/100 {
			t.Errorf("%d of %d deliveries are older than those long before them", late, backlog)
		}
	})
}

func TestOneSourceDoesNotSlowAnother(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		dead := newScript()
		f.attach(o, dead)
		for i := range 20 {
			f.enqueue(o, notification(fmt.Sprint(i)))
		}
		f.attachAs(o, Attachment{Source: "2/mail", Slots: 2, Handler: always(accept)})
		n := notification("n")
		n.Source = "2/mail"
		d, err := o.waitFor(t.Context(), n.Source, f.enqueue(o, n).ID)
		if err != nil || d.Status != Sent {
			t.Fatalf("%s, %v", d.Status, err)
		}
	})
}

func TestNoMoreDeliveriesThanSlotsAreUnderWay(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		var running, peak, total atomic.Int64
		f.attach(o, deliver(func(context.Context, Job) Outcome {
			now := running.Add(1)
			for p := peak.Load(); now > p && !peak.CompareAndSwap(p, now); p = peak.Load() {
			}
			total.Add(1)
			running.Add(-1)
			return accept
		}))
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if _, _, err := unpack(o.Enqueue(context.Background(), notification(fmt.Sprint(i)))); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		wait.Until(t, "all are delivered", func() bool { return total.Load() == 200 })
		if peak.Load() > 4 {
			t.Errorf("%d deliveries were under way at once", peak.Load())
		}
	})
}

func TestWaitSeesAnotherProcessesOutcome(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		a, b := f.open(), f.open()
		d := f.enqueue(a, notification("n"))
		s := newScript()
		f.attach(b, s)
		wait.For(t, "the other process sends", s.started)
		outcome := make(chan Delivery, 1)
		go func() {
			d, err := a.Wait(context.Background(), d.ID)
			if err != nil {
				t.Error(err)
			}
			outcome <- d
		}()
		s.answers <- accept
		if got := wait.For(t, "Wait returns", outcome); got.Status != Sent {
			t.Errorf("%+v", got)
		}
	})
}

func TestEnqueueToAwaitSaysWhatBecameOfTheMail(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		wait := func(ctx context.Context, identity string, status Status, repeat bool) {
			t.Helper()
			n := notification(identity)
			n.Dedupe = time.Hour
			d, joined, err := unpack(enqueueAndWait(ctx, o, &n))
			if err != nil || d.Status != status || joined != repeat {
				t.Errorf("%s became %s, joined %v, %v; want %s, %v", identity, d.Status, joined, err, status, repeat)
			}
		}
		over, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		wait(over, "stored", Queued, false) // nobody sends
		if over.Err() == nil {
			t.Error("the call did not wait for an outcome")
		}
		s := newScript()
		f.attach(o, s)
		s.answers <- accept
		wait(t.Context(), "stored", Sent, true)
		s.answers <- defer4
		wait(t.Context(), "deferred", Queued, false)
		s.answers <- hold
		wait(t.Context(), "held", Held, false)
		wait(t.Context(), "held, too", Held, false) // at once: its sender is paused
	})
}

// TestOutcomeIsToldWhileNobodyCanRead: dashboards have every connection that
// reads.
func TestOutcomeIsToldWhileNobodyCanRead(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var st faults
		o := f.openWith(&st)
		st.noReads.Store(true)
		s := newScript()
		f.attach(o, s)
		told := make(chan Delivery, 2)
		for range 2 { // one of them joins the other
			go func() {
				d, _, _ := unpack(enqueueAndWait(t.Context(), o, new(notification("n"))))
				told <- d
			}()
		}
		wait.For(t, "the send begins", s.started)
		wait.Until(t, "both ask the store, which does not answer", func() bool { return st.reads.Load() == 2 })
		s.answers <- accept
		for range 2 {
			if d := wait.For(t, "the outcome is told", told); d.Status != Sent {
				t.Errorf("it is told as %s", d.Status)
			}
		}
	})
}
