package outbox

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// maxCrashes is how many leases in a row may run out before a delivery is set
// aside: its mail seems to be what ends the process. Before the last it is a
// suspect. As the leases of all that was in hand run out together, only one
// suspect at a time is sent.
const maxCrashes = 5

// unclaimFor is how long another suspect waits before it is claimed again.
const unclaimFor = time.Second

// shortestWait keeps a loop from spinning on mail that is due but not to be
// had: another process is just claiming it, or this one still works on it.
const shortestWait = 50 * time.Millisecond

var (
	// SQLite plans a query anew for every value of a bare parameter in LIMIT.
	qClaim = query(`WITH due AS (
		SELECT id AS due_id FROM delivery
		WHERE source = $1 AND finished_at IS NULL AND due_at <= $2 AND status IN ('queued', 'sending') AND id NOT IN ({list $3})
		ORDER BY due_at, id LIMIT $4 + 0 {lock})
	UPDATE delivery SET status = 'sending', attempt = attempt + 1, lease_owner = $5, due_at = $6,
		crashes = crashes + CASE WHEN status = 'sending' THEN 1 ELSE 0 END
	FROM due WHERE id = due_id
	RETURNING ` + columns + `, message`)
	qUnclaim  = query(`UPDATE delivery SET attempt = attempt - 1, crashes = crashes - 1, due_at = $2 WHERE id = $1`)
	qLost     = query(`UPDATE delivery SET attempts = attempts || $2 WHERE id = $1`)
	qNextDue  = query(`SELECT coalesce(min(due_at), $2) FROM delivery WHERE source = $1 AND finished_at IS NULL`)
	qSetAside = query(`UPDATE delivery SET status = 'failed', joinable = 0, lease_owner = '', due_at = $2, finished_at = $3, reason = $4 WHERE id = $1`)
	qPullBack = query(`UPDATE delivery SET due_at = CASE WHEN status = 'sending' THEN CAST($3 AS BIGINT) ELSE CAST($1 AS BIGINT) END
		WHERE finished_at IS NULL AND status IN ('queued', 'sending') AND due_at > $2`)
	qSpare = query(`UPDATE delivery SET due_at = $1 WHERE finished_at IS NULL AND status = 'sending' AND due_at > $2 AND due_at <= $3`)
)

// loop delivers what is due until the source is detached.
func (s *source) loop() {
	outdated := !s.settings.IsZero()
	var wait time.Duration
	var err error
	for {
		// A claim may stand although its COMMIT failed, and runs out as if the
		// process had ended. One such is enough: first another commit must pass.
		if err != nil {
			err = s.o.Check(context.Background())
		}
		if err == nil {
			wait, err = s.round(outdated)
		}
		if err != nil {
			s.o.log.Error("the outbox could not look for due mail; it tries again", "source", s.name, "error", err)
			wait = time.Second
		} else {
			outdated = false
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

// claim is what a round found.
type claim struct {
	taken    []Delivery // leased to this process
	setAside []Delivery
	full     bool // no slot was left over: more may be due
	probes   []string
	wait     time.Duration // until something is due
}

// round claims as much as there are free slots for, starts it, starts the
// probes that are due and returns how long nothing else is. With outdated it
// first ends the pauses that older settings led to.
func (s *source) round(outdated bool) (time.Duration, error) {
	tickets := s.takeShared()
	var c claim
	err := s.o.write(context.Background(), &op{
		name: "claiming mail",
		run: func(t *tx) (err error) {
			if outdated {
				if err := t.resumeOutdated(s.name, s.settings); err != nil {
					return err
				}
			}
			c, err = t.claim(s, len(tickets))
			return err
		},
		done: func(err error) {
			started := 0
			if err == nil {
				started = len(c.taken)
				for i, d := range c.taken {
					s.start(d, tickets[i])
				}
			}
			for _, k := range tickets[started:] {
				k.giveBack()
			}
		},
	})
	if err != nil {
		return 0, err
	}
	for _, d := range c.setAside {
		s.o.log.Error("a mail was set aside: the process ended each time it was being sent", "id", d.ID, "source", d.Source)
		s.o.publish(d)
	}
	if prober, ok := s.handler.(Prober); ok {
		for _, mailType := range c.probes {
			s.running.Go(func() { s.probe(prober, mailType) })
		}
	}
	if c.full && s.moreWaits() {
		return 0, nil
	}
	return c.wait, nil
}

// claim leases up to limit due deliveries of the source to this process, the
// longest due first.
func (t *tx) claim(s *source, limit int) (c claim, err error) {
	next := never
	c.full = limit == 0
	if limit > 0 {
		claimed, err := t.takeDue(s, limit)
		if err != nil {
			return c, err
		}
		c.full = len(claimed) == limit
		for _, d := range claimed {
			if d.crashes == maxCrashes-1 {
				if t.suspected || t.o.suspectInHand() {
					if _, err := t.exec(qUnclaim, d.ID, t.now+unclaimFor.Microseconds()); err != nil {
						return c, err
					}
					continue
				}
				t.suspected = true
			}
			if d.crashes > 0 {
				if err := t.recordLost(d); err != nil {
					return c, err
				}
			}
			if d.crashes < maxCrashes {
				c.taken = append(c.taken, d)
				continue
			}
			if err := t.setAside(&d); err != nil {
				return c, err
			}
			c.setAside = append(c.setAside, d)
		}
		if !c.full {
			err := t.each(func(rows scanner) error { return rows.Scan(&next) }, qNextDue, s.name, never)
			if err != nil {
				return c, err
			}
		}
	}
	if _, ok := s.handler.(Prober); ok {
		var nextProbe int64
		if c.probes, nextProbe, err = t.claimProbes(s.name); err != nil {
			return c, err
		}
		next = min(next, nextProbe)
	}
	ahead := min(next-t.now, t.o.opt.Poll.Microseconds())
	c.wait = max(time.Duration(ahead)*time.Microsecond, shortestWait)
	return c, nil
}

// suspectInHand says whether this process works on a suspect.
func (o *Outbox) suspectInHand() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, w := range o.inHand {
		if w.d.crashes == maxCrashes-1 {
			return true
		}
	}
	return false
}

// takeDue claims. What this process still has in hand is left alone even when
// its lease ran out, say because the store was away: its outcome is about to be
// stored, or another process has taken it.
func (t *tx) takeDue(s *source, limit int) (claimed []Delivery, err error) {
	err = t.each(func(rows scanner) error {
		var message []byte
		d, err := scanDelivery(rows, &message)
		d.Message, d.claimed = message, t.now
		claimed = append(claimed, d)
		return err
	}, qClaim, s.name, t.now, list(t.o.handsFull(s.name)), limit, t.o.opt.Owner, t.leaseEnd())
	slices.SortFunc(claimed, func(a, b Delivery) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	})
	return claimed, err
}

// recordLost logs the attempt before this claim, if that is the one whose lease
// ran out.
func (t *tx) recordLost(d Delivery) error {
	_, err := t.exec(qLost, d.ID, line(Attempt{
		Number: d.Attempt - 1, At: at(t.now), Outcome: lost,
		Text: "the process ended, or lost its lease, before it stored the outcome",
	}))
	return err
}

// setAside ends a crash loop. The mail is kept, so that it can be retried by
// hand once the cause is gone.
func (t *tx) setAside(d *Delivery) error {
	d.Status, d.FinishedAt, d.Message = Failed, at(t.now), nil
	d.Reason = "set aside: the process ended each time this mail was being sent; it can be retried once the cause is known"
	t.o.room.add(-1, -d.Size)
	_, err := t.exec(qSetAside, d.ID, never, t.now, d.Reason)
	return err
}

// follow makes good what a clock that was set did to the times in the queue,
// when it said last so long ago by our own. A process that works on a delivery
// knows nothing of it, and keeps it by renewing its lease.
func (t *tx) follow(last int64, ago time.Duration) error {
	expected := last + ago.Microseconds()
	switch {
	case t.now < last:
		return t.pullBack()
	case last > 0 && t.now-expected > t.o.opt.Lease.Microseconds()*3/2:
		return t.spare(expected)
	}
	return nil
}

// pullBack makes due what lies further ahead than any pause or lease reaches:
// the clock has been set back since.
func (t *tx) pullBack() error {
	_, err := t.exec(qPullBack, t.now, t.now+maxBackoff.Microseconds(), t.leaseEnd())
	return err
}

// spare gives the leases that ran out only because the clock was set forward,
// from then to now, their time anew.
func (t *tx) spare(then int64) error {
	_, err := t.exec(qSpare, t.leaseEnd(), then, t.now)
	return err
}
