package outbox

import (
	"cmp"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// creditForSuccess is how many deliveries that failed because the relay was
// unreachable may be tried early for each mail that it takes: a relay that is
// back gets them faster and faster, one that comes and goes gets few.
const creditForSuccess = 2

// finish stores what came of an attempt. It is fenced on (id, attempt, owner):
// errLeaseLost says that nothing was changed.
func (s *source) finish(d Delivery, out Outcome, panicked bool) error {
	from := d.Sender()
	refused := out.Verdict == Hold && !s.replaced()
	if out.Verdict == Hold && !refused { // by settings that are not in force any more
		out.Verdict = Release
	}
	var pause *store.Pause
	var told Delivery
	return s.o.write(s.o.ctx, &operation{
		name: "storing an outcome",
		outcome: func(t *transaction) store.Transition {
			pause = t.paused(from, s.settings)
			if panicked {
				change := crash(d, d.Lost+1, t.now)
				change.Attempt = &Attempt{Number: d.Attempt, At: t.now, Outcome: store.Lost, Text: "the attempt ended in a panic; see the log of the plugin"}
				return change
			}
			return decide(d, out, pause, t.now)
		},
		applied: func(t *transaction, now *Delivery) error {
			if now == nil {
				return refuse(errLeaseLost)
			}
			told = *now
			if refused {
				if err := t.pause(from, clean(cmp.Or(out.Reason, out.Text)), s.settings); err != nil {
					return err
				}
				pause = t.paused(from, s.settings)
			}
			if told.Status == Queued && pause != nil {
				told.Status, told.Reason, told.DueAt = Held, cmp.Or(told.Reason, pause.Reason), time.Time{}
			}
			return nil
		},
		done: func(st *state, err error) {
			if err != nil {
				return
			}
			known := st.of(s.name)
			switch {
			case out.Unreachable:
				known.credit, known.unreachable = 0, true
			case told.Status == Sent || told.Status == Partial:
				known.credit = min(known.credit+creditForSuccess, largeBatch)
				delete(st.probePause, from)
			}
			if out.Verdict == Release && told.Status == Queued && s.o.attached(s.name) != nil {
				s.o.forget(told.ID) // it was no attempt, and the next one is about to begin
			} else {
				s.o.publish(told)
			}
			if !told.Status.Final() || known.blocked || known.unreachable && known.credit > 0 {
				s.o.wakeSource(s.name)
			}
		},
	})
}

// publish tells those who wait, and the owner of the log, about a new state.
func (o *Outbox) publish(d Delivery) {
	o.forget(d.ID)
	if d.Status.Final() {
		o.opt.Finished(d)
	}
	o.waiters.tell(d)
}
