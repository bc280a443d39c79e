package outbox

import (
	"context"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// The time between probes of a paused sender doubles from the one to the other.
const (
	firstProbe = time.Minute
	lastProbe  = 15 * time.Minute
)

// pause pauses a sender that the relay refused with settings of that time. A
// pause that is there goes on; one that newer settings led to is let be.
func (t *transaction) pause(s sender, reason string, settingsAt time.Time) error {
	p, paused := t.Pauses()[s]
	switch {
	case !paused:
		first := max(firstProbe, t.probePause[s])
		p = store.Pause{Sender: s, Since: t.now, ProbeAt: t.now.Add(first), Backoff: first}
	case p.SettingsAt.After(settingsAt):
		return nil
	}
	p.Reason, p.SettingsAt = reason, settingsAt
	return t.SetPause(p)
}

// endOutdatedPauses ends the pauses that settings older than the source's led
// to: when it is attached, and later those that no process with such settings
// probes any more.
func (t *transaction) endOutdatedPauses(s *source, attached bool) error {
	for of, p := range t.Pauses() {
		if of.Source != s.name || !p.SettingsAt.Before(s.settings) || !attached && t.now.Before(p.ProbeAt.Add(firstProbe)) {
			continue
		}
		delete(t.probePause, of)
		if err := t.EndPause(of); err != nil {
			return err
		}
	}
	return nil
}

// claimProbes returns the mail types whose probe is due and, in the same step,
// sets the next one, so that one process probes and a crash costs one probe.
// next is when the next probe of the source is due.
func (t *transaction) claimProbes(s *source) (due []string, next time.Time, err error) {
	for of, p := range t.Pauses() {
		if of.Source != s.name || p.SettingsAt.Before(s.settings) {
			continue
		}
		if !p.ProbeAt.After(t.now) || p.ProbeAt.After(t.now.Add(2*lastProbe)) { // or the clock was set back
			was := p
			p.Backoff = min(2*p.Backoff, lastProbe)
			p.ProbeAt = t.now.Add(p.Backoff)
			ours, err := t.ReplacePause(was, p)
			if err != nil {
				return nil, next, err
			}
			if ours {
				due = append(due, of.MailType)
			}
		}
		next = sooner(next, p.ProbeAt)
	}
	return due, next, nil
}

// Resume ends the pause of a sender: its mail is due.
func (o *Outbox) Resume(ctx context.Context, source, mailType string) error {
	return o.resume(ctx, sender{Source: source, MailType: mailType}, false)
}

// resume is Resume; after a probe, the next pause goes on from this one.
func (o *Outbox) resume(ctx context.Context, s sender, probed bool) error {
	var pause time.Duration
	err := o.write(ctx, &operation{
		name: "resuming the sender", key: claimsLast,
		run: func(t *transaction) error {
			pause = t.Pauses()[s].Backoff
			return t.EndPause(s)
		},
		done: func(st *state, err error) {
			switch {
			case err != nil:
			case !probed:
				delete(st.probePause, s)
			case pause > 0:
				st.probePause[s] = pause
			}
		},
	})
	if err == nil {
		o.wakeSource(s.Source)
	}
	return err
}

// probe asks the relay whether the sender works again.
func (s *source) probe(mailType string) {
	err := s.handler.Probe(s.ctx, mailType)
	if s.ctx.Err() != nil {
		return // the next probe is set
	}
	if err == nil {
		err = s.o.resume(s.ctx, sender{Source: s.name, MailType: mailType}, true)
		if err == nil {
			s.o.log.Info("the relay takes the sender again; its mail is on its way", "source", s.name, "mailType", mailType)
			return
		}
	}
	s.o.log.Warn("the sender stays paused", "source", s.name, "mailType", mailType, "error", err.Error())
	storing := s.o.write(s.ctx, &operation{name: "storing the answer to the probe", key: claimsLast, run: func(t *transaction) error {
		p, paused := t.Pauses()[sender{Source: s.name, MailType: mailType}]
		if !paused || p.SettingsAt.After(s.settings) {
			return nil
		}
		was := p
		p.Reason = err.Error()
		_, storing := t.ReplacePause(was, p)
		return storing
	}})
	if storing != nil {
		s.o.log.Warn("the answer to the probe could not be stored", "source", s.name, "error", storing)
	}
}
