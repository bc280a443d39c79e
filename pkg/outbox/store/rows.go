package store

import (
	"cmp"
	"time"
)

// columns of a delivery, as scanDelivery reads them.
const columns = `sequence, id, source, mail_type, identity, conversation, sender, individual, status, due_at, coalesce(finished_at, 0),
	reason, retries, unreachable, uncertain, lost, owner, attempt, created_at, expires_at, size, subject, message_id, note`

// scanDelivery reads columns and, with more, what follows them.
func scanDelivery(rows scanner, pauses map[sender]*Pause, more ...any) (Delivery, error) {
	var d Delivery
	var individual, unreachable, due, finished, created, expires int64
	into := [40]any{&d.Sequence, &d.ID, &d.Source, &d.MailType, &d.Identity, &d.Conversation, &d.From, &individual, &d.Status, &due, &finished,
		&d.Reason, &d.Retries, &unreachable, &d.Uncertain, &d.Lost, &d.Owner, &d.Attempt, &created, &expires, &d.Size, &d.Subject, &d.MessageID, &d.Note}
	err := rows.Scan(append(into[:24], more...)...)
	d.Individual, d.Unreachable = individual == 1, unreachable == 1
	d.DueAt, d.FinishedAt, d.CreatedAt, d.ExpiresAt = at(due), at(finished), at(created), at(expires)
	d.hold(pauses[sender{d.Source, d.MailType}])
	return d, err
}

// hold derives Held.
func (d *Delivery) hold(p *Pause) {
	if p != nil && d.Status == Queued {
		d.Status, d.DueAt, d.Reason = Held, time.Time{}, cmp.Or(d.Reason, p.Reason)
	}
}

const recipientColumns = `delivery, position, address, kind, status, code, enhanced_code, text, updated_at`

// scanRecipient reads recipientColumns.
func scanRecipient(rows scanner) (delivery int64, r Recipient, err error) {
	var updated int64
	err = rows.Scan(&delivery, &r.Position, &r.Address, &r.Kind, &r.Status, &r.Code, &r.EnhancedCode, &r.Text, &updated)
	r.UpdatedAt = at(updated)
	return delivery, r, err
}

// adopt hands recipients, as a query finds them, to their deliveries.
func adopt(deliveries []Delivery) func(scanner) error {
	place := make(map[int64]*Delivery, len(deliveries))
	for i := range deliveries {
		place[deliveries[i].Sequence] = &deliveries[i]
	}
	return func(rows scanner) error {
		delivery, r, err := scanRecipient(rows)
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

var qRecipients = register(`SELECT ` + recipientColumns + ` FROM recipient WHERE delivery {in $1} ORDER BY delivery, position`)

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
