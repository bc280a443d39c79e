package outbox

import (
	"slices"
	"time"
)

// progressEvery is how soon it is stored that a recipient has the mail while
// others wait for theirs.
const progressEvery = 50 * time.Millisecond

// renewLeases keeps what this process works on from being claimed by others.
func (o *Outbox) renewLeases() {
	for sleep(o.ctx, o.opt.Renew) {
		o.renew()
	}
}

func (o *Outbox) renew() {
	o.mu.Lock()
	working := make(map[string]*work, len(o.inFlight))
	ids := make([]string, 0, len(o.inFlight))
	for id, w := range o.inFlight {
		working[id] = w
		ids = append(ids, id)
	}
	o.mu.Unlock()
	if len(ids) == 0 {
		return
	}
	var kept map[string]bool
	var began moment
	err := o.write(o.ctx, &operation{
		name: "renewing leases",
		run: func(t *transaction) error {
			leases, err := t.Renew(o.opt.Owner, ids, t.now.Add(o.opt.Lease))
			kept = make(map[string]bool, len(leases))
			for _, l := range leases {
				w := working[l.ID]
				kept[l.ID] = w != nil && w.d.Attempt == l.Attempt
			}
			began = t.began
			return err
		},
	})
	if o.ctx.Err() != nil {
		return
	}
	if err != nil { // each send ends by itself when its lease does
		o.log.Error("leases could not be renewed", "error", err)
		return
	}
	for id, w := range working {
		if kept[id] {
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
	known := map[*work][]Result{}
	for _, w := range o.inFlight {
		if len(w.reached) > w.stored {
			known[w] = slices.Clone(w.reached)
		}
	}
	o.mu.Unlock()
	if len(known) == 0 {
		return
	}
	err := o.write(o.ctx, &operation{name: "storing who has the mail", run: func(t *transaction) error {
		for w, results := range known {
			reached := Outcome{Results: results[w.stored:]}.apply(w.d, t.now)
			reached = slices.DeleteFunc(reached, func(r Recipient) bool { return !r.UpdatedAt.Equal(t.now) })
			if err := t.RecipientsReached(w.d, reached); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil { // the outcome tells of them, too
		if o.ctx.Err() == nil {
			o.log.Warn("it could not be stored who has a mail that is being sent", "error", err)
		}
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for w, results := range known {
		w.stored = max(w.stored, len(results))
	}
}
