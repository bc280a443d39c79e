package store

import "time"

var (
	qRenew = register(`UPDATE delivery SET due_at = $1 WHERE id {in $3} AND owner = $2 AND status = 'sending' RETURNING id, attempt`)
	qSpare = register(`UPDATE delivery SET due_at = $3 WHERE finished_at IS NULL AND status = 'sending' AND due_at > $1 AND due_at <= $2`)
	qPull  = register(`UPDATE delivery SET due_at = CASE WHEN status = 'sending' THEN CAST($3 AS BIGINT) ELSE CAST($4 AS BIGINT) END
		WHERE sequence IN (SELECT sequence FROM delivery WHERE finished_at IS NULL AND due_at > $1 AND (lost = 0 OR due_at > $2) LIMIT $5 + 0 {lock})`)
)

// Renew extends the owner's leases and returns those that it still has.
func (t *tx) Renew(owner string, ids []string, until time.Time) (kept []Lease, err error) {
	err = t.each(func(rows scanner) error {
		var l Lease
		err := rows.Scan(&l.ID, &l.Attempt)
		kept = append(kept, l)
		return err
	}, qRenew, micros(until), owner, t.db.list(ids))
	return kept, err
}

// SpareLeases gives leases that ended in (from, to] a new end.
func (t *tx) SpareLeases(from, to, until time.Time) error {
	_, err := t.exec(qSpare, micros(from), micros(to), micros(until))
	return err
}

// PullBack makes due what lies beyond latest.
func (t *tx) PullBack(latest, until time.Time, limit int) (changed int, err error) {
	n, err := t.exec(qPull, micros(latest), micros(latest.Add(time.Hour)), micros(until), t.now, limit)
	return int(n), err
}
