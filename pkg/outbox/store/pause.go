package store

var (
	qSetPause = register(`INSERT INTO pause (source, mail_type, reason, since, settings_at, probe_at, backoff) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (source, mail_type) DO UPDATE SET reason = excluded.reason, since = excluded.since,
			settings_at = excluded.settings_at, probe_at = excluded.probe_at, backoff = excluded.backoff`)
	qReplacePause = register(`UPDATE pause SET reason = $5, since = $6, settings_at = $7, probe_at = $8, backoff = $9
		WHERE source = $1 AND mail_type = $2 AND since = $3 AND probe_at = $4`)
	qEndPause = register(`DELETE FROM pause WHERE source = $1 AND mail_type = $2`)
)

// Pauses are the paused senders, read when the transaction began and changed as it
// changes them.
func (t *Tx) Pauses() map[Sender]Pause { return t.pauses }

// SetPause pauses a sender, or replaces its pause.
func (t *Tx) SetPause(p Pause) error {
	t.pauses[p.Sender] = p
	_, err := t.exec(qSetPause, p.Source, p.MailType, p.Reason, p.Since, p.SettingsAt, p.ProbeAt, p.Backoff)
	return err
}

// ReplacePause replaces a pause if that is still as it was, and says so.
func (t *Tx) ReplacePause(was, p Pause) (replaced bool, err error) {
	changed, err := t.exec(qReplacePause, p.Source, p.MailType, was.Since, was.ProbeAt, p.Reason, p.Since, p.SettingsAt, p.ProbeAt, p.Backoff)
	if changed == 1 {
		t.pauses[p.Sender] = p
	}
	return changed == 1, err
}

// EndPause resumes a sender.
func (t *Tx) EndPause(s Sender) error {
	delete(t.pauses, s)
	_, err := t.exec(qEndPause, s.Source, s.MailType)
	return err
}
