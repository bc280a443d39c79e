package store

import "time"

var (
	qLoad        = register(`SELECT ` + columns + ` FROM delivery WHERE id = $1 AND source = $2 {wait}`)
	qUndelivered = register(`SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM delivery WHERE finished_at IS NULL`)
	// The condition on created_at follows from the other, and is in the index.
	qForgotten = register(`SELECT ` + columns + ` FROM delivery WHERE finished_at IS NULL AND (status IN ('queued', 'collecting') OR status = 'sending' AND due_at < $1)
		AND created_at < $1 AND expires_at < $1 LIMIT $2 + 0 {lock}`)
)

// Load returns a delivery of the source as it is now, locked. ErrNotFound leaves
// the transaction whole.
func (t *Tx) Load(source, id string) (Delivery, error) {
	found, err := t.deliveries(qLoad, id, source)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Delivery{}, err
	}
	return found[0], nil
}

// Undelivered returns the mail that is not final: how many mails, how many octets.
func (t *Tx) Undelivered() (count, bytes int64, err error) {
	_, err = t.one(qUndelivered, nil, &count, &bytes)
	return count, bytes, err
}

// Forgotten returns up to limit undelivered mails whose ExpiresAt is before the time
// and that nobody works on.
func (t *Tx) Forgotten(before time.Time, limit int) ([]Delivery, error) {
	return t.deliveries(qForgotten, before, limit)
}

var (
	// A sent delivery stays as long as repeats join it, even when the retention
	// is shorter.
	qOld = register(`SELECT sequence FROM delivery WHERE finished_at IS NOT NULL AND finished_at < $1
		AND (joinable = 0 OR finished_at + dedupe < $2) ORDER BY finished_at LIMIT $3 + 0 {lock}`)
	qRemoveRecipients = register(`DELETE FROM recipient WHERE delivery {in $1}`)
	qRemoveAttempts   = register(`DELETE FROM attempt WHERE delivery {in $1}`)
	qRemoveNotes      = register(`DELETE FROM note WHERE digest {in $1}`)
	qRemove           = register(`DELETE FROM delivery WHERE sequence {in $1}`)
	qRemoveSignatures = register(`DELETE FROM signature WHERE hash IN (SELECT hash FROM signature WHERE ends_at < $1 LIMIT $2 + 0)`)
	qCounted          = register(different("source", "rollup WHERE true", ""))
	qRemoveCounts     = register(`DELETE FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 AND (status, mail_type, latency, owner, began_at) IN
		(SELECT status, mail_type, latency, owner, began_at FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 ORDER BY began_at LIMIT $4 + 0)`)
)

// RemoveFinal deletes up to limit deliveries that became final before the time, with
// all that belongs to them, and used signatures that ended.
func (t *Tx) RemoveFinal(before time.Time, limit int) (removed int, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	old, err := column[int64](t, qOld, before, t.now, limit)
	if err != nil {
		return 0, err
	}
	if len(old) > 0 {
		for _, q := range []string{qRemoveRecipients, qRemoveAttempts, qRemoveAlerts, qRemoveNotes, qRemove} {
			if _, err := t.exec(q, t.db.list(old)); err != nil {
				return 0, err
			}
		}
	}
	if len(old) < limit {
		removed, err = t.removeRest(before, limit)
	}
	return max(removed, len(old)), err
}

// removeRest deletes signatures that ended and the roll-up of what was deleted,
// and returns the most that it deleted of one kind.
func (t *Tx) removeRest(before time.Time, limit int) (most int, err error) {
	remove := func(q string, args ...any) {
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
	sources, err := column[string](t, qCounted)
	for _, source := range sources {
		for _, span := range []int64{minute, hour} {
			remove(qRemoveCounts, source, span, micros(before)/span*span-span)
		}
	}
	return most, err
}
