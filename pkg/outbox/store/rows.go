package store

import (
	"cmp"
	"slices"
	"time"
)

// A queued delivery is held while its sender is paused.
const (
	paused     = `(source, mail_type) IN (SELECT source, mail_type FROM pause)`
	readStatus = `CASE WHEN status = 'queued' AND ` + paused + ` THEN 'held' ELSE status END`
	readReason = `CASE WHEN status = 'queued' AND reason = '' THEN coalesce((SELECT p.reason FROM pause AS p
		WHERE p.source = delivery.source AND p.mail_type = delivery.mail_type), '') ELSE reason END`
)

// columns of a delivery, as scanDelivery reads them.
const columns = `sequence, id, source, mail_type, identity, conversation, sender, individual, ` + readStatus + `, due_at, finished_at,
	` + readReason + `, retries, unreachable, uncertain, lost, owner, attempt, created_at, expires_at, size, subject, message_id, note,
	closes_at, closed`

func scanDelivery(row scanner) (d Delivery, err error) {
	err = row.Scan(&d.Sequence, &d.ID, &d.Source, &d.MailType, &d.Identity, &d.Conversation, &d.From, asBool{&d.Individual}, &d.Status,
		asTime{&d.DueAt}, asTime{&d.FinishedAt}, &d.Reason, &d.Retries, asBool{&d.Unreachable}, &d.Uncertain, &d.Lost, &d.Owner, &d.Attempt,
		asTime{&d.CreatedAt}, asTime{&d.ExpiresAt}, &d.Size, &d.Subject, &d.MessageID, &d.Note,
		asTime{&d.ClosesAt}, &d.Closed)
	if d.Status == Held {
		d.DueAt = time.Time{}
	}
	return d, err
}

// hold changes d to how it is read while its sender is paused; the zero Pause changes
// nothing.
func (d *Delivery) hold(p Pause) {
	if !p.Since.IsZero() && d.Status == Queued {
		d.Status, d.DueAt, d.Reason = Held, time.Time{}, cmp.Or(d.Reason, p.Reason)
	}
}

// own returns the SQL for a column of a recipient or, where the end of the delivery
// decided it for all recipients alike, for that column of the delivery.
func own(column, of string) string {
	return "CASE WHEN r.status = 'queued' AND d.finished_at IS NOT NULL THEN d." + of + " ELSE r." + column + " END"
}

var qRecipients = register(`SELECT r.delivery, r.position, r.address, r.kind, ` + own("status", "status") + `, ` + own("code", "code") + `, ` +
	own("enhanced_code", "enhanced_code") + `, ` + own("text", "reply") + `, ` + own("updated_at", "finished_at") + `, r.digest
	FROM recipient AS r JOIN delivery AS d ON d.sequence = r.delivery WHERE r.delivery {in $1} AND d.sequence {in $1} ORDER BY r.delivery, r.position`)

// deliveries runs a query for columns and adds the recipients, for a few deliveries at
// a time.
func (db *database) deliveries(r runner, q string, args ...any) (found []Delivery, err error) {
	err = r.each(func(row scanner) error {
		d, err := scanDelivery(row)
		found = append(found, d)
		return err
	}, q, args...)
	if err != nil {
		return nil, err
	}
	for few := range slices.Chunk(found, 50) {
		place := make(map[int64]*Delivery, len(few))
		for i := range few {
			place[few[i].Sequence] = &few[i]
		}
		err := r.each(func(row scanner) error {
			var to Recipient
			var delivery int64
			err := row.Scan(&delivery, &to.Position, &to.Address, &to.Kind, &to.Status, &to.Code, &to.EnhancedCode, &to.Text, asTime{&to.UpdatedAt}, &to.Digest)
			place[delivery].Recipients = append(place[delivery].Recipients, to)
			return err
		}, qRecipients, db.list(sequences(few)))
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

func sequences(deliveries []Delivery) []int64 {
	all := make([]int64, len(deliveries))
	for i, d := range deliveries {
		all[i] = d.Sequence
	}
	return all
}

// deliveries is database.deliveries, and sees what this transaction has written.
func (t *Tx) deliveries(q string, args ...any) ([]Delivery, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	return t.db.deliveries(t, q, args...)
}
