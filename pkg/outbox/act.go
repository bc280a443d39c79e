package outbox

import (
	"context"
	"fmt"
)

var (
	qByID  = query(`SELECT ` + columns + `, message IS NOT NULL FROM delivery WHERE id = $1 AND source = $2 {wait}`)
	qRetry = query(`UPDATE delivery SET status = 'queued', due_at = $2, retries = 0, away = 0, crashes = 0, finished_at = NULL, reason = '', expires_at = $3,
		joinable = CASE WHEN EXISTS (SELECT 1 FROM delivery AS other WHERE other.source = delivery.source AND other.identity = delivery.identity
			AND other.joinable = 1 AND other.id <> delivery.id) THEN 0 ELSE 1 END
		WHERE id = $1 AND status <> 'sending'`)
	qCancel = query(`UPDATE delivery SET status = 'cancelled', finished_at = $2, due_at = $3, joinable = 0, reason = $4, recipients = $5, message = NULL
		WHERE id = $1 AND status IN ('queued', 'held')`)
)

// Retry makes a delivery due now, with a new MaxAge: one that is queued, held,
// or was set aside, which repeats of its notification join again. It is
// ErrNotPossible for one that is being sent and for one that is final, whose
// mail is no longer kept.
func (o *Outbox) Retry(ctx context.Context, source, id string) (Delivery, error) {
	d, err := o.act(ctx, "retrying a delivery", source, id, func(t *tx, d *Delivery, kept bool) error {
		switch {
		case d.Status == Sending:
			return refuse(fmt.Errorf("retrying is %w: the mail is being sent just now", ErrNotPossible))
		case !kept:
			return refuse(fmt.Errorf("retrying is %w: the delivery is %s and its mail is no longer kept", ErrNotPossible, d.Status))
		}
		if d.Status.Final() {
			t.o.room.add(1, d.Size)
		}
		d.Status, d.NextAttemptAt, d.FinishedAt, d.Reason = Queued, at(t.now), at(0), ""
		d.retries, d.away = 0, false
		d.ExpiresAt = at(t.now).Add(t.o.opt.MaxAge)
		_, err := t.exec(qRetry, d.ID, t.now, micros(d.ExpiresAt))
		return err
	})
	if err == nil {
		o.wakeSource(source)
	}
	return d, err
}

// Cancel takes back a delivery that is queued or held, and is ErrNotPossible
// otherwise. Recipients that have it already are not changed.
func (o *Outbox) Cancel(ctx context.Context, source, id string) (Delivery, error) {
	d, err := o.act(ctx, "cancelling a delivery", source, id, func(t *tx, d *Delivery, _ bool) error {
		if d.Status != Queued && d.Status != Held {
			return refuse(fmt.Errorf("cancelling is %w: the delivery is %s", ErrNotPossible, d.Status))
		}
		d.Status, d.NextAttemptAt, d.FinishedAt, d.Reason = Cancelled, at(0), at(t.now), "cancelled by a person"
		for i := range d.Recipients {
			if r := &d.Recipients[i]; r.Status == Queued {
				r.Status, r.UpdatedAt = Cancelled, at(t.now)
			}
		}
		t.o.room.add(-1, -d.Size)
		_, err := t.exec(qCancel, d.ID, t.now, never, d.Reason, text(d.Recipients))
		return err
	})
	if err == nil {
		o.publish(d)
	}
	return d, err
}

// act changes a delivery of the source; kept says whether its mail is there.
func (o *Outbox) act(ctx context.Context, name, source, id string, change func(t *tx, d *Delivery, kept bool) error) (Delivery, error) {
	var after Delivery
	err := o.write(ctx, &op{name: name, run: func(t *tx) error {
		var found []Delivery
		var kept bool
		err := t.each(func(rows scanner) error {
			d, err := scanDelivery(rows, &kept)
			found = append(found, d)
			return err
		}, qByID, id, source)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return refuse(ErrNotFound)
		}
		if err := change(t, &found[0], kept); err != nil {
			return err
		}
		after = found[0]
		return nil
	}})
	if err != nil {
		return Delivery{}, err
	}
	return after, nil
}
