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

// depthOf groups in the order of the index, so that nothing is sorted. A digest waits
// from the end of its window on.
const depthOf = `SELECT CASE WHEN ` + paused + ` THEN 'held' ELSE 'queued' END, count(*), sum(CASE WHEN status = 'sending' THEN 1 ELSE 0 END),
	sum(CASE WHEN status = 'collecting' AND due_at > $1 THEN 1 ELSE 0 END),
	min(CASE WHEN closes_at = 0 THEN created_at WHEN status <> 'collecting' THEN closes_at WHEN due_at <= $1 THEN due_at END), CAST(sum(size) AS BIGINT), {clock} FROM delivery WHERE finished_at IS NULL`

func depthQuery(source string, now time.Time) (q string, args []any) {
	if source == "" {
		return depthOf + ` GROUP BY source, mail_type`, []any{now}
	}
	return depthOf + ` AND source = $2 GROUP BY source, mail_type`, []any{now, source}
}

func (db *database) Depth(ctx context.Context, source string) (Depth, error) {
	d := Depth{Count: map[Status]int64{Collecting: 0, Queued: 0, Sending: 0, Held: 0}}
	q, args := depthQuery(source, db.clockAt(time.Now().UnixMicro()))
	err := db.quickly(ctx, "measuring the queue", func(r reader) error {
		return r.each(func(row scanner) error {
			var waits Status
			var count, sending, collecting, bytes, now int64
			var oldest time.Time
			err := row.Scan(&waits, &count, &sending, &collecting, asTime{&oldest}, &bytes, &now)
			d.Count[waits] += count - sending - collecting
			d.Count[Collecting] += collecting
			d.Count[Sending] += sending
			d.Bytes += bytes
			if !oldest.IsZero() {
				d.Oldest = max(d.Oldest, db.clockAt(now).Sub(oldest))
			}
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
