package outbox

import (
	"context"
	"slices"
	"time"
)

// EnqueueAndWait is Enqueue, and returns once the first attempt has an outcome
// (see Wait) or ctx has ended: then the delivery is as it was stored. The error
// is Enqueue's: without one the mail is stored.
func (o *Outbox) EnqueueAndWait(ctx context.Context, n New) (d Delivery, joined bool, err error) {
	if n.ID == "" {
		n.ID = NewID()
	}
	// Before it is stored, so that no outcome comes too early to be heard and
	// the store need not be asked.
	outcome := o.listen(n.ID)
	defer o.stopListening(n.ID, outcome)
	d, joined, err = o.Enqueue(ctx, n)
	if err != nil || d.settled() {
		return d, joined, err
	}
	var settled Delivery
	if joined {
		settled, err = o.Wait(ctx, d.ID)
	} else {
		settled, err = o.await(ctx, d.ID, outcome)
	}
	switch {
	case err == nil:
		return settled, joined, nil
	case ctx.Err() == nil:
		o.log.Warn("the outcome of a delivery could not be awaited", "id", d.ID, "source", d.Source, "error", err)
	}
	return d, joined, nil
}

// Wait returns the delivery once an attempt has an outcome: when it is final,
// held, or queued for another attempt.
func (o *Outbox) Wait(ctx context.Context, id string) (Delivery, error) {
	outcome := o.listen(id)
	defer o.stopListening(id, outcome)
	o.mu.Lock()
	_, here := o.inHand[id]
	o.mu.Unlock()
	if !here { // it may be over, or another process that knows
		d, err := o.look(ctx, id, outcome)
		if err != nil || d.settled() {
			return d, err
		}
	}
	return o.await(ctx, id, outcome)
}

// await returns the outcome that it hears, or that another process has stored.
func (o *Outbox) await(ctx context.Context, id string, outcome <-chan Delivery) (Delivery, error) {
	poll := time.NewTicker(o.store.waitPoll)
	defer poll.Stop()
	for {
		select {
		case d := <-outcome:
			return d, nil
		case <-poll.C:
			d, err := o.look(ctx, id, outcome)
			if err != nil || d.settled() {
				return d, err
			}
		case <-ctx.Done():
			return Delivery{}, ctx.Err()
		}
	}
}

// look reads the delivery, unless its outcome is heard before: those who read a
// long log may have the store for a while.
func (o *Outbox) look(ctx context.Context, id string, outcome <-chan Delivery) (Delivery, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		d   Delivery
		err error
	}
	read := make(chan answer, 1)
	go func() {
		d, err := o.get(ctx, id)
		read <- answer{d, err}
	}()
	select {
	case d := <-outcome:
		return d, nil
	case a := <-read:
		return a.d, a.err
	}
}

// listen hears the next outcome of a delivery that this process stores.
func (o *Outbox) listen(id string) chan Delivery {
	outcome := make(chan Delivery, 1)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiters[id] = append(o.waiters[id], outcome)
	return outcome
}

func (o *Outbox) stopListening(id string, outcome chan Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.waiters[id] = slices.DeleteFunc(o.waiters[id], func(w chan<- Delivery) bool { return w == outcome })
	if len(o.waiters[id]) == 0 {
		delete(o.waiters, id)
	}
}
