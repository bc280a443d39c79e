package outbox

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

const (
	// The pause before an attempt is repeated doubles from firstBackoff to maxBackoff.
	// It is up to a fifth longer or shorter, and never longer than maxBackoff.
	firstBackoff = 5 * time.Second
	maxBackoff   = 10 * time.Minute
	// The pause after an attempt that seems to have ended the process doubles, too.
	firstCrashPause = time.Minute
	maxCrashPause   = time.Hour
	// maxUncertain is how many copies are sent of a mail whose relay does not
	// answer its content.
	maxUncertain = 3
)

// decide returns the transition that an outcome is for a delivery that is being sent.
// pause is the sender's, if it is paused. It depends on its arguments alone, and
// changes none of them.
func decide(d Delivery, out Outcome, pause *store.Pause, now time.Time) store.Transition {
	if out.Verdict == panicked {
		t := crash(d, d.Lost+1, now)
		t.Attempt = &Attempt{Number: d.Attempt, At: now, Outcome: store.Lost, Text: "the attempt ended in a panic; see the log of the plugin"}
		return t
	}
	to := State{
		Status: Queued, Reason: cmp.Or(out.Reason, out.Text),
		Retries: d.Retries, Unreachable: d.Unreachable, Uncertain: d.Uncertain,
	}
	recipients := out.apply(d, now)
	if out.Ambiguous {
		to.Uncertain++
		if to.Uncertain >= maxUncertain {
			to.Reason = out.giveUpUncertain(recipients, to.Uncertain, now)
		}
	}
	outcome := Queued
	held := out.Verdict == Hold || pause != nil
	switch to.Status = derive(recipients); {
	case to.Status.Final():
		outcome = to.Status
	case held:
		// The pause says why it waits, and for how long.
		to.DueAt, to.Reason, outcome = now, "", Held
	case out.Verdict == Release || !slices.ContainsFunc(recipients, Recipient.Pending): // nobody, or those whom the attempt left out
		to.DueAt = now
	case now.Before(d.ExpiresAt):
		to = postpone(d, out, to, recipients, now)
	default:
		to.Status = expire(recipients, now)
		if to.Status == Queued { // somebody is yet to be tried
			to.DueAt = now
		}
		outcome = to.Status
	}
	if to.Status == Partial && to.Reason == out.Text { // this attempt went well; an earlier one did not
		to.Reason = recipients[slices.IndexFunc(recipients, func(r Recipient) bool { return r.Status != Sent && r.Status != Digested })].Text
	}
	t := change(d, ended, to, recipients, now)
	t.Subject = out.Subject
	if out.Verdict != Release || to.Status.Final() {
		t.Attempt = &Attempt{
			Number: d.Attempt, At: out.At, Duration: out.Duration, Stage: out.Stage, Code: out.Code,
			EnhancedCode: out.EnhancedCode, Text: out.Text, Outcome: string(outcome),
		}
	}
	return t
}

// postpone returns the state until the next attempt, and when that is.
func postpone(d Delivery, out Outcome, to State, recipients []Recipient, now time.Time) State {
	to.Unreachable = out.Unreachable && (d.Unreachable || d.Retries == 0)
	if !d.Early || !out.Unreachable { // an attempt before its time costs the mail nothing
		to.Retries++
	}
	pause := backoff(d, to.Retries)
	surelyWithout := func(r Recipient) bool { return r.Pending() && !out.mayHave(r) }
	if out.Ambiguous && !slices.ContainsFunc(recipients, surelyWithout) { // for all, the next attempt may be one more copy
		pause = maxBackoff
	}
	to.DueAt = sooner(now.Add(pause), d.ExpiresAt)
	return to
}

// crash returns the transition of a delivery whose attempt seems to have ended the
// process, for the lost-th time in a row.
func crash(d Delivery, lost int, now time.Time) store.Transition {
	to := d.State
	to.Lost = lost
	recipients := slices.Clone(d.Recipients)
	if now.Before(d.ExpiresAt) {
		to.Status = derive(recipients)
		to.Reason = "the process ended while this mail was being sent; it is tried again, alone"
		to.DueAt = sooner(now.Add(double(firstCrashPause, lost, maxCrashPause)), d.ExpiresAt)
	} else {
		for i := range recipients {
			recipients[i].Waits = false // those, too, expire
		}
		to.Status = expire(recipients, now)
		to.Reason = fmt.Sprintf("its time was up: the process ended each time that this mail was being sent, at last %d times in a row", lost)
	}
	return change(d, crashed, to, recipients, now)
}

// retry returns the transition that makes a delivery that waits due, as if it were new: a
// digest that collects, too.
func retry(d Delivery, maxAge time.Duration, now time.Time) store.Transition {
	t := change(d, retried, State{Status: stored(d.Status), DueAt: now}, d.Recipients, now)
	t.ExpiresAt = now.Add(maxAge)
	return t
}

// cancel returns the transition that takes a delivery that waits back. Recipients that
// have it are not changed.
func cancel(d Delivery, now time.Time) store.Transition {
	to := d.State
	to.Status, to.Reason = Cancelled, "cancelled by a person"
	recipients := slices.Clone(d.Recipients)
	settle(recipients, Cancelled, now)
	return change(d, cancelled, to, recipients, now)
}

// forget returns the transition that gives up on a delivery that no process fetched.
func forget(d Delivery, now time.Time) store.Transition {
	to := d.State
	to.Reason = "nobody came for it: its data source was gone, or paused, for longer than the retention"
	recipients := slices.Clone(d.Recipients)
	to.Status = expire(recipients, now)
	return change(d, forgotten, to, recipients, now)
}

// change returns the transition of d to a state, in force if d is still as it was.
func change(d Delivery, e event, to State, recipients []Recipient, now time.Time) store.Transition {
	if !allowed(stored(d.Status), e, to.Status) {
		panic(fmt.Sprintf("outbox: a delivery that is %s became %s when it was %s", d.Status, to.Status, e))
	}
	if to.Status.Final() {
		to.FinishedAt, to.DueAt = now, time.Time{}
	}
	t := store.Transition{Of: d, To: to}
	for i, r := range recipients {
		if r != d.Recipients[i] {
			t.Recipients = append(t.Recipients, r)
		}
	}
	return t
}

// stored returns the state as it is stored, where there is no Held.
func stored(s Status) Status {
	if s == Held {
		return Queued
	}
	return s
}

// after returns d as the transition leaves it.
func after(d Delivery, t store.Transition) Delivery {
	d.State, d.Owner, d.Message, d.Subject = t.To, "", nil, cmp.Or(t.Subject, d.Subject)
	if !t.ExpiresAt.IsZero() {
		d.ExpiresAt = t.ExpiresAt
	}
	d.Recipients = slices.Clone(d.Recipients)
	for _, changed := range t.Recipients {
		for i := range d.Recipients {
			if d.Recipients[i].Position == changed.Position {
				d.Recipients[i] = changed
			}
		}
	}
	return d
}

// expire gives up on the recipients that were attempted and are pending, and
// returns the state that follows.
func expire(recipients []Recipient, now time.Time) Status {
	gaveUp := settle(recipients, Expired, now)
	s := derive(recipients)
	if gaveUp && s == Failed {
		s = Expired
	}
	return s
}

// settle gives the recipients that were attempted and are pending a final
// state, and says whether there were any.
func settle(recipients []Recipient, s Status, now time.Time) (some bool) {
	for i := range recipients {
		if r := &recipients[i]; r.Pending() {
			r.Status, r.UpdatedAt = s, now
			some = true
		}
	}
	return some
}

// double is first for n = 1 and twice as much for each more, at most limit.
func double(first time.Duration, n int, limit time.Duration) time.Duration {
	d := first
	for ; n > 1 && d < limit; n-- {
		d *= 2
	}
	return min(d, limit)
}

// backoff is the pause before a retry. A hash of the id, not a random number,
// spreads the retries of mails that failed together: decide is a pure function.
func backoff(d Delivery, retries int) time.Duration {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, d.ID, retries) // a hash takes everything
	spread := 0.8 + 0.4*float64(h.Sum32()%1000)/1000
	return min(time.Duration(float64(double(firstBackoff, retries, maxBackoff))*spread), maxBackoff)
}
