package outbox

import (
	"cmp"
	"time"
)

const (
	// creditForSuccess is how many deliveries that failed because the relay was
	// unreachable may be tried early for each mail that it takes: a relay that is
	// back gets them faster and faster, one that comes and goes gets few.
	creditForSuccess = 2
	maxCredit        = 500
)

// finish stores the outcome of an attempt. Where the delivery does not belong to this
// claim any more, nothing is changed and the error is errLeaseLost.
func (s *source) finish(d Delivery, out Outcome) error {
	if out.Verdict == Hold && s.replaced() { // refused with settings that are not in force any more
		out.Verdict = Release
	}
	var now Delivery
	return s.o.write(s.o.ctx, &operation{
		name: "storing an outcome",
		run: func(t *transaction) (err error) {
			now, err = t.finish(s, d, out)
			return err
		},
		done: func(st *state, err error) {
			if err == nil {
				s.finished(st, now, out)
			}
		},
	})
}

// finish stores the outcome and returns the delivery as it is now.
func (t *transaction) finish(s *source, d Delivery, out Outcome) (Delivery, error) {
	from := d.Sender()
	now, err := t.apply(decide(d, out, t.paused(from, s.settings), t.now))
	switch {
	case err != nil:
		return Delivery{}, err
	case now == nil:
		return Delivery{}, errLeaseLost
	case out.Verdict == Hold:
		if err := t.pause(from, cmp.Or(out.Reason, out.Text), s.settings); err != nil {
			return Delivery{}, err
		}
	}
	if pause := t.paused(from, s.settings); pause != nil && now.Status == Queued {
		now.Status, now.Reason, now.DueAt = Held, cmp.Or(now.Reason, pause.Reason), time.Time{}
	}
	return *now, nil
}

// finished does what follows from a stored outcome, in this process.
func (s *source) finished(st *state, d Delivery, out Outcome) {
	known := st.of(s.name)
	switch {
	case out.Unreachable:
		known.credit, known.unreachable = 0, true
	case d.Status == Sent || d.Status == Partial:
		known.credit = min(known.credit+creditForSuccess, maxCredit)
		delete(st.probePause, d.Sender())
	}
	if out.Verdict == Release && d.Status == Queued && s.o.attached(s.name) != nil {
		s.o.untrack(d) // it was no attempt, and the next one is about to begin
	} else {
		s.o.publish(d)
	}
	if !d.Status.Final() || known.blocked || known.unreachable && known.credit > 0 {
		s.o.wakeSource(s.name)
	}
}

// publish passes a new state to those who wait for it and, if it is final, to
// Options.Finished.
func (o *Outbox) publish(d Delivery) {
	o.untrack(d)
	if d.Status.Final() {
		o.opt.Finished(d)
	}
	o.waiters.tell(d)
}
