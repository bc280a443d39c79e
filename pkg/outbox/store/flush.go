package store

import (
	"fmt"
	"strings"
)

// several is a statement that inserts rows, prepared for these numbers of them.
type several struct {
	columns int
	sizes   []int // the largest first
	queries []string
}

// registerRows takes the table and its columns, and what follows the rows.
func registerRows(into, end string) *several {
	s := &several{columns: strings.Count(into, ",") + 1, sizes: []int{32, 8, 2, 1}}
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

// add collects a row.
func (t *Tx) add(s *several, values ...any) {
	if t.rows == nil {
		t.rows = map[*several][]any{}
	}
	t.rows[s] = append(t.rows[s], values...)
}

// change collects recipients of a delivery that changed.
func (t *Tx) change(d Delivery, recipients []Recipient) {
	for _, r := range recipients {
		t.add(qChangedRows, d.Sequence, r.Position, r.Address, string(r.Kind), d.Source, d.CreatedAt, string(r.Status), r.Code, r.EnhancedCode, r.Text, r.UpdatedAt)
	}
}

// log collects an attempt.
func (t *Tx) log(d Delivery, a Attempt) {
	t.add(qAttemptRows, d.Sequence, a.Number, a.At, a.Duration, a.Stage, a.Code, a.EnhancedCode, a.Text, a.Outcome)
}

// writing is a statement and its arguments.
type writing struct {
	query string
	args  []any
}

// collected takes the statements that write what was collected.
func (t *Tx) collected() (all []writing) {
	for key, count := range t.rollup {
		t.add(qCountRows, key.source, key.span, key.began, key.status, key.mailType, key.latency, t.db.Owner, count)
	}
	for _, s := range []*several{qMailRows, qNewRows, qChangedRows, qAttemptRows, qCountRows} {
		values := bind(t.rows[s])
		for i, size := range s.sizes {
			for n := size * s.columns; len(values) >= n; values = values[n:] {
				all = append(all, writing{s.queries[i], values[:n]})
			}
		}
	}
	if len(t.unneeded) > 0 {
		all = append(all, writing{qRemoveMails, []any{t.db.list(t.unneeded)}})
	}
	t.rows, t.unneeded, t.rollup = nil, nil, nil
	return all
}

// flush writes what was collected.
func (t *Tx) flush() error {
	all := t.collected()
	if len(all) == 0 {
		return nil
	}
	return t.spoil(t.on.write(t.db, all))
}
