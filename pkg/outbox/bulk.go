package outbox

import (
	"fmt"
	"strings"
)

// maxRows is how many rows one statement of a bulk stores.
const maxRows = 16

// bulk stores rows that a transaction collects from its operations, many with
// one statement.
type bulk struct {
	width   int                 // columns
	queries [maxRows + 1]string // by number of rows
}

func newBulk(insert string, width int, conflict string) *bulk {
	b := &bulk{width: width}
	for n := 1; n <= maxRows; n++ {
		rows := make([]string, n)
		for row := range rows {
			marks := make([]string, width)
			for column := range marks {
				marks[column] = fmt.Sprintf("$%d", row*width+column+1)
			}
			rows[row] = "(" + strings.Join(marks, ", ") + ")"
		}
		b.queries[n] = query(insert + " VALUES " + strings.Join(rows, ", ") + " " + conflict)
	}
	return b
}

// recipients stores recipients, or their new state; attempts stores attempts.
var (
	recipients = newBulk(`INSERT INTO recipient (delivery_id, position, address, kind, status, code, enhanced_code, text, updated_at)`, 9,
		`ON CONFLICT (delivery_id, position) DO UPDATE SET status = excluded.status, code = excluded.code,
			enhanced_code = excluded.enhanced_code, text = excluded.text, updated_at = excluded.updated_at`)
	attempts = newBulk(`INSERT INTO attempt (delivery_id, number, began_at, duration, stage, code, enhanced_code, text, outcome)`, 9,
		`ON CONFLICT (delivery_id, number) DO NOTHING`)
)

// later stores a row with one of the transaction's last statements, or before
// recipients are read.
func (t *tx) later(b *bulk, row ...any) {
	if t.collected == nil {
		t.collected = map[*bulk][]any{}
	}
	t.collected[b] = append(t.collected[b], row...)
}

// flush stores what later has collected.
func (t *tx) flush() error {
	for b, args := range t.collected {
		for len(args) > 0 {
			n := min(len(args)/b.width, maxRows)
			if _, err := t.exec(b.queries[n], args[:n*b.width]...); err != nil {
				return err
			}
			args = args[n*b.width:]
		}
		delete(t.collected, b)
	}
	return nil
}

// putRecipients stores the recipients of a delivery, or their new state.
func (t *tx) putRecipients(id string, rs []Recipient) {
	for i, r := range rs {
		t.later(recipients, id, i, r.Address, string(r.Kind), string(r.Status), r.Code, r.EnhancedCode, r.Text, micros(r.UpdatedAt))
	}
}
