package outbox

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// The pause before an attempt is repeated doubles from the one to the other,
// each time up to a fifth longer or shorter.
const (
	firstBackoff = 5 * time.Second
	maxBackoff   = 10 * time.Minute
)

func backoff(retries int) time.Duration {
	pause := maxBackoff
	if retries < 8 {
		pause = min(firstBackoff<<(retries-1), maxBackoff)
	}
	return min(time.Duration(float64(pause)*(0.8+0.4*rand.Float64())), maxBackoff)
}

const fence = ` WHERE id = $1 AND attempt = $2 AND lease_owner = $3 AND status = 'sending'`

var (
	qFinal = query(`UPDATE delivery SET status = $4, reason = $5, recipients = $6, attempts = attempts || $7,
		finished_at = $8, due_at = $9, lease_owner = '', crashes = 0, message = NULL` + fence)
	qAgain = query(`UPDATE delivery SET status = $4, reason = $5, recipients = $6, attempts = attempts || $7,
		due_at = $8, retries = $9, away = $10, lease_owner = '', crashes = 0` + fence)
	// An outcome leaves no owner, and the next claim has another attempt.
	qStored = query(`SELECT 1 FROM delivery WHERE id = $1 AND attempt = $2 AND lease_owner = ''`)
	// Due since they were accepted, they go out in order of age. (That due_at is
	// above 0 leads SQLite to the index of what is not final.)
	qRecall = query(`UPDATE delivery SET due_at = created_at WHERE id IN (SELECT id FROM delivery
		WHERE source = $1 AND finished_at IS NULL AND status = 'queued' AND due_at > 0 AND away = 1 AND due_at > created_at {lock})`)
)

// finish stores what came of an attempt. It is fenced on (id, attempt, owner):
// errLeaseLost says that nothing was changed.
func (s *source) finish(d Delivery, out Outcome) error {
	var after Delivery
	var recall bool
	var recalled int64 // how much mail is due again
	var taken, resumed bool
	return s.o.write(s.o.ctx, &op{
		name: "storing an outcome",
		run: func(t *tx) (err error) {
			recall, recalled = false, 0
			if after, err = t.finish(s, d, out); err != nil {
				return err
			}
			taken = after.Status == Sent || after.Status == Partial
			if taken {
				if resumed, err = t.resumeTaken(after); err != nil {
					return err
				}
			}
			if taken && s.away && at(t.now).Sub(s.recalledAt).Abs() >= maxBackoff {
				recall = true
				recalled, err = t.exec(qRecall, s.name)
			}
			return err
		},
		done: func(err error) {
			if err != nil {
				return
			}
			if taken {
				delete(s.o.backoffs, sender{after.Source, after.MailType})
			}
			if out.Away {
				s.away = true
			} else if recall {
				s.away = false
			}
			if recalled > 0 {
				s.recalledAt = at(s.o.writer.lastNow)
			}
			s.o.publish(after)
			if recalled > 0 {
				s.o.mailWaits(s.name)
			}
			if after.Status == Queued || resumed {
				s.o.wakeSource(s.name)
			}
		},
	})
}

// publish tells those who Wait, and the owner of the log, about a new state.
func (o *Outbox) publish(d Delivery) {
	o.mu.Lock()
	delete(o.inHand, d.ID)
	waiters := o.waiters[d.ID]
	delete(o.waiters, d.ID)
	o.mu.Unlock()
	if d.Status.Final() {
		o.opt.Finished(d)
	}
	for _, w := range waiters {
		w <- d
	}
}

func (t *tx) finish(s *source, d Delivery, out Outcome) (Delivery, error) {
	if err := t.loadPauses(); err != nil {
		return d, err
	}
	d.Message = nil
	d.Recipients = out.apply(d, t.now)
	d.Status = derive(d.Recipients)
	d.Reason = clean(cmp.Or(out.Reason, out.Text))
	if d.Status == Partial && out.Reason == "" { // this attempt went well; an earlier one did not
		d.Reason = d.Recipients[slices.IndexFunc(d.Recipients, func(r Recipient) bool { return r.Status != Sent })].Text
	}
	refused := out.Verdict == Hold && !s.replaced()
	if d.Status == Queued {
		t.postpone(&d, out, refused)
	}

	attempt := ""
	if out.Verdict != Release || d.Status.Final() {
		attempt = line(Attempt{
			Number: d.Attempt, At: at(micros(out.At)), Duration: out.Duration, Stage: clean(out.Stage),
			Code: out.Code, EnhancedCode: clean(out.EnhancedCode), Text: clean(out.Text), Outcome: string(d.Status),
		})
	}
	var changed int64
	var err error
	state := []any{d.ID, d.Attempt, t.o.opt.Owner, string(d.Status), d.Reason, text(d.Recipients), attempt}
	if d.Status.Final() {
		d.FinishedAt = at(t.now)
		changed, err = t.exec(qFinal, append(state, t.now, never)...)
	} else {
		changed, err = t.exec(qAgain, append(state, due(d), d.retries, number(d.away))...)
	}
	if err != nil {
		return d, err
	}
	if changed == 0 { // lost, unless it is stored, and its COMMIT had no answer
		err := refuse(errLeaseLost)
		asking := t.each(func(scanner) error { err = nil; return nil }, qStored, d.ID, d.Attempt)
		return d, cmp.Or(asking, err)
	}
	if d.Status.Final() {
		t.o.room.add(-1, -d.Size)
	}
	if d.Status == Failed || d.Status == Expired { // its repeat is a new try
		if _, err := t.exec(qSupersede, d.ID); err != nil {
			return d, err
		}
	}
	if refused {
		return d, t.pause(sender{d.Source, d.MailType}, d.Reason, s.settings)
	}
	return d, nil
}

// postpone decides when a delivery with pending recipients is tried again, or
// that it is not.
func (t *tx) postpone(d *Delivery, out Outcome, refused bool) {
	now := at(t.now)
	paused := t.pauses[sender{d.Source, d.MailType}]
	switch {
	case refused:
		d.Status = Held
	case paused != nil:
		d.Status, d.Reason = Held, paused.reason
	case out.Verdict != Settle: // released, or held by settings that were replaced
		d.NextAttemptAt = now
	case now.Before(d.ExpiresAt):
		d.away = out.Away && (d.away || d.retries == 0)
		d.retries++
		d.NextAttemptAt = now.Add(backoff(d.retries))
		if d.NextAttemptAt.After(d.ExpiresAt) {
			d.NextAttemptAt = d.ExpiresAt // the last one
		}
	default:
		d.expire(now)
	}
}

// expire gives up on the pending recipients, if there are any.
func (d *Delivery) expire(now time.Time) {
	if d.Status = derive(d.Recipients); d.Status != Queued {
		return
	}
	d.Status = Expired
	for i := range d.Recipients {
		r := &d.Recipients[i]
		switch r.Status {
		case Queued:
			r.Status, r.UpdatedAt = Expired, now
		case Sent:
			d.Status = Partial
		}
	}
}

func due(d Delivery) int64 {
	if d.Status == Queued {
		return micros(d.NextAttemptAt)
	}
	return never
}
