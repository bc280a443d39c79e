package outbox

import (
	"database/sql"
	"encoding/json"
	"time"
)

// columns of a delivery, without the mail itself.
const columns = `id, source, mail_type, identity, sender, individual, status, attempt, retries, crashes,
	created_at, due_at, expires_at, finished_at, size, subject, message_id, note, reason`

// scanner is a row under the cursor.
type scanner = *sql.Rows

// scanDelivery reads columns and, with more, what follows them.
func scanDelivery(rows scanner, more ...any) (Delivery, error) {
	var d Delivery
	var individual, created, due, expires int64
	var finished sql.NullInt64
	err := rows.Scan(append([]any{&d.ID, &d.Source, &d.MailType, &d.Identity, &d.From, &individual, &d.Status, &d.Attempt,
		&d.retries, &d.crashes, &created, &due, &expires, &finished, &d.Size, &d.Subject, &d.MessageID, &d.Note, &d.Reason}, more...)...)
	d.Individual = individual == 1
	d.CreatedAt, d.ExpiresAt, d.FinishedAt = at(created), at(expires), at(finished.Int64)
	d.NextAttemptAt = nextAttempt(d.Status, due)
	return d, err
}

func nextAttempt(s Status, due int64) time.Time {
	if s != Queued {
		return time.Time{}
	}
	return at(due)
}

// deliveries runs a registered query that returns columns.
func (t *tx) deliveries(q string, args ...any) (found []Delivery, err error) {
	err = t.each(func(rows scanner) error {
		d, err := scanDelivery(rows)
		found = append(found, d)
		return err
	}, q, args...)
	return found, err
}

const (
	recipientColumns = `delivery_id, address, kind, status, code, enhanced_code, text, updated_at`
	recipientOrder   = ` ORDER BY delivery_id, position`
)

var (
	qRecipients     = query(`SELECT ` + recipientColumns + ` FROM recipient WHERE delivery_id = $1` + recipientOrder)
	qManyRecipients = query(`SELECT ` + recipientColumns + ` FROM recipient WHERE delivery_id IN ({list $1})` + recipientOrder)
)

// withRecipients fills in the recipients of ds.
func (t *tx) withRecipients(ds []Delivery) ([]Delivery, error) {
	if err := t.flush(); err != nil {
		return nil, err
	}
	switch len(ds) {
	case 0:
		return ds, nil
	case 1:
		return ds, t.each(recipientsInto(ds), qRecipients, ds[0].ID)
	}
	return ds, t.each(recipientsInto(ds), qManyRecipients, idList(ds))
}

// recipientsInto returns a scan that adds each recipient to its delivery in ds.
func recipientsInto(ds []Delivery) func(scanner) error {
	byID := make(map[string]*Delivery, len(ds))
	for i := range ds {
		byID[ds[i].ID] = &ds[i]
	}
	return func(rows scanner) error {
		var id string
		var r Recipient
		var updated int64
		err := rows.Scan(&id, &r.Address, &r.Kind, &r.Status, &r.Code, &r.EnhancedCode, &r.Text, &updated)
		r.UpdatedAt = at(updated)
		if d := byID[id]; d != nil {
			d.Recipients = append(d.Recipients, r)
		}
		return err
	}
}

func idList(ds []Delivery) string {
	ids := make([]string, len(ds))
	for i, d := range ds {
		ids[i] = d.ID
	}
	return list(ids)
}

// list encodes strings for a {list} placeholder.
func list(s []string) string {
	if len(s) == 0 {
		return "[]"
	}
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}
