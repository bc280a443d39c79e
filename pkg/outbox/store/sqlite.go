package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteBusy is how long another process's transaction is waited for.
const sqliteBusy = 10 * time.Second

// sqlitePragmas hold for every connection: a commit is on the disk when it
// returns (on macOS with fullfsync), and a lock of another process is waited for.
// The WAL grows to 16 MB before its pages are copied to the file, as a storm changes
// the same pages again and again: with SQLite's 4 MB it writes 18 % more.
var sqlitePragmas = fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=wal_autocheckpoint(4000)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_txlock=immediate", sqliteBusy.Milliseconds())

func (db *database) openSQLite(u *url.URL) error {
	path, err := sqlitePath(u)
	if err != nil {
		return err
	}
	db.beSQLite("sqlite", path)
	if err := db.openFile(u, path); err != nil {
		return db.explain("opening the file", err)
	}
	return nil
}

func (db *database) openFile(u *url.URL, path string) (err error) {
	if err := createFile(path); err != nil {
		return err
	}
	name := (&url.URL{Scheme: "file", Path: u.Path}).String() + "?" + sqlitePragmas
	for _, pool := range []struct {
		db   **sql.DB
		max  int
		name string
	}{{&db.writes, 1, name}, {&db.reads, 4, name + "&_pragma=query_only(1)"}, {&db.quick, 1, name + "&_pragma=query_only(1)"}} {
		if *pool.db, err = sqlitePool(pool.name, pool.max); err != nil {
			return err
		}
	}
	db.intact, err = watch(db.writes, path)
	return err
}

func (db *database) openMemory() error {
	db.beSQLite("memory", "memory")
	pool, err := sqlitePool(":memory:?_txlock=immediate", 1) // the connection is the database
	db.writes, db.reads, db.quick = pool, pool, pool
	db.intact = func() error { return nil }
	return db.explain("opening a database in memory", err)
}

// sqlitePool opens a pool of connections that stay open.
func sqlitePool(name string, connections int) (*sql.DB, error) {
	pool, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	return pool, nil
}

func (db *database) beSQLite(backend, location string) {
	db.Description = Description{Backend: backend, Durable: backend == "sqlite", Location: location}
	db.particulars = particulars{
		migrations: "sqlite",
		replacer:   strings.NewReplacer("{numbers $1}", "json_each($1)", " {lock}", "", " {wait}", "", "{clock}", "0", "{alone $1}", "$1", "{in ", "IN (SELECT value FROM json_each(", "}", "))"),
		list:       jsonList,
		within:     db.sqliteWithin,
		remedy:     sqliteRemedy,
		repeatable: sqliteRepeatable,
		everybody:  sqliteEverybody,
	}
}

// sqliteTx is a transaction of the one connection that writes, and its statements.
type sqliteTx struct {
	*sql.Tx
	statements map[*statement]*sql.Stmt
}

func (c sqliteTx) prepared(s *statement) *sql.Stmt {
	if c.statements[s] == nil {
		c.statements[s] = c.Stmt(s.prepared)
	}
	return c.statements[s]
}

func (db *database) sqliteWithin(ctx context.Context, t *Tx, work func() error) error {
	sqlTx, err := db.writes.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t.on = sqliteTx{sqlTx, map[*statement]*sql.Stmt{}}
	if err = work(); err == nil {
		err = t.flush()
	}
	if err != nil {
		_ = sqlTx.Rollback() // the first error says more
		return err
	}
	t.committing = true
	return sqlTx.Commit()
}

func (c sqliteTx) exec(s *statement, args []any) (changed, inserted int64, err error) {
	result, err := c.prepared(s).Exec(s.arguments(args)...)
	if err != nil {
		return 0, 0, err
	}
	inserted, _ = result.LastInsertId() // SQLite has it
	changed, err = result.RowsAffected()
	return changed, inserted, err
}

func (c sqliteTx) query(s *statement, args []any, scan func(scanner) error) error {
	rows, err := c.prepared(s).Query(s.arguments(args)...)
	return scanAll(rows, err, scan)
}

func (c sqliteTx) write(all []writing) error {
	for _, w := range all {
		if _, _, err := c.exec(w.statement, w.args); err != nil {
			return err
		}
	}
	return nil
}

// jsonList returns a list as json_each reads it.
func jsonList(list any) any {
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	if string(b) == "null" {
		return "[]"
	}
	return string(b)
}

func sqlitePath(u *url.URL) (string, error) {
	if u.Host != "" || u.Path == "" || u.Path == "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("outbox_url has to name a file by its absolute path, with three slashes: sqlite:///var/lib/grafana/nhncloud-email/outbox.db")
	}
	path := u.Path
	if runtime.GOOS == "windows" {
		path = filepath.FromSlash(strings.TrimPrefix(path, "/"))
	}
	return path, nil
}

// sqliteCode returns the primary result code in err, 0 without one.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// sqliteRepeatable is true when another process's lock was not waited for.
func sqliteRepeatable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

// sqliteEverybody is true when no transaction can be written: not for want of
// space, which a smaller one may find. In a file that is read-only none even begins.
func sqliteEverybody(err error) bool {
	_, vanished := errors.AsType[*problem](err)
	return vanished || slices.Contains([]int{sqlite3.SQLITE_BUSY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB}, sqliteCode(err))
}

func sqliteRemedy(err error) string {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_FULL:
		return "free space on the disk, or set outbox_url to a path on a larger one"
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN:
		return "let Grafana's user write the file and its folder, or set outbox_url to another path"
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return "move the file away (a new one is made) or restore it from a backup, then restart the plugin"
	case sqlite3.SQLITE_IOERR:
		return "look for disk errors in the system's log; the path has to be on a local file system"
	case sqlite3.SQLITE_BUSY:
		return "another process holds the file; only one Grafana may use it (several share a PostgreSQL)"
	}
	if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		return "let Grafana's user write the file and its folder, or set outbox_url to another path"
	}
	return "set outbox_url to a path that Grafana's user can write"
}
