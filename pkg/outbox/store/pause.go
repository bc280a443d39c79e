package store

import "time"

var (
	qSetPause = register(`INSERT INTO pause (source, mail_type, reason, since, settings_at, probe_at, backoff) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source, mail_type) DO UPDATE SET reason = excluded.reason, since = excluded.since,
			settings_at = excluded.settings_at, probe_at = excluded.probe_at, backoff = excluded.backoff`)
	qReplacePause = register(`UPDATE pause SET reason = $5, since = $6, settings_at = $7, probe_at = $8, backoff = $9
		WHERE source = $1 AND mail_type = $2 AND since = $3 AND probe_at = $4`)
	qEndPause = register(`DELETE FROM pause WHERE source = $1 AND mail_type = $2`)
)

// Pauses are the paused senders.
func (t *tx) Pauses() map[Sender]Pause { return t.pauses }

// SetPause pauses a sender, whose mail is held from then on.
func (t *tx) SetPause(p Pause) error {
	p.Source, p.MailType, p.Reason = clean(p.Source), clean(p.MailType), clean(p.Reason)
	// As they are stored, to the microsecond.
	p.Since, p.SettingsAt, p.ProbeAt, p.Backoff = at(micros(p.Since)), at(micros(p.SettingsAt)), at(micros(p.ProbeAt)), p.Backoff.Truncate(time.Microsecond)
	t.pauses[p.Sender] = p
	_, err := t.exec(qSetPause, p.Source, p.MailType, p.Reason, micros(p.Since), micros(p.SettingsAt), micros(p.ProbeAt), p.Backoff.Microseconds())
	return err
}

// ReplacePause replaces a pause if that is still as it was, and says so.
func (t *tx) ReplacePause(was, p Pause) (replaced bool, err error) {
	changed, err := t.exec(qReplacePause, p.Source, p.MailType, micros(was.Since), micros(was.ProbeAt), clean(p.Reason),
		micros(p.Since), micros(p.SettingsAt), micros(p.ProbeAt), p.Backoff.Microseconds())
	if changed == 1 {
		t.pauses[p.Sender] = p
	}
	return changed == 1, err
}

// EndPause resumes a sender.
func (t *tx) EndPause(s Sender) error {
	delete(t.pauses, s)
	_, err := t.exec(qEndPause, s.Source, s.MailType)
	return err
}
