package store

import (
	"context"
	"time"
)

// quickly runs a short query, which waits for no search through the log.
func (db *database) quickly(ctx context.Context, doing string, read func(r reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	return db.explain(doing, read(reader{ctx, db, db.quick}))
}

func (db *database) Get(ctx context.Context, source, id string) (d Delivery, err error) {
	var found []Delivery
	err = db.quickly(ctx, "reading a delivery", func(r reader) error {
		if found, err = db.deliveries(r, `SELECT `+columns+` FROM delivery WHERE id = $1 AND source = $2`, id, source); err != nil || len(found) == 0 {
			return err
		}
		d = found[0]
		return r.each(func(row scanner) error {
			var a Attempt
			err := row.Scan(&a.Number, asTime{&a.At}, asDuration{&a.Duration}, &a.Stage, &a.Code, &a.EnhancedCode, &a.Text, &a.Outcome)
			d.Attempts = append(d.Attempts, a)
			return err
		}, `SELECT number, began_at, duration, stage, code, enhanced_code, text, outcome FROM attempt WHERE delivery = $1 ORDER BY number`, d.Sequence)
	})
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	return d, err
}

// depthOf groups in the order of the index, so that nothing is sorted.
const depthOf = `SELECT CASE WHEN ` + paused + ` THEN 'held' ELSE 'queued' END, count(*), sum(CASE WHEN status = 'sending' THEN 1 ELSE 0 END),
	min(created_at), CAST(sum(size) AS BIGINT), {clock} FROM delivery WHERE finished_at IS NULL`

func depthQuery(source string) (q string, args []any) {
	if source == "" {
		return depthOf + ` GROUP BY source, mail_type`, nil
	}
	return depthOf + ` AND source = $1 GROUP BY source, mail_type`, []any{source}
}

func (db *database) Depth(ctx context.Context, source string) (Depth, error) {
	d := Depth{Count: map[Status]int64{Queued: 0, Sending: 0, Held: 0}}
	q, args := depthQuery(source)
	err := db.quickly(ctx, "measuring the queue", func(r reader) error {
		return r.each(func(row scanner) error {
			var waits Status
			var count, sending, bytes, now int64
			var oldest time.Time
			err := row.Scan(&waits, &count, &sending, asTime{&oldest}, &bytes, &now)
			d.Count[waits] += count - sending
			d.Count[Sending] += sending
			d.Bytes += bytes
			d.Oldest = max(d.Oldest, db.clockAt(now).Sub(oldest))
			return err
		}, q, args...)
	})
	return d, err
}

func (db *database) Waiting(ctx context.Context) (map[string]int64, error) {
	waiting := map[string]int64{}
	err := db.quickly(ctx, "counting the mail that waits for its data source", func(r reader) error {
		return r.each(func(row scanner) error {
			var source string
			var count int64
			err := row.Scan(&source, &count)
			waiting[source] = count
			return err
		}, `SELECT source, count(*) FROM delivery WHERE finished_at IS NULL GROUP BY source`)
	})
	return waiting, err
}
