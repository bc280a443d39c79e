package outbox

import (
	"context"
	"time"
)

const (
	cleanBatch = 100
	// cleanPause lets others have the store between two batches.
	cleanPause = 20 * time.Millisecond
)

// keepClean removes what is older than the retention. It leaves the start of a
// process to the mail that waits.
func (o *Outbox) keepClean() {
	for pause := o.opt.cleanEvery / 10; sleep(o.ctx, pause); pause = o.opt.cleanEvery {
		o.clean()
	}
}

// clean expires and removes in small transactions, so that no send waits for it.
func (o *Outbox) clean() {
	for _, batch := range []func() (int, error){o.expireForgotten, o.removeOld} {
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

// expireForgotten gives up on mail whose time was up longer than the retention ago: its
// data source is gone or stayed paused, or its process ended while it was sent.
func (o *Outbox) expireForgotten() (int, error) {
	var given []Delivery
	err := o.write(context.Background(), &operation{name: "expiring forgotten mail", alone: true, run: func(t *transaction) error {
		given = nil
		found, err := t.Forgotten(t.now.Add(-o.opt.Retention), cleanBatch)
		for _, d := range found {
			now, err := t.apply(forget(d, t.now))
			if err != nil {
				return err
			}
			if now != nil {
				given = append(given, *now)
			}
		}
		return err
	}})
	if err != nil {
		return 0, err
	}
	for _, d := range given {
		o.log.Warn("a mail was given up", "delivery", d.ID, "source", d.Source, "reason", d.Reason)
		o.publish(d)
	}
	return len(given), nil
}

// removeOld deletes what became final longer than the retention ago.
func (o *Outbox) removeOld() (removed int, err error) {
	err = o.write(context.Background(), &operation{name: "removing old deliveries", alone: true, run: func(t *transaction) (err error) {
		removed, err = t.RemoveFinal(t.now.Add(-o.opt.Retention), cleanBatch)
		return err
	}})
	return removed, err
}
