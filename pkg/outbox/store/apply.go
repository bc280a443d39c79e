package store

import (
	"errors"
	"strings"
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

// passTurn lets the next mail of the conversation be looked at, and this one no
// longer if it waits for an earlier.
func (t *tx) passTurn(d Delivery, to Status) error {
	if !to.Final() {
		if err := t.flush(); err != nil {
			return err
		}
		_, free, err := t.turn(d.Conversation, d.Sequence)
		if err != nil {
			return err
		}
		if !free {
			if _, err := t.exec(qBehind, d.Sequence); err != nil {
				return err
			}
		}
	}
	_, err := t.exec(qNextTurn, d.Conversation, d.Sequence)
	return err
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

var (
	qLoad        = register(`SELECT ` + columns + `, CASE WHEN message IS NULL THEN 0 ELSE 1 END FROM delivery WHERE id = $1 {wait}`)
	qUndelivered = register(`SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM delivery WHERE finished_at IS NULL`)
	// The condition on created_at follows from the other, and is in the index.
	qForgotten = register(`SELECT ` + columns + ` FROM delivery WHERE finished_at IS NULL AND (status = 'queued' OR status = 'sending' AND due_at < $1)
		AND created_at < $1 AND expires_at < $1 LIMIT $2 + 0 {lock}`)
)

// Load returns a delivery as it is now, locked, and whether its mail is kept.
func (t *tx) Load(id string) (d Delivery, kept bool, err error) {
	if err := t.flush(); err != nil {
		return Delivery{}, false, err
	}
	found := make([]Delivery, 0, 1)
	err = t.each(func(rows scanner) error {
		var has int
		d, err := scanDelivery(rows, t.pauses, &has)
		found, kept = append(found, d), has == 1
		return err
	}, qLoad, id)
	if err != nil {
		return Delivery{}, false, err
	}
	if len(found) == 0 {
		return Delivery{}, false, ErrNotFound
	}
	err = t.each(adopt(found), qRecipients, t.db.list(sequences(found)))
	return found[0], kept, err
}

// Undelivered counts the mail that is not final.
func (t *tx) Undelivered() (count, bytes int64, err error) {
	_, err = t.one(qUndelivered, nil, &count, &bytes)
	return count, bytes, err
}

// Forgotten returns undelivered mail whose time was up long ago and that nobody
// works on.
func (t *tx) Forgotten(before time.Time, limit int) ([]Delivery, error) {
	return t.deliveries(qForgotten, micros(before), limit)
}

var (
	// A sent delivery stays as long as repeats join it, even when the retention
	// is shorter.
	qOld = register(`SELECT sequence FROM delivery WHERE source = $1 AND finished_at IS NOT NULL AND finished_at < $2
		AND (joinable = 0 OR finished_at + dedupe < $3) ORDER BY finished_at LIMIT $4 + 0 {lock}`)
	qFinished         = register(sourcesOf("delivery", "finished_at IS NOT NULL"))
	qRemoveRecipients = register(`DELETE FROM recipient WHERE delivery {in $1}`)
	qRemoveAttempts   = register(`DELETE FROM attempt WHERE delivery {in $1}`)
	qRemove           = register(`DELETE FROM delivery WHERE sequence {in $1}`)
	qRemoveSignatures = register(`DELETE FROM signature WHERE hash IN (SELECT hash FROM signature WHERE ends_at < $1 LIMIT $2 + 0)`)
	qCounted          = register(sourcesOf("rollup", "1 = 1"))
	qRemoveCounts     = register(`DELETE FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 AND (status, mail_type, latency, owner, began_at) IN
		(SELECT status, mail_type, latency, owner, began_at FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 ORDER BY began_at LIMIT $4 + 0)`)
)

// sourcesOf lists the data sources of a table by its index, from one to the next.
func sourcesOf(table, condition string) string {
	return strings.NewReplacer("{table}", table, "{condition}", condition).Replace(`WITH RECURSIVE sources(source) AS (
		SELECT (SELECT min(source) FROM {table} WHERE {condition})
		UNION ALL
		SELECT (SELECT min(source) FROM {table} WHERE {condition} AND source > sources.source) FROM sources WHERE sources.source IS NOT NULL)
		SELECT source FROM sources WHERE source IS NOT NULL`)
}

// RemoveFinal deletes what became final before the time.
func (t *tx) RemoveFinal(before time.Time, limit int) (removed int, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	sources, err := t.strings(qFinished)
	var old []int64
	for _, source := range sources {
		if err != nil || len(old) == limit {
			break
		}
		err = t.each(func(rows scanner) error {
			var sequence int64
			err := rows.Scan(&sequence)
			old = append(old, sequence)
			return err
		}, qOld, source, micros(before), t.now, limit-len(old))
	}
	if err != nil {
		return 0, err
	}
	if len(old) > 0 {
		list := t.db.list(old)
		for _, q := range []query{qRemoveRecipients, qRemoveAttempts, qRemove} {
			if _, err := t.exec(q, list); err != nil {
				return 0, err
			}
		}
	}
	removed = len(old)
	if removed < limit {
		rest, err := t.removeRest(before, limit)
		return max(removed, rest), err
	}
	return removed, nil
}

// removeRest deletes signatures that ended and the roll-up of what was deleted,
// and returns the most that it deleted of one kind.
func (t *tx) removeRest(before time.Time, limit int) (most int, err error) {
	remove := func(q query, args ...any) {
		if err != nil {
			return
		}
		var n int64
		n, err = t.exec(q, append(args, limit)...)
		most = max(most, int(n))
	}
	remove(qRemoveSignatures, t.now)
	if err != nil {
		return most, err
	}
	sources, err := t.strings(qCounted)
	for _, source := range sources {
		for _, span := range []int64{minute, hour} {
			remove(qRemoveCounts, source, span, micros(before)/span*span-span)
		}
	}
	return most, err
}
