package store

import "time"

var (
	qRenew = register(`UPDATE delivery SET due_at = $1 WHERE id {in $3} AND owner = $2 AND status = 'sending' RETURNING id, attempt`)
	qSpare = register(`UPDATE delivery SET due_at = $3 WHERE finished_at IS NULL AND status = 'sending' AND due_at > $1 AND due_at <= $2`)
)

// Renew extends the owner's leases and returns the attempts of those deliveries
// that it still has.
func (t *Tx) Renew(owner string, ids []string, until time.Time) (kept map[string]int, err error) {
	kept = map[string]int{}
	err = t.each(func(row scanner) error {
		var id string
		var attempt int
		err := row.Scan(&id, &attempt)
		kept[id] = attempt
		return err
	}, qRenew, until, owner, t.db.list(ids))
	return kept, err
}

// SpareLeases gives leases that ended in (from, to] a new end: nobody could renew
// them, because the store was away or its clock jumped.
func (t *Tx) SpareLeases(from, to, until time.Time) error {
	_, err := t.exec(qSpare, from, to, until)
	return err
}
