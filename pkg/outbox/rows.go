package outbox

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// columns of a delivery, without the mail itself.
const columns = `id, source, mail_type, identity, sender, individual, status, attempt, retries, away, crashes,
	created_at, due_at, expires_at, finished_at, size, subject, message_id, note, reason, recipients`

// scanner is a row under the cursor.
type scanner = *sql.Rows

// scanDelivery reads columns and, with more, what follows them.
func scanDelivery(rows scanner, more ...any) (Delivery, error) {
	var d Delivery
	var individual, away, created, due, expires int64
	var finished sql.NullInt64
	var recipients []byte
	err := rows.Scan(append([]any{&d.ID, &d.Source, &d.MailType, &d.Identity, &d.From, &individual, &d.Status, &d.Attempt,
		&d.retries, &away, &d.crashes, &created, &due, &expires, &finished, &d.Size, &d.Subject, &d.MessageID, &d.Note, &d.Reason, &recipients}, more...)...)
	if err != nil {
		return d, err
	}
	d.Individual, d.away = individual == 1, away == 1
	d.CreatedAt, d.ExpiresAt, d.FinishedAt = at(created), at(expires), at(finished.Int64)
	d.NextAttemptAt = nextAttempt(d.Status, due)
	if err := json.Unmarshal(recipients, &d.Recipients); err != nil {
		return d, fmt.Errorf("the recipients of %s: %w", d.ID, err)
	}
	return d, nil
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

// list encodes strings for a {list} placeholder.
func list(s []string) string {
	if len(s) == 0 {
		return "[]"
	}
	return text(s)
}

// text is v in JSON, as recipients and attempts are stored.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // what is stored always marshals
	}
	return string(b)
}

// line is an attempt as it is added to those of its delivery, one a line.
func line(a Attempt) string { return text(a) + "\n" }

// attemptsOf are the attempts that lines hold.
func attemptsOf(lines string) (all []Attempt, err error) {
	for line := range strings.Lines(lines) {
		var a Attempt
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, nil
}
