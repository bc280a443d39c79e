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

	reached []Result // of recipients that have their mail before the others; not stored yet
}

// start hands a leased delivery to the handler, once the lease is committed.
func (s *source) start(st *state, d Delivery, k *slot) {
	w := &work{d: d, lease: newLease(s.ctx, s.o, st.began), source: s}
	s.o.mu.Lock()
	s.o.inFlight[d.ID] = w
	s.o.mu.Unlock()
	go func() {
		defer k.release()
		defer s.o.untrack(d)
		defer w.lease.end(nil)
		s.settle(d, s.deliver(w))
	}()
}

// deliver calls the handler.
func (s *source) deliver(w *work) (out Outcome) {
	defer func() {
		if p := recover(); p != nil {
			s.o.log.Error("the handler panicked", "delivery", w.d.ID, "source", w.d.Source, "error", fmt.Errorf("%v\n%s", p, debug.Stack()))
			out = Outcome{Verdict: panicked}
		}
	}()
	began := time.Now()
	out = s.handler.Deliver(w.lease, Job{Delivery: w.d, Begin: w.begin, Reached: w.reach})
	if out.At.IsZero() {
		out.At, out.Duration = began, time.Since(began)
	}
	return out
}

// begin is Job.Begin. Where the claim before this one ended without an outcome, it is
// stored that the envelope begins: should this process end, too, the mail may be why.
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
func (s *source) settle(d Delivery, out Outcome) {
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 2*time.Second) {
		err := s.finish(d, out)
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
func (o *Outbox) untrack(d Delivery) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if w := o.inFlight[d.ID]; w != nil && w.d.Attempt == d.Attempt {
		delete(o.inFlight, d.ID)
	}
}

// busy is how many deliveries are under way.
func (o *Outbox) busy() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.inFlight)
}

// inHand lists the deliveries of a source that this process works on, and says
// whether any of all sources seems to end processes.
func (o *Outbox) inHand(source string) (ids []string, suspect bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, w := range o.inFlight {
		suspect = suspect || w.d.Lost > 0
		if w.d.Source == source {
			ids = append(ids, id)
		}
	}
	return ids, suspect
}
