package store

import "time"

var (
	qSetPause = register(`INSERT INTO pause (source, mail_type, reason, since, settings_at, probe_at, backoff) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source, mail_type) DO UPDATE SET reason = excluded.reason, since = excluded.since,
			settings_at = excluded.settings_at, probe_at = excluded.probe_at, backoff = excluded.backoff`)
	qEndPause = register(`DELETE FROM pause WHERE source = $1 AND mail_type = $2`)
)

// Pauses returns the paused senders.
func (t *tx) Pauses() ([]Pause, error) {
	var all []Pause
	for _, p := range t.pauses {
		all = append(all, *p)
	}
	return all, nil
}

// SetPause pauses a sender, whose mail is held from then on.
func (t *tx) SetPause(p Pause) error {
	p.Source, p.MailType, p.Reason = clean(p.Source), clean(p.MailType), clean(p.Reason)
	// As they are stored, to the microsecond.
	p.Since, p.SettingsAt, p.ProbeAt, p.Backoff = at(micros(p.Since)), at(micros(p.SettingsAt)), at(micros(p.ProbeAt)), p.Backoff.Truncate(time.Microsecond)
	t.pauses[sender{p.Source, p.MailType}] = &p
	_, err := t.exec(qSetPause, p.Source, p.MailType, p.Reason, micros(p.Since), micros(p.SettingsAt), micros(p.ProbeAt), p.Backoff.Microseconds())
	return err
}

// EndPause resumes a sender.
func (t *tx) EndPause(source, mailType string) error {
	delete(t.pauses, sender{source, mailType})
	_, err := t.exec(qEndPause, source, mailType)
	return err
}
