package store

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// Alert is what a mail tells of an alert, for later mail to compare with.
type Alert struct {
	Fingerprint int64 // a hash of the data source and the alert's fingerprint
	StartsAt    time.Time
	EndsAt      time.Time // zero while it fires
	Incident    time.Time // when that began; it names the thread of the mail
}

// ToldAlert is an alert that was told of before.
type ToldAlert struct {
	Alert
	Delivery int64 // the sequence of the one that told
	// Here: it was the conversation that was asked for, and its mail did not fail,
	// expire or get cancelled.
	Here bool
}

type alertRow struct {
	delivery int64
	position int
	Alert
}

// maxTold bounds what Alerts reads.
const maxTold = 10_000

const told = `SELECT a.delivery, a.fingerprint, a.starts_at, a.ended_at, a.incident,
		CASE WHEN d.conversation = $3 AND d.status NOT IN ('failed', 'expired', 'cancelled') THEN 1 ELSE 0 END
	FROM alert AS a JOIN delivery AS d ON d.sequence = a.delivery
	WHERE a.fingerprint {in $1} AND a.starts_at >= $2 LIMIT $4 + 0`

var (
	qAlertRows    = registerRows(`alert (delivery, position, fingerprint, starts_at, ended_at, incident)`, ``)
	qRemoveAlerts = register(`DELETE FROM alert WHERE delivery {in $1}`)
)

// Alerts is what mail told of the alerts with these fingerprints.
func (db *database) Alerts(ctx context.Context, conversation string, fingerprints []int64, from time.Time) (found []ToldAlert, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	args := []any{db.list(fingerprints), micros(from), clean(conversation), maxTold + 1}
	var rows *sql.Rows
	if db.inProcess {
		rows, err = db.told.prepared.QueryContext(ctx, db.told.arguments(args)...)
	} else {
		rows, err = db.quick.QueryContext(ctx, db.told.text, args...)
	}
	err = scanAll(rows, err, func(rows scanner) error {
		var a ToldAlert
		var starts, ends, incident, here int64
		err := rows.Scan(&a.Delivery, &a.Fingerprint, &starts, &ends, &incident, &here)
		a.StartsAt, a.EndsAt, a.Incident, a.Here = at(starts), at(ends), at(incident), here == 1
		found = append(found, a)
		return err
	})
	if err != nil || len(found) > maxTold {
		return nil, false, db.explain("reading the history of alerts", err)
	}
	slices.SortStableFunc(found, func(a, b ToldAlert) int { return int(b.Delivery - a.Delivery) })
	return found, true, nil
}
