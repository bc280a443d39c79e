package outbox

import (
	"cmp"
	"context"
	"sync"
	"time"
)

// waiters wait for the outcome of an attempt at a delivery, or for that at an
// earlier one of its conversation, which goes first.
type waiters struct {
	mu  sync.Mutex
	all map[*waiter]struct{}
}

type waiter struct {
	d       Delivery      // as it is stored; before that, its id
	outcome chan Delivery // has room for the one outcome
}

// listen adds a waiter for d.
func (ws *waiters) listen(d Delivery) *waiter {
	w := &waiter{d: d, outcome: make(chan Delivery, 1)}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.all == nil {
		ws.all = map[*waiter]struct{}{}
	}
	ws.all[w] = struct{}{}
	return w
}

// follow sets the delivery that w waits for, as it is stored: perhaps the one that it
// joined. It is called before any later outcome is published.
func (ws *waiters) follow(w *waiter, d Delivery) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.d = d
}

func (ws *waiters) drop(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.all, w)
}

// tell passes an outcome to those who wait for it. Where d is to be tried again, those
// whose mail comes behind it get their own delivery, due when d is.
func (ws *waiters) tell(d Delivery) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for w := range ws.all {
		outcome := d
		if w.d.ID != d.ID {
			if d.Status.Final() || d.Conversation == "" || w.d.Conversation != d.Conversation || w.d.Status != Queued || w.d.Sequence <= d.Sequence {
				continue
			}
			outcome = w.d
			outcome.DueAt, outcome.Reason = d.DueAt, "it waits for an earlier mail of its conversation: "+d.Reason
			if outcome.MailType == d.MailType {
				outcome.Status = d.Status
			}
		}
		w.outcome <- outcome
		delete(ws.all, w)
	}
}

// settled says whether the attempt that is waited for has an outcome.
func settled(d Delivery) bool {
	return d.Status.Final() || d.Status == Held || d.Status == Queued && d.Retries != 0
}

// EnqueueToAwait is Enqueue for a caller that waits for what becomes of the mail. Unless
// there is an error, it must call outcome. That returns once an attempt has an outcome:
// when the delivery is final, held, or queued for another attempt, or when an earlier
// mail of its conversation is held or queued for another. Once its ctx has ended, it
// returns the delivery as it was stored.
func (o *Outbox) EnqueueToAwait(ctx context.Context, n *NewDelivery) (stored Enqueued, outcome func(context.Context) Delivery, err error) {
	n.ID = cmp.Or(n.ID, NewID())
	// Before it is stored, so that no outcome comes too early to be heard.
	w := o.waiters.listen(Delivery{ID: n.ID})
	if stored, err = o.enqueue(ctx, *n, w); err != nil {
		o.waiters.drop(w)
		return stored, nil, err
	}
	return stored, func(ctx context.Context) Delivery {
		defer o.waiters.drop(w)
		if settled(stored.Delivery) {
			return stored.Delivery
		}
		d, err := o.await(ctx, w)
		if err == nil {
			return d
		}
		if ctx.Err() == nil {
			o.log.Warn("the outcome of a delivery could not be awaited", "delivery", stored.Delivery.ID, "source", stored.Delivery.Source, "error", err)
		}
		return stored.Delivery
	}, nil
}

// await returns the outcome, whichever process stores it.
func (o *Outbox) await(ctx context.Context, w *waiter) (Delivery, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- o.pollOutcome(ctx, w.d) }()
	select {
	case d := <-w.outcome:
		return d, nil
	case err := <-ended:
		return Delivery{}, err
	}
}

// pollOutcome reads the delivery again and again, and passes on an outcome that another
// process has stored.
func (o *Outbox) pollOutcome(ctx context.Context, of Delivery) error {
	every := time.Second
	if o.Describe().Backend == "postgres" { // which other processes share
		every = 200 * time.Millisecond
	}
	for sleep(ctx, every) {
		d, err := o.Get(ctx, of.Source, of.ID)
		if err != nil {
			return err
		}
		if settled(d) {
			o.waiters.tell(d)
		}
	}
	return ctx.Err()
}
