package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteBusy is how long another process's transaction is waited for.
const sqliteBusy = 10 * time.Second

// sqlitePragmas hold for every connection: a commit is on the disk when it
// returns (on macOS with fullfsync), and a lock of another process is waited for.
var sqlitePragmas = fmt.Sprintf("_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=fullfsync(1)&_txlock=immediate", sqliteBusy.Milliseconds())

func openSQLite(u *url.URL) (*store, error) {
	path, err := sqlitePath(u)
	if err != nil {
		return nil, err
	}
	st := newSQLite("sqlite", path)
	if err := createFile(path); err != nil {
		return nil, st.explain("opening the file", err)
	}
	name := (&url.URL{Scheme: "file", Path: u.Path}).String()
	if st.writes, err = sql.Open("sqlite", name+"?"+sqlitePragmas); err != nil {
		return nil, st.explain("opening the file", err)
	}
	keepOne(st.writes)
	if st.reads, err = sql.Open("sqlite", name+"?"+sqlitePragmas+"&_pragma=query_only(1)"); err != nil {
		_ = st.writes.Close() // that it could not be opened says more
		return nil, st.explain("opening the file", err)
	}
	st.reads.SetMaxOpenConns(4)
	st.reads.SetMaxIdleConns(4)
	if st.intact, err = watch(st.writes, path); err != nil {
		_ = st.close() // as above
		return nil, st.explain("opening the file", err)
	}
	return st, nil
}

func openMemory() (*store, error) {
	st := newSQLite("memory", "memory")
	db, err := sql.Open("sqlite", ":memory:?_txlock=immediate")
	if err != nil {
		return nil, st.explain("opening a database in memory", err)
	}
	keepOne(db) // the connection is the database
	st.writes, st.reads = db, db
	st.intact = func() error { return nil }
	return st, nil
}

// keepOne makes the pool one connection that is never closed while it works.
func keepOne(db *sql.DB) {
	db.SetMaxOpenConns(1)
	db.SetMaxIdleConns(1)
}

func newSQLite(backend, location string) *store {
	replace := []string{" {lock}", "", " {wait}", "", " {keep}", ""}
	for i := 1; i <= 9; i++ {
		replace = append(replace, fmt.Sprintf("{list $%d}", i), fmt.Sprintf("SELECT value FROM json_each($%d)", i))
	}
	return &store{
		Description: Description{Backend: backend, Durable: backend == "sqlite", Location: location},
		migrations:  "sqlite",
		replacer:    strings.NewReplacer(replace...),
		elements:    "json_each(recipients)",
		now:         func(context.Context, *sql.Tx) (int64, error) { return time.Now().UnixMicro(), nil },
		waitPoll:    time.Second,
		remedy:      sqliteRemedy,
		repeatable:  sqliteRepeatable,
		shared:      func(error) bool { return false },
	}
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

// createFile makes the file and its folder for their owner alone, before SQLite
// opens it: the WAL takes its mode from the file.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := closeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	files := []string{path, path + "-wal", path + "-shm"} // the latter of a backup that was put back, say
	for _, name := range files {
		if err := closeToOthers(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	// It may have been put there in between.
	return errors.Join(closeToOthers(path), f.Close())
}

// closeFolder keeps others from exchanging the files in a folder. Where the
// sticky bit is set they cannot anyway.
func closeFolder(folder string) error {
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm()&0o002 == 0 || info.Mode()&os.ModeSticky != 0 || runtime.GOOS == "windows" {
		return err
	}
	if err := os.Chmod(folder, info.Mode()&^0o022); err != nil {
		return &unsafeError{folder + " can be written by every user of this machine", "make the folder Grafana's own (chown) and take the permission to write from others (chmod 700)"}
	}
	return nil
}

// closeToOthers takes the modes of others off a file, which has to be one: a
// link leads to what somebody else chose.
func closeToOthers(name string) error {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return err
	case info.Mode()&os.ModeSymlink != 0:
		return &unsafeError{name + " is a symbolic link", "move the file that it leads to here, or name that one in outbox_url"}
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case info.Mode().Perm()&0o077 != 0:
		return os.Chmod(name, 0o600)
	}
	return nil
}

// unsafeError is a place where others could read or exchange the outbox.
type unsafeError struct{ what, remedy string }

func (e *unsafeError) Error() string { return e.what }

// watch opens the database and returns a check that its files are still those:
// SQLite itself goes on writing to a file that was removed under it.
func watch(db *sql.DB, path string) (func() error, error) {
	// A transaction that writes makes the WAL file. While another process turns
	// the WAL on, or as the last one takes it away, SQLite answers BUSY at once
	// instead of waiting (https://sqlite.org/wal.html, section 8).
	err := repeat(context.Background(), sqliteBusy, func() (again bool, err error) {
		_, err = db.Exec("PRAGMA user_version = 0")
		return sqliteRepeatable(err), err
	})
	if err != nil {
		return nil, err
	}
	files := []string{path, path + "-wal"}
	opened := make([]os.FileInfo, len(files))
	for i, name := range files {
		var err error
		if opened[i], err = os.Stat(name); err != nil {
			return nil, err
		}
	}
	return func() error {
		for i, name := range files {
			if info, err := os.Stat(name); err != nil || !os.SameFile(info, opened[i]) {
				return &vanishedError{name}
			}
		}
		return nil
	}, nil
}

type vanishedError struct{ path string }

func (e *vanishedError) Error() string {
	return e.path + " was removed or replaced while it was in use"
}

// sqliteCode is the primary result code in err, 0 without one.
func sqliteCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() & 0xff
	}
	return 0
}

// sqliteRepeatable is true when another process's lock was not waited for.
func sqliteRepeatable(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_BUSY }

func sqliteRemedy(err error) string {
	if _, ok := errors.AsType[*vanishedError](err); ok {
		return "put the file back and restart the plugin"
	}
	if unsafe, ok := errors.AsType[*unsafeError](err); ok {
		return unsafe.remedy
	}
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
