package outbox

import (
	"context"
	"fmt"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// Retry makes a delivery that waits due now, with a new MaxAge: a digest that collects is
// sent at once. Where its sender is paused, the relay is asked at once whether it takes
// that again. It is ErrNotPossible for one that is being sent and for one that is final,
// whose mail is no longer kept.
func (o *Outbox) Retry(ctx context.Context, source, id string) (Delivery, error) {
	return o.act(ctx, "retrying a delivery", source, id, func(t *transaction, d Delivery) (change store.Transition, err error) {
		switch {
		case d.Status == Sending:
			return change, fmt.Errorf("retrying is %w: the mail is being sent just now", ErrNotPossible)
		case !possible(stored(d.Status), retried):
			return change, fmt.Errorf("retrying is %w: the delivery is %s and its mail is no longer kept", ErrNotPossible, d.Status)
		}
		if p, paused := t.Pauses()[d.Sender()]; paused {
			p.ProbeAt = t.now
			err = t.SetPause(p)
		}
		return retry(d, o.opt.MaxAge, t.now), err
	})
}

// Cancel takes back a delivery that waits, and is ErrNotPossible otherwise.
// Recipients that have it already are not changed.
func (o *Outbox) Cancel(ctx context.Context, source, id string) (Delivery, error) {
	return o.act(ctx, "cancelling a delivery", source, id, func(t *transaction, d Delivery) (change store.Transition, err error) {
		if !possible(stored(d.Status), cancelled) {
			return change, fmt.Errorf("cancelling is %w: the delivery is %s", ErrNotPossible, d.Status)
		}
		return cancel(d, t.now), nil
	})
}

// act changes a delivery of the source.
func (o *Outbox) act(ctx context.Context, name, source, id string, decide func(*transaction, Delivery) (store.Transition, error)) (Delivery, error) {
	var changed Delivery
	err := o.write(ctx, &operation{
		name: name, key: claimsLast,
		run: func(t *transaction) error {
			d, err := t.Load(source, id)
			if err != nil {
				return err
			}
			change, err := decide(t, d)
			if err != nil {
				return err
			}
			if _, err = t.apply(change); err == nil { // it is in force, for Load has locked the delivery
				changed, err = t.Load(source, id)
			}
			return err
		},
		done: func(_ *state, err error) {
			if err != nil {
				return
			}
			if changed.Status.Final() {
				o.publish(changed)
			}
			o.mailWaits(source) // it, or what waited for it, is due
		},
	})
	if err != nil {
		return Delivery{}, err
	}
	return changed, nil
}
