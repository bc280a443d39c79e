package outbox

import (
	"maps"
	"slices"
	"time"
)

// progressEvery is how soon it is stored that a recipient has the mail, while others
// of the delivery wait for theirs.
const progressEvery = 50 * time.Millisecond

// renewLeases keeps what this process works on from being claimed by others.
func (o *Outbox) renewLeases() {
	for sleep(o.ctx, o.opt.Renew) {
		o.renew()
	}
}

func (o *Outbox) renew() {
	o.mu.Lock()
	working := maps.Clone(o.inFlight)
	o.mu.Unlock()
	if len(working) == 0 {
		return
	}
	var kept map[string]int
	var began moment
	err := o.write(o.ctx, &operation{name: "renewing leases", run: func(t *transaction) (err error) {
		began = t.began
		kept, err = t.Renew(o.opt.Owner, slices.Collect(maps.Keys(working)), t.now.Add(o.opt.Lease))
		return err
	}})
	if o.ctx.Err() != nil {
		return
	}
	if err != nil { // each send ends by itself when its lease does
		o.log.Error("leases could not be renewed", "error", err)
		return
	}
	for id, w := range working {
		if kept[id] == w.d.Attempt {
			w.lease.renew(began)
		} else {
			w.lease.end(errLeaseLost)
		}
	}
}

// reach is Job.Reached.
func (w *work) reach(r Result) {
	o := w.source.o
	o.mu.Lock()
	defer o.mu.Unlock()
	w.reached = append(w.reached, r)
	if !o.progressing {
		o.progressing = true
		time.AfterFunc(progressEvery, o.storeProgress)
	}
}

// storeProgress stores which recipients have the mail that is being sent.
func (o *Outbox) storeProgress() {
	o.mu.Lock()
	o.progressing = false
	reached := map[*work][]Result{}
	for _, w := range o.inFlight {
		if len(w.reached) > 0 {
			reached[w], w.reached = w.reached, nil
		}
	}
	o.mu.Unlock()
	if len(reached) == 0 {
		return
	}
	err := o.write(o.ctx, &operation{name: "storing who has the mail", run: func(t *transaction) error {
		for w, results := range reached {
			after := Outcome{Results: results}.apply(w.d, t.now)
			after = slices.DeleteFunc(after, func(r Recipient) bool { return !r.UpdatedAt.Equal(t.now) })
			if err := t.RecipientsReached(w.d, after); err != nil {
				return err
			}
		}
		return nil
	}})
	if err == nil || o.ctx.Err() != nil {
		return
	}
	o.log.Warn("it could not be stored who has a mail that is being sent", "error", err)
	o.mu.Lock()
	defer o.mu.Unlock()
	for w, results := range reached { // with the next ones, or the outcome
		w.reached = append(results, w.reached...)
	}
}
