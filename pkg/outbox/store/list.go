package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// searchTime is how long a search goes on before it returns what it has.
	searchTime = 250 * time.Millisecond
	// A chunk of the log that a search looks through at once. It is small enough
	// not to keep others long from a database in memory.
	firstChunk, lastChunk = 200, 2000
)

func (db *database) List(ctx context.Context, f Filter) (page Page, err error) {
	if f.Source == "" {
		return page, fmt.Errorf("a filter needs a source")
	}
	below := position{math.MaxInt64, 0}
	if !f.To.IsZero() {
		below = position{micros(f.To), 0}
	}
	if f.Cursor != "" {
		if below, err = parseCursor(f.Cursor); err != nil {
			return page, err
		}
	}
	if f.Limit <= 0 || f.Limit > MaxLimit {
		f.Limit = MaxLimit
	}
	err = db.reading(ctx, f.Source, "reading deliveries", func(r reader) (err error) {
		s := &search{reader: r, f: f, began: time.Now()}
		page, err = s.run(below)
		return err
	})
	return page, err
}

// reading runs a search through the log, of which there are at most readers at once
// for each data source.
func (db *database) reading(ctx context.Context, source, doing string, read func(reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, readLimit)
	defer cancel()
	slot := db.slot(source)
	select {
	case slot <- struct{}{}:
		defer func() { <-slot }()
	case <-ctx.Done():
		return fmt.Errorf("%s: others are still reading the log of this data source; try again: %w", doing, ctx.Err())
	}
	err := read(reader{ctx, db, db.reads})
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%s took too long; choose a shorter time range or fewer filters: %w", doing, ctx.Err())
	}
	return db.explain(doing, err)
}

// slot returns what a reader of the source's log holds meanwhile. In memory all readers
// take turns, so that the writer never waits for more than one of them.
func (db *database) slot(source string) chan struct{} {
	limit := readers
	if db.reads == db.writes {
		source, limit = "", 1
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.slots[source] == nil {
		db.slots[source] = make(chan struct{}, limit)
	}
	return db.slots[source]
}

// position is a place in the log, which is ordered by time and sequence.
type position struct{ created, sequence int64 }

func parseCursor(s string) (p position, err error) {
	if _, err := fmt.Sscanf(s, "%d.%d", &p.created, &p.sequence); err != nil || p.String() != s {
		return p, fmt.Errorf("%.60q is %w", s, ErrCursor)
	}
	return p, nil
}

func (p position) String() string { return fmt.Sprintf("%d.%d", p.created, p.sequence) }

// search looks through the log, chunk by chunk: it reads the positions of a chunk
// from the indexes (see streams), then the deliveries at these positions that meet
// the other conditions.
type search struct {
	reader
	f     Filter
	began time.Time
}

func (s *search) run(last position) (page Page, err error) {
	streams, rest, err := s.plan()
	if err != nil || len(streams) == 0 {
		return page, err
	}
	chunk := s.f.Limit + 1
	if rest {
		chunk = max(chunk, firstChunk)
	}
	for {
		positions, err := s.positions(streams, last, chunk)
		if err != nil {
			return page, err
		}
		if len(positions) > 0 {
			found, err := s.at(positions, s.f.Limit+1-len(page.Deliveries))
			if err != nil {
				return page, err
			}
			page.Deliveries = append(page.Deliveries, found...)
			last = positions[len(positions)-1]
		}
		switch {
		case len(page.Deliveries) > s.f.Limit:
			page.Deliveries = page.Deliveries[:s.f.Limit]
			d := page.Deliveries[s.f.Limit-1]
			page.Next = position{micros(d.CreatedAt), d.Sequence}.String()
			return page, nil
		case len(positions) < chunk:
			return page, nil
		case time.Since(s.began) > searchTime:
			page.Next, page.SearchedTo = last.String(), at(last.created)
			return page, nil
		}
		chunk = min(2*chunk, lastChunk)
	}
}

// positions reads the next positions of the streams.
func (s *search) positions(streams []stream, below position, limit int) (found []position, err error) {
	q, args := s.merged(streams, below, limit)
	err = s.each(func(row scanner) error {
		var p position
		err := row.Scan(&p.created, &p.sequence)
		found = append(found, p)
		return err
	}, q, args...)
	return found, err
}

// merged is the query for the next positions of all streams together.
func (s *search) merged(streams []stream, below position, limit int) (q string, args []any) {
	var a arguments
	var parts []string
	bounds := fmt.Sprintf(" AND (created_at, sequence) < (%s, %s)", a.add(below.created), a.add(below.sequence))
	if !s.f.From.IsZero() {
		bounds += " AND created_at >= " + a.add(s.f.From)
	}
	for i, one := range streams {
		sql := "SELECT created_at, " + one.sequence + " AS sequence FROM " + one.table + " WHERE " + one.condition(&a) +
			strings.ReplaceAll(bounds, "sequence", one.sequence) + " ORDER BY created_at DESC, " + one.sequence + " DESC LIMIT " + strconv.Itoa(limit)
		parts = append(parts, fmt.Sprintf("SELECT created_at, sequence FROM (%s) AS s%d", sql, i))
	}
	return strings.Join(parts, " UNION ") + " ORDER BY created_at DESC, sequence DESC LIMIT " + strconv.Itoa(limit), a.values
}

// at reads the deliveries at the positions that meet all conditions.
func (s *search) at(positions []position, limit int) ([]Delivery, error) {
	all := make([]int64, len(positions))
	for i, p := range positions {
		all[i] = p.sequence
	}
	a := arguments{values: []any{s.db.list(all)}}
	conditions := append([]string{"sequence {in $1}"}, s.conditions(&a)...)
	return s.db.deliveries(s, `SELECT `+columns+` FROM delivery WHERE `+strings.Join(conditions, " AND ")+
		` ORDER BY created_at DESC, sequence DESC LIMIT `+strconv.Itoa(limit), a.values...)
}

// ofState are the conditions on the state and the mail type.
func (s *search) ofState(a *arguments) (all []string) {
	if len(s.f.Statuses) > 0 {
		var parts []string
		for _, status := range unique(s.f.Statuses) {
			switch status { // an index knows what is stored, and not readStatus
			case Held:
				parts = append(parts, "status = 'queued' AND "+paused)
			case Queued:
				parts = append(parts, "status = 'queued' AND NOT "+paused)
			default:
				parts = append(parts, "status = "+a.add(string(status)))
			}
		}
		all = append(all, "("+strings.Join(parts, " OR ")+")")
	}
	if len(s.f.MailTypes) > 0 {
		all = append(all, a.in("mail_type", s.f.MailTypes))
	}
	return all
}

// conditions are all that can be asked of a delivery itself.
func (s *search) conditions(a *arguments) []string {
	all := s.ofState(a)
	contains := func(column, part string) string { return "lower(" + column + ") LIKE lower(" + part + `) ESCAPE '\'` }
	if len(s.f.Recipients) > 0 {
		var parts []string
		for _, part := range unique(s.f.Recipients) {
			parts = append(parts, contains("r.address", a.add(like(part))))
		}
		all = append(all, "EXISTS (SELECT 1 FROM recipient AS r WHERE r.delivery = sequence AND ("+strings.Join(parts, " OR ")+"))")
	}
	if s.f.Text != "" {
		text := a.add(like(s.f.Text))
		all = append(all, "("+contains("subject", text)+" OR "+contains(readReason, text)+" OR "+contains("message_id", text)+")")
	}
	return all
}

// arguments are the bound values of a query that is built.
type arguments struct{ values []any }

func (a *arguments) add(value any) string {
	a.values = append(a.values, value)
	return "$" + strconv.Itoa(len(a.values))
}

func (a *arguments) in(column string, values []string) string {
	var marks []string
	for _, v := range unique(values) { // databases bind so many and no more
		marks = append(marks, a.add(v))
	}
	return column + " IN (" + strings.Join(marks, ", ") + ")"
}

func unique[T ~string](values []T) []T { return slices.Compact(slices.Sorted(slices.Values(values))) }

// like is the pattern for texts that contain s, whatever s contains.
func like(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) + "%"
}
