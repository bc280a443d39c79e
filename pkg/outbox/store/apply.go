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
	// qApply, which also returns whether others of the conversation are not final: that
	// saves a round trip to a server. In a database in the process, RETURNING costs more
	// than a statement.
	qApplyOnServer = register(apply + ` RETURNING CASE WHEN EXISTS (SELECT 1 FROM delivery AS other WHERE other.conversation = delivery.conversation
		AND other.conversation <> '' AND other.finished_at IS NULL AND other.sequence <> delivery.sequence) THEN 1 ELSE 0 END`)
	// An outcome leaves no owner, and the next claim has another attempt.
	qStored  = register(`SELECT 1 FROM delivery WHERE sequence = $1 AND attempt = $2 AND owner = '' AND status <> 'sending'`)
	qChanged = register(`UPDATE recipient SET status = $3, code = $4, enhanced_code = $5, text = $6, updated_at = $7 WHERE delivery = $1 AND position = $2`)
	qSubject = register(`UPDATE delivery SET subject = $2 WHERE sequence = $1`)
	qNoMail  = register(`DELETE FROM mail WHERE delivery = $1`)
	qAttempt = register(`INSERT INTO attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`)
	qCount = register(`INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (source, span, began_at, status, mail_type, latency, owner) DO UPDATE SET count = rollup.count + excluded.count`)
	qInFence  = register(`SELECT 1 FROM delivery` + fence + ` {wait}`)
	qEnvelope = register(`UPDATE delivery SET begun = 1` + fence)
)

// fenced returns the arguments of fence.
func fenced(d Delivery) []any {
	if d.Status == Held {
		d.Status = Queued
	}
	return []any{d.Sequence, string(d.Status), d.Attempt, d.Owner}
}

// Apply carries out a transition and says whether it was in force; where it was
// not, nothing was changed.
func (t *Tx) Apply(c Transition) (inForce bool, err error) {
	d := c.Of
	reply, alike := c.reply()
	applied, others, err := t.update(c, reply)
	switch {
	case err != nil || !applied && d.Status != Sending:
		return false, err
	case !applied: // in force all the same if this process stored it before, and got no answer to the COMMIT
		stored, err := column[int](t, qStored, d.Sequence, d.Attempt)
		return len(stored) > 0, err
	case !alike:
		t.change(d, c.Recipients)
	}
	if c.Attempt != nil {
		t.log(d, *c.Attempt)
	}
	if c.Subject != "" {
		t.later(qSubject, d.Sequence, c.Subject)
	}
	if c.To.Status.Final() {
		t.count(d, c.To)
		t.later(qNoMail, d.Sequence)
		if d.Digest() {
			t.later(qNoBodies, d.Sequence)
		}
		if c.To.Status != Sent && c.To.Status != Partial {
			t.later(qMakeWay, d.Sequence) // not part of the statement, so that the index is left alone when a mail is sent
			if d.Digest() {
				t.later(qMakeWayOfDigest, d.Sequence)
			}
		}
	}
	if (others || t.digests) && d.Conversation != "" {
		err = t.passTurn(d)
	}
	return true, err
}

// update changes the row of the delivery, and says whether others of its
// conversation may wait.
func (t *Tx) update(c Transition, reply Recipient) (applied, others bool, err error) {
	var finished any
	if c.To.Status.Final() {
		finished = c.To.FinishedAt
	}
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = c.Of.ExpiresAt
	}
	args := append(fenced(c.Of), string(c.To.Status), c.To.DueAt, finished, c.To.Reason, c.To.Retries, c.To.Unreachable, c.To.Uncertain, c.To.Lost,
		c.ExpiresAt, reply.Code, reply.EnhancedCode, reply.Text)
	if t.db.server {
		applied, err = t.one(qApplyOnServer, args, asBool{&others})
		return applied, others, err
	}
	changed, err := t.exec(qApply, args...)
	return changed == 1, t.behind, err
}

// reply returns the reply to the recipients that the end of a delivery decides, if it
// is the same for all of them: then their rows need not be written.
func (c Transition) reply() (first Recipient, alike bool) {
	if len(c.Recipients) == 0 || !c.To.Status.Final() {
		return first, false
	}
	first = c.Recipients[0]
	if slices.ContainsFunc(c.Recipients, func(r Recipient) bool {
		return r.Status != c.To.Status || r.Code != first.Code || r.EnhancedCode != first.EnhancedCode || r.Text != first.Text
	}) {
		return Recipient{}, false
	}
	return first, true
}

// The spans of the roll-up. With the longer, a month is a sum over few rows.
const (
	minute = int64(time.Minute / time.Microsecond)
	hour   = int64(time.Hour / time.Microsecond)
)

type rollupKey struct {
	source           string
	span, began      int64
	status, mailType string
	latency          int64
}

// count adds a delivery that became final to the roll-up.
func (t *Tx) count(d Delivery, to State) {
	if t.rollup == nil {
		t.rollup = map[rollupKey]int64{}
	}
	finished := micros(to.FinishedAt)
	for _, span := range []int64{minute, hour} {
		t.rollup[rollupKey{d.Source, span, finished / span * span, string(to.Status), d.MailType, latencyClass(finished - micros(d.WaitsSince()))}]++
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

// RecipientsReached stores recipients of a delivery, if it is still being sent by
// this claim.
func (t *Tx) RecipientsReached(d Delivery, reached []Recipient) error {
	found, err := column[int](t, qInFence, fenced(d)...)
	if len(found) > 0 {
		t.change(d, reached)
	}
	return err
}

// change stores recipients of a delivery that changed.
func (t *Tx) change(d Delivery, recipients []Recipient) {
	for _, r := range recipients {
		t.later(qChanged, d.Sequence, r.Position, string(r.Status), r.Code, r.EnhancedCode, r.Text, r.UpdatedAt)
	}
}

// log stores an attempt.
func (t *Tx) log(d Delivery, a Attempt) {
	t.later(qAttempt, d.Sequence, a.Number, a.At, a.Duration, a.Stage, a.Code, a.EnhancedCode, a.Text, a.Outcome)
}

// EnvelopeBegun notes that the envelope of this attempt is about to be sent.
func (t *Tx) EnvelopeBegun(d Delivery) error {
	_, err := t.exec(qEnvelope, fenced(d)...)
	return err
}
