package store

import (
	"context"
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// statement is a query in the SQL of the database.
type statement struct {
	text     string
	prepared *sql.Stmt
	order    []int // which argument each ? of a prepared statement takes
}

// query is a registered statement of the writer.
type query int

var queries []string

// register takes SQL that both databases understand, with $1, $2... as
// parameters and these placeholders:
//
//	{in $1}   is one of the list $1 (see particulars.list)
//	{numbers $1} is a table of the list $1, with the column value
//	{lock}    locks the selected rows and skips those that are locked
//	{wait}    locks the selected rows and waits for those that are locked
func register(sql string) query {
	queries = append(queries, sql)
	return query(len(queries) - 1)
}

func (db *database) prepare(ctx context.Context) error {
	for _, q := range queries {
		s := statement{text: db.replacer.Replace(q)}
		if db.inProcess {
			if err := s.prepare(ctx, db.writes); err != nil {
				return err
			}
		}
		db.statements = append(db.statements, s)
	}
	db.told.text = db.replacer.Replace(told)
	if db.inProcess {
		return db.told.prepare(ctx, db.quick)
	}
	return nil
}

var parameter = regexp.MustCompile(`\$\d+`)

// prepare prepares the statement with parameters that have no names: the driver
// looks for the argument of each that has one.
func (s *statement) prepare(ctx context.Context, pool *sql.DB) (err error) {
	text := parameter.ReplaceAllStringFunc(s.text, func(name string) string {
		n, _ := strconv.Atoi(name[1:]) // it is digits
		s.order = append(s.order, n-1)
		return "?"
	})
	s.prepared, err = pool.PrepareContext(ctx, text)
	return err
}

// arguments are those of the prepared statement.
func (s *statement) arguments(args []any) []any {
	ordered := make([]any, len(s.order))
	for i, n := range s.order {
		ordered[i] = args[n]
	}
	return ordered
}

// scanner is a row of a result.
type scanner interface{ Scan(into ...any) error }

// connection runs statements in a transaction.
type connection interface {
	exec(s *statement, args []any) (changed, inserted int64, err error)
	query(s *statement, args []any, scan func(scanner) error) error
	write(db *database, all []writing) error
}

// exec runs a registered statement and returns how many rows it changed.
func (t *tx) exec(q query, args ...any) (int64, error) {
	changed, _, err := t.insert(q, args...)
	return changed, err
}

// insert is exec, and returns the sequence of the last row too, where the
// database is in the process.
func (t *tx) insert(q query, args ...any) (changed, sequence int64, err error) {
	changed, sequence, err = t.on.exec(&t.db.statements[q], args)
	return changed, sequence, t.spoil(err)
}

// each runs a registered query and scan for every row of its result.
func (t *tx) each(scan func(scanner) error, q query, args ...any) error {
	return t.spoil(t.on.query(&t.db.statements[q], args, scan))
}

// strings are the values of a query of one column.
func (t *tx) strings(q query, args ...any) (all []string, err error) {
	err = t.each(func(rows scanner) error {
		var s string
		err := rows.Scan(&s)
		all = append(all, s)
		return err
	}, q, args...)
	return all, err
}

// one is each for a query of at most one row, and says whether there was one.
func (t *tx) one(q query, args []any, into ...any) (found bool, err error) {
	err = t.each(func(rows scanner) error {
		found = true
		return rows.Scan(into...)
	}, q, args...)
	return found, err
}

// spoil remembers the first error of the database in a transaction.
func (t *tx) spoil(err error) error {
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

// scanAll runs scan for every row and closes them.
func scanAll(rows *sql.Rows, err error, scan func(scanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has told
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Times are stored as microseconds since 1970, UTC.

func at(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// clean makes s fit for every database's text type.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
