package store

import (
	"fmt"
	"slices"
	"strings"
)

// several is a statement that writes rows, prepared for these numbers of them.
type several struct {
	columns int
	sizes   []int // the largest first
	queries []query
}

// registerRows takes the table and its columns, and what follows the rows.
func registerRows(into, end string) several {
	s := several{columns: strings.Count(into, ",") + 1, sizes: []int{32, 8, 2, 1}}
	for _, size := range s.sizes {
		rows := make([]string, size)
		for i := range rows {
			marks := make([]string, s.columns)
			for j := range marks {
				marks[j] = fmt.Sprint("$", i*s.columns+j+1)
			}
			rows[i] = "(" + strings.Join(marks, ", ") + ")"
		}
		s.queries = append(s.queries, register("INSERT INTO "+into+" VALUES "+strings.Join(rows, ", ")+" "+end))
	}
	return s
}

var (
	qMailRows    = registerRows(`mail (delivery, message)`, ``)
	qRemoveMails = register(`DELETE FROM mail WHERE delivery {in $1}`)
	qNewRows     = registerRows(`recipient (delivery, position, address, kind, source, created_at)`, ``)
	qChangedRows = registerRows(`recipient (delivery, position, address, kind, source, created_at, status, code, enhanced_code, text, updated_at)`,
		`ON CONFLICT (delivery, position) DO UPDATE SET status = excluded.status, code = excluded.code,
			enhanced_code = excluded.enhanced_code, text = excluded.text, updated_at = excluded.updated_at`)
	qAttemptRows = registerRows(`attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)`, `ON CONFLICT DO NOTHING`)
	qCountRows   = registerRows(`rollup (source, span, began_at, status, mail_type, latency, owner, count)`,
		`ON CONFLICT (source, span, began_at, status, mail_type, latency, owner) DO UPDATE SET count = rollup.count + excluded.count`)
)

// writing is a statement and its arguments.
type writing struct {
	query query
	args  []any
}

// writings are the statements for rows whose values follow each other.
func (s several) writings(values []any) (all []writing) {
	for i, size := range s.sizes {
		for n := size * s.columns; len(values) >= n; values = values[n:] {
			all = append(all, writing{s.queries[i], values[:n]})
		}
	}
	return all
}

// rowsOf makes rows of recipients of a delivery.
func rowsOf(d Delivery, recipients []Recipient) []recipientRow {
	rows := make([]recipientRow, len(recipients))
	for i, r := range recipients {
		rows[i] = recipientRow{d.Sequence, r, d.Source, micros(d.CreatedAt)}
	}
	return rows
}

// collected takes the statements that write what was collected.
func (t *tx) collected() []writing {
	var mails, added, changed, attempts, alerts, counts []any
	for _, m := range t.mails {
		mails = append(mails, m.delivery, m.message)
	}
	for _, r := range t.added {
		added = append(added, r.delivery, r.Position, r.Address, string(r.Kind), r.source, r.created)
	}
	seen := map[recipientKey]bool{}
	for _, r := range slices.Backward(t.changed) { // PostgreSQL takes a row once in a statement; the last word counts
		if key := (recipientKey{r.delivery, r.Position}); !seen[key] {
			seen[key] = true
			changed = append(changed, r.delivery, r.Position, r.Address, string(r.Kind), r.source, r.created,
				string(r.Status), r.Code, clean(r.EnhancedCode), clean(r.Text), micros(r.UpdatedAt))
		}
	}
	for _, a := range t.attempts {
		attempts = append(attempts, a.delivery, a.Number, micros(a.At), a.Duration.Microseconds(), clean(a.Stage), a.Code, clean(a.EnhancedCode), clean(a.Text), a.Outcome)
	}
	for _, a := range t.alerts {
		alerts = append(alerts, a.delivery, a.position, a.Fingerprint, micros(a.StartsAt), micros(a.EndsAt), micros(a.Incident))
	}
	for key, count := range t.rollup {
		counts = append(counts, key.source, key.span, key.began, key.status, key.mailType, key.latency, t.db.Owner, count)
	}
	all := qMailRows.writings(mails)
	if len(t.unneeded) > 0 {
		all = append(all, writing{qRemoveMails, []any{t.db.list(t.unneeded)}})
	}
	t.mails, t.unneeded, t.added, t.changed, t.attempts, t.alerts, t.rollup = nil, nil, nil, nil, nil, nil, nil
	return slices.Concat(all, qNewRows.writings(added), qChangedRows.writings(changed), qAttemptRows.writings(attempts), qAlertRows.writings(alerts), qCountRows.writings(counts))
}

// flush writes what was collected.
func (t *tx) flush() error {
	all := t.collected()
	if len(all) == 0 {
		return nil
	}
	return t.spoil(t.on.write(t.db, all))
}
