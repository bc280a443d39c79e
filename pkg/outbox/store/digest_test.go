package store

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"
)

// braked is mail that the brake decides on.
func braked(n NewDelivery, adjust ...func(*Brake)) NewDelivery {
	n.Brake = &Brake{Max: 2, Note: func() []byte { return []byte("note of " + n.ID) }, Key: "profile", Digest: Delivery{From: n.From, Subject: "Digest", Message: []byte("recipe")}}
	for _, a := range adjust {
		a(n.Brake)
	}
	return n
}

func exempt(b *Brake) { b.Exempt = true }

// off is a brake that is not set.
func off(b *Brake) { b.Max = 0 }

// notes is what a digest tells.
func (f *fixture) notes(digest Delivery) (all []string) {
	f.Helper()
	if err := f.Notes(context.Background(), digest, func(note []byte, _ bool) { all = append(all, string(note)) }); err != nil {
		f.Fatal(err)
	}
	return all
}

// sent is mail that was mailed at once, and not digested.
func (f *fixture) sent(n NewDelivery) Delivery {
	f.Helper()
	d := f.enqueue(f.leased(n)).Delivery
	if d.Status != Sending {
		f.Fatalf("it is %s", d.Status)
	}
	f.apply(f.end(d, Sent))
	return d
}

// TestBudgetThatIsUsedUpOpensAWindow: what does not fit is told in one digest, at the
// latest when the hour has room again.
func TestBudgetThatIsUsedUpOpensAWindow(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		began := f.clock
		for range 2 {
			f.sent(braked(mail("group")))
			f.advance(time.Minute)
		}
		var digest string
		var digested []string
		for i := range 3 {
			n := braked(mail(fmt.Sprint("group ", i)))
			e := f.enqueue(f.leased(n))
			d := f.get(n.ID)
			if e.Delivery.Status != Digested || d.Status != Digested || !d.FinishedAt.Equal(f.clock) || d.Recipients[0].Status != Digested || d.Recipients[0].Digest == "" {
				t.Fatalf("%+v", d)
			}
			if e.Mails != map[bool]int64{true: 1}[i == 0] || e.Bytes != int64(len(n.Brake.Note())) {
				t.Errorf("it added %d mails, %d bytes", e.Mails, e.Bytes)
			}
			if digest = d.Recipients[0].Digest; i > 0 && digest != f.get(digested[0]).Recipients[0].Digest {
				t.Error("it is in another digest than the first")
			}
			digested = append(digested, n.ID)
			if again := f.enqueue(braked(repeatOf(d))); !again.Joined {
				t.Error("a repeat of what is digested did not join it")
			}
			if due := f.get(digest).DueAt; !due.Equal(f.clock.Add(quiet)) {
				t.Errorf("due at %s", due)
			}
			f.advance(time.Minute)
		}
		other := f.enqueue(f.leased(braked(mail("group", "b@example.com")))).Delivery
		if other.Status != Sending {
			t.Errorf("another recipient's mail is %s", other.Status)
		}
		f.apply(f.end(other, Sent))
		d := f.get(digest)
		if d.Status != Collecting || !d.Digest() || !d.ClosesAt.Equal(began.Add(time.Hour)) || d.Recipients[0].Address != "a@example.com" || d.Attempt != 0 {
			t.Fatalf("%+v", d)
		}
		page, err := f.List(t.Context(), Filter{Source: src, Digest: digest})
		slices.Reverse(page.Deliveries)
		if got := ids(page.Deliveries); err != nil || !slices.Equal(got, digested) {
			t.Errorf("the digest tells of %v, %v", got, err)
		}
		depth, err := f.Depth(t.Context(), src)
		if err != nil || depth.Count[Collecting] != 1 || depth.Count[Queued] != 0 || depth.Oldest != 0 {
			t.Errorf("%+v, %v", depth, err)
		}
		if c := f.claim(); len(c.Deliveries) != 0 || !c.NextDue.Equal(d.DueAt) {
			t.Fatalf("%+v", c)
		}
		f.clock = d.DueAt
		if depth, err = f.Depth(t.Context(), src); err != nil || depth.Count[Queued] != 1 || depth.Oldest != 0 {
			t.Errorf("%+v, %v", depth, err)
		}
		c := f.claim()
		if len(c.Deliveries) != 1 || c.Deliveries[0].ID != digest || string(c.Deliveries[0].Message) != "recipe" || !c.Deliveries[0].ClosesAt.Equal(f.clock) {
			t.Fatalf("%+v", c)
		}
		want := []string{"note of " + digested[0], "note of " + digested[1], "note of " + digested[2]}
		if got := f.notes(c.Deliveries[0]); !slices.Equal(got, want) {
			t.Errorf("it tells %v", got)
		}
		// What comes now is in the next digest, which goes behind this one.
		n := braked(mail("group"))
		f.enqueue(n)
		if next := f.get(n.ID).Recipients[0].Digest; next == "" || next == digest {
			t.Errorf("it is in digest %q", next)
		}
		f.advance(2 * quiet)
		f.write(func(tx *Tx) error {
			_, err := tx.Renew("me", []string{digest}, f.clock.Add(lease))
			return err
		})
		if c := f.claim(); len(c.Deliveries) != 0 || !c.Blocked {
			t.Errorf("claimed %v", ids(c.Deliveries))
		}
		f.apply(f.end(c.Deliveries[0], Sent))
		if got := f.claim().Deliveries; len(got) != 1 {
			t.Errorf("claimed %v", ids(got))
		}
		if got := f.notes(c.Deliveries[0]); !slices.Equal(got, []string{"", "", ""}) { // nothing is kept of what was sent
			t.Errorf("it still tells %v", got)
		}
		// Of the digest's own life only what follows the window counts.
		stats, err := f.Stats(t.Context(), src, began, f.clock.Add(time.Hour), time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range stats {
			for _, l := range s.Latencies {
				if l.Value > 2*quiet {
					t.Errorf("%+v", s)
				}
			}
		}
	})
}

func repeatOf(d Delivery) NewDelivery {
	n := mail(d.Conversation)
	n.Identity = d.Identity
	return n
}

// TestStormEndsWithTheHour: a window does not stay open for as long as a storm lasts.
func TestStormEndsWithTheHour(t *testing.T) {
	f := newFixture(t, backends[0])
	began := f.clock
	var digests []Delivery
	mails := 0
	for f.clock.Before(began.Add(2*time.Hour + time.Minute)) {
		if d := f.enqueue(f.leased(braked(mail("")))).Delivery; d.Status == Sending {
			f.apply(f.end(d, Sent))
			mails++
		}
		for _, d := range f.claim().Deliveries {
			f.apply(f.end(d, Sent))
			digests = append(digests, d)
		}
		f.advance(10 * time.Second)
	}
	if len(digests) < 2 || digests[0].ClosesAt.After(began.Add(time.Hour+10*time.Second)) || mails+len(digests) > 3*3 {
		t.Errorf("%d mails, %d digests, the first at %s", mails, len(digests), digests[0].ClosesAt)
	}
}

// TestClockOpensAWindowForEverything until its time, over any number of notes.
func TestClockOpensAWindowForEverything(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		until := f.clock.Add(3 * time.Hour)
		byClock := func(b *Brake) { b.Max, b.Until = 0, until }
		var digest Delivery
		for range 3 {
			n := braked(mail("group"), byClock)
			f.enqueue(f.leased(n))
			digest = f.get(f.get(n.ID).Recipients[0].Digest)
			if !digest.DueAt.Equal(until) {
				t.Fatalf("due at %s", digest.DueAt)
			}
			f.advance(time.Hour - time.Second)
			f.claim() // which takes nothing for mail of a clock that was set back
		}
		f.clock = until
		if got := f.claim().Deliveries; len(got) != 1 || got[0].ID != digest.ID || len(f.notes(got[0])) != 3 {
			t.Errorf("claimed %v", ids(got))
		}
	})
}

// TestExemptMailIsMailedAndToldOf where a window is open.
func TestExemptMailIsMailedAndToldOf(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for range 3 {
			f.sent(braked(mail(""), exempt))
		}
		n := braked(mail(""))
		f.enqueue(n)
		critical := f.sent(braked(mail(""), exempt))
		digest := f.get(f.get(n.ID).Recipients[0].Digest)
		if got := f.notes(digest); !slices.Equal(got, []string{"note of " + n.ID, "note of " + critical.ID}) {
			t.Errorf("it tells %v", got)
		}
	})
}

// TestSomeRecipientsAreMailedAndSomeDigested: one delivery, whose mail is for the first.
func TestSomeRecipientsAreMailedAndSomeDigested(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for range 2 {
			f.sent(braked(mail("")))
		}
		d := f.enqueue(f.leased(braked(mail("", "a@example.com", "b@example.com", "b@example.com")))).Delivery
		if pending := d.Pending(); d.Status != Sending || len(pending) != 2 || pending[0].Address != "b@example.com" {
			t.Fatalf("%+v", d)
		}
		done := f.end(d, Sent)
		done.To = State{Status: Sent, FinishedAt: f.clock}
		f.apply(done)
		got := f.get(d.ID)
		if got.Recipients[0].Status != Digested || got.Recipients[1].Status != Sent || f.get(got.Recipients[0].Digest).Status != Collecting {
			t.Errorf("%+v", got)
		}
	})
}

// TestDigestWaitsForTheMailBeforeItAndMailForTheDigestBeforeIt: the relay puts off one
// after the other.
func TestDigestWaitsForTheMailBeforeItAndMailForTheDigestBeforeIt(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		first := f.enqueue(f.leased(braked(mail("group"))))
		f.sent(braked(mail("")))
		f.apply(f.end(first.Delivery, Queued)) // for a minute
		told := braked(mail("group"))
		f.enqueue(told)
		critical := f.enqueue(f.leased(braked(mail("group"), exempt))).Delivery
		if critical.Status != Queued {
			t.Fatalf("critical mail overtakes the first: it is %s", critical.Status)
		}
		digest := f.get(f.get(told.ID).Recipients[0].Digest)
		f.clock = digest.DueAt
		for i, want := range []string{first.Delivery.ID, critical.ID, digest.ID} {
			got := f.claim().Deliveries
			if !slices.Equal(ids(got), []string{want}) {
				t.Fatalf("claim %d: %v", i, ids(got))
			}
			if i < 2 {
				f.apply(f.end(got[0], Sent))
				continue
			}
			f.apply(f.end(got[0], Queued)) // the digest is put off
		}
		f.advance(time.Hour)
		after := f.enqueue(f.leased(mail("group"))).Delivery
		alone := f.enqueue(f.leased(mail("another group"))).Delivery
		if after.Status != Queued || alone.Status != Sending {
			t.Fatalf("mail behind the digest is %s, other mail %s", after.Status, alone.Status)
		}
		f.apply(f.end(alone, Sent))
		got := f.claim().Deliveries
		if !slices.Equal(ids(got), []string{digest.ID}) {
			t.Fatalf("claimed %v", ids(got))
		}
		if others := f.claim().Deliveries; len(others) != 0 {
			t.Fatalf("claimed %v", ids(others))
		}
		f.apply(f.end(got[0], Failed))
		if got = f.claim().Deliveries; !slices.Equal(ids(got), []string{after.ID}) {
			t.Errorf("claimed %v", ids(got))
		}
	})
}

// otherProfile is the brake of mail that a contact point names another profile for.
func otherProfile(b *Brake) { b.Key = "other" }

// TestDigestTellsHowItsConversationsGoOn, whatever profile or brake tells of them then.
func TestDigestTellsHowItsConversationsGoOn(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		byClock := func(b *Brake) { b.Until = f.clock.Add(time.Hour) }
		first := braked(mail("group"), byClock)
		f.enqueue(first)
		digest := f.get(f.get(first.ID).Recipients[0].Digest)
		mailed := f.sent(braked(mail("group"), otherProfile, off))
		f.sent(braked(mail("another group"), otherProfile, off))
		f.sent(braked(mail("group", "b@example.com"), otherProfile, off))
		failed := f.enqueue(f.leased(braked(mail("group"), otherProfile, off))).Delivery
		f.apply(f.end(failed, Failed))
		digested := braked(mail("group"), otherProfile, byClock)
		f.enqueue(digested)
		if other := f.get(digested.ID).Recipients[0].Digest; other == digest.ID || len(f.notes(f.get(other))) != 1 {
			t.Error("the other profile has no digest of its own")
		}
		var got []string
		if err := f.Notes(t.Context(), digest, func(note []byte, mailed bool) { got = append(got, fmt.Sprint(string(note), " ", mailed)) }); err != nil {
			t.Fatal(err)
		}
		want := []string{"note of " + first.ID + " false", "note of " + mailed.ID + " true", "note of " + failed.ID + " false", "note of " + digested.ID + " false"}
		if !slices.Equal(got, want) {
			t.Errorf("it tells %q, want %q", got, want)
		}
		if again := f.get(digest.ID); !again.DueAt.Equal(digest.DueAt) || again.Size != int64(len(first.Brake.Note())*4) {
			t.Errorf("%+v", again)
		}
	})
}

// TestDigestWaitsForTheDigestBeforeIt that tells of the same conversation under another
// profile, and the relay puts off.
func TestDigestWaitsForTheDigestBeforeIt(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		byClock := func(b *Brake) { b.Until = f.clock.Add(time.Minute) }
		enqueue := func(group string, adjust ...func(*Brake)) (digest string) {
			n := braked(mail(group), append(adjust, byClock)...)
			f.enqueue(n)
			return f.get(n.ID).Recipients[0].Digest
		}
		first := enqueue("group")
		f.advance(time.Minute)
		d := f.claim().Deliveries
		if !slices.Equal(ids(d), []string{first}) {
			t.Fatalf("claimed %v", ids(d))
		}
		off := f.end(d[0], Queued)
		off.To.DueAt = f.clock.Add(time.Hour)
		f.apply(off)
		second, alone := enqueue("group", otherProfile), enqueue("another group", func(b *Brake) { b.Key = "third" })
		f.advance(time.Minute)
		other := f.claim().Deliveries
		if !slices.Equal(ids(other), []string{alone}) {
			t.Fatalf("claimed %v", ids(other))
		}
		f.apply(f.end(other[0], Sent))
		f.advance(time.Hour)
		d = f.claim().Deliveries
		if !slices.Equal(ids(d), []string{first}) {
			t.Fatalf("claimed %v", ids(d))
		}
		f.apply(f.end(d[0], Failed))
		if got := ids(f.claim().Deliveries); !slices.Equal(got, []string{second}) {
			t.Errorf("claimed %v", got)
		}
	})
}

// TestRecipientIsOneHoweverItsAddressIsSpelled: the budget, the window and the order are
// of the mailbox.
func TestRecipientIsOneHoweverItsAddressIsSpelled(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		f.sent(braked(mail("group", "Ops@Example.com")))
		f.sent(braked(mail("group", "ops@example.com")))
		n := braked(mail("group", "OPS@example.com"))
		f.enqueue(n)
		digest := f.get(n.ID).Recipients[0].Digest
		if digest == "" {
			t.Fatal("the budget is counted for each spelling")
		}
		critical := f.enqueue(f.leased(braked(mail("group", "oPS@example.com"), exempt))).Delivery
		f.apply(f.end(critical, Queued))
		f.clock = f.get(digest).DueAt
		if got := ids(f.claim(func(c *Claim) { c.InHand = []string{critical.ID} }).Deliveries); len(got) != 0 {
			t.Errorf("the digest overtook mail: %v", got)
		}
		if got, err := f.Recipients(t.Context(), src, 10); err != nil || !slices.Equal(got, []string{"ops@example.com"}) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// TestMailIsDueWithTheDigestThatItWaitsFor, as with an earlier mail.
func TestMailIsDueWithTheDigestThatItWaitsFor(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		until := func(b *Brake) { b.Until = f.clock.Add(time.Minute) }
		told := braked(mail("group"), until)
		f.enqueue(told)
		f.advance(time.Minute)
		digest := f.claim().Deliveries[0]
		f.apply(f.end(digest, Queued))
		f.enqueue(f.leased(mail("group")))
		if due := f.get(digest.ID).DueAt; !due.Equal(f.clock) {
			t.Errorf("the digest is due at %s", due)
		}
	})
}

// TestWindowClosesBeforeItsDigestIsTooLarge.
func TestWindowClosesBeforeItsDigestIsTooLarge(t *testing.T) {
	f := newFixture(t, backends[0])
	large := func(b *Brake) { b.Max, b.Note = 1, func() []byte { return make([]byte, maxNotes/3) } }
	f.sent(braked(mail("")))
	digests := map[string]bool{}
	for range 10 {
		n := braked(mail(""), large)
		f.enqueue(n)
		digests[f.get(n.ID).Recipients[0].Digest] = true
		for _, d := range f.claim().Deliveries {
			f.apply(f.end(d, Sent))
		}
	}
	if len(digests) != 3 {
		t.Errorf("%d digests", len(digests))
	}
}

// TestFullWindowClosesThoughItsDigestCannotBeClaimed: the sender is paused, and mail that
// comes after it is in the next one or behind it.
func TestFullWindowClosesThoughItsDigestCannotBeClaimed(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		large := func(b *Brake) { b.Max, b.Note = 1, func() []byte { return make([]byte, maxNotes/3) } }
		f.sent(braked(mail("")))
		sender := Sender{src, "normal"}
		f.write(func(tx *Tx) error { return tx.SetPause(Pause{Sender: sender, Since: f.clock, SettingsAt: f.clock}) })
		var digests []string
		for range 10 {
			n := braked(mail("group"), large)
			f.enqueue(n)
			digests = append(digests, f.get(n.ID).Recipients[0].Digest)
		}
		perDigest := map[string]int{}
		for _, id := range digests {
			perDigest[id]++
		}
		if digests = slices.Compact(digests); len(digests) != 3 || perDigest[digests[0]] != 4 || perDigest[digests[1]] != 4 {
			t.Fatalf("the notes of each digest: %v", perDigest)
		}
		first, last := f.get(digests[0]), f.get(digests[2])
		if first.Status != Collecting || first.Closed == 0 || !first.ClosesAt.Equal(f.clock) || first.Closed >= last.Sequence || last.Closed != 0 {
			t.Errorf("the first is %+v\nthe last is %+v", first, last)
		}
		f.advance(time.Second)
		critical := f.enqueue(braked(mail("group"), exempt)).Delivery
		f.write(func(tx *Tx) error { return tx.EndPause(sender) })
		f.advance(quiet)
		var claimed []string
		for range 4 {
			for _, d := range f.claim().Deliveries {
				if d.ID == first.ID && (d.Closed != first.Closed || !d.ClosesAt.Equal(first.ClosesAt)) {
					t.Errorf("its claim closed it again: %+v", d)
				}
				claimed = append(claimed, d.ID)
				f.apply(f.end(d, Sent))
			}
		}
		if want := []string{digests[0], digests[1], critical.ID, digests[2]}; !slices.Equal(claimed, want) {
			t.Errorf("claimed %v, want %v", claimed, want)
		}
	})
}

// TestDigestThatIsLostStandsInNobodysWay: what it was to tell of is stored anew where it
// comes again, and no mail has told of the alert.
func TestDigestThatIsLostStandsInNobodysWay(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for i, status := range []Status{Sent, Failed, Expired, Cancelled} {
			n := braked(mail("group"), func(b *Brake) { b.Until = f.clock.Add(time.Minute) })
			n.Dedupe = time.Hour
			n.Alerts = []AlertRecord{{Hash: int64(i), StartsAt: f.clock}}
			first := f.enqueue(n).Delivery
			f.advance(time.Minute)
			digest := f.claim().Deliveries[0]
			if records := f.recordsOf(int64(i)); len(records) != 1 || records[0].Missed {
				t.Errorf("on its way: %+v", records)
			}
			end := f.end(digest, Failed)
			end.To.Status = status
			f.apply(end)
			if records := f.recordsOf(int64(i)); len(records) != 1 || records[0].Missed == (status == Sent) {
				t.Errorf("%s: %+v", status, records)
			}
			again := repeatOf(first)
			again.Dedupe = n.Dedupe
			if joined := f.enqueue(again).Joined; joined != (status == Sent) {
				t.Errorf("%s: a repeat of what the digest told joined it: %t", status, joined)
			}
			for _, d := range f.claim().Deliveries {
				f.apply(f.end(d, Sent))
			}
		}
	})
}

// TestNotesAreRemovedWithTheirDigest.
func TestNotesAreRemovedWithTheirDigest(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := braked(mail("group"), func(b *Brake) { b.Until = f.clock.Add(48 * time.Hour) })
		f.enqueue(n)
		f.advance(time.Hour)
		clean := func() {
			f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock, 100); return err })
		}
		digest := f.get(f.get(n.ID).Recipients[0].Digest)
		if clean(); len(f.notes(digest)) != 1 {
			t.Fatal("the note went before its digest")
		}
		f.advance(47 * time.Hour)
		f.apply(f.end(f.claim().Deliveries[0], Sent))
		f.advance(time.Hour)
		if clean(); len(f.notes(digest)) != 0 {
			t.Error("the note is still there")
		}
		f.write(func(tx *Tx) error {
			count, bytes, err := tx.Undelivered()
			if count != 0 || bytes != 0 {
				t.Errorf("%d mails, %d bytes wait", count, bytes)
			}
			return err
		})
	})
}

// TestBrakeThatIsTakenOffLeavesAWindowOpen: what comes before its end is told by its
// digest, which would else tell what is over.
func TestBrakeThatIsTakenOffLeavesAWindowOpen(t *testing.T) {
	f := newFixture(t, backends[0])
	for range 2 {
		f.sent(braked(mail("")))
	}
	f.enqueue(braked(mail("group")))
	if d := f.enqueue(f.leased(braked(mail("group"), off))).Delivery; d.Status != Digested {
		t.Errorf("mail beside an open window is %s", d.Status)
	}
	f.advance(quiet)
	f.claim()
	f.sent(braked(mail(""), off))
}

// TestClockThatIsTakenOffClosesItsWindow, for nobody would expect mail to wait for it; and
// one that is set earlier closes it then.
func TestClockThatIsTakenOffClosesItsWindow(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		until := func(d time.Duration) func(*Brake) { return func(b *Brake) { b.Max, b.Until = 0, f.clock.Add(d) } }
		n := braked(mail("group"), until(48*time.Hour))
		f.enqueue(n)
		f.enqueue(braked(mail("group"), until(3*time.Hour)))
		digest := f.get(n.ID).Recipients[0].Digest
		if due := f.get(digest).DueAt; !due.Equal(f.clock.Add(3 * time.Hour)) {
			t.Errorf("due at %s", due)
		}
		f.advance(time.Minute)
		f.enqueue(braked(mail("group"), off))
		if got := f.claim().Deliveries; len(got) != 1 || got[0].ID != digest || len(f.notes(got[0])) != 3 {
			t.Errorf("claimed %v", ids(got))
		}
	})
}

// TestMailWithoutABrakeCostsNoStatementMore.
func TestMailWithoutABrakeCostsNoStatementMore(t *testing.T) {
	f := newFixture(t, backends[0])
	var used []string
	f.write(func(tx *Tx) error {
		tx.on = spy{tx.on, func(s *statement) { used = append(used, s.text) }}
		e, err := tx.Enqueue(f.leased(braked(mail("group"), off)))
		if err == nil {
			_, err = tx.Apply(f.end(e.Delivery, Sent))
		}
		if err == nil {
			_, err = tx.Claim(Claim{Source: src, Owner: "me", LeaseEnd: f.clock.Add(lease), Due: 1, Fresh: 1, LongestWait: time.Minute})
		}
		return err
	})
	for _, q := range []string{qAlone, qWindow, qBudget, qOpen, qNote, qNoted, qClose, qAnyDigestAhead, qDigestsAhead, qMailAhead, qHurryDigests, qNextDigests, qNextOfDigest} {
		if slices.Contains(used, f.statements[q].text) {
			t.Errorf("it needs %s", q)
		}
	}
	if len(used) == 0 {
		t.Error("nothing was seen")
	}
}

// spy sees what is run in a transaction.
type spy struct {
	connection
	saw func(*statement)
}

func (c spy) exec(s *statement, args []any) (int64, int64, error) {
	c.saw(s)
	return c.connection.exec(s, args)
}

func (c spy) query(s *statement, args []any, scan func(scanner) error) error {
	c.saw(s)
	return c.connection.query(s, args, scan)
}

func (c spy) write(all []writing) error {
	for _, w := range all {
		c.saw(w.statement)
	}
	return c.connection.write(all)
}
