package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// TestStoreThatWasAwayCostsNobodyTheirLease: two replicas, whose store does not
// answer until a lease has ended. Whoever comes back first takes nothing
// from the other.
func TestStoreThatWasAwayCostsNobodyTheirLease(t *testing.T) {
	test := func(t *testing.T, f *fixture, before, away time.Duration) {
		var stores [2]faults
		sends := f.openWith(&stores[0], noRenewal, f.monotonic)
		other := f.openWith(&stores[1], f.monotonic)
		s, thief := newScript(), newScript()
		f.attach(sends, s)
		d := f.enqueue(sends, notification("n"))
		wait.For(t, "the send begins", s.started)
		f.attach(other, thief)
		looks := func() { t.Helper(); looksForMail(t, other, &stores[1]) }
		f.clock.advance(before)
		looks()
		stores[0].away.Store(true)
		stores[1].away.Store(true)
		looks()
		f.clock.advance(away)
		stores[1].away.Store(false)
		looks()
		select {
		case <-thief.started:
			t.Fatal("the mail is taken from the one who sends it")
		default:
		}
		stores[0].away.Store(false)
		s.answers <- accept
		if got := f.awaitStatus(other, d.ID, Sent); got.Attempt != 1 {
			t.Errorf("sent %d times", got.Attempt)
		}
	}
	t.Run("for longer than a lease", func(t *testing.T) {
		onSharedEngines(t, func(t *testing.T, f *fixture) { test(t, f, 0, 13*time.Second) })
	})
	t.Run("for what is left of a lease", func(t *testing.T) {
		onSharedEngines(t, func(t *testing.T, f *fixture) { test(t, f, 4*time.Second, 8*time.Second) })
	})
}

// looksForMail returns when the outbox has looked for due mail in its store.
func looksForMail(t *testing.T, o *Outbox, st *faults) {
	t.Helper()
	before := st.writes.Load()
	wait.Until(t, "the outbox looks", func() bool {
		o.wakeSource(src)
		return st.writes.Load() > before+3
	})
}

// TestStoreThatFreezesCostsNobodyTheirLease: it falls silent in the midst of a
// transaction, and goes on with it when leases have ended that nobody could renew.
func TestStoreThatFreezesCostsNobodyTheirLease(t *testing.T) {
	for name, goesOn := range map[string]bool{"and goes on": true, "for longer than a transaction may take": false} {
		t.Run(name, func(t *testing.T) {
			onSharedEngines(t, func(t *testing.T, f *fixture) {
				var st faults
				sends, other := f.open(noRenewal, f.monotonic), f.openWith(&st, f.monotonic)
				s, thief := newScript(), newScript()
				f.attach(sends, s)
				d := f.enqueue(sends, notification("n"))
				wait.For(t, "the send begins", s.started)
				f.attach(other, thief)
				looks := func() { t.Helper(); looksForMail(t, other, &st) }
				looks()
				err := other.write(t.Context(), &operation{name: "freezing", run: func(*transaction) error {
					f.clock.advance(13 * time.Second)
					if !goesOn {
						return &StorageError{Err: context.DeadlineExceeded}
					}
					return nil
				}})
				if goesOn == (err != nil) {
					t.Fatal(err)
				}
				looks()
				select {
				case <-thief.started:
					t.Fatal("the mail is taken from the one who sends it")
				default:
				}
				s.answers <- accept
				if got := f.awaitStatus(other, d.ID, Sent); got.Attempt != 1 {
					t.Errorf("sent %d times", got.Attempt)
				}
			})
		})
	}
}

// monotonic makes the fixture's clock the one that measures, too.
func (f *fixture) monotonic(o *Options) { o.monotonic = f.clock.Now }

// TestProcessThatWasStoppedBeginsNothing: it goes on when its leases have ended,
// and no timer has told it so. One of its clocks may not, either: that which measures
// stands while the machine is suspended, and the other may be set back.
func TestProcessThatWasStoppedBeginsNothing(t *testing.T) {
	for name, passes := range map[string]func(wall, measures *clock){
		"stopped":            func(wall, measures *clock) { wall.advance(11 * time.Second); measures.advance(11 * time.Second) },
		"suspended":          func(wall, _ *clock) { wall.advance(11 * time.Second) },
		"its clock set back": func(wall, measures *clock) { wall.advance(-time.Hour); measures.advance(11 * time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			onEveryEngine(t, func(t *testing.T, f *fixture) { stoppedBeginsNothing(t, f, passes) })
		})
	}
}

func stoppedBeginsNothing(t *testing.T, f *fixture, passes func(wall, measures *clock)) {
	measures := newClock()
	o := f.open(noRenewal, func(o *Options) { o.monotonic = measures.Now })
	began, goOn := make(chan Job, 1), make(chan struct{})
	ends := make(chan [2]error, 1)
	f.attach(o, deliver(func(ctx context.Context, job Job) Outcome {
		if job.Attempt > 1 {
			return accept
		}
		if err := job.Begin(); err != nil {
			t.Error(err)
		}
		began <- job
		<-goOn
		ends <- [2]error{job.Begin(), ctx.Err()}
		return Outcome{Verdict: Release}
	}))
	d := f.enqueue(o, notification("n"))
	wait.For(t, "the send begins", began)
	passes(f.clock, measures)
	close(goOn)
	for i, err := range wait.For(t, "it asks", ends) {
		if !errors.Is(err, errLeaseLost) || !errors.Is(err, context.Canceled) {
			t.Errorf("question %d is answered %v", i, err)
		}
	}
	f.awaitStatus(o, d.ID, Sent)
}

// TestWallClockOfALeaseGoesOnWhileTheMachineIsSuspended: a time that also has the
// reading of the clock that stands then would be compared by that one.
func TestWallClockOfALeaseGoesOnWhileTheMachineIsSuspended(t *testing.T) {
	o, err := Open(t.Context(), "memory:", Options{})
	if err != nil {
		t.Fatal(err)
	}
	if wall := o.moment().wall; strings.Contains(wall.String(), " m=") {
		t.Errorf("the wall clock's time is %s", wall)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// killed is a process that has a mail in flight and stores nothing more. With
// begin its envelope was begun.
func (f *fixture) killed(id string, begin bool) Job {
	f.Helper()
	o := f.open(noRenewal)
	inFlight := make(chan Job, 10)
	f.attach(o, deliver(func(ctx context.Context, job Job) Outcome {
		if begin && job.ID == id {
			if err := job.Begin(); err != nil {
				f.Error(err)
			}
		}
		inFlight <- job
		<-ctx.Done()
		return Outcome{Verdict: Release}
	}))
	for {
		job := wait.For(f, "a process sends it", inFlight)
		if job.ID != id {
			continue
		}
		f.kill(o, id)
		f.clock.advance(11 * time.Second)
		return job
	}
}

// kill ends a process that works on the mail, and stores nothing more of it.
func (f *fixture) kill(o *Outbox, id string) {
	f.Helper()
	f.exec(`UPDATE delivery SET owner = 'killed' WHERE id = $1`, id)
	closing, cancel := context.WithCancel(f.Context())
	cancel()
	if err := o.Close(closing); err != nil {
		f.Error(err)
	}
}

// TestMailThatOnlyWaitedIsNotBlamed: the process is killed again and again while
// the mail waits for a connection.
func TestMailThatOnlyWaitedIsNotBlamed(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open(f.monotonic)
		d := f.enqueue(o, notification("n"))
		for n := range 6 {
			if job := f.killed(d.ID, false); job.Attempt != n+1 || job.Lost != 0 {
				t.Fatalf("attempt %d, lost %d", job.Attempt, job.Lost)
			}
		}
		f.attach(o, always(accept))
		got := f.awaitStatus(o, d.ID, Sent)
		if len(got.Attempts) != 7 || got.Attempts[5].Outcome != store.Lost {
			t.Errorf("attempts %+v", got.Attempts)
		}
	})
}

// TestMailThatEndsTheProcessIsTriedAloneAndRarely, for as long as any mail.
func TestMailThatEndsTheProcessIsTriedAloneAndRarely(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open(noRenewal, f.monotonic)
		d := f.enqueue(o, notification("guilty"))
		f.killed(d.ID, true) // by chance, for all that is known
		f.killed(d.ID, true)
		detach := f.attach(o, always(accept))
		got := Delivery{}
		wait.Until(t, "it waits", func() bool {
			got = f.get(o, d.ID)
			return got.Status == Queued && got.Lost == 1
		})
		if pause := got.DueAt.Sub(f.clock.Now()); pause != firstCrashPause || !strings.Contains(got.Reason, "process ended") {
			t.Errorf("due in %s: %s", pause, got.Reason)
		}
		if err := detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.clock.advance(firstCrashPause)
		if job := f.killed(d.ID, true); job.Lost != 1 {
			t.Errorf("lost %d", job.Lost)
		}
		other := f.enqueue(o, notification("other"))
		f.attach(o, always(accept))
		f.awaitStatus(o, other.ID, Sent) // it does not wait for that one
		wait.Until(t, "it waits longer", func() bool {
			got = f.get(o, d.ID)
			return got.Status == Queued && got.Lost == 2 && got.DueAt.Sub(f.clock.Now()) == 2*firstCrashPause
		})
		f.clock.advance(2 * firstCrashPause)
		if got := f.awaitStatus(o, d.ID, Sent); got.Lost != 0 {
			t.Errorf("lost %d times, when it is sent", got.Lost)
		}
	})
}

// TestMailThatMayEndTheProcessIsTriedOneByOne, also that of several sources which look
// for mail at the same time.
func TestMailThatMayEndTheProcessIsTriedOneByOne(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open(noRenewal, noPoll)
		sources := []string{src, "2/mail"}
		for _, source := range sources {
			n := notification("guilty")
			n.Source = source
			f.enqueue(o, n)
		}
		f.exec(`UPDATE delivery SET lost = 1, attempt = 1`)
		busy, release := make(chan struct{}), make(chan struct{})
		go func() {
			_ = o.write(context.Background(), &operation{name: "holding the others up", run: func(*transaction) error { close(busy); <-release; return nil }})
		}()
		<-busy
		started, end := make(chan Job, 9), make(chan struct{})
		defer close(end)
		for _, source := range sources {
			f.attachAs(o, Attachment{Source: source, Slots: 8, Handler: deliver(func(_ context.Context, job Job) Outcome {
				if job.Lost > 0 {
					started <- job
					<-end
				}
				return accept
			})})
		}
		wait.Until(t, "both look for mail", func() bool {
			o.writer.mu.Lock()
			defer o.writer.mu.Unlock()
			return len(o.writer.waiting) == len(sources)
		})
		close(release)
		wait.For(t, "one is tried", started)
		for i := range 3 * len(sources) {
			n, source := notification(fmt.Sprint("fresh ", i)), sources[i%len(sources)]
			n.Source = source
			o.wakeSource(source) // it looks for mail again
			fresh := f.enqueue(o, n)
			wait.Until(t, "fresh mail is sent", func() bool {
				d, err := o.Get(t.Context(), source, fresh.ID)
				return err == nil && d.Status == Sent
			})
		}
		if len(started) > 0 {
			t.Error("two are tried at once")
		}
	})
}

func TestMailThatEndsTheProcessExpiresInTheEnd(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		finished := make(chan Delivery, 1)
		o := f.open(noRenewal, f.monotonic, func(o *Options) { o.Finished = func(d Delivery) { finished <- d } })
		d := f.enqueue(o, notification("guilty"))
		f.killed(d.ID, true)
		f.clock.advance(24 * time.Hour)
		f.killed(d.ID, true)
		f.attach(o, newScript())
		got := wait.For(t, "it is given up", finished)
		if got.ID != d.ID || got.Status != Expired || !strings.Contains(got.Reason, "process ended each time") {
			t.Errorf("%s: %s", got.Status, got.Reason)
		}
		if stored := f.get(o, d.ID); stored.Status != Expired || stored.Recipients[0].Status != Expired {
			t.Errorf("%+v", stored)
		}
	})
}

// TestPanicIsTakenForACrash: nothing else is known of the attempt.
func TestPanicIsTakenForACrash(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.attach(o, deliver(func(_ context.Context, job Job) Outcome {
			if job.Attempt == 1 {
				panic("this mail ends the process")
			}
			return accept
		}))
		d := f.enqueue(o, notification("n"))
		got := f.awaitStatus(o, d.ID, Queued)
		if got.Lost != 1 || len(got.Attempts) != 1 || got.Attempts[0].Outcome != store.Lost {
			t.Errorf("%+v", got)
		}
		f.clock.advance(firstCrashPause)
		f.awaitStatus(o, d.ID, Sent)
	})
}

// TestFreshMailPassesABacklogOfRetries: more of it than there are slots.
func TestFreshMailPassesABacklogOfRetries(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		const backlog, burst = 30, 12
		o := f.open(noPoll, noRenewal)
		detach := f.attachAs(o, Attachment{Source: src, Slots: 8, Handler: always(defer4)})
		for i := range backlog {
			f.awaitStatus(o, f.enqueue(o, notification(fmt.Sprint("old ", i))).ID, Queued)
		}
		if err := detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		f.clock.advance(time.Minute)
		stuck, release := make(chan Job, backlog), make(chan struct{})
		f.attachAs(o, Attachment{Source: src, Slots: 8, Handler: deliver(func(_ context.Context, job Job) Outcome {
			if job.Attempt > 1 {
				stuck <- job
				<-release
			}
			return accept
		})})
		defer close(release)
		for range 6 { // two of the slots are for mail that was never tried
			wait.For(t, "the backlog begins", stuck)
		}
		var ids []string
		for i := range burst {
			ids = append(ids, f.enqueue(o, notification(fmt.Sprint("fresh ", i))).ID)
		}
		for _, id := range ids {
			f.awaitStatus(o, id, Sent)
		}
		if len(stuck) > 0 {
			t.Error("the backlog has taken the slots of fresh mail")
		}
	})
}

// TestStormLeavesSlotsToTheBacklog: while mail waits for a slot, what is being stored
// takes none but those that are for it.
func TestStormLeavesSlotsToTheBacklog(t *testing.T) {
	f := &fixture{T: t, url: "memory:", clock: newClock()}
	o := f.open(noPoll)
	busy, release := make(chan struct{}), make(chan struct{})
	go func() {
		_ = o.write(context.Background(), &operation{name: "holding the others up", run: func(*transaction) error { close(busy); <-release; return nil }})
	}()
	<-busy
	f.attachAs(o, Attachment{Source: src, Slots: 8, Handler: always(accept)}) // and has not looked yet what waits
	var taken []*slot
	for range 8 {
		if k := o.attached(src).takeForFresh(); k != nil {
			taken = append(taken, k)
		}
	}
	if len(taken) != 2 {
		t.Errorf("%d of 8 slots are taken", len(taken))
	}
	for _, k := range taken {
		k.release()
	}
	close(release)
}

// waited makes mails that waited for a relay that was away.
func (f *fixture) waited(o *Outbox, s *script, n int) (ids []string) {
	f.Helper()
	for i := range n {
		d := f.enqueue(o, notification(fmt.Sprint("waits ", i)))
		wait.For(f, "an attempt", s.started)
		s.answers <- unreachable
		f.awaitStatus(o, d.ID, Queued)
		ids = append(ids, d.ID)
	}
	return ids
}

// TestMailThatWaitedForTheRelayGoesOutWhenItIsBack: the oldest first, more and
// more with each that it takes, and what the relay itself put off in its time.
func TestMailThatWaitedForTheRelayGoesOutWhenItIsBack(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		f.attachAs(o, Attachment{Source: src, Slots: 2, Handler: s}) // one at a time
		deferred := f.enqueue(o, notification("put off"))
		wait.For(t, "an attempt", s.started)
		s.answers <- defer4
		f.awaitStatus(o, deferred.ID, Queued)
		ids := f.waited(o, s, 9)

		// A relay that comes and goes is asked for two of them.
		f.enqueue(o, notification("blip"))
		wait.For(t, "an attempt", s.started)
		s.answers <- accept
		first := wait.For(t, "an early attempt", s.started)
		s.answers <- unreachable
		wait.Until(t, "it waits again", func() bool { return len(o.working(src)) == 0 })
		if got := f.get(o, first.ID); first.ID != ids[0] || got.Retries != 1 || got.Status != Queued {
			t.Errorf("%s, %d retries", first.Identity, got.Retries)
		}
		select {
		case d := <-s.started:
			t.Fatalf("%s is tried though the relay is away", d.Identity)
		default:
		}

		// One that stays gets all.
		f.enqueue(o, notification("taken"))
		wait.For(t, "an attempt", s.started)
		s.answers <- accept
		for _, id := range ids {
			if d := wait.For(t, "an early attempt", s.started); d.ID != id {
				t.Errorf("%s comes first", d.Identity)
			}
			s.answers <- accept
			f.awaitStatus(o, id, Sent)
		}
		if d := f.get(o, deferred.ID); d.Status != Queued || !d.DueAt.After(f.clock.Now()) {
			t.Errorf("what the relay put off is %s, due %s", d.Status, d.DueAt)
		}
	})
}

// TestRelayThatIsBackGetsWhatWaitedFasterAndFaster: two more for each that it takes.
func TestRelayThatIsBackGetsWhatWaitedFasterAndFaster(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll)
		s := newScript()
		f.attachAs(o, Attachment{Source: src, Slots: 32, Handler: s})
		f.waited(o, s, 7)
		f.enqueue(o, notification("taken"))
		for _, n := range []int{1, 2, 4} {
			for range n {
				wait.For(t, "an attempt", s.started)
			}
			select {
			case d := <-s.started:
				t.Fatalf("%s is tried, too", d.Identity)
			default:
			}
			for range n {
				s.answers <- accept
			}
		}
		wait.For(t, "the last attempt", s.started)
	})
}

// TestMailThatADeadReplicaLeftGoesOutWhenTheRelayIsBack: the other saw no failure.
func TestMailThatADeadReplicaLeftGoesOutWhenTheRelayIsBack(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		dead, alive := f.open(), f.open()
		s := newScript()
		detach := f.attach(dead, s)
		ids := f.waited(dead, s, 5)
		if err := detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		taken := newScript()
		f.attach(alive, taken)
		f.enqueue(alive, notification("taken"))
		var began []string
		for range 1 + len(ids) {
			began = append(began, wait.For(t, "an attempt", taken.started).ID)
			taken.answers <- accept
		}
		for _, id := range ids {
			if !slices.Contains(began, id) {
				t.Errorf("%s waits for its own time", id)
			}
		}
	})
}

// TestOutdatedSettingsPauseNobodyElse: a replica does not know the new SecretKey
// yet, and is refused with the old one.
func TestOutdatedSettingsPauseNobodyElse(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		outdated, current := f.open(), f.open()
		saved := f.clock.Now()
		old, young := newScript(), newScript()
		f.attachAs(current, Attachment{Source: src, Slots: 4, Handler: newProber(young.Deliver), SettingsUpdated: saved.Add(time.Minute)})
		before := f.enqueue(outdated, notification("before")) // which the other's loop finds
		wait.For(t, "the other's loop runs", young.started)
		young.answers <- accept
		f.awaitStatus(current, before.ID, Sent)
		f.attachAs(outdated, Attachment{Source: src, Slots: 4, Handler: newProber(old.Deliver), SettingsUpdated: saved})
		refused := f.enqueue(outdated, notification("refused"))
		wait.For(t, "the outdated one tries", old.started)
		old.answers <- hold
		if d := wait.For(t, "the other sends it", young.started); d.ID != refused.ID {
			t.Fatalf("%s is sent", d.Identity)
		}
		young.answers <- accept
		f.awaitStatus(current, refused.ID, Sent)
		if d := f.enqueue(current, notification("fresh")); d.Status != Sending {
			t.Errorf("a fresh mail is %s", d.Status)
		}
		wait.For(t, "it is sent", young.started)
		if d := f.enqueue(outdated, notification("at the other")); d.Status != Held {
			t.Errorf("with the refused settings a mail is %s", d.Status)
		}
		wait.For(t, "the current settings send it", young.started)
	})
}

// TestOutdatedSettingsEndNoPauseOfNewerOnes: a replica is refused with the present
// settings, and another still has a mail in hand with those before.
func TestOutdatedSettingsEndNoPauseOfNewerOnes(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		outdated, current := f.open(), f.open()
		saved := f.clock.Now()
		old, young := newScript(), newScript()
		f.attachAs(outdated, Attachment{Source: src, Slots: 4, Handler: old, SettingsUpdated: saved})
		late := f.enqueue(outdated, notification("late"))
		wait.For(t, "the outdated one tries", old.started)
		f.attachAs(current, Attachment{Source: src, Slots: 4, Handler: newProber(young.Deliver), SettingsUpdated: saved.Add(time.Minute)})
		refused := f.enqueue(current, notification("refused"))
		wait.For(t, "the current one tries", young.started)
		young.answers <- hold
		f.awaitStatus(current, refused.ID, Held)
		old.answers <- hold
		f.awaitStatus(current, late.ID, Held)
		if d := f.enqueue(current, notification("fresh")); d.Status != Held {
			t.Errorf("with the refused settings a mail is %s", d.Status)
		}
	})
}

// TestOutdatedPauseEndsWithWhoeverMadeIt: nobody probes for it any more, least of all
// a replica whose settings the relay takes.
func TestOutdatedPauseEndsWithWhoeverMadeIt(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		var st faults
		outdated, current := f.open(), f.openWith(&st)
		saved := f.clock.Now()
		old, young := newScript(), newScript()
		p := newProber(young.Deliver)
		f.attachAs(current, Attachment{Source: src, Slots: 4, Handler: p, SettingsUpdated: saved.Add(time.Minute)})
		before := f.enqueue(current, notification("before"))
		wait.For(t, "the current one's loop runs", young.started)
		young.answers <- accept
		f.awaitStatus(current, before.ID, Sent)
		detach := f.attachAs(outdated, Attachment{Source: src, Slots: 4, Handler: old, SettingsUpdated: saved})
		f.enqueue(outdated, notification("refused"))
		wait.For(t, "the outdated one tries", old.started)
		old.answers <- hold
		wait.For(t, "the current one sends it", young.started)
		if err := detach(t.Context()); err != nil {
			t.Fatal(err)
		}
		if pauses := pausesOf(t, current); len(pauses) != 1 {
			t.Fatalf("pauses %+v", pauses)
		}
		f.clock.advance(firstProbe)
		st.waitForWrites(t, 4) // it looks
		f.clock.advance(firstProbe)
		wait.Until(t, "the pause is over", func() bool { return len(pausesOf(t, current)) == 0 })
		if len(p.probed) > 0 {
			t.Error("the relay is probed for it")
		}
	})
}

// TestLargeChangesShareNoTransaction: an outcome waits for one batch of them at
// most, and does not fail with it.
func TestLargeChangesShareNoTransaction(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		o := f.open(noPoll, noRenewal)
		busy, release := make(chan struct{}), make(chan struct{})
		go func() {
			_ = o.write(context.Background(), &operation{name: "holding the others up", run: func(*transaction) error {
				close(busy)
				<-release
				return nil
			}})
		}()
		<-busy
		failed := errors.New("57014")
		large, small := make(chan error, 2), make(chan error, 1)
		for range 2 {
			go func() {
				large <- o.write(context.Background(), &operation{name: "a large change", alone: true, run: func(*transaction) error { return failed }})
			}()
		}
		go func() { _, err := o.Enqueue(context.Background(), notification("n")); small <- err }()
		wait.Until(t, "all wait", func() bool {
			o.writer.mu.Lock()
			defer o.writer.mu.Unlock()
			return len(o.writer.waiting) >= 3
		})
		close(release)
		if err := wait.For(t, "the mail is stored", small); err != nil {
			t.Error(err)
		}
		for range 2 {
			mustBe(t, wait.For(t, "the large change fails", large), failed)
		}
	})
}

// TestCleaningLeavesTheStoreToOthers: it takes a batch at a time, and shares no
// transaction with mail.
func TestCleaningLeavesTheStoreToOthers(t *testing.T) {
	onEveryEngine(t, func(t *testing.T, f *fixture) {
		const forgotten = 2*cleanBatch + 1
		var st faults
		o := f.openWith(&st, noRenewal, f.monotonic, func(o *Options) { o.Retention = time.Hour })
		for i := range forgotten {
			f.enqueue(o, notification(fmt.Sprint(i)))
		}
		f.clock.advance(26 * time.Hour)
		most, last := int64(0), int64(forgotten)
		depth := func() {
			d, err := o.Depth(f.Context(), src)
			if err != nil {
				t.Error(err)
			}
			most, last = max(most, last-total(d)), total(d)
		}
		st.before.Store(&depth)
		busy, release := make(chan struct{}), make(chan struct{})
		go func() {
			_ = o.write(context.Background(), &operation{name: "holding the others up", run: func(*transaction) error { close(busy); <-release; return nil }})
		}()
		<-busy
		waits := func(n int) func() bool {
			return func() bool {
				o.writer.mu.Lock()
				defer o.writer.mu.Unlock()
				return len(o.writer.waiting) == n
			}
		}
		cleaned, stored := make(chan struct{}), make(chan error, 1)
		go func() { o.clean(); close(cleaned) }()
		wait.Until(t, "the cleaning waits", waits(1))
		before := st.writes.Load()
		go func() { _, err := o.Enqueue(context.Background(), notification("fresh")); stored <- err }()
		wait.Until(t, "a mail waits, too", waits(2))
		close(release)
		if err := wait.For(t, "the mail is stored", stored); err != nil {
			t.Error(err)
		}
		if n := st.writes.Load() - before; n < 2 {
			t.Errorf("the mail shares its transaction with the cleaning")
		}
		wait.For(t, "all is clean", cleaned)
		depth()
		if most == 0 || most > cleanBatch || last != 1 {
			t.Errorf("%d mails were given up at once, %d are left", most, last)
		}
		f.clock.advance(2 * time.Hour)
		before = st.writes.Load()
		o.clean()
		if n := st.writes.Load() - before; n < 1+forgotten/cleanBatch {
			t.Errorf("%d mails were removed in %d transactions", forgotten, n-1)
		}
	})
}
