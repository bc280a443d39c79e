package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"
)

// work is a delivery that this process has in hand.
type work struct {
	d      Delivery
	lease  time.Time   // until when it is surely ours
	expiry *time.Timer // ends it then, where other processes may take it
	cancel context.CancelCauseFunc

	progress []Result // of recipients that have their mail before the others
	stored   int      // how many of these are stored
}

// start hands a leased delivery to the handler. It is called by the writer when
// the lease is committed.
func (s *source) start(d Delivery, k *ticket) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	w := &work{d: d, lease: s.o.writer.began.Add(s.o.opt.Lease), cancel: cancel}
	if s.o.store.Backend == "postgres" {
		w.expiry = time.AfterFunc(time.Until(w.lease), func() { cancel(errLeaseLost) })
	}
	s.o.mu.Lock()
	s.o.inHand[d.ID] = w
	s.o.mu.Unlock()
	go func() {
		defer k.giveBack()
		defer s.o.letGo(w)
		defer cancel(nil)
		if out, err := s.deliver(ctx, d); err == nil {
			s.settle(d, out)
		} else {
			s.o.log.Error("the handler panicked; the delivery is taken up when its lease has run out",
				"id", d.ID, "source", d.Source, "error", err)
		}
	}()
}

// deliver calls the handler.
func (s *source) deliver(ctx context.Context, d Delivery) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	began := time.Now()
	out = s.handler.Deliver(ctx, d)
	if out.At.IsZero() {
		out.At, out.Duration = began, time.Since(began)
	}
	return out, nil
}

// settle stores the outcome, again and again until that succeeds, the lease
// turns out to be lost or the outbox closes.
func (s *source) settle(d Delivery, out Outcome) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.finish(d, out)
		if err == nil {
			return
		}
		if errors.Is(err, errLeaseLost) {
			s.o.log.Warn("an outcome came too late", "id", d.ID, "source", d.Source, "attempt", d.Attempt, "error", err)
			return
		}
		s.o.unstored.Do(func() {
			s.o.log.Error("outcomes could not be stored; trying again", "id", d.ID, "source", d.Source, "inHand", s.o.busy(), "error", err)
		})
		if !sleep(s.o.ctx, pause) {
			return
		}
	}
}

// letGo forgets work that ended.
func (o *Outbox) letGo(w *work) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w.expiry != nil {
		w.expiry.Stop()
	}
	if o.inHand[w.d.ID] == w {
		delete(o.inHand, w.d.ID)
	}
}

// storm says whether many deliveries are under way.
func (o *Outbox) storm() bool {
	return o.busy() >= stormSize
}

// busy is how many deliveries are under way.
func (o *Outbox) busy() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.inHand)
}

// handsFull lists the deliveries of a source that this process works on.
func (o *Outbox) handsFull(source string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ids []string
	for id, w := range o.inHand {
		if w.d.Source == source {
			ids = append(ids, id)
		}
	}
	return ids
}

// Progress tells of a recipient of d, which the handler has in hand, that has
// its mail before the attempt is over. It is stored with the next renewal of
// the lease: should the process end, that recipient is not sent to again.
func (o *Outbox) Progress(d Delivery, r Result) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.inHand[d.ID]; w != nil && w.d.Attempt == d.Attempt {
		w.progress = append(w.progress, r)
	}
}

var qProgress = query(`UPDATE delivery SET recipients = $4` + fence)

// storeProgress stores what is known of the recipients of a delivery in hand.
func (t *tx) storeProgress(d Delivery, known []Result) error {
	_, err := t.exec(qProgress, d.ID, d.Attempt, t.o.opt.Owner, text(Outcome{Results: known}.apply(d, t.now)))
	return err
}

var qRenew = query(`UPDATE delivery SET due_at = $1 WHERE lease_owner = $2 AND status = 'sending' AND id IN ({list $3}) RETURNING id, attempt`)

// renewLeases keeps what this process works on from being claimed by others.
func (o *Outbox) renewLeases() {
	for sleep(o.ctx, o.opt.Renew) {
		o.mu.Lock()
		working := make(map[string]*work, len(o.inHand))
		ids := make([]string, 0, len(o.inHand))
		progress := map[*work][]Result{}
		for id, w := range o.inHand {
			working[id] = w
			ids = append(ids, id)
			if len(w.progress) > w.stored {
				progress[w] = slices.Clone(w.progress)
			}
		}
		o.mu.Unlock()
		if len(ids) == 0 {
			continue
		}
		kept := map[string]bool{}
		began := time.Now()
		err := o.write(o.ctx, &op{name: "renewing leases", run: func(t *tx) error {
			for w, known := range progress {
				if err := t.storeProgress(w.d, known); err != nil {
					return err
				}
			}
			return t.each(func(rows scanner) error {
				var id string
				var attempt int
				err := rows.Scan(&id, &attempt)
				if w := working[id]; w != nil && w.d.Attempt == attempt {
					kept[id] = true
				}
				return err
			}, qRenew, t.leaseEnd(), o.opt.Owner, list(ids))
		}})
		if o.ctx.Err() != nil {
			return
		}
		if err != nil {
			o.log.Error("leases could not be renewed", "error", err)
		}
		for id, w := range working {
			switch {
			case err == nil && kept[id]:
				w.lease = began.Add(o.opt.Lease)
				w.stored = max(w.stored, len(progress[w]))
				if w.expiry != nil {
					w.expiry.Reset(time.Until(w.lease))
				}
			case err == nil || time.Now().After(w.lease):
				w.cancel(errLeaseLost)
			}
		}
	}
}
