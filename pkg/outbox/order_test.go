package outbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

// ofGroup is a mail of a conversation.
func ofGroup(identity string, to ...string) NewDelivery {
	n := notification(identity)
	n.Conversation = "group"
	if len(to) > 0 {
		n.Recipients = nil
	}
	for _, address := range to {
		n.Recipients = append(n.Recipients, Recipient{Address: address, Kind: To})
	}
	return n
}

// TestResolvedComesBehindFiring: the relay did not take the first mail of a group,
// and Grafana sends the next before it is tried again.
func TestResolvedComesBehindFiring(t *testing.T) {
	for name, first := range map[string]Outcome{"away": unreachable, "put off": defer4, "held": hold} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				o := f.open(noPoll)
				s := newScript()
				p := newProber(s.Deliver)
				f.attach(o, p)
				firing := f.enqueue(o, ofGroup("firing"))
				wait.For(t, "the first attempt", s.started)
				s.answers <- first
				f.awaitStatus(o, firing.ID, Queued, Held)
				stored, err := o.Enqueue(t.Context(), ofGroup("resolved"))
				if err != nil || !stored.Behind || stored.Delivery.Status == Sending {
					t.Fatalf("%+v, %v", stored, err)
				}
				if first.Verdict == Hold {
					if err := o.Resume(t.Context(), src, "normal"); err != nil {
						t.Fatal(err)
					}
				}
				for _, want := range []string{firing.ID, stored.Delivery.ID} {
					if d := wait.For(t, "the next attempt, without waiting", s.started); d.ID != want {
						t.Fatalf("%s is sent", d.Identity)
					}
					select {
					case d := <-s.started:
						t.Fatalf("%s is sent at the same time", d.Identity)
					default:
					}
					s.answers <- accept
					f.awaitStatus(o, want, Sent)
				}
			})
		})
	}
}

// TestMailThatEndsLetsTheNextPass, however it ends.
func TestMailThatEndsLetsTheNextPass(t *testing.T) {
	for name, end := range map[string]func(*testing.T, *fixture, *Outbox, *script, Delivery){
		"refused": func(_ *testing.T, _ *fixture, _ *Outbox, s *script, _ Delivery) { s.answers <- refuse5 },
		"expired": func(_ *testing.T, f *fixture, _ *Outbox, s *script, _ Delivery) {
			f.clock.advance(25 * time.Hour)
			s.answers <- defer4
		},
		"cancelled": func(t *testing.T, f *fixture, o *Outbox, s *script, d Delivery) {
			s.answers <- defer4
			f.awaitStatus(o, d.ID, Queued)
			if _, err := o.Cancel(t.Context(), src, d.ID); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) {
				o := f.open(noPoll, noRenewal)
				s := newScript()
				f.attach(o, s)
				first := f.enqueue(o, ofGroup("first"))
				wait.For(t, "an attempt", s.started)
				next, err := o.Enqueue(t.Context(), ofGroup("next"))
				if err != nil || !next.Behind {
					t.Fatalf("%+v, %v", next, err)
				}
				end(t, f, o, s, first)
				if d := wait.For(t, "the next is sent", s.started); d.ID != next.Delivery.ID {
					t.Errorf("%s is sent", d.Identity)
				}
				s.answers <- accept
				f.awaitStatus(o, next.Delivery.ID, Sent)
			})
		})
	}
}

// TestGreylistedRecipientDelaysNobodyElse: and has the mails in their order.
func TestGreylistedRecipientDelaysNobodyElse(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		var mu sync.Mutex
		greylisted := true
		reached := map[string][]string{} // by recipient, the mails in their order
		o := f.open(noPoll)
		f.attach(o, deliver(func(_ context.Context, d Job) (out Outcome) {
			mu.Lock()
			defer mu.Unlock()
			for _, r := range d.Pending() {
				if r.Address == "b@example.com" && greylisted {
					out.Results = append(out.Results, Result{Address: r.Address, Status: Queued, Code: 451})
					continue
				}
				out.Results = append(out.Results, Result{Address: r.Address, Status: Sent})
				reached[r.Address] = append(reached[r.Address], d.ID)
			}
			return out
		}))
		onlyA := func(id string) func() bool {
			return func() bool {
				got := f.get(o, id)
				return got.Status == Queued && got.Recipients[0].Status == Sent && got.Recipients[1].Status == Queued
			}
		}
		first := f.enqueue(o, ofGroup("first", "a@example.com", "b@example.com"))
		wait.Until(t, "a has the first", onlyA(first.ID))
		second := f.enqueue(o, ofGroup("second", "a@example.com", "b@example.com"))
		wait.Until(t, "a has the second, and b neither", onlyA(second.ID))
		wait.Until(t, "the first was tried again with the second", func() bool { d := f.get(o, first.ID); return d.Status == Queued && d.Retries == 2 })
		mu.Lock()
		greylisted = false
		mu.Unlock()
		f.clock.advance(time.Minute)
		o.wakeSource(src)
		f.awaitStatus(o, first.ID, Sent)
		f.awaitStatus(o, second.ID, Sent)
		mu.Lock()
		defer mu.Unlock()
		for _, address := range []string{"a@example.com", "b@example.com"} {
			if want := []string{first.ID, second.ID}; !slices.Equal(reached[address], want) {
				t.Errorf("%s has %v, want %v", address, reached[address], want)
			}
		}
	})
}

// TestWhoWaitsBehindAnEarlierMailIsToldOfItsNextAttempt, and not left waiting.
func TestWhoWaitsBehindAnEarlierMailIsToldOfItsNextAttempt(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		f.attach(o, s)
		first := f.enqueue(o, ofGroup("first"))
		wait.For(t, "the first attempt", s.started)
		s.answers <- unreachable
		f.awaitStatus(o, first.ID, Queued)
		told := make(chan Delivery, 1)
		go func() {
			stored, err := enqueueAndWait(t.Context(), o, new(ofGroup("second")))
			if err != nil {
				t.Error(err)
			}
			told <- stored.Delivery
		}()
		wait.For(t, "the first again", s.started)
		s.answers <- unreachable
		got := wait.For(t, "the caller is told", told)
		due := f.get(o, first.ID).DueAt
		if got.Status != Queued || got.Identity != "second" || !got.DueAt.Equal(due) || !due.After(f.clock.Now()) {
			t.Errorf("%s is %s, due %s; the first is due %s", got.Identity, got.Status, got.DueAt, due)
		}
	})
}

func TestIndependentConversationsPassEachOther(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		f.attach(o, s)
		first := f.enqueue(o, ofGroup("first"))
		wait.For(t, "the first attempt", s.started)
		s.answers <- defer4
		f.awaitStatus(o, first.ID, Queued)
		other := ofGroup("other")
		other.Conversation = "another group"
		if d := f.enqueue(o, other); d.Status != Sending {
			t.Errorf("another conversation is %s", d.Status)
		}
		alone := notification("alone")
		if d := f.enqueue(o, alone); d.Status != Sending {
			t.Errorf("mail without a conversation is %s", d.Status)
		}
	})
}

// TestReplicasKeepTheOrderTogether: one sends the first mail while another stores
// the next.
func TestReplicasKeepTheOrderTogether(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		a, b := f.open(), f.open()
		sa, sb := newScript(), newScript()
		f.attach(a, sa)
		first := f.enqueue(a, ofGroup("first"))
		wait.For(t, "the first is sent", sa.started)
		f.attach(b, sb)
		next, err := b.Enqueue(t.Context(), ofGroup("next"))
		if err != nil || !next.Behind || next.Delivery.Status != Queued {
			t.Fatalf("%+v, %v", next, err)
		}
		if err := b.Resume(t.Context(), src, "normal"); err != nil { // makes it look
			t.Fatal(err)
		}
		select {
		case d := <-sb.started:
			t.Fatalf("%s is sent before the first is", d.Identity)
		default:
		}
		sa.answers <- accept
		f.awaitStatus(b, first.ID, Sent)
		wait.Until(t, "somebody sends the next", func() bool { return len(sa.started)+len(sb.started) > 0 })
		select {
		case d := <-sa.started:
			mustBeNext(t, d, next.Delivery)
			sa.answers <- accept
		case d := <-sb.started:
			mustBeNext(t, d, next.Delivery)
			sb.answers <- accept
		}
		f.awaitStatus(b, next.Delivery.ID, Sent)
	})
}

func mustBeNext(t *testing.T, got Job, want Delivery) {
	t.Helper()
	if got.ID != want.ID {
		t.Errorf("%s is sent", got.Identity)
	}
}

// TestSignedRequestIsCarriedOutOnce, also when its delivery is over.
func TestSignedRequestIsCarriedOutOnce(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.attach(o, always(accept))
		n := notification("n")
		n.Dedupe, n.Signature = 0, Signature{Hash: "hash", Request: "request"}
		first, err := enqueueAndWait(context.Background(), o, &n)
		if err != nil || first.Delivery.Status != Sent {
			t.Fatalf("%+v, %v", first, err)
		}
		f.clock.advance(time.Minute)
		if again, err := o.Enqueue(t.Context(), n); err != nil || !again.Joined || again.Delivery.ID != first.Delivery.ID {
			t.Errorf("%+v, %v", again, err)
		}
		n.Signature.Request = "another"
		if _, err := o.Enqueue(t.Context(), n); !errors.Is(err, ErrReplayed) {
			t.Errorf("another request with the signature: %v", err)
		}
		if d, err := o.Depth(t.Context(), src); err != nil || total(d) != 0 {
			t.Errorf("%+v, %v", d, err)
		}
	})
}
