package outbox

import (
	"context"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// shortestWait keeps a loop from spinning on mail that is due and cannot be claimed:
// another process is just claiming it, or this one still works on it.
const shortestWait = 50 * time.Millisecond

// loop delivers what is due until the source is detached.
func (s *source) loop() {
	var wait time.Duration
	var err error
	attached := true // until the first claim
	for {
		// A claim may stand although its COMMIT failed; its lease ends as if the
		// process had ended. One such is enough: first another commit must pass.
		if err != nil {
			err = s.o.Check(context.Background())
		}
		if err == nil {
			wait, err = s.claim(attached)
			attached = attached && err != nil
		}
		if err != nil {
			s.o.log.Error("the outbox could not look for due mail; it tries again", "source", s.name, "error", err)
			wait = time.Second
		}
		timer := time.NewTimer(wait)
		select {
		case <-s.stop:
			timer.Stop()
			return
		case <-s.wake:
			timer.Stop()
		case <-timer.C:
		}
	}
}

// look is what a claim found.
type look struct {
	store.Claimed            // the deliveries leased to this process
	ended         []Delivery // whose attempts seem to have ended the process
	probes        []string   // mail types whose probe is due
	early         int        // deliveries that were not due yet
	noneEarly     bool       // and there are no more of these
	now           time.Time
}

// claim leases as much as there are free slots for and starts it, starts the probes
// that are due, and returns how long it is until something else is.
func (s *source) claim(attached bool) (time.Duration, error) {
	var found look
	var shared, fresh []*slot
	err := s.o.write(context.Background(), &operation{
		name: "claiming mail", key: claimsLast,
		run: func(t *transaction) (err error) {
			if len(shared)+len(fresh) == 0 {
				shared, fresh = s.takeFree()
			}
			found, err = t.claim(s, attached, len(shared), len(fresh))
			return err
		},
		done: func(st *state, err error) {
			free := append(shared, fresh...)
			if err == nil {
				st.of(s.name).note(found)
				for _, d := range found.Deliveries {
					s.start(st, d, free[0])
					free = free[1:]
				}
			}
			for _, k := range free {
				k.release()
			}
		},
	})
	if err != nil {
		return 0, err
	}
	for _, d := range found.ended {
		s.o.log.Error("the process ended while a mail was being sent", "delivery", d.ID, "source", d.Source, "times", d.Lost, "status", d.Status)
		s.o.publish(d)
	}
	for _, mailType := range found.probes {
		s.running.Go(func() { s.probe(mailType) })
	}
	if found.More && s.noteBacklog() {
		return 0, nil
	}
	wait := s.o.opt.Poll
	if !found.NextDue.IsZero() {
		wait = min(wait, found.NextDue.Sub(found.now))
	}
	return max(wait, shortestWait), nil
}

// claim leases due deliveries of the source to this process: as many as all says, and
// as many more that were never tried as fresh says.
func (t *transaction) claim(s *source, attached bool, all, fresh int) (found look, err error) {
	found.now, found.Blocked = t.now, t.of(s.name).blocked
	if all+fresh > 0 {
		if found, err = t.takeDue(s, all, fresh); err != nil {
			return found, err
		}
	}
	found.More = found.More || all == 0
	if err := t.endOutdatedPauses(s, attached); err != nil {
		return found, err
	}
	due, next, err := t.claimProbes(s)
	found.probes, found.NextDue = due, sooner(found.NextDue, next)
	return found, err
}

// takeDue claims what is due. What this process still works on is left alone even when
// its lease ended, say because the store was down: its outcome is about to be stored,
// or another process has taken it.
func (t *transaction) takeDue(s *source, all, fresh int) (look, error) {
	early := min(t.of(s.name).credit, all)
	inHand, suspect := t.o.inHand(s.name)
	claimed, err := t.Claim(store.Claim{
		Source: s.name, Owner: t.o.opt.Owner, LeaseEnd: t.now.Add(t.o.opt.Lease), SettingsAt: s.settings,
		InHand: inHand, Due: all, Fresh: fresh, Early: early,
		Alone: t.suspect || suspect, LongestWait: maxBackoff,
	})
	found := look{Claimed: claimed, now: t.now}
	found.Deliveries = nil
	waited := 0 // for the relay
	for _, d := range claimed.Deliveries {
		if d.Early {
			found.early++
		}
		if d.Unreachable {
			waited++
		}
		if d.Interrupted && d.Lost > 0 {
			ended, err := t.apply(crash(d, d.Lost, t.now))
			if err != nil {
				return found, err
			}
			found.ended = append(found.ended, *ended) // it was leased just now
			continue
		}
		t.suspect = t.suspect || d.Lost > 0
		found.Deliveries = append(found.Deliveries, d)
	}
	found.noneEarly = early > waited && !claimed.More
	return found, err
}

// note updates what is known of the source with what a claim found.
func (s *sourceState) note(found look) {
	s.credit -= found.early
	s.blocked = found.Blocked
	s.unreachable = !found.noneEarly && (s.unreachable || found.early > 0)
}

// sooner returns the sooner of two times, where zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
