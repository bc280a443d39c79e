package store

import (
	"errors"
	"maps"
	"slices"
	"testing"
	"time"
)

func TestDeliveryIsStoredClaimedAndFinished(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("group", "a@example.com", "b@example.com")
		e := f.enqueue(n)
		if e.Joined || e.Behind || e.Delivery.Status != Queued || !e.Delivery.DueAt.Equal(f.clock) || e.Delivery.Sequence == 0 {
			t.Fatalf("%+v", e)
		}
		c := f.claim()
		if len(c.Deliveries) != 1 || c.More || c.Blocked {
			t.Fatalf("%+v", c)
		}
		d := c.Deliveries[0]
		if d.Status != Sending || d.Attempt != 1 || d.Owner != "me" || string(d.Message) != string(n.Message) || len(d.Pending()) != 2 || d.Interrupted {
			t.Fatalf("%+v", d)
		}
		f.advance(1234 * time.Millisecond)
		if got := f.apply(f.end(d, Sent)); !slices.Equal(got, []bool{true}) {
			t.Fatal("the fence did not hold")
		}
		d = f.get(n.ID)
		if d.Status != Sent || !d.FinishedAt.Equal(f.clock) || d.Reason != "accepted" || len(d.Attempts) != 1 || d.Attempts[0].Outcome != "sent" ||
			d.Recipients[0].Status != Sent || d.Recipients[1].Address != "b@example.com" || d.Recipients[1].Code != 250 {
			t.Errorf("%+v", d)
		}
	})
}

// TestFenceKeepsOthersOut: what a process changes is the claim that it has.
func TestFenceKeepsOthersOut(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		d := f.enqueue(f.leased(mail("group"))).Delivery
		late := f.end(d, Sent)
		f.advance(lease + time.Second)
		taken := f.claim(func(c *Claim) { c.Owner = "other" }).Deliveries
		if len(taken) != 1 || taken[0].Attempt != 2 || !taken[0].Interrupted {
			t.Fatalf("%+v", taken)
		}
		queued := d
		queued.Status = Queued
		cancelled := Transition{Of: queued, To: State{Status: Cancelled, FinishedAt: f.clock}}
		wrongOwner := f.end(taken[0], Sent)
		wrongOwner.Of.Owner = "me"
		missing := cancelled
		missing.Of.Sequence = 1 << 40
		if got := f.apply(late, cancelled, wrongOwner, missing); slices.Contains(got, true) {
			t.Fatalf("applied %v", got)
		}
		if now := f.get(d.ID); now.Status != Sending || now.Owner != "other" || now.Recipients[0].Status != Queued {
			t.Fatalf("%+v", now)
		}
		// Its own outcome, and the same again: the answer to COMMIT may be lost.
		own := f.end(taken[0], Sent)
		if got := f.apply(own); !got[0] {
			t.Fatal("its own outcome was refused")
		}
		if got := f.apply(own, late); !got[0] || got[1] {
			t.Fatalf("again: %v", got)
		}
		now := f.get(d.ID)
		if len(now.Attempts) != 2 || now.Attempts[0].Outcome != Lost || now.Attempts[0].Number != 1 || now.Attempts[1].Outcome != "sent" {
			t.Errorf("%+v", now.Attempts)
		}
		stats, err := f.Stats(t.Context(), src, f.clock.Add(-time.Hour), f.clock.Add(time.Hour), time.Hour)
		if err != nil || len(stats) != 1 || stats[0].Count != 1 {
			t.Errorf("counted %v, %v", stats, err)
		}
	})
}

// TestRepeatJoins what is not final, or was sent just now.
func TestRepeatJoins(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("group", "a@example.com", "b@example.com")
		first := f.enqueue(f.leased(n)).Delivery
		repeat := func() Enqueued {
			again := mail("group", "a@example.com", "b@example.com")
			again.Identity = n.Identity
			return f.enqueue(f.leased(again))
		}
		if e := repeat(); !e.Joined || e.Delivery.ID != first.ID || e.Delivery.Status != Sending || len(e.Delivery.Recipients) != 2 {
			t.Fatalf("%+v", e)
		}
		f.apply(f.end(first, Sent))
		if e := repeat(); !e.Joined || e.Delivery.ID != first.ID || e.Delivery.Status != Sent {
			t.Fatalf("%+v", e)
		}
		f.advance(n.Dedupe)
		second := repeat()
		if second.Joined || second.Delivery.Status != Sending {
			t.Fatalf("%+v", second)
		}
		f.apply(f.end(second.Delivery, Failed))
		if e := repeat(); e.Joined {
			t.Fatal("it joined a failure")
		}
	})
}

// TestFullOutboxJoinsAndStoresNothing.
func TestFullOutboxJoinsAndStoresNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("")
		first := f.enqueue(n).Delivery
		again := mail("")
		full := errors.New("it is full")
		again.Identity, again.Full = n.Identity, full
		again.Signature = Signature{Hash: "hash 1", Request: "request 1"}
		fresh := mail("")
		fresh.Full = full
		fresh.Signature = Signature{Hash: "hash 2", Request: "request 2"}
		f.write(func(tx *Tx) error {
			if _, err := tx.Enqueue(fresh); !errors.Is(err, full) {
				t.Errorf("error %v", err)
			}
			e, err := tx.Enqueue(again)
			if err != nil || !e.Joined || e.Delivery.ID != first.ID {
				t.Errorf("%+v, %v", e, err)
			}
			count, bytes, err := tx.Undelivered()
			if err != nil || count != 1 || bytes != first.Size {
				t.Errorf("%d mails, %d bytes, %v", count, bytes, err)
			}
			return nil
		})
		fresh.Full = nil // there is room again: the signature was not used
		if e := f.enqueue(fresh); e.Joined {
			t.Errorf("%+v", e)
		}
	})
}

// TestSignatureIsUsedOnce: the same request joins, another is refused.
func TestSignatureIsUsedOnce(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		signed := func(request string) NewDelivery {
			n := mail("")
			n.Dedupe = 0
			n.Signature = Signature{Hash: "hash", Request: request}
			return n
		}
		first := f.enqueue(f.leased(signed("request"))).Delivery
		refused := func(n NewDelivery) {
			t.Helper()
			bystander := mail("")
			f.write(func(tx *Tx) error {
				if _, err := tx.Enqueue(n); !errors.Is(err, ErrReplayed) {
					t.Errorf("error %v", err)
				}
				_, err := tx.Enqueue(bystander)
				return err
			})
			f.get(bystander.ID) // the transaction is whole
			if _, err := f.Get(t.Context(), src, n.ID); !errors.Is(err, ErrNotFound) {
				t.Errorf("it was stored: %v", err)
			}
		}
		if e := f.enqueue(signed("request")); !e.Joined || e.Delivery.ID != first.ID {
			t.Fatalf("%+v", e)
		}
		refused(signed("another request"))
		f.apply(f.end(first, Sent))
		f.advance(time.Minute)
		if e := f.enqueue(signed("request")); !e.Joined || e.Delivery.Status != Sent {
			t.Fatalf("%+v", e)
		}
		f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock, 100); return err })
		refused(signed("request")) // whose delivery is gone
		// A timestamp may be five minutes ahead, and is taken for five after that.
		f.advance(9*time.Minute - time.Second)
		f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock, 100); return err })
		refused(signed("another request"))
		f.advance(signatureLife)
		f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock, 100); return err })
		if e := f.enqueue(signed("request")); e.Joined {
			t.Errorf("%+v", e)
		}
	})
}

// TestSignatureMayComeWithSeveralBoundQueries: once with each, and from then on
// with no query that is not bound.
func TestSignatureMayComeWithSeveralBoundQueries(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		signed := func(request string, bound bool) NewDelivery {
			n := mail("")
			n.Signature = Signature{Hash: "hash", Request: request, Bound: bound}
			return n
		}
		first, second := f.enqueue(signed("one", true)), f.enqueue(signed("two", true))
		if first.Joined || second.Joined {
			t.Fatalf("%+v, %+v", first, second)
		}
		for request, want := range map[string]Enqueued{"one": first, "two": second} {
			if again := f.enqueue(signed(request, true)); !again.Joined || again.Delivery.ID != want.Delivery.ID {
				t.Errorf("%s: %+v", request, again)
			}
		}
		f.write(func(tx *Tx) error {
			for _, request := range []string{"one", "three"} {
				if _, err := tx.Enqueue(signed(request, false)); !errors.Is(err, ErrReplayed) {
					t.Errorf("%s, not bound: %v", request, err)
				}
			}
			return nil
		})
	})
}

// TestSignatureOfAJoinedMailLeadsToThatMail: it is the first that is signed so.
func TestSignatureOfAJoinedMailLeadsToThatMail(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("")
		first := f.enqueue(n).Delivery
		repeat := mail("")
		repeat.Identity, repeat.Signature = n.Identity, Signature{Hash: "hash", Request: "request"}
		f.enqueue(repeat)
		other := mail("") // without an identity in common
		other.Signature = repeat.Signature
		if e := f.enqueue(other); !e.Joined || e.Delivery.ID != first.ID {
			t.Errorf("%+v", e)
		}
	})
}

// TestHeldIsDerivedFromThePause: to pause and to resume changes no delivery.
func TestHeldIsDerivedFromThePause(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		d := f.enqueue(mail("")).Delivery
		sending := f.enqueue(f.leased(mail(""))).Delivery
		other := mail("")
		other.MailType = "ad"
		f.enqueue(other)
		pause := Pause{Sender: Sender{src, "normal"}, Reason: "535 refused", Since: f.clock, SettingsAt: f.clock, ProbeAt: f.clock.Add(time.Minute), Backoff: time.Minute}
		f.write(func(tx *Tx) error { return tx.SetPause(pause) })
		if got := f.get(d.ID); got.Status != Held || got.Reason != "535 refused" || !got.DueAt.IsZero() {
			t.Errorf("%+v", got)
		}
		if got := f.get(sending.ID); got.Status != Sending {
			t.Errorf("%+v", got)
		}
		depth, err := f.Depth(t.Context(), src)
		if err != nil || depth.Count[Held] != 1 || depth.Count[Queued] != 1 || depth.Count[Sending] != 1 {
			t.Errorf("%+v, %v", depth, err)
		}
		fresh := f.enqueue(f.leased(mail("")))
		if fresh.Delivery.Status != Held || fresh.Delivery.Reason != "535 refused" {
			t.Errorf("%+v", fresh.Delivery)
		}
		if got := ids(f.claim().Deliveries); !slices.Equal(got, []string{other.ID}) {
			t.Errorf("claimed %v", got)
		}
		f.write(func(tx *Tx) error {
			if got := tx.Pauses(); len(got) != 1 || got[pause.Sender] != pause {
				t.Errorf("%+v", got)
			}
			d, err := tx.Load(src, d.ID)
			if err != nil || d.Status != Held {
				t.Errorf("%+v, %v", d, err)
			}
			return nil
		})

		// Newer settings than those that were refused.
		saved := f.clock.Add(time.Second)
		n := f.leased(mail(""))
		n.SettingsAt = saved
		if e := f.enqueue(n); e.Delivery.Status != Sending {
			t.Errorf("%+v", e.Delivery)
		}
		if got := f.claim(func(c *Claim) { c.SettingsAt = saved; c.InHand = []string{n.ID} }).Deliveries; len(got) != 2 {
			t.Errorf("claimed %v", ids(got))
		}
		f.write(func(tx *Tx) error { return tx.EndPause(Sender{src, "normal"}) })
		f.write(func(tx *Tx) error {
			if got := tx.Pauses(); len(got) != 0 {
				t.Errorf("%+v", got)
			}
			return nil
		})
	})
}

// TestClaimTakesWhatItIsAskedFor: due, fresh, and early.
func TestClaimTakesWhatItIsAskedFor(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		var early, fresh []string
		for i := range 4 {
			d := f.enqueue(f.leased(mail(""))).Delivery
			c := f.end(d, Queued)
			c.To.Unreachable = i > 0
			f.apply(c)
			if i > 0 {
				early = append(early, d.ID)
			}
		}
		for range 4 {
			fresh = append(fresh, f.enqueue(mail("")).Delivery.ID)
			f.advance(time.Millisecond)
		}
		c := f.claim(func(c *Claim) { c.Due, c.Fresh, c.Early = 1, 1, 2 })
		if got := ids(c.Deliveries); !slices.Equal(got, []string{early[0], fresh[3]}) || !c.More || !c.Deliveries[0].Early {
			t.Errorf("claimed %v, more %t", got, c.More)
		}
		c = f.claim(func(c *Claim) { c.Due, c.Fresh, c.Early = 5, 0, 2 })
		if got := ids(c.Deliveries); !slices.Equal(got, []string{early[1], early[2], fresh[0], fresh[1], fresh[2]}) || !c.Deliveries[0].Early || c.Deliveries[2].Early {
			t.Errorf("claimed %v, more %t", got, c.More)
		}
		f.advance(2 * time.Minute) // all leases have ended; these are in hand
		inHand := []string{early[0], early[1], fresh[0]}
		c = f.claim(func(c *Claim) { c.Due, c.InHand = 100, inHand })
		if got := ids(c.Deliveries); len(got) != 5 || slices.ContainsFunc(got, func(id string) bool { return slices.Contains(inHand, id) }) {
			t.Errorf("claimed %v", got)
		}
	})
}

// TestMailThatProcessesEndOverIsClaimedAlone: its envelope had begun.
func TestMailThatProcessesEndOverIsClaimedAlone(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		var all []Delivery
		for range 3 {
			all = append(all, f.enqueue(f.leased(mail(""))).Delivery)
		}
		f.advance(lease)
		innocent := f.claim().Deliveries // nobody began an envelope
		if len(innocent) != 3 || innocent[0].Lost != 0 || !innocent[0].Interrupted {
			t.Fatalf("%+v", innocent)
		}
		f.write(func(tx *Tx) error {
			old := all[2] // a claim that was lost
			for _, fence := range []Delivery{innocent[0], innocent[1], old} {
				if err := tx.EnvelopeBegun(fence); err != nil {
					return err
				}
			}
			return nil
		})
		f.advance(lease)
		again := f.claim().Deliveries // found to be lost only now
		lost := map[string]int{}
		for _, d := range again {
			lost[d.ID] = d.Lost
		}
		if lost[all[0].ID] != 1 || lost[all[1].ID] != 1 || lost[all[2].ID] != 0 || len(again) != 3 {
			t.Fatalf("%v", lost)
		}
		f.advance(lease)
		if got := f.claim(func(c *Claim) { c.Alone = true }).Deliveries; len(got) != 1 || got[0].ID != all[2].ID {
			t.Errorf("claimed %v", ids(got))
		}
		if got := f.claim().Deliveries; len(got) != 1 || got[0].Lost != 1 {
			t.Errorf("claimed %v", ids(got))
		}
	})
}

func TestLeasesAreRenewedAndSpared(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		mine, other := f.enqueue(f.leased(mail(""))).Delivery, f.leased(mail(""))
		other.Owner = "other"
		theirs := f.enqueue(other).Delivery
		queued := f.enqueue(mail("")).Delivery
		began := f.clock
		f.advance(3 * time.Second)
		f.write(func(tx *Tx) error {
			kept, err := tx.Renew("me", []string{mine.ID, theirs.ID, queued.ID, "none"}, f.clock.Add(lease))
			if err != nil || !maps.Equal(kept, map[string]int{mine.ID: 1}) {
				t.Errorf("%v, %v", kept, err)
			}
			return nil
		})
		if got := f.get(mine.ID).DueAt; !got.Equal(f.clock.Add(lease)) {
			t.Errorf("the lease ends at %v", got)
		}
		f.advance(time.Hour) // the store was away
		f.write(func(tx *Tx) error { return tx.SpareLeases(began, f.clock, f.clock.Add(lease)) })
		for _, d := range []Delivery{mine, theirs} {
			if got := f.get(d.ID).DueAt; !got.Equal(f.clock.Add(lease)) {
				t.Errorf("the lease ends at %v", got)
			}
		}
		f.clock = began.Add(-time.Hour) // the clock is set back
		f.claim(func(c *Claim) { c.Due = 0 })
		if got := f.get(queued.ID).DueAt; !got.Equal(f.clock) {
			t.Errorf("queued mail is due at %v", got)
		}
		if got := f.get(mine.ID).DueAt; !got.Equal(f.clock.Add(lease)) {
			t.Errorf("the lease ends at %v", got)
		}
	})
}

// TestClockSetBackIsMadeUpForInBatches, until no mail is due in a far future.
func TestClockSetBackIsMadeUpForInBatches(t *testing.T) {
	f := newFixture(t, backends[0])
	const all = 2*pullBatch + 1
	f.write(func(tx *Tx) error {
		for range all {
			if _, err := tx.Enqueue(mail("")); err != nil {
				return err
			}
		}
		return nil
	})
	f.advance(-24 * time.Hour)
	for made := 0; made < all; {
		c := f.claim(func(c *Claim) { c.Due = 0 })
		if !c.NextDue.Equal(f.clock) {
			t.Fatalf("the next is due at %v", c.NextDue)
		}
		due := len(f.claim(func(c *Claim) { c.Due, c.LongestWait = all, 48*time.Hour }).Deliveries)
		if due == 0 || due > pullBatch {
			t.Fatalf("%d are made due at once", due)
		}
		made += due
	}
}

// TestReachedRecipientsAreStoredBeforeTheOutcome, within the claim.
func TestReachedRecipientsAreStoredBeforeTheOutcome(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		d := f.enqueue(f.leased(mail("", "a@example.com", "b@example.com", "c@example.com"))).Delivery
		reached := d.Recipients[1]
		reached.Status, reached.Code, reached.UpdatedAt = Sent, 250, f.clock
		f.write(func(tx *Tx) error { return tx.RecipientsReached(d, []Recipient{reached}) })
		stale := d
		stale.Attempt++
		late := d.Recipients[2]
		late.Status = Sent
		f.write(func(tx *Tx) error { return tx.RecipientsReached(stale, []Recipient{late}) })
		f.advance(lease)
		again := f.claim().Deliveries
		if len(again) != 1 || len(again[0].Pending()) != 2 || again[0].Recipients[1] != reached {
			t.Fatalf("%+v", again)
		}
		// In one transaction with the outcome, which says the last word.
		first, last := again[0].Recipients[0], f.end(again[0], Failed)
		first.Status = Sent
		f.write(func(tx *Tx) error {
			if err := tx.RecipientsReached(again[0], []Recipient{first}); err != nil {
				return err
			}
			_, err := tx.Apply(last)
			return err
		})
		if got := f.get(d.ID); got.Status != Partial || got.Recipients[0].Status != Failed || got.Recipients[1].Status != Sent {
			t.Errorf("%+v", got)
		}
	})
}

func TestForgottenMailIsFoundAndOldMailRemoved(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		queued := f.enqueue(mail("")).Delivery
		left := f.enqueue(f.leased(mail(""))).Delivery
		const retention = 48 * time.Hour
		var old []string
		for range 5 {
			d := f.enqueue(f.leased(mail("", "old@example.com"))).Delivery
			f.apply(f.end(d, Sent))
			old = append(old, d.ID)
		}
		f.advance(25*time.Hour + retention)
		young := f.enqueue(f.leased(mail(""))).Delivery
		f.apply(f.end(young, Sent))
		worked := f.enqueue(f.leased(mail(""))).Delivery
		f.write(func(tx *Tx) error {
			for limit, want := range map[int]int{1: 1, 10: 2} {
				got, err := tx.Forgotten(f.clock.Add(-retention), limit)
				if err != nil || len(got) != want || slices.Contains(ids(got), worked.ID) || len(got[0].Recipients) != 1 {
					t.Errorf("%v, %v", ids(got), err)
				}
			}
			for _, want := range []int{3, 2} {
				if got, err := tx.RemoveFinal(f.clock.Add(-retention), 3); err != nil || got != want {
					t.Errorf("removed %d, %v; want %d", got, err, want)
				}
			}
			return nil
		})
		for _, id := range old {
			_, err := f.Get(t.Context(), src, id)
			mustBe(t, err, ErrNotFound)
		}
		for _, d := range []Delivery{queued, left, young, worked} {
			f.get(d.ID)
		}
		f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock.Add(-retention), 100); return err })
		for table, want := range map[string]int{"recipient": 4, "attempt": 1, "rollup": 2} {
			var rows int
			if err := f.reads.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil || rows != want {
				t.Errorf("%d rows of %s are left, want %d; %v", rows, table, want, err)
			}
		}
	})
}

// TestSentMailStaysAsLongAsRepeatsJoinIt: the retention is shorter.
func TestSentMailStaysAsLongAsRepeatsJoinIt(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("")
		n.Dedupe = time.Hour
		d := f.enqueue(f.leased(n)).Delivery
		f.apply(f.end(d, Sent))
		clean := func() (removed int) {
			f.write(func(tx *Tx) (err error) { removed, err = tx.RemoveFinal(f.clock.Add(-time.Minute), 100); return err })
			return removed
		}
		f.advance(59 * time.Minute)
		if clean(); f.get(d.ID).Status != Sent {
			t.Error("it is gone")
		}
		f.advance(2 * time.Minute)
		clean()
		_, err := f.Get(t.Context(), src, d.ID)
		mustBe(t, err, ErrNotFound)
	})
}

// TestWorkThatFailsChangesNothing, and its own error comes back.
func TestWorkThatFailsChangesNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("")
		own := errors.New("it changed its mind")
		err := f.Write(t.Context(), func(tx *Tx) error {
			if _, err := tx.Enqueue(n); err != nil {
				return err
			}
			return own
		})
		if err != own { //nolint:errorlint // it is not wrapped
			t.Errorf("error %v", err)
		}
		_, err = f.Get(t.Context(), src, n.ID)
		mustBe(t, err, ErrNotFound)
		f.write(func(tx *Tx) error {
			_, err := tx.Load(src, n.ID)
			mustBe(t, err, ErrNotFound)
			return nil
		})
	})
}

// TestTextsThatNoDatabaseTakesAreCleaned.
func TestTextsThatNoDatabaseTakesAreCleaned(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("group\x00", "a\x00@example.com")
		n.Subject, n.Note = "a\x00b\xff", "\x00"
		d := f.enqueue(f.leased(n)).Delivery
		c := f.end(d, Sent)
		c.To.Reason, c.Attempt.Text, c.Recipients[0].Text = "\x00no\xff", "\x00", "\xff"
		f.apply(c)
		if got := f.get(d.ID); got.Subject != "ab\uFFFD" || got.Reason != "no\uFFFD" || got.Recipients[0].Address != "a@example.com" {
			t.Errorf("%+v", got)
		}
	})
}
