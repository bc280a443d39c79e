package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
)

// statement is a query in the SQL of the database.
type statement struct {
	text     string
	prepared *sql.Stmt
}

// query is a registered statement of the writer.
type query int

var queries []string

// register takes SQL that both databases understand, with $1, $2... as
// parameters and these placeholders:
//
//	{in $1}   is one of the list $1 (see particulars.list)
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
			var err error
			if s.prepared, err = db.writes.PrepareContext(ctx, s.text); err != nil {
				return err
			}
		}
		db.statements = append(db.statements, s)
	}
	return nil
}

// exec runs a registered statement and returns how many rows it changed.
func (t *tx) exec(q query, args ...any) (int64, error) {
	result, err := t.result(q, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

func (t *tx) result(q query, args ...any) (result sql.Result, err error) {
	s := t.db.statements[q]
	if s.prepared != nil {
		result, err = t.sql.StmtContext(t.ctx, s.prepared).ExecContext(t.ctx, args...)
	} else {
		result, err = t.sql.ExecContext(t.ctx, s.text, args...)
	}
	return result, t.spoil(err)
}

// each runs a registered query and scan for every row of its result.
func (t *tx) each(scan func(*sql.Rows) error, q query, args ...any) error {
	s := t.db.statements[q]
	var rows *sql.Rows
	var err error
	if s.prepared != nil {
		rows, err = t.sql.StmtContext(t.ctx, s.prepared).QueryContext(t.ctx, args...)
	} else {
		rows, err = t.sql.QueryContext(t.ctx, s.text, args...)
	}
	return t.spoil(scanAll(rows, err, scan))
}

// one is each for a query of at most one row, and says whether there was one.
func (t *tx) one(q query, args []any, into ...any) (found bool, err error) {
	err = t.each(func(rows *sql.Rows) error {
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
func scanAll(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
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
