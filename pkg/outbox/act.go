package outbox

import (
	"context"
	"fmt"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// Retry makes a queued delivery due now, with a new MaxAge. Where its sender is
// paused, the relay is asked at once whether it takes that again. It is
// ErrNotPossible for one that is being sent and for one that is final, whose
// mail is no longer kept.
func (o *Outbox) Retry(ctx context.Context, source, id string) (Delivery, error) {
	return o.act(ctx, "retrying a delivery", source, id, func(t *transaction, d Delivery) (change store.Transition, err error) {
		switch {
		case d.Status == Sending:
			return change, refuse(fmt.Errorf("retrying is %w: the mail is being sent just now", ErrNotPossible))
		case !possible(stored(d.Status), retried):
			return change, refuse(fmt.Errorf("retrying is %w: the delivery is %s and its mail is no longer kept", ErrNotPossible, d.Status))
		}
		return retry(d, o.opt.MaxAge, t.now), t.probeNow(d.Sender())
	})
}

// Cancel takes back a delivery that is queued, and is ErrNotPossible otherwise.
// Recipients that have it already are not changed.
func (o *Outbox) Cancel(ctx context.Context, source, id string) (Delivery, error) {
	return o.act(ctx, "cancelling a delivery", source, id, func(t *transaction, d Delivery) (change store.Transition, err error) {
		if !possible(stored(d.Status), cancelled) {
			return change, refuse(fmt.Errorf("cancelling is %w: the delivery is %s", ErrNotPossible, d.Status))
		}
		return cancel(d, t.now), nil
	})
}

// probeNow makes the next probe of a sender due, if it is paused.
func (t *transaction) probeNow(s sender) error {
	p, paused := t.Pauses()[s]
	if !paused {
		return nil
	}
	p.ProbeAt = t.now
	return t.SetPause(p)
}

// act changes a delivery of the source.
func (o *Outbox) act(ctx context.Context, name, source, id string, decide func(*transaction, Delivery) (store.Transition, error)) (Delivery, error) {
	var changed Delivery
	err := o.write(ctx, &operation{
		name: name, key: claimsLast,
		run: func(t *transaction) error {
			d, err := t.Load(id)
			if err == nil && d.Source != source {
				err = ErrNotFound
			}
			if err != nil {
				return refuseIf(err)
			}
			change, err := decide(t, d)
			if err != nil {
				return err
			}
			now, err := t.apply(change)
			if err != nil {
				return err
			}
			changed = *now[0] // Load has locked it
			if p, held := t.Pauses()[d.Sender()]; held && changed.Status == Queued {
				changed.Status, changed.Reason = Held, p.Reason
			}
			return nil
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
