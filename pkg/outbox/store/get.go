package store

import (
	"context"
	"database/sql"
	"time"
)

// Get returns a delivery with its recipients and attempts.
func (db *database) Get(ctx context.Context, id string) (Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	pauses, err := db.pausesNow(ctx, db.quick)
	if err != nil {
		return Delivery{}, db.explain("reading a delivery", err)
	}
	found, err := db.read(ctx, db.quick, pauses, `SELECT `+columns+` FROM delivery WHERE id = $1`, clean(id))
	if err != nil {
		return Delivery{}, db.explain("reading a delivery", err)
	}
	if len(found) == 0 {
		return Delivery{}, ErrNotFound
	}
	d := found[0]
	rows, err := db.quick.QueryContext(ctx, `SELECT number, began_at, duration, stage, code, enhanced_code, text, outcome FROM attempt WHERE delivery = $1 ORDER BY number`, d.Sequence)
	err = scanAll(rows, err, func(rows scanner) error {
		var a Attempt
		var began, duration int64
		err := rows.Scan(&a.Number, &began, &duration, &a.Stage, &a.Code, &a.EnhancedCode, &a.Text, &a.Outcome)
		a.At, a.Duration = at(began), time.Duration(duration)*time.Microsecond
		d.Attempts = append(d.Attempts, a)
		return err
	})
	return d, db.explain("reading a delivery", err)
}

// read runs a query for columns and adds the recipients.
func (db *database) read(ctx context.Context, pool *sql.DB, pauses map[Sender]Pause, q string, args ...any) (found []Delivery, err error) {
	rows, err := pool.QueryContext(ctx, db.replacer.Replace(q), args...)
	err = scanAll(rows, err, func(rows scanner) error {
		d, err := scanDelivery(rows, pauses)
		found = append(found, d)
		return err
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	rows, err = pool.QueryContext(ctx, db.statements[qRecipients].text, db.list(sequences(found)))
	return found, scanAll(rows, err, adopt(found))
}

// pausesNow reads the paused senders.
func (db *database) pausesNow(ctx context.Context, pool *sql.DB) (map[Sender]Pause, error) {
	pauses := map[Sender]Pause{}
	rows, err := pool.QueryContext(ctx, `SELECT source, mail_type, reason, since FROM pause`)
	err = scanAll(rows, err, func(rows scanner) error {
		var p Pause
		var since int64
		err := rows.Scan(&p.Source, &p.MailType, &p.Reason, &since)
		p.Since = at(since)
		pauses[p.Sender] = p
		return err
	})
	return pauses, err
}

// Depth returns what waits for a source, or for all with "".
func (db *database) Depth(ctx context.Context, source string) (Depth, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	d := Depth{Count: map[Status]int64{Queued: 0, Sending: 0, Held: 0}}
	pauses, err := db.pausesNow(ctx, db.quick)
	if err != nil {
		return d, db.explain("measuring the queue", err)
	}
	var args []any
	if source != "" {
		args = []any{source}
	}
	rows, err := db.quick.QueryContext(ctx, db.depthQuery(source), args...)
	err = scanAll(rows, err, func(rows scanner) error {
		var s Sender
		var count, sending, created, bytes, now int64
		err := rows.Scan(&s.Source, &s.MailType, &count, &sending, &created, &bytes, &now)
		waits := Queued
		if _, paused := pauses[s]; paused {
			waits = Held
		}
		d.Count[waits] += count - sending
		d.Count[Sending] += sending
		d.Bytes += bytes
		d.Oldest = max(d.Oldest, db.time(now).Sub(at(created)))
		return err
	})
	return d, db.explain("measuring the queue", err)
}

// depthQuery groups as the index is ordered, so that nothing is sorted.
func (db *database) depthQuery(source string) string {
	of := ""
	if source != "" {
		of = " AND source = $1"
	}
	return db.replacer.Replace(`SELECT source, mail_type, count(*), sum(CASE WHEN status = 'sending' THEN 1 ELSE 0 END),
		min(created_at), CAST(sum(size) AS BIGINT), {clock} FROM delivery WHERE finished_at IS NULL` + of + ` GROUP BY source, mail_type`)
}

// time is the clock for ages, where the database says now.
func (db *database) time(now int64) time.Time {
	switch {
	case db.Now != nil:
		return db.Now()
	case db.clock == "":
		return time.Now()
	}
	return at(now)
}

// Waiting counts the undelivered mail by source.
func (db *database) Waiting(ctx context.Context) (map[string]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	waiting := map[string]int64{}
	rows, err := db.quick.QueryContext(ctx, `SELECT source, count(*) FROM delivery WHERE finished_at IS NULL GROUP BY source`)
	err = scanAll(rows, err, func(rows scanner) error {
		var source string
		var count int64
		err := rows.Scan(&source, &count)
		waiting[source] = count
		return err
	})
	return waiting, db.explain("counting the mail that waits for its data source", err)
}
