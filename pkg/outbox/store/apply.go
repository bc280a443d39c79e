package store

import (
	"slices"
	"time"
)

// fence is the condition for a change: the delivery is as it was read.
const fence = ` WHERE sequence = $1 AND status = $2 AND attempt = $3 AND owner = $4`

const apply = `UPDATE delivery SET status = $5, due_at = $6, finished_at = $7, reason = $8, retries = $9, unreachable = $10, uncertain = $11,
	lost = $12, begun = 0, expires_at = $13, owner = '', code = $14, enhanced_code = $15, reply = $16` + fence

var (
	qApply = register(apply)
	// The same, and whether others of the conversation are not final.
	qApplyTold = register(apply + ` RETURNING CASE WHEN EXISTS (SELECT 1 FROM delivery AS other WHERE other.conversation = delivery.conversation
		AND other.conversation <> '' AND other.finished_at IS NULL AND other.sequence <> delivery.sequence) THEN 1 ELSE 0 END`)
	// Not part of it, so that the index is left alone when a mail is sent.
	qNotJoinable = register(`UPDATE delivery SET joinable = 0 WHERE sequence = $1`)
	// An outcome leaves no owner, and the next claim has another attempt.
	qStored   = register(`SELECT 1 FROM delivery WHERE sequence = $1 AND attempt = $2 AND owner = '' AND status <> 'sending'`)
	qInFence  = register(`SELECT 1 FROM delivery` + fence + ` {wait}`)
	qEnvelope = register(`UPDATE delivery SET begun = 1` + fence)
)

// fenced are the arguments of fence.
func fenced(d Delivery) []any {
	if d.Status == Held {
		d.Status = Queued
	}
	return []any{d.Sequence, string(d.Status), d.Attempt, d.Owner}
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
	d, final := c.Of, c.To.Status.Final()
	var finished any
	if final {
		finished = micros(c.To.FinishedAt)
	}
	expires := c.ExpiresAt
	if expires.IsZero() {
		expires = d.ExpiresAt
	}
	reply, alike := c.reply()
	changed, others, err := t.change(append(fenced(d), string(c.To.Status), micros(c.To.DueAt), finished, clean(c.To.Reason), c.To.Retries,
		number(c.To.Unreachable), c.To.Uncertain, c.To.Lost, micros(expires), reply.Code, clean(reply.EnhancedCode), clean(reply.Text)))
	if err != nil {
		return false, err
	}
	if !changed {
		if d.Status != Sending {
			return false, nil
		}
		var one int
		return t.one(qStored, []any{d.Sequence, d.Attempt}, &one)
	}
	if !alike {
		t.changed = append(t.changed, rowsOf(d, c.Recipients)...)
	}
	if c.Attempt != nil {
		t.attempts = append(t.attempts, attemptRow{d.Sequence, *c.Attempt})
	}
	if final {
		t.count(d, c.To)
		t.unneeded = append(t.unneeded, d.Sequence)
		if c.To.Status != Sent && c.To.Status != Partial {
			if _, err := t.exec(qNotJoinable, d.Sequence); err != nil {
				return false, err
			}
		}
	}
	if others && d.Conversation != "" {
		err = t.passTurn(d, c.To.Status)
	}
	return true, err
}

// reply is what the end of a delivery says to its recipients, if it says the same
// to all that it decides: then their rows need not be written.
func (c Transition) reply() (r Recipient, alike bool) {
	if len(c.Recipients) == 0 || !c.To.Status.Final() {
		return r, false
	}
	first := c.Recipients[0]
	alike = !slices.ContainsFunc(c.Recipients, func(r Recipient) bool {
		return r.Status != c.To.Status || r.Code != first.Code || r.EnhancedCode != first.EnhancedCode || r.Text != first.Text
	})
	if !alike {
		return r, false
	}
	return first, true
}

// change runs a transition; without others, no other mail of the conversation
// waits. A server tells so in the same answer; RETURNING costs a database in the
// process more than a statement.
func (t *tx) change(args []any) (changed, others bool, err error) {
	if t.db.inProcess {
		n, err := t.exec(qApply, args...)
		return n == 1, t.behind, err
	}
	var n int64
	changed, err = t.one(qApplyTold, args, &n)
	return changed, n == 1, err
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
func (t *tx) RecipientsReached(d Delivery, reached []Recipient) error {
	var one int
	found, err := t.one(qInFence, fenced(d), &one)
	if found {
		t.changed = append(t.changed, rowsOf(d, reached)...)
	}
	return err
}

// EnvelopeBegun notes that the envelope of this attempt is about to be sent.
func (t *tx) EnvelopeBegun(d Delivery) error {
	_, err := t.exec(qEnvelope, fenced(d)...)
	return err
}
