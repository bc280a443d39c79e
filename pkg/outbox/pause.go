package outbox

import (
	"context"
	"time"
)

// The time between probes of a paused sender doubles from the one to the other.
const (
	firstProbe = time.Minute
	lastProbe  = 15 * time.Minute
)

// sender is what the relay refuses: a data source and the mail type that is
// part of its user name.
type sender struct{ source, mailType string }

// pause is a refused sender, as stored.
type pause struct {
	reason  string
	since   int64
	probeAt int64
	backoff int64
}

var (
	qPauses     = query(`SELECT source, mail_type, reason, since, probe_at, backoff FROM pause {keep}`)
	qPause      = query(`INSERT INTO pause (source, mail_type, reason, since, settings_at, probe_at, backoff) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (source, mail_type) DO UPDATE SET reason = excluded.reason, settings_at = excluded.settings_at`)
	qHold       = query(`UPDATE delivery SET status = 'held', due_at = $3, reason = $4 WHERE source = $1 AND mail_type = $2 AND status = 'queued' AND finished_at IS NULL`)
	qUnpause    = query(`DELETE FROM pause WHERE source = $1 AND mail_type = $2 RETURNING backoff`)
	qOutdated   = query(`SELECT mail_type FROM pause WHERE source = $1 AND settings_at < $2`)
	qUnhold     = query(`UPDATE delivery SET status = 'queued', due_at = $3, reason = '' WHERE source = $1 AND mail_type = $2 AND status = 'held' AND finished_at IS NULL`)
	qClaimProbe = query(`UPDATE pause SET probe_at = $3, backoff = $4 WHERE source = $1 AND mail_type = $2 AND probe_at = $5`)
	qProbeWords = query(`UPDATE pause SET reason = $3 WHERE source = $1 AND mail_type = $2`)
)

// loadPauses reads the paused senders, once a transaction. None of them resumes
// before that ends: mail that it holds would stay so.
func (t *tx) loadPauses() error {
	if t.pauses != nil {
		return nil
	}
	t.pauses = map[sender]*pause{}
	return t.each(func(rows scanner) error {
		var s sender
		var p pause
		err := rows.Scan(&s.source, &s.mailType, &p.reason, &p.since, &p.probeAt, &p.backoff)
		t.pauses[s] = &p
		return err
	}, qPauses)
}

// pause holds the sender's mail, this and all that is queued.
func (t *tx) pause(s sender, reason string, settingsAt time.Time) error {
	backoff := max(firstProbe.Microseconds(), t.o.backoffs[s])
	t.pauses = nil
	if _, err := t.exec(qPause, s.source, s.mailType, reason, t.now, micros(settingsAt), t.now+backoff, backoff); err != nil {
		return err
	}
	_, err := t.exec(qHold, s.source, s.mailType, never, reason)
	return err
}

// resume ends the sender's pause, whose backoff it returns, and makes its mail
// due.
func (t *tx) resume(s sender) (backoff int64, err error) {
	t.pauses = nil
	err = t.each(func(rows scanner) error { return rows.Scan(&backoff) }, qUnpause, s.source, s.mailType)
	if err == nil {
		_, err = t.exec(qUnhold, s.source, s.mailType, t.now)
	}
	return backoff, err
}

// resumeTaken ends the pause of a sender of which the relay has just taken a
// mail that was begun since: somebody retried it by hand.
func (t *tx) resumeTaken(d Delivery) (bool, error) {
	s := sender{d.Source, d.MailType}
	if p := t.pauses[s]; p == nil || d.claimed <= p.since {
		return false, nil
	}
	_, err := t.resume(s)
	return err == nil, err
}

// resumeOutdated ends the pauses that settings older than saved led to.
func (t *tx) resumeOutdated(source string, saved time.Time) error {
	var types []string
	err := t.each(func(rows scanner) error {
		var mailType string
		err := rows.Scan(&mailType)
		types = append(types, mailType)
		return err
	}, qOutdated, source, micros(saved))
	for _, mailType := range types {
		if err == nil {
			delete(t.o.backoffs, sender{source, mailType})
			_, err = t.resume(sender{source, mailType})
		}
	}
	return err
}

// claimProbes returns the mail types whose probe is due and, in the same step,
// sets the next one, so that one process probes and a crash costs one probe.
// next is when the next probe of the source is due.
func (t *tx) claimProbes(source string) (due []string, next int64, err error) {
	if err := t.loadPauses(); err != nil {
		return nil, 0, err
	}
	next = never
	for s, p := range t.pauses {
		if s.source != source {
			continue
		}
		if p.probeAt <= t.now || p.probeAt > t.now+2*lastProbe.Microseconds() { // or the clock was set back
			backoff := min(2*p.backoff, lastProbe.Microseconds())
			claimed, err := t.exec(qClaimProbe, s.source, s.mailType, t.now+backoff, backoff, p.probeAt)
			if err != nil {
				return nil, 0, err
			}
			if claimed == 1 {
				due = append(due, s.mailType)
			}
			p.probeAt, p.backoff = t.now+backoff, backoff
		}
		next = min(next, p.probeAt)
	}
	return due, next, nil
}

// Resume ends the pause of a sender and makes its mail due at once.
func (o *Outbox) Resume(ctx context.Context, source, mailType string) error {
	return o.resume(ctx, sender{source, mailType}, false)
}

// resume is Resume; after a probe, the next pause goes on from this one. It
// must not read the pauses first: two processes that keep them, to delete one
// each, wait for each other.
func (o *Outbox) resume(ctx context.Context, s sender, probed bool) error {
	err := o.write(ctx, &op{name: "resuming the sender", run: func(t *tx) error {
		backoff, err := t.resume(s)
		switch {
		case err != nil:
			return err
		case !probed:
			delete(o.backoffs, s)
		case backoff > 0:
			o.backoffs[s] = backoff
		}
		return nil
	}})
	if err == nil {
		o.wakeSource(s.source)
	}
	return err
}

// probe asks the relay whether the sender works again.
func (s *source) probe(prober Prober, mailType string) {
	err := prober.Probe(s.ctx, mailType)
	if s.ctx.Err() != nil {
		return // the next probe is set
	}
	if err == nil {
		err = s.o.resume(s.ctx, sender{s.name, mailType}, true)
		if err == nil {
			s.o.log.Info("the relay takes the sender again; its mail is on its way", "source", s.name, "mailType", mailType)
			return
		}
	}
	s.o.log.Warn("the sender stays paused", "source", s.name, "mailType", mailType, "error", err.Error())
	storing := s.o.write(s.ctx, &op{name: "storing the probe's words", run: func(t *tx) error {
		_, err := t.exec(qProbeWords, s.name, mailType, clean(err.Error()))
		return err
	}})
	if storing != nil {
		s.o.log.Warn("the probe's words are lost", "source", s.name, "error", storing)
	}
}
