package store

import (
	"context"
	"database/sql"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// statements lists the writer's statements and the one that reads the history, which
// are prepared when the store is opened.
var statements []string

// register takes SQL that both databases understand, with $1, $2... as
// parameters and these placeholders:
//
//	{in $1}      is one of the list $1 (see particulars.list)
//	{numbers $1} is a table of the list $1, with the column value
//	{lock}       locks the selected rows and skips those that are locked
//	{wait}       locks the selected rows and waits for those that are locked
//	{alone $1}   waits, on a server, for other transactions that are alone with $1
//	{clock}      is the time by the database's clock, if it is a server
func register(sql string) string {
	statements = append(statements, sql)
	return sql
}

// statement is one in the SQL of the database.
type statement struct {
	text     string
	prepared *sql.Stmt
	order    []int // which argument each ? of the prepared one takes
}

func (db *database) prepare(ctx context.Context) (err error) {
	for _, q := range statements {
		s := &statement{text: db.replacer.Replace(q)}
		if !db.server {
			// Without names: the driver looks for the argument of each parameter that has one.
			text := regexp.MustCompile(`\$\d+`).ReplaceAllStringFunc(s.text, func(name string) string {
				n, _ := strconv.Atoi(name[1:]) // it is digits
				s.order = append(s.order, n-1)
				return "?"
			})
			pool := db.writes
			if q == qHistory {
				pool = db.quick
			}
			if s.prepared, err = pool.PrepareContext(ctx, text); err != nil {
				return err
			}
		}
		db.statements[q] = s
	}
	return nil
}

// arguments returns the arguments of the prepared statement, one for each ?.
func (s *statement) arguments(args []any) []any {
	ordered := make([]any, len(s.order))
	for i, n := range s.order {
		ordered[i] = args[n]
	}
	return ordered
}

// scanner is a row of a result.
type scanner interface{ Scan(into ...any) error }

// runner runs queries: a transaction, or a reader.
type runner interface {
	// each runs scan for every row of the result.
	each(scan func(scanner) error, q string, args ...any) error
}

// column returns the values of a query of one column.
func column[T any](r runner, q string, args ...any) (all []T, err error) {
	err = r.each(func(row scanner) error {
		var v T
		err := row.Scan(&v)
		all = append(all, v)
		return err
	}, q, args...)
	return all, err
}

// reader runs queries outside the writer's transactions.
type reader struct {
	ctx  context.Context
	db   *database
	pool *sql.DB
}

func (r reader) each(scan func(scanner) error, q string, args ...any) error {
	rows, err := r.pool.QueryContext(r.ctx, r.db.replacer.Replace(q), bind(args)...)
	return scanAll(rows, err, scan)
}

func scanAll(rows *sql.Rows, err error, scan func(scanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err has its error
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// connection runs statements in a transaction.
type connection interface {
	exec(s *statement, args []any) (changed, inserted int64, err error)
	query(s *statement, args []any, scan func(scanner) error) error
	write([]writing) error
}

// exec runs a registered statement and returns how many rows it changed.
func (t *Tx) exec(q string, args ...any) (int64, error) {
	changed, _, err := t.insert(q, args...)
	return changed, err
}

// insert is exec, and returns the sequence of the last row too, where the
// database is in the process.
func (t *Tx) insert(q string, args ...any) (changed, sequence int64, err error) {
	changed, sequence, err = t.on.exec(t.db.statements[q], bind(args))
	return changed, sequence, t.spoil(err)
}

// each runs a registered query.
func (t *Tx) each(scan func(scanner) error, q string, args ...any) error {
	return t.spoil(t.on.query(t.db.statements[q], bind(args), scan))
}

// one runs a registered query of at most one row, and says whether there was one.
func (t *Tx) one(q string, args []any, into ...any) (found bool, err error) {
	err = t.each(func(row scanner) error {
		found = true
		return row.Scan(into...)
	}, q, args...)
	return found, err
}

// spoil keeps the first error of the database in a transaction, and returns err.
func (t *Tx) spoil(err error) error {
	if err != nil && t.err == nil {
		t.err = err
	}
	return err
}

// bind replaces arguments, in place, by the values that are stored: times are
// microseconds since 1970, durations microseconds.
func bind(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case string:
			if !utf8.ValidString(a) || strings.Contains(a, "\x00") {
				args[i] = fit(a)
			}
		case time.Time:
			args[i] = micros(a)
		case time.Duration:
			args[i] = a.Microseconds()
		case bool:
			args[i] = 0
			if a {
				args[i] = 1
			}
		}
	}
	return args
}

// fit makes text fit for every database.
func fit(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func at(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

// These scan what bind stored.
type (
	asTime     struct{ *time.Time }
	asDuration struct{ *time.Duration }
	asBool     struct{ *bool }
)

func (v asTime) Scan(from any) error {
	n, _ := from.(int64) // NULL is none
	*v.Time = at(n)
	return nil
}

func (v asDuration) Scan(from any) error {
	n, _ := from.(int64)
	*v.Duration = time.Duration(n) * time.Microsecond
	return nil
}

func (v asBool) Scan(from any) error {
	*v.bool = from == int64(1)
	return nil
}
