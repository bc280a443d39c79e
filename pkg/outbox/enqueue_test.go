package outbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

func TestRepeatsOfANotificationAreOneDelivery(t *testing.T) {
	cases := map[string]struct {
		outcome Outcome       // of the first attempt
		later   time.Duration // until the repeat
		joins   bool
	}{
		"queued for a retry":        {defer4, time.Minute, true},
		"held":                      {hold, time.Hour, true},
		"sent inside the window":    {accept, 29 * time.Second, true},
		"sent as the window begins": {accept, 30 * time.Second, false},
		"sent before the window":    {accept, 31 * time.Second, false},
		"failed":                    {refuse5, 0, false},
		"sent, and a clock behind":  {accept, -time.Second, true},
	}
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		for name, tt := range cases {
			t.Run(name, func(t *testing.T) {
				detach := f.attachAs(o, Attachment{Source: name, Handler: always(tt.outcome)})
				n := notification("n")
				n.Source = name
				first := f.enqueue(o, n)
				if _, err := o.waitFor(t.Context(), name, first.ID); err != nil {
					t.Fatal(err)
				}
				if err := detach(t.Context()); err != nil {
					t.Fatal(err)
				}
				f.clock.advance(tt.later)
				second, joined, err := unpack(o.Enqueue(t.Context(), n))
				if err != nil {
					t.Fatal(err)
				}
				if joined != tt.joins || joined != (second.ID == first.ID) {
					t.Fatalf("joined %v (delivery %s, first %s), want %v", joined, second.ID, first.ID, tt.joins)
				}
				if joined && (len(second.Recipients) != 1 || !settled(second)) {
					t.Errorf("the joined delivery is told as %+v", second)
				}
			})
		}
	})
}

func TestOnlyTheSameSourceAndIdentityJoin(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.enqueue(o, notification("n"))
		f.enqueue(o, notification("m"))
		other := notification("n")
		other.Source = "2/mail"
		f.enqueue(o, other)
		f.enqueue(o, notification("")) // no identity, no repeats
		f.enqueue(o, notification(""))
	})
}

func TestEnqueueKeepsWhatItWasGiven(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		n := notification("n")
		n.ID, n.Individual, n.Note = NewID(), true, "template failed, built-in used"
		n.Subject = "제목 \xff\x00 件名"
		n.Message = []byte("a\x00b\xff\r\n")
		n.Recipients = []Recipient{{Address: "a@example.com", Kind: To}, {Address: "b@example.com", Kind: Cc}, {Address: "c@example.com", Kind: Bcc}}
		for i := range 30 {
			n.Recipients = append(n.Recipients, Recipient{Address: fmt.Sprintf("r%d@example.com", i), Kind: To})
		}
		f.enqueue(o, n)

		s := newScript()
		s.answers <- accept
		f.attach(o, s)
		d := wait.For(t, "the delivery starts", s.started)
		if string(d.Message) != string(n.Message) || d.ID != n.ID || !d.Individual || d.Note != n.Note || d.From != n.From || d.MessageID != n.MessageID {
			t.Errorf("the handler got %+v", d)
		}
		if d.Subject != "제목 \uFFFD 件名" {
			t.Errorf("subject %q", d.Subject)
		}
		if len(d.Pending()) != len(n.Recipients) {
			t.Fatalf("%d pending recipients, want %d", len(d.Pending()), len(n.Recipients))
		}
		for i, r := range d.Recipients {
			if r.Address != n.Recipients[i].Address || r.Kind != n.Recipients[i].Kind {
				t.Errorf("recipient %d is %+v", i, r)
			}
		}
	})
}

func TestIncompleteDeliveriesAreRefused(t *testing.T) {
	f := &fixture{T: t, url: "memory:", clock: newClock()}
	o := f.open()
	for name, spoil := range map[string]func(*NewDelivery){
		"source":     func(n *NewDelivery) { n.Source = "" },
		"mail":       func(n *NewDelivery) { n.Message = nil },
		"recipients": func(n *NewDelivery) { n.Recipients = nil },
		"address":    func(n *NewDelivery) { n.Recipients = []Recipient{{}} },
	} {
		n := notification("n")
		spoil(&n)
		if _, _, err := unpack(o.Enqueue(t.Context(), n)); err == nil {
			t.Errorf("a delivery without %s was taken", name)
		}
	}
}

func TestFullQueueRefusesNewMailAndStillJoinsRepeats(t *testing.T) {
	for name, limit := range map[string]func(*Options){
		"by count": func(o *Options) { o.MaxQueued = 3 },
		"by bytes": func(o *Options) { o.MaxBytes = int64(3 * len(notification("0").Message)) },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				o := f.open(limit)
				for i := range 3 {
					f.enqueue(o, notification(fmt.Sprint(i)))
				}
				_, _, err := unpack(o.Enqueue(t.Context(), notification("9")))
				mustBe(t, err, ErrFull)
				full, ok := errors.AsType[*FullError](err)
				if !ok || full.Queued != 3 || full.Bytes != int64(3*len(notification("0").Message)) {
					t.Fatalf("the error tells %+v", full)
				}
				if _, joined, err := unpack(o.Enqueue(t.Context(), notification("0"))); err != nil || !joined {
					t.Fatalf("a repeat: joined %v, %v", joined, err)
				}
				f.attach(o, always(accept))
				wait.Until(t, "there is room again", func() bool {
					_, _, err := unpack(o.Enqueue(t.Context(), notification("9")))
					return err == nil
				})
			})
		})
	}
}

// TestOperationThatPanicsEndsAlone: it must not end the process, which would meet
// the same mail again.
func TestOperationThatPanicsEndsAlone(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		err := o.write(t.Context(), &operation{name: "a mistake", run: func(*transaction) error { panic("no such transition") }})
		if err == nil || !strings.Contains(err.Error(), "no such transition") {
			t.Errorf("%v", err)
		}
		f.enqueue(o, notification("next"))
	})
}

func TestOneBadOperationDoesNotFailItsBatch(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		taken := f.enqueue(o, notification("taken"))
		// Keep the writer busy, so that what follows becomes one batch.
		busy, release := make(chan struct{}), make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = o.write(context.Background(), &operation{name: "waiting", run: func(*transaction) error { close(busy); <-release; return nil }})
		})
		<-busy
		const n = 5
		var errs [n]error
		for i := range n {
			wg.Go(func() {
				mail := notification(fmt.Sprint(i))
				if i == 2 {
					mail.ID = taken.ID // violates the primary key
				}
				_, _, errs[i] = unpack(o.Enqueue(context.Background(), mail))
			})
		}
		wait.Until(t, "all wait", func() bool {
			o.writer.mu.Lock()
			defer o.writer.mu.Unlock()
			mails := 0 // the cleaning waits, too
			for _, p := range o.writer.waiting {
				if p.name == "storing the mail" {
					mails++
				}
			}
			return mails == n
		})
		close(release)
		wg.Wait()
		for i, err := range errs {
			if (err != nil) != (i == 2) {
				t.Errorf("mail %d: %v", i, err)
			}
		}
		if d, err := o.Depth(t.Context(), src); err != nil || d.Count[Queued] != n {
			t.Errorf("depth %+v, %v; want %d queued", d, err, n)
		}
	})
}

func TestTwoProcessesDeliverEachNotificationOnce(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		const notifications, callers = 150, 4
		var delivered sync.Map
		var mails, inserted atomic.Int64
		handler := deliver(func(_ context.Context, d Job) Outcome {
			mails.Add(1)
			if _, twice := delivered.LoadOrStore(d.Identity, true); twice {
				t.Errorf("%s was mailed twice", d.Identity)
			}
			return accept
		})
		replicas := []*Outbox{f.open(), f.open()}
		for _, o := range replicas {
			f.attach(o, handler)
		}
		var wg sync.WaitGroup
		for caller := range callers {
			for _, o := range replicas {
				wg.Go(func() {
					for i := range notifications {
						if caller%2 == 1 {
							i = notifications - 1 - i // the other way round
						}
						d, joined, err := unpack(o.Enqueue(context.Background(), notification(fmt.Sprint(i))))
						if err != nil {
							t.Error(err)
							return
						}
						if !joined {
							inserted.Add(1)
						}
						if _, err := o.Wait(context.Background(), d.ID); err != nil {
							t.Error(err)
						}
					}
				})
			}
		}
		wg.Wait()
		if mails.Load() != notifications || inserted.Load() != notifications {
			t.Errorf("%d mails, %d deliveries; want %d", mails.Load(), inserted.Load(), notifications)
		}
	})
}

func TestEnqueueAfterItsCallerLeftLosesNothing(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := unpack(o.Enqueue(ctx, notification("n"))); !errors.Is(err, context.Canceled) {
			t.Fatalf("error %v", err)
		}
		// Whether it was stored or not, the repeat is one delivery.
		if _, _, err := unpack(o.Enqueue(t.Context(), notification("n"))); err != nil {
			t.Fatal(err)
		}
		if d, err := o.Depth(t.Context(), src); err != nil || total(d) != 1 {
			t.Fatalf("depth %+v, %v", d, err)
		}
	})
}
