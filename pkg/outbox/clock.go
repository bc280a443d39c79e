package outbox

import (
	"context"
)

// largeBatch is how many rows a large change touches in one transaction.
const largeBatch = 500

// spareLeases gives leases that ended while the store did not answer a new end,
// before anything else is done: nobody could renew them, and whoever works on
// these deliveries is as alive as this process. It is done for an absence during
// which a lease can have ended that was renewed in time. This process looked at
// the store last before it wanted it, by at most Poll.
func (t *transaction) spareLeases() error {
	opt := t.o.opt
	absent := t.at.Sub(t.wanted)
	if absent <= max(opt.Lease-opt.Renew-opt.Poll, opt.Lease/5) {
		return nil
	}
	return t.SpareLeases(t.now.Add(-absent-opt.Poll), t.now, t.now.Add(opt.Lease))
}

// followClock makes good what a store's clock that was set did to the times in
// the queue. A process that works on a delivery knows nothing of it, and keeps
// it by renewing its lease.
func (t *transaction) followClock() error {
	if t.lastNow.IsZero() {
		return nil
	}
	expected := t.lastNow.Add(t.at.Sub(t.lastAt))
	switch {
	case t.now.Before(t.lastNow):
		changed, err := t.pullBack()
		t.pullBackMore = changed == largeBatch
		return err
	case t.now.Sub(expected) > t.o.opt.Lease*3/2:
		return t.SpareLeases(expected, t.now, t.now.Add(t.o.opt.Lease))
	}
	return nil
}

// pullBack makes due what lies further ahead than any pause or lease reaches:
// the clock has been set back since.
func (t *transaction) pullBack() (changed int, err error) {
	return t.PullBack(t.now.Add(maxBackoff), t.now.Add(t.o.opt.Lease), largeBatch)
}

// pullBack pulls back all of the queue, a batch at a time.
func (o *Outbox) pullBack(ctx context.Context) error {
	for {
		changed := 0
		err := o.write(ctx, &operation{name: "checking the queue's times", alone: true, run: func(t *transaction) (err error) {
			changed, err = t.pullBack()
			return err
		}})
		if err != nil || changed < largeBatch {
			return err
		}
	}
}

// pullBackMore is an operation that nobody waits for: it pulls back one batch,
// and sees to the next.
func (o *Outbox) pullBackMore() *operation {
	return &operation{
		name: "following the clock", alone: true, ctx: context.Background(), ended: make(chan error, 1),
		run: func(t *transaction) error {
			changed, err := t.pullBack()
			t.pullBackMore = changed == largeBatch
			return err
		},
	}
}
