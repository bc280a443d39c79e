package store

import (
	"cmp"
	"context"
	"database/sql"
	"slices"
	"time"
)

// Alert is what a mail tells of an alert, for later mail to compare with.
type Alert struct {
	Fingerprint int64 // a hash of the data source, the group and the alert's fingerprint
	StartsAt    time.Time
	EndsAt      time.Time // zero while it fires
	Incident    time.Time // when that began; it names the thread of the mail
}

// ToldAlert is an alert that was told of before.
type ToldAlert struct {
	Alert
	Delivery     int64 // the sequence of the one that told
	Conversation string
	Lost         bool // nobody got it: the delivery failed, expired or was cancelled
}

// The subquery finds the last delivery that is looked at, of each alert.
const qTold = `SELECT a.delivery, a.fingerprint, a.starts_at, a.ended_at, a.incident,
		d.conversation, CASE WHEN d.status IN ('failed', 'expired', 'cancelled') THEN 1 ELSE 0 END
	FROM {numbers $1} AS k JOIN alert AS a ON a.fingerprint = k.value AND a.delivery >= coalesce(
		(SELECT delivery FROM alert WHERE fingerprint = k.value ORDER BY delivery DESC LIMIT 1 OFFSET $2 + 0), 0)
	JOIN delivery AS d ON d.sequence = a.delivery`

var (
	qAlert        = register(`INSERT INTO alert (delivery, position, fingerprint, starts_at, ended_at, incident) VALUES ($1, $2, $3, $4, $5, $6)`)
	qRemoveAlerts = register(`DELETE FROM alert WHERE delivery {in $1}`)
)

func (db *database) Alerts(ctx context.Context, fingerprints []int64, limit int) (found []ToldAlert, err error) {
	args := []any{db.list(fingerprints), limit - 1}
	var rows *sql.Rows
	if db.server {
		rows, err = db.quick.QueryContext(ctx, db.told.text, args...)
	} else {
		rows, err = db.told.prepared.QueryContext(ctx, db.told.arguments(args)...)
	}
	err = scanAll(rows, err, func(row scanner) error {
		var a ToldAlert
		err := row.Scan(&a.Delivery, &a.Fingerprint, asTime{&a.StartsAt}, asTime{&a.EndsAt}, asTime{&a.Incident}, &a.Conversation, asBool{&a.Lost})
		found = append(found, a)
		return err
	})
	slices.SortStableFunc(found, func(a, b ToldAlert) int { return cmp.Compare(b.Delivery, a.Delivery) })
	return found, db.explain("reading the history of alerts", err)
}
