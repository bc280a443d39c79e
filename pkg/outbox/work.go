package outbox

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"
)

// work is a delivery that this process has in flight.
type work struct {
	d      Delivery
	lease  *lease
	source *source

	reached []Result // of recipients that have their mail before the others
	stored  int      // how many of these are stored
}

// start hands a leased delivery to the handler, once the lease is committed.
func (s *source) start(st *state, d Delivery, k *slot) {
	w := &work{d: d, lease: newLease(s.ctx, s.o, st.began), source: s}
	s.o.mu.Lock()
	s.o.inFlight[d.ID] = w
	s.o.mu.Unlock()
	go func() {
		defer k.release()
		defer s.o.untrack(w)
		defer w.lease.end(nil)
		out, err := s.deliver(w)
		if err != nil {
			s.o.log.Error("the handler panicked", "delivery", d.ID, "source", d.Source, "error", err)
		}
		s.settle(w, out, err != nil)
	}()
}

// deliver calls the handler.
func (s *source) deliver(w *work) (out Outcome, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	began := time.Now()
	out = s.handler.Deliver(w.lease, Job{Delivery: w.d, Begin: w.begin, Reached: w.reach})
	if out.At.IsZero() {
		out.At, out.Duration = began, time.Since(began)
	}
	return out, nil
}

// begin is Job.Begin. Of a delivery whose last process ended without an outcome
// it is stored first: should this one end, too, the mail may be the reason.
func (w *work) begin() error {
	if err := w.lease.Err(); err != nil {
		return err
	}
	if !w.d.Interrupted && w.d.Lost == 0 {
		return nil
	}
	return w.source.o.write(w.lease, &operation{name: "noting that an envelope begins", run: func(t *transaction) error {
		return t.EnvelopeBegun(w.d)
	}})
}

// settle stores the outcome, again and again until that succeeds, the lease
// turns out to be lost or the outbox closes.
func (s *source) settle(w *work, out Outcome, panicked bool) {
	d := w.d
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.finish(d, out, panicked)
		if err == nil {
			return
		}
		if errors.Is(err, errLeaseLost) {
			s.o.log.Warn("an outcome came too late", "delivery", d.ID, "source", d.Source, "attempt", d.Attempt, "error", err)
			return
		}
		s.o.unstored.Do(func() {
			s.o.log.Error("outcomes could not be stored; trying again", "delivery", d.ID, "source", d.Source, "inFlight", s.o.busy(), "error", err)
		})
		if !sleep(s.o.ctx, pause) {
			return
		}
	}
}

// untrack forgets work that ended.
func (o *Outbox) untrack(w *work) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.inFlight[w.d.ID] == w {
		delete(o.inFlight, w.d.ID)
	}
}

// forget forgets work by its delivery.
func (o *Outbox) forget(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.inFlight, id)
}

// storm says whether many deliveries are under way.
func (o *Outbox) storm() bool { return o.busy() >= stormSize }

// busy is how many deliveries are under way.
func (o *Outbox) busy() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.inFlight)
}

// working lists the deliveries of a source that this process works on.
func (o *Outbox) working(source string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var ids []string
	for id, w := range o.inFlight {
		if w.d.Source == source {
			ids = append(ids, id)
		}
	}
	return ids
}

// suspectInFlight says whether this process works on a delivery that seems to
// end processes.
func (o *Outbox) suspectInFlight() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.inFlight {
		if w.d.Lost > 0 {
			return true
		}
	}
	return false
}
