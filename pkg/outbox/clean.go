package outbox

import (
	"context"
	"time"
)

const (
	cleanEvery = 10 * time.Minute
	cleanBatch = 100
	// cleanPause lets others have the store between two batches.
	cleanPause = 20 * time.Millisecond
)

var (
	// The condition on created_at follows from the other, and is in the index.
	qForgotten = query(`SELECT ` + columns + ` FROM delivery WHERE finished_at IS NULL AND (status IN ('queued', 'held') OR status = 'sending' AND due_at < $1) AND created_at < $1 AND expires_at < $1 LIMIT $2 {lock}`)
	qExpire    = query(`UPDATE delivery SET status = $2, joinable = 0, due_at = $3, finished_at = $4, reason = $5, recipients = $6, message = NULL WHERE id = $1`)
	qRemoveOld = query(`DELETE FROM delivery WHERE id IN (SELECT id FROM delivery WHERE finished_at < $1 ORDER BY finished_at LIMIT $2 {lock})`)
)

// keepClean removes what is older than the retention.
func (o *Outbox) keepClean() {
	for {
		o.clean()
		if !sleep(o.ctx, cleanEvery) {
			return
		}
	}
}

// clean works in small transactions, so that no send waits for it.
func (o *Outbox) clean() {
	for _, batch := range []func() (int, error){o.expireForgotten, o.removeOld, o.removeSignatures} {
		for {
			n, err := batch()
			if err != nil {
				o.log.Warn("cleaning up failed; it is tried again", "error", err)
			}
			if n < cleanBatch || !sleep(o.ctx, cleanPause) {
				break
			}
		}
	}
}

// expireForgotten gives up on mail that nobody fetched, whose data source is
// gone or stayed paused, or whose process died over it, when the retention has
// passed since its time was up.
func (o *Outbox) expireForgotten() (int, error) {
	var forgotten []Delivery
	err := o.write(context.Background(), &op{name: "expiring forgotten mail", run: func(t *tx) (err error) {
		forgotten, err = t.expireForgotten()
		return err
	}})
	if err != nil {
		return 0, err
	}
	for _, d := range forgotten {
		o.log.Warn("a mail was given up", "id", d.ID, "source", d.Source, "reason", d.Reason)
		o.publish(d)
	}
	return len(forgotten), nil
}

func (t *tx) expireForgotten() ([]Delivery, error) {
	ds, err := t.deliveries(qForgotten, t.now-t.o.opt.Retention.Microseconds(), cleanBatch)
	if err != nil {
		return nil, err
	}
	for i := range ds {
		d := &ds[i]
		d.expire(at(t.now))
		d.FinishedAt, d.NextAttemptAt = at(t.now), at(0)
		d.Reason = "nobody came for it: its data source was gone, or paused, for longer than the retention"
		if _, err := t.exec(qExpire, d.ID, string(d.Status), never, t.now, d.Reason, text(d.Recipients)); err != nil {
			return nil, err
		}
		t.o.room.add(-1, -d.Size)
	}
	return ds, nil
}

// removeOld deletes what became final longer than the retention ago.
func (o *Outbox) removeOld() (int, error) {
	var removed int64
	err := o.write(context.Background(), &op{name: "removing old deliveries", run: func(t *tx) (err error) {
		removed, err = t.exec(qRemoveOld, t.now-t.o.opt.Retention.Microseconds(), cleanBatch)
		return err
	}})
	return int(removed), err
}
