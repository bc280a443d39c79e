package store

import (
	"errors"
	"time"
)

// fence is the condition for a change within a Fence.
const fence = ` WHERE id = $1 AND status IN ($4, $5) AND (status <> 'sending' OR attempt = $2 AND owner = $3)`

// apply makes a transition. Only an outcome takes the owner away, so that what
// it left is known again.
const apply = `UPDATE delivery SET status = $6, due_at = $7, finished_at = $8, reason = $9, retries = $10, unreachable = $11, uncertain = $12,
	lost = $13, begun = 0, expires_at = CASE WHEN CAST($14 AS BIGINT) > 0 THEN CAST($14 AS BIGINT) ELSE expires_at END,
	owner = CASE WHEN $3 = '' THEN owner ELSE '' END,
	joinable = CASE WHEN CAST($6 AS TEXT) IN ('failed', 'expired', 'cancelled') THEN 0 ELSE joinable END,
	message = CASE WHEN CAST($8 AS BIGINT) IS NULL THEN message END` + fence

var (
	qApply = register(apply)
	// The same, and whether others of the conversation are not final.
	qApplyTold = register(apply + ` RETURNING CASE WHEN EXISTS (SELECT 1 FROM delivery AS other WHERE other.conversation = delivery.conversation
		AND other.conversation <> '' AND other.finished_at IS NULL AND other.sequence <> delivery.sequence) THEN 1 ELSE 0 END`)
	qFacts = register(`SELECT sequence, source, mail_type, conversation, created_at FROM delivery WHERE id = $1`)
	// An outcome leaves no owner, and the next claim has another attempt.
	qStored   = register(`SELECT 1 FROM delivery WHERE id = $1 AND attempt = $2 AND owner = '' AND status <> 'sending'`)
	qInFence  = register(`SELECT sequence, source, created_at FROM delivery` + fence + ` {wait}`)
	qEnvelope = register(`UPDATE delivery SET begun = 1` + fence)
)

// args are those of fence.
func (f Fence) args() []any {
	first := f.Statuses[0]
	return []any{f.ID, f.Attempt, f.Owner, string(first), string(f.Statuses[len(f.Statuses)-1])}
}

// Apply carries out transitions.
func (t *tx) Apply(transitions []Transition) (applied []bool, err error) {
	applied = make([]bool, len(transitions))
	for i, change := range transitions {
		if applied[i], err = t.apply(change); err != nil {
			return nil, err
		}
	}
	return applied, nil
}

func (t *tx) apply(c Transition) (bool, error) {
	if len(c.Statuses) == 0 || len(c.Statuses) > 2 {
		return false, t.spoil(errors.New("a fence names one or two states"))
	}
	var finished any
	if c.To.Status.Final() {
		finished = micros(c.To.FinishedAt)
	}
	args := append(c.args(), string(c.To.Status), micros(c.To.DueAt), finished, clean(c.To.Reason), c.To.Retries,
		number(c.To.Unreachable), c.To.Uncertain, c.To.Lost, micros(c.ExpiresAt))
	changed, others, err := t.change(args)
	if err != nil {
		return false, err
	}
	if !changed {
		if c.Owner == "" {
			return false, nil
		}
		var one int
		return t.one(qStored, []any{c.ID, c.Fence.Attempt}, &one)
	}
	d := c.Of
	if d.Sequence == 0 {
		var created int64
		if _, err := t.one(qFacts, []any{c.ID}, &d.Sequence, &d.Source, &d.MailType, &d.Conversation, &created); err != nil {
			return false, err
		}
		d.CreatedAt = at(created)
	}
	t.reach(d, c.Recipients)
	if c.Attempt != nil {
		t.attempts = append(t.attempts, attemptRow{d.Sequence, *c.Attempt})
	}
	if c.To.Status.Final() {
		t.count(d, c.To)
	}
	if others && d.Conversation != "" {
		err = t.passTurn(d, c.To.Status)
	}
	return true, err
}

// change runs a transition; without others, no other mail of the conversation
// waits. A server tells so in the same answer; a database in the process is
// asked by whoever wants to know, as RETURNING costs it more than a statement.
func (t *tx) change(args []any) (changed, others bool, err error) {
	if t.db.inProcess {
		n, err := t.exec(qApply, args...)
		return n == 1, true, err
	}
	var n int64
	changed, err = t.one(qApplyTold, args, &n)
	return changed, n == 1, err
}

// reach collects recipients of a delivery, new ones or those that changed.
func (t *tx) reach(d Delivery, recipients []Recipient) {
	if t.place == nil {
		t.place = map[recipientKey]int{}
	}
	for _, r := range recipients {
		row := recipientRow{recipientKey{d.Sequence, r.Position}, r, d.Source, micros(d.CreatedAt)}
		if i, again := t.place[row.recipientKey]; again {
			t.recipients[i] = row
			continue
		}
		t.place[row.recipientKey] = len(t.recipients)
		t.recipients = append(t.recipients, row)
	}
}

// The spans of the roll-up. The longer makes a month a sum over few rows.
const (
	minute = int64(time.Minute / time.Microsecond)
	hour   = int64(time.Hour / time.Microsecond)
)

// count adds a delivery that became final to the roll-up.
func (t *tx) count(d Delivery, to State) {
	if t.rollup == nil {
		t.rollup = map[rollupKey]int64{}
	}
	finished := micros(to.FinishedAt)
	for _, span := range []int64{minute, hour} {
		t.rollup[rollupKey{d.Source, span, finished / span * span, string(to.Status), d.MailType, latencyClass(finished - micros(d.CreatedAt))}]++
	}
}

// latencyClass rounds microseconds down to milliseconds of two digits, so that a
// month of deliveries makes a small answer.
func latencyClass(micros int64) int64 {
	class := int64(1000)
	for limit := int64(100_000); micros >= limit && class < 10_000_000; limit *= 10 {
		class *= 10
	}
	return max(micros, 0) / class * class / 1000
}

// RecipientsReached stores recipients of a delivery that is still being sent.
func (t *tx) RecipientsReached(f Fence, reached []Recipient) error {
	var d Delivery
	var created int64
	found, err := t.one(qInFence, f.args(), &d.Sequence, &d.Source, &created)
	if found {
		d.CreatedAt = at(created)
		t.reach(d, reached)
	}
	return err
}

// EnvelopeBegun notes that the envelope of this attempt is about to be sent.
func (t *tx) EnvelopeBegun(f Fence) error {
	_, err := t.exec(qEnvelope, f.args()...)
	return err
}
