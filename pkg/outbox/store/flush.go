package store

import (
	"fmt"
	"slices"
	"strings"
)

const (
	recipientRows = `INSERT INTO recipient (delivery, position, address, kind, status, code, enhanced_code, text, updated_at, source, created_at)`
	recipientEnd  = ` ON CONFLICT (delivery, position) DO UPDATE SET status = excluded.status, code = excluded.code,
		enhanced_code = excluded.enhanced_code, text = excluded.text, updated_at = excluded.updated_at`
	attemptRows = `INSERT INTO attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)`
	attemptEnd  = ` ON CONFLICT DO NOTHING`
	countRows   = `INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count)`
	countEnd    = ` ON CONFLICT (source, span, began_at, status, mail_type, latency, owner) DO UPDATE SET count = rollup.count + excluded.count`
)

// several is a statement that writes rows, prepared for these numbers of them.
type several struct {
	columns int
	sizes   []int // the largest first
	queries []query
}

func registerRows(begin string, columns int, end string) several {
	s := several{columns: columns, sizes: []int{32, 8, 2, 1}}
	for _, size := range s.sizes {
		rows := make([]string, size)
		for i := range rows {
			marks := make([]string, columns)
			for j := range marks {
				marks[j] = fmt.Sprint("$", i*columns+j+1)
			}
			rows[i] = "(" + strings.Join(marks, ", ") + ")"
		}
		s.queries = append(s.queries, register(begin+" VALUES "+strings.Join(rows, ", ")+end))
	}
	return s
}

var (
	qRecipientRows = registerRows(recipientRows, 11, recipientEnd)
	qAttemptRows   = registerRows(attemptRows, 9, attemptEnd)
	qCountRows     = registerRows(countRows, 8, countEnd)
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

// collected takes the statements that write what was collected.
func (t *tx) collected() []writing {
	var recipients, attempts, counts []any
	for _, r := range t.recipients {
		recipients = append(recipients, r.delivery, r.position, r.Address, string(r.Kind), string(r.Status), r.Code, clean(r.EnhancedCode), clean(r.Text),
			micros(r.UpdatedAt), r.source, r.created)
	}
	for _, a := range t.attempts {
		attempts = append(attempts, a.delivery, a.Number, micros(a.At), a.Duration.Microseconds(), clean(a.Stage), a.Code, clean(a.EnhancedCode), clean(a.Text), a.Outcome)
	}
	for key, count := range t.rollup {
		counts = append(counts, key.source, key.span, key.began, key.status, key.mailType, key.latency, t.db.Owner, count)
	}
	t.recipients, t.place, t.attempts, t.rollup = nil, nil, nil, nil
	return slices.Concat(qRecipientRows.writings(recipients), qAttemptRows.writings(attempts), qCountRows.writings(counts))
}

// flush writes what was collected.
func (t *tx) flush() error {
	all := t.collected()
	if len(all) == 0 {
		return nil
	}
	return t.spoil(t.on.write(t.db, all))
}
