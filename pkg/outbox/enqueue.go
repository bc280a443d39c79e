package outbox

import (
	"context"
	"slices"
)

// Enqueue stores n and returns once that is durable: it is delivered whatever
// becomes of this process. A repeat of a notification (same Source and
// Identity) that is still undelivered, or was delivered within n.Dedupe,
// returns that delivery, Joined.
//
// When ctx ends first there is an error although n may be stored; its repeat
// then joins it. A *FullError says that too much waits, a *StorageError that
// the store fails.
func (o *Outbox) Enqueue(ctx context.Context, n NewDelivery) (Enqueued, error) {
	return o.enqueue(ctx, n, nil)
}

// enqueue is Enqueue; w, if any, waits for the outcome.
func (o *Outbox) enqueue(ctx context.Context, n NewDelivery, w *waiter) (Enqueued, error) {
	if err := o.prepare(&n); err != nil {
		return Enqueued{}, err
	}
	// The writer may still set these when ctx has ended and enqueue returned.
	var stored Enqueued
	var free *slot
	err := o.write(ctx, &operation{
		name: "storing the mail",
		key:  n.Source + "\x00" + n.Conversation + "\x00" + n.Identity,
		run: func(t *transaction) (err error) {
			if s := o.attached(n.Source); s != nil && free == nil {
				n.SettingsAt = s.settings
				free = s.takeForFresh()
			}
			if free != nil {
				n.Owner, n.LeaseEnd = o.opt.Owner, t.now.Add(o.opt.Lease)
			}
			stored, err = t.enqueue(n)
			return err
		},
		done: func(st *state, err error) {
			if err == nil && w != nil {
				o.waiters.follow(w, stored.Delivery)
			}
			if err == nil && !stored.Joined && stored.Delivery.Status == Sending {
				free.source.start(st, stored.Delivery, free)
				return
			}
			free.release()
			if err == nil && !stored.Joined && stored.Delivery.Status == Digested {
				o.publish(stored.Delivery)
			}
			if err == nil && !stored.Joined && stored.Delivery.Status == Queued {
				st.of(n.Source).blocked = st.of(n.Source).blocked || stored.Behind
				o.mailWaits(n.Source)
			}
		},
	})
	if err != nil {
		return Enqueued{}, err
	}
	answer := stored
	answer.Delivery.Message = nil
	return answer, nil
}

// prepare completes and checks n, and takes what callers may change.
func (o *Outbox) prepare(n *NewDelivery) error {
	switch {
	case n.Source == "":
		return invalid("it names no source")
	case len(n.Message) == 0:
		return invalid("it has no mail")
	case len(n.Recipients) == 0:
		return invalid("it has no recipients")
	case slices.ContainsFunc(n.Recipients, func(r Recipient) bool { return r.Address == "" }):
		return invalid("a recipient has no address")
	}
	if n.ID == "" {
		n.ID = NewID()
	}
	if n.Identity == "" {
		n.Identity = n.ID
	}
	n.MaxAge, n.Size = o.opt.MaxAge, int64(len(n.Message))
	n.Recipients = slices.Clone(n.Recipients)
	return nil
}
