package store

import (
	"cmp"
	"time"
)

// columns of a delivery, as scanDelivery reads them.
const columns = `sequence, id, source, mail_type, identity, conversation, sender, individual, status, due_at, coalesce(finished_at, 0),
	reason, retries, unreachable, uncertain, lost, owner, attempt, created_at, expires_at, size, subject, message_id, note`

// scanDelivery reads columns.
func scanDelivery(rows scanner, pauses map[Sender]Pause) (Delivery, error) {
	var d Delivery
	var individual, unreachable, due, finished, created, expires int64
	err := rows.Scan(&d.Sequence, &d.ID, &d.Source, &d.MailType, &d.Identity, &d.Conversation, &d.From, &individual, &d.Status, &due, &finished,
		&d.Reason, &d.Retries, &unreachable, &d.Uncertain, &d.Lost, &d.Owner, &d.Attempt, &created, &expires, &d.Size, &d.Subject, &d.MessageID, &d.Note)
	d.Individual, d.Unreachable = individual == 1, unreachable == 1
	d.DueAt, d.FinishedAt, d.CreatedAt, d.ExpiresAt = at(due), at(finished), at(created), at(expires)
	d.hold(pauses[d.Sender()])
	return d, err
}

// hold derives Held.
func (d *Delivery) hold(p Pause) {
	if !p.Since.IsZero() && d.Status == Queued {
		d.Status, d.DueAt, d.Reason = Held, time.Time{}, cmp.Or(d.Reason, p.Reason)
	}
}

// own is a column of a recipient or, where the end of its delivery decided
// without a word of its own, what stands for it in that.
func own(column, of string) string {
	return "CASE WHEN r.status = 'queued' AND d.finished_at IS NOT NULL THEN d." + of + " ELSE r." + column + " END"
}

var qRecipients = register(`SELECT r.delivery, r.position, r.address, r.kind, ` + own("status", "status") + `, ` + own("code", "code") + `, ` +
	own("enhanced_code", "enhanced_code") + `, ` + own("text", "reply") + `, ` + own("updated_at", "finished_at") + `
	FROM recipient AS r JOIN delivery AS d ON d.sequence = r.delivery WHERE r.delivery {in $1} AND d.sequence {in $1} ORDER BY r.delivery, r.position`)

// adopt hands recipients, as qRecipients finds them, to their deliveries.
func adopt(deliveries []Delivery) func(scanner) error {
	place := make(map[int64]*Delivery, len(deliveries))
	for i := range deliveries {
		place[deliveries[i].Sequence] = &deliveries[i]
	}
	return func(rows scanner) error {
		var r Recipient
		var delivery, updated int64
		err := rows.Scan(&delivery, &r.Position, &r.Address, &r.Kind, &r.Status, &r.Code, &r.EnhancedCode, &r.Text, &updated)
		r.UpdatedAt = at(updated)
		if d := place[delivery]; d != nil {
			d.Recipients = append(d.Recipients, r)
		}
		return err
	}
}

func sequences(deliveries []Delivery) []int64 {
	all := make([]int64, len(deliveries))
	for i, d := range deliveries {
		all[i] = d.Sequence
	}
	return all
}

// deliveries runs a statement for columns and adds the recipients.
func (t *tx) deliveries(q query, args ...any) (found []Delivery, err error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	err = t.each(func(rows scanner) error {
		d, err := scanDelivery(rows, t.pauses)
		found = append(found, d)
		return err
	}, q, args...)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found, t.each(adopt(found), qRecipients, t.db.list(sequences(found)))
}
