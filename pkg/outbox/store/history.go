package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"
)

// AlertRecord is what a mail says of an alert, kept so that later mail can say what
// has changed since.
type AlertRecord struct {
	Hash     int64 // of the data source, the group and the alert's fingerprint
	StartsAt time.Time
	EndsAt   time.Time // zero while it fires
	Incident time.Time // when that began; it names the thread of the mail
}

// EarlierRecord is an AlertRecord with the delivery whose mail it is of.
type EarlierRecord struct {
	AlertRecord
	Delivery     int64 // its Sequence
	Conversation string
	Missed       bool // no recipient got it: it, or each digest of it, failed, expired or was cancelled
}

var (
	// The subquery finds the oldest record of each alert that is within the limit.
	qHistory = register(`SELECT a.delivery, a.hash, a.starts_at, a.ended_at, a.incident,
		d.conversation, CASE WHEN d.status IN ('failed', 'expired', 'cancelled') THEN 1 WHEN d.status = 'digested' AND NOT EXISTS (
			SELECT 1 FROM recipient AS r JOIN delivery AS g ON g.id = r.digest
			WHERE r.delivery = d.sequence AND g.status NOT IN ('failed', 'expired', 'cancelled')) THEN 1 ELSE 0 END
	FROM {numbers $1} AS k JOIN alert AS a ON a.hash = k.value AND a.delivery >= coalesce(
		(SELECT delivery FROM alert WHERE hash = k.value ORDER BY delivery DESC LIMIT 1 OFFSET $2 + 0), 0)
	JOIN delivery AS d ON d.sequence = a.delivery`)
	qAlert        = register(`INSERT INTO alert (delivery, position, hash, starts_at, ended_at, incident) VALUES ($1, $2, $3, $4, $5, $6)`)
	qRemoveAlerts = register(`DELETE FROM alert WHERE delivery {in $1}`)
)

// History reads in a file of SQLite on another connection than the one that writes,
// which would have to wait for it.
func (db *database) History(ctx context.Context, hashes []int64, limit int) (found []EarlierRecord, err error) {
	args := []any{db.list(hashes), limit - 1}
	s := db.statements[qHistory]
	var rows *sql.Rows
	if db.server {
		rows, err = db.quick.QueryContext(ctx, s.text, args...)
	} else {
		rows, err = s.prepared.QueryContext(ctx, s.arguments(args)...)
	}
	err = scanAll(rows, err, func(row scanner) error {
		var r EarlierRecord
		err := row.Scan(&r.Delivery, &r.Hash, asTime{&r.StartsAt}, asTime{&r.EndsAt}, asTime{&r.Incident}, &r.Conversation, asBool{&r.Missed})
		found = append(found, r)
		return err
	})
	slices.SortStableFunc(found, func(a, b EarlierRecord) int { return cmp.Compare(b.Delivery, a.Delivery) })
	return found, db.explain("reading the history of alerts", err)
}
