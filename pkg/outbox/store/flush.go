package store

import (
	"fmt"
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

// write writes rows whose values follow each other.
func (s several) write(t *tx, values []any) error {
	for i, size := range s.sizes {
		for n := size * s.columns; len(values) >= n; values = values[n:] {
			if _, err := t.exec(s.queries[i], values[:n]...); err != nil {
				return err
			}
		}
	}
	return nil
}

// flushRows writes the collected rows, several in a statement.
func flushRows(t *tx) error {
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
	if err := qRecipientRows.write(t, recipients); err != nil {
		return err
	}
	if err := qAttemptRows.write(t, attempts); err != nil {
		return err
	}
	return qCountRows.write(t, counts)
}

// arrays is flushRows in one statement, with an array for each column.
const arrays = `WITH recipients AS (` + recipientRows + `
		SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::bigint[])` + recipientEnd + `),
	attempts AS (` + attemptRows + `
		SELECT * FROM unnest($12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::text[], $17::bigint[], $18::text[], $19::text[], $20::text[])` + attemptEnd + `)
	` + countRows + ` SELECT * FROM unnest($21::text[], $22::bigint[], $23::bigint[], $24::text[], $25::text[], $26::bigint[], $27::text[], $28::bigint[])` + countEnd

// columns of the collected rows, the arguments of arrays.
func (t *collected) columns(owner string) []any {
	var r struct {
		delivery, position, code, updated, created    []int64
		address, kind, status, enhanced, text, source []string
	}
	for _, row := range t.recipients {
		r.delivery, r.position = append(r.delivery, row.delivery), append(r.position, int64(row.position))
		r.address, r.kind, r.status = append(r.address, row.Address), append(r.kind, string(row.Kind)), append(r.status, string(row.Status))
		r.code, r.enhanced, r.text = append(r.code, int64(row.Code)), append(r.enhanced, clean(row.EnhancedCode)), append(r.text, clean(row.Text))
		r.updated, r.source, r.created = append(r.updated, micros(row.UpdatedAt)), append(r.source, row.source), append(r.created, row.created)
	}
	var a struct {
		delivery, number, began, duration, code []int64
		stage, enhanced, text, outcome          []string
	}
	for _, row := range t.attempts {
		a.delivery, a.number, a.code = append(a.delivery, row.delivery), append(a.number, int64(row.Number)), append(a.code, int64(row.Code))
		a.began, a.duration = append(a.began, micros(row.At)), append(a.duration, row.Duration.Microseconds())
		a.stage, a.enhanced = append(a.stage, clean(row.Stage)), append(a.enhanced, clean(row.EnhancedCode))
		a.text, a.outcome = append(a.text, clean(row.Text)), append(a.outcome, row.Outcome)
	}
	var c struct {
		span, began, latency, count     []int64
		source, status, mailType, owner []string
	}
	for key, n := range t.rollup {
		c.span, c.began, c.latency, c.count = append(c.span, key.span), append(c.began, key.began), append(c.latency, key.latency), append(c.count, n)
		c.source, c.status = append(c.source, key.source), append(c.status, key.status)
		c.mailType, c.owner = append(c.mailType, key.mailType), append(c.owner, owner)
	}
	return []any{
		r.delivery, r.position, r.address, r.kind, r.status, r.code, r.enhanced, r.text, r.updated, r.source, r.created,
		a.delivery, a.number, a.began, a.duration, a.stage, a.code, a.enhanced, a.text, a.outcome,
		c.source, c.span, c.began, c.status, c.mailType, c.latency, c.owner, c.count,
	}
}
