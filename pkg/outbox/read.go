package outbox

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// MaxLimit bounds what List returns at once.
const MaxLimit = 1000

// Get returns a delivery of the source with its recipients and attempts.
// ErrNotFound says that the source has none of that id.
func (o *Outbox) Get(ctx context.Context, source, id string) (Delivery, error) {
	d, err := o.get(ctx, id)
	if err == nil && d.Source != source {
		return Delivery{}, ErrNotFound
	}
	return d, err
}

// get returns a delivery of any source.
func (o *Outbox) get(ctx context.Context, id string) (Delivery, error) {
	var found []Delivery
	rows, err := o.store.reads.QueryContext(ctx, `SELECT `+columns+`, attempts FROM delivery WHERE id = $1`, id)
	err = scanAll(rows, err, func(rows scanner) error {
		var lines string
		d, err := scanDelivery(rows, &lines)
		if err == nil {
			d.Attempts, err = attemptsOf(lines)
		}
		found = append(found, d)
		return err
	})
	switch {
	case err != nil:
		return Delivery{}, o.store.explain("reading a delivery", err)
	case len(found) == 0:
		return Delivery{}, ErrNotFound
	}
	return found[0], nil
}

// read runs a query for columns.
func (o *Outbox) read(ctx context.Context, q string, args ...any) ([]Delivery, error) {
	var found []Delivery
	rows, err := o.store.reads.QueryContext(ctx, q, args...)
	err = scanAll(rows, err, func(rows scanner) error {
		d, err := scanDelivery(rows)
		found = append(found, d)
		return err
	})
	return found, o.store.explain("reading deliveries", err)
}

// Filter selects deliveries. Empty fields select all, but Source is required.
type Filter struct {
	Source   string
	From, To time.Time // CreatedAt in [From, To)
	Statuses []Status
	// MailTypes holds "" for mail without a type.
	MailTypes  []string
	Recipients []string // parts of addresses, one of which matches
	Text       string   // part of the subject, the reason or the Message-ID
	Limit      int      // at most, and by default, MaxLimit
	Cursor     string   // from the List before
}

// List returns deliveries, the newest first, without mail and attempts, and the
// cursor of the next page; no cursor, no further page.
func (o *Outbox) List(ctx context.Context, f Filter) (page []Delivery, next string, err error) {
	if f.Source == "" {
		return nil, "", invalid("a filter needs a source")
	}
	var w where
	w.add("source = %s", f.Source)
	if !f.From.IsZero() {
		w.add("created_at >= %s", micros(f.From))
	}
	if !f.To.IsZero() {
		w.add("created_at < %s", micros(f.To))
	}
	if len(f.Statuses) > 0 {
		var statuses []string
		for _, s := range f.Statuses {
			statuses = append(statuses, string(s))
		}
		w.in("status", statuses)
	}
	if len(f.MailTypes) > 0 {
		w.in("mail_type", f.MailTypes)
	}
	if len(f.Recipients) > 0 {
		w.recipients(f.Recipients, o.store.elements)
	}
	if f.Text != "" {
		p := w.arg(like(f.Text))
		w.add(fmt.Sprintf(`(lower(subject) LIKE %[1]s ESCAPE '\' OR lower(reason) LIKE %[1]s ESCAPE '\' OR lower(message_id) LIKE %[1]s ESCAPE '\')`,
			"lower("+p+")"))
	}
	if f.Cursor != "" {
		created, id, err := parseCursor(f.Cursor)
		if err != nil {
			return nil, "", err
		}
		w.add("(created_at, id) < (%s, %s)", created, id)
	}
	limit := f.Limit
	if limit <= 0 || limit > MaxLimit {
		limit = MaxLimit
	}
	page, err = o.read(ctx, `SELECT `+columns+` FROM delivery WHERE `+w.String()+
		` ORDER BY created_at DESC, id DESC LIMIT `+w.arg(limit+1), w.args...)
	if err != nil || len(page) <= limit {
		return page, "", err
	}
	page = page[:limit]
	last := page[limit-1]
	return page, fmt.Sprintf("%d.%s", micros(last.CreatedAt), last.ID), nil
}

func parseCursor(s string) (created int64, id string, err error) {
	micros, id, found := strings.Cut(s, ".")
	created, err = strconv.ParseInt(micros, 10, 64)
	if !found || err != nil {
		return 0, "", fmt.Errorf("%.60q is %w", s, ErrCursor)
	}
	return created, clean(id), nil
}

// where builds a condition whose values are all bound.
type where struct {
	conditions []string
	args       []any
}

func (w *where) arg(value any) string {
	w.args = append(w.args, value)
	return "$" + strconv.Itoa(len(w.args))
}

// add adds a condition with a %s for each value.
func (w *where) add(condition string, values ...any) {
	var marks []any
	for _, v := range values {
		if s, ok := v.(string); ok {
			v = clean(s)
		}
		marks = append(marks, w.arg(v))
	}
	if len(marks) > 0 {
		condition = fmt.Sprintf(condition, marks...)
	}
	w.conditions = append(w.conditions, condition)
}

func (w *where) in(column string, values []string) {
	values = slices.Compact(slices.Sorted(slices.Values(values))) // databases bind so many and no more
	marks := make([]string, len(values))
	for i, v := range values {
		marks[i] = w.arg(clean(v))
	}
	w.conditions = append(w.conditions, column+" IN ("+strings.Join(marks, ", ")+")")
}

func (w *where) recipients(list []string, elements string) {
	parts := make([]string, len(list))
	for i, part := range list {
		parts[i] = fmt.Sprintf(`lower(r.value ->> 'address') LIKE lower(%s) ESCAPE '\'`, w.arg(like(part)))
	}
	w.conditions = append(w.conditions,
		"EXISTS (SELECT 1 FROM "+elements+" AS r WHERE "+strings.Join(parts, " OR ")+")")
}

func (w *where) String() string { return strings.Join(w.conditions, " AND ") }

// like is the pattern for texts that contain s, whatever s contains.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(clean(s)) + "%"
}
