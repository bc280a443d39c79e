package outbox

import (
	"context"
	"slices"
	"sync"
	"time"
)

// waiter waits for the outcome of an attempt at a delivery, or for that at an
// earlier one of its conversation, which goes first.
type waiter struct {
	id      string
	outcome chan Delivery // has room for the one that is told
	waiters *waiters

	d Delivery // once it is stored
}

// waiters are those of this process.
type waiters struct {
	mu             sync.Mutex
	byID           map[string][]*waiter
	byConversation map[string][]*waiter
}

func (ws *waiters) listen(id string) *waiter {
	w := &waiter{id: id, outcome: make(chan Delivery, 1), waiters: ws}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.byID == nil {
		ws.byID, ws.byConversation = map[string][]*waiter{}, map[string][]*waiter{}
	}
	ws.byID[id] = append(ws.byID[id], w)
	return w
}

// follow lets w hear of the earlier mails of d's conversation; d is what it
// waits for, as it is stored. It is called before any later outcome is told.
func (w *waiter) follow(d Delivery) {
	if w == nil {
		return
	}
	ws := w.waiters
	ws.mu.Lock()
	defer ws.mu.Unlock()
	w.d = d
	if d.ID != w.id { // it joined another
		remove(ws.byID, w.id, w)
		w.id = d.ID
		ws.byID[w.id] = append(ws.byID[w.id], w)
	}
	if d.Conversation != "" && d.Status == Queued {
		ws.byConversation[d.Conversation] = append(ws.byConversation[d.Conversation], w)
	}
}

// tell tells an outcome to those who wait for it. Where d is to be tried again,
// those who wait behind it hear that they wait as long.
func (ws *waiters) tell(d Delivery) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range slices.Clone(ws.byID[d.ID]) {
		ws.finish(w, d)
	}
	if d.Status.Final() {
		return
	}
	for _, w := range slices.Clone(ws.byConversation[d.Conversation]) {
		if w.d.Sequence <= d.Sequence {
			continue
		}
		behind := w.d
		behind.DueAt, behind.Reason = d.DueAt, "it waits for an earlier mail of its conversation: "+d.Reason
		if behind.MailType == d.MailType {
			behind.Status = d.Status
		}
		ws.finish(w, behind)
	}
}

// finish tells one waiter, once.
func (ws *waiters) finish(w *waiter, d Delivery) {
	w.outcome <- d
	ws.drop(w)
}

// drop forgets a waiter.
func (ws *waiters) drop(w *waiter) {
	remove(ws.byID, w.id, w)
	remove(ws.byConversation, w.d.Conversation, w)
}

func (ws *waiters) stop(w *waiter) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.drop(w)
}

func remove(from map[string][]*waiter, key string, w *waiter) {
	from[key] = slices.DeleteFunc(from[key], func(other *waiter) bool { return other == w })
	if len(from[key]) == 0 {
		delete(from, key)
	}
}

// settled says whether the attempt that Wait waits for has an outcome.
func settled(d Delivery) bool {
	return d.Status.Final() || d.Status == Held || d.Status == Queued && d.Retries != 0
}

// EnqueueAndWait is Enqueue, and returns once the first attempt has an outcome
// (see Wait) or ctx has ended: then the delivery is as it was stored. The error
// is Enqueue's: without one the mail is stored.
func (o *Outbox) EnqueueAndWait(ctx context.Context, n NewDelivery) (Enqueued, error) {
	if n.ID == "" {
		n.ID = NewID()
	}
	// Before it is stored, so that no outcome comes too early to be heard and
	// the store need not be asked.
	w := o.waiters.listen(n.ID)
	defer o.waiters.stop(w)
	stored, err := o.enqueue(ctx, n, w)
	if err != nil || settled(stored.Delivery) {
		return stored, err
	}
	d, err := o.await(ctx, w)
	switch {
	case err == nil:
		stored.Delivery = d
	case ctx.Err() == nil:
		o.log.Warn("the outcome of a delivery could not be awaited", "delivery", stored.Delivery.ID, "source", n.Source, "error", err)
	}
	return stored, nil
}

// Wait returns the delivery once an attempt has an outcome: when it is final,
// held, or queued for another attempt, or when an earlier mail of its
// conversation is.
func (o *Outbox) Wait(ctx context.Context, id string) (Delivery, error) {
	w := o.waiters.listen(id)
	defer o.waiters.stop(w)
	o.mu.Lock()
	_, here := o.inFlight[id]
	o.mu.Unlock()
	if !here { // it may be over, or another process that knows
		d, err := o.look(ctx, w)
		if err != nil || settled(d) {
			return d, err
		}
	}
	return o.await(ctx, w)
}

// await returns the outcome that it hears, or that another process has stored.
func (o *Outbox) await(ctx context.Context, w *waiter) (Delivery, error) {
	every := time.Second
	if o.Describe().Backend == "postgres" { // which other processes share
		every = 200 * time.Millisecond
	}
	poll := time.NewTicker(every)
	defer poll.Stop()
	for {
		select {
		case d := <-w.outcome:
			return d, nil
		case <-poll.C:
			d, err := o.look(ctx, w)
			if err != nil || settled(d) {
				return d, err
			}
		case <-ctx.Done():
			return Delivery{}, ctx.Err()
		}
	}
}

// look reads the delivery, unless its outcome is heard before.
func (o *Outbox) look(ctx context.Context, w *waiter) (Delivery, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type answer struct {
		d   Delivery
		err error
	}
	w.waiters.mu.Lock()
	id := w.id
	w.waiters.mu.Unlock()
	read := make(chan answer, 1)
	go func() {
		d, err := o.store.Get(ctx, id)
		read <- answer{d, err}
	}()
	select {
	case d := <-w.outcome:
		return d, nil
	case a := <-read:
		return a.d, a.err
	}
}
