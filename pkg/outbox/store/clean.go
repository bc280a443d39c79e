package store

import "time"

var (
	qLoad        = register(`SELECT ` + columns + ` FROM delivery WHERE id = $1 {wait}`)
	qUndelivered = register(`SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM delivery WHERE finished_at IS NULL`)
	// The condition on created_at follows from the other, and is in the index.
	qForgotten = register(`SELECT ` + columns + ` FROM delivery WHERE finished_at IS NULL AND (status = 'queued' OR status = 'sending' AND due_at < $1)
		AND created_at < $1 AND expires_at < $1 LIMIT $2 + 0 {lock}`)
)

// Load returns a delivery as it is now, locked.
func (t *tx) Load(id string) (Delivery, error) {
	found, err := t.deliveries(qLoad, id)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Delivery{}, err
	}
	return found[0], nil
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
	qOld = register(`SELECT sequence FROM delivery WHERE finished_at IS NOT NULL AND finished_at < $1
		AND (joinable = 0 OR finished_at + dedupe < $2) ORDER BY finished_at LIMIT $3 + 0 {lock}`)
	qRemoveRecipients = register(`DELETE FROM recipient WHERE delivery {in $1}`)
	qRemoveAttempts   = register(`DELETE FROM attempt WHERE delivery {in $1}`)
	qRemove           = register(`DELETE FROM delivery WHERE sequence {in $1}`)
	qRemoveSignatures = register(`DELETE FROM signature WHERE hash IN (SELECT hash FROM signature WHERE ends_at < $1 LIMIT $2 + 0)`)
	qCounted          = register(`WITH RECURSIVE sources(source) AS (
		SELECT (SELECT min(source) FROM rollup)
		UNION ALL
		SELECT (SELECT min(source) FROM rollup WHERE source > sources.source) FROM sources WHERE sources.source IS NOT NULL)
		SELECT source FROM sources WHERE source IS NOT NULL`)
	qRemoveCounts = register(`DELETE FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 AND (status, mail_type, latency, owner, began_at) IN
		(SELECT status, mail_type, latency, owner, began_at FROM rollup WHERE source = $1 AND span = $2 AND began_at < $3 ORDER BY began_at LIMIT $4 + 0)`)
)

// RemoveFinal deletes what became final before the time.
func (t *tx) RemoveFinal(before time.Time, limit int) (removed int, err error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	var old []int64
	err = t.each(func(rows scanner) error {
		var sequence int64
		err := rows.Scan(&sequence)
		old = append(old, sequence)
		return err
	}, qOld, micros(before), t.now, limit)
	if err != nil {
		return 0, err
	}
	if len(old) > 0 {
		list := t.db.list(old)
		for _, q := range []query{qRemoveRecipients, qRemoveAttempts, qRemoveAlerts, qRemove} {
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
