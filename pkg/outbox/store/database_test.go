package store

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
)

func TestURLsThatCannotBeUsedAreExplained(t *testing.T) {
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	garbage := filepath.Join(folder, "garbage.db")
	for name, content := range map[string]string{file: "x", garbage: strings.Repeat("this is no database ", 500)} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tt := range map[string]struct{ url, says string }{
		"empty":                 {"", "memory:"},
		"another scheme":        {"mysql://u:s3cret@h/d", "mysql:"},
		"no URL":                {"postgres://u:s3cret%@h/d", "percent-encoded"},
		"relative path":         {"sqlite://outbox.db", "three slashes"},
		"no path":               {"sqlite:", "three slashes"},
		"parameters":            {"sqlite:///x.db?mode=ro", "three slashes"},
		"folder is a file":      {"sqlite://" + file + "/outbox.db", file},
		"file is a folder":      {"sqlite://" + folder, folder},
		"corrupt file":          {"sqlite://" + garbage, "restore it from a backup"},
		"PostgreSQL is away":    {"postgres://u:s3cret@127.0.0.1:1/d?connect_timeout=2", "check that PostgreSQL runs"},
		"bad PostgreSQL option": {"postgres://u:s3cret@127.0.0.1:1/d?sslmode=s3cret", "sslmode=verify-full"},
	} {
		s, err := Open(t.Context(), tt.url, Options{})
		if err == nil {
			t.Errorf("%s: it opened", name)
			_ = s.Close()
			continue
		}
		if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v; want %q and no password", name, err, tt.says)
		}
	}
}

func openUnmigrated(t *testing.T, location string) *database {
	t.Helper()
	db, err := open(location, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestServerThatFallsSilentWhileItIsOpenedIsGivenUp: the first connection
// stands, and nothing more is heard of it.
func TestServerThatFallsSilentWhileItIsOpenedIsGivenUp(t *testing.T) {
	readyForQuery := "Z\x00\x00\x00\x05I"
	location, _ := pgtest.Silent(t, pgtest.Database(t), readyForQuery)
	db := openUnmigrated(t, location)
	db.timeout = 300 * time.Millisecond
	if err := db.migrate(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of a deadline", err)
	}
}

func TestDescriptionHidesThePassword(t *testing.T) {
	db := openUnmigrated(t, "postgres://user:s3cret@db.example.com/outbox?sslmode=require&sslpassword=s3cret")
	if got := db.Describe().Location; got != "postgres://user@db.example.com/outbox" {
		t.Errorf("location %q", got)
	}
}

// onFile runs the test on a store in a file.
func onFile(t *testing.T) (f *fixture, path string) {
	t.Helper()
	f = newFixture(t, backends[1])
	return f, f.Location
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	f, path := onFile(t)
	f.enqueue(mail(""))
	if got := f.Describe(); got != (Description{"sqlite", true, path}) {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode().Perm(), err, want)
		}
	}
}

// TestFilesOfARestoredBackupAreClosedToOthers: a copy has the modes of whoever
// made it.
func TestFilesOfARestoredBackupAreClosedToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	f, path := onFile(t)
	f.enqueue(mail(""))
	restored := filepath.Join(t.TempDir(), "outbox.db")
	for _, suffix := range []string{"", "-wal", "-shm"} {
		data, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(restored+suffix, data, 0o644); err != nil { //nolint:gosec // that is the point
			t.Fatal(err)
		}
	}
	f.url = "sqlite://" + filepath.ToSlash(restored)
	f.database = f.open()
	f.enqueue(mail(""))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(restored + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", restored+suffix, info.Mode(), err)
		}
	}
}

// storing is what Write says of a new mail.
func (f *fixture) storing(n NewDelivery) (failure *StorageError) {
	f.Helper()
	err := f.Write(context.Background(), func(tx *Tx) error { _, err := tx.Enqueue(n); return err })
	failure, ok := errors.AsType[*StorageError](err)
	if err != nil && !ok {
		f.Fatalf("error %v", err)
	}
	return failure
}

func TestDiskFullIsAnErrorAndNothingIsLost(t *testing.T) {
	f, path := onFile(t)
	limit := func(pages string) {
		t.Helper()
		if _, err := f.writes.ExecContext(t.Context(), "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	kept := f.enqueue(mail("")).Delivery
	limit("1") // SQLite takes the size it has
	big := mail("")
	big.Message = make([]byte, 1<<20)
	failure := f.storing(big)
	if failure == nil || failure.Everybody || failure.Unknown {
		t.Fatalf("%+v", failure)
	}
	if !strings.Contains(failure.Error(), path) || !strings.Contains(failure.Remedy, "free space") {
		t.Fatalf("error %v", failure)
	}
	limit("1000000")
	f.enqueue(big)
	f.get(kept.ID)
}

// TestFileThatIsReadOnlyIsInEverybodysWay: no transaction passes, however small, so that
// the writer need not try its operations one by one.
func TestFileThatIsReadOnlyIsInEverybodysWay(t *testing.T) {
	f, path := onFile(t)
	readOnly := func(value string) {
		t.Helper()
		if _, err := f.writes.ExecContext(t.Context(), "PRAGMA query_only = "+value); err != nil {
			t.Fatal(err)
		}
	}
	readOnly("on")
	failure := f.storing(mail(""))
	if failure == nil || !failure.Everybody || !strings.Contains(failure.Error(), path) || !strings.Contains(failure.Remedy, "write the file") {
		t.Errorf("%+v", failure)
	}
	readOnly("off")
	f.enqueue(mail(""))
}

func TestFileThatVanishesIsAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files")
	}
	for _, suffix := range []string{"", "-wal"} {
		for name, spoil := range map[string]func(string) error{
			"removed": os.Remove,
			"replaced": func(path string) error {
				return errors.Join(os.Rename(path, path+".old"), os.WriteFile(path, nil, 0o600))
			},
		} {
			t.Run(name+suffix, func(t *testing.T) {
				f, path := onFile(t)
				f.enqueue(mail(""))
				if err := spoil(path + suffix); err != nil {
					t.Fatal(err)
				}
				failure := f.storing(mail(""))
				if failure == nil || !failure.Everybody || !strings.Contains(failure.Error(), path+suffix+" was removed") {
					t.Errorf("error %v", failure)
				}
			})
		}
	}
}

// TestPlacesThatOthersCanWriteAreClosedOrRefused: whoever may write the folder
// could exchange the file, and a link leads where they want.
func TestPlacesThatOthersCanWriteAreClosedOrRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	for mode, want := range map[fs.FileMode]fs.FileMode{0o777: 0o755, 0o757: 0o755, 0o777 | fs.ModeSticky: 0o777, 0o770: 0o770, 0o755: 0o755} {
		folder := t.TempDir()
		if err := os.Chmod(folder, mode); err != nil {
			t.Fatal(err)
		}
		o, err := Open(t.Context(), "sqlite://"+filepath.Join(folder, "outbox.db"), Options{})
		if err != nil {
			t.Errorf("%v: %v", mode, err)
			continue
		}
		_ = o.Close()
		if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != want {
			t.Errorf("a folder of mode %v has %v, want %v: %v", mode, info.Mode(), want, err)
		}
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		folder, elsewhere := t.TempDir(), filepath.Join(t.TempDir(), "mine")
		if err := os.WriteFile(elsewhere, []byte("somebody's"), 0o644); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "outbox.db")
		if err := os.Symlink(elsewhere, path+suffix); err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), "sqlite://"+path, Options{})
		if err == nil || !strings.Contains(err.Error(), path+suffix+" is a symbolic link: ") {
			t.Errorf("a link as outbox.db%s: %v", suffix, err)
		}
		content, err := os.ReadFile(elsewhere)
		info, _ := os.Stat(elsewhere)
		if err != nil || string(content) != "somebody's" || info.Mode().Perm() != 0o644 {
			t.Errorf("what a link led to was touched: %v %q %v", err, content, info.Mode())
		}
	}
	// A link to nothing makes no file there.
	folder, nothing := t.TempDir(), filepath.Join(t.TempDir(), "nothing")
	if err := os.Symlink(nothing, filepath.Join(folder, "outbox.db")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "sqlite://"+filepath.Join(folder, "outbox.db"), Options{})
	if _, there := os.Lstat(nothing); err == nil || there == nil {
		t.Errorf("a link to nothing: %v, and a file is there: %v", err, there == nil)
	}
}

func TestProcessesThatStartTogetherAgreeOnTheSchema(t *testing.T) {
	for _, b := range backends[1:] {
		t.Run(b.name, func(t *testing.T) {
			location := b.url(t)
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					s, err := Open(context.Background(), location, Options{})
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestOutboxOfALaterSchemaIsRefusedAndLeftAsItIs(t *testing.T) {
	for _, b := range backends[1:] {
		t.Run(b.name, func(t *testing.T) {
			f := newFixture(t, b)
			if _, err := f.writes.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"); err != nil {
				t.Fatal(err)
			}
			s, err := Open(t.Context(), f.url, Options{})
			if err == nil {
				_ = s.Close()
				t.Fatal("it opened")
			}
			for _, words := range []string{"version 99", "the version of the plugin that upgraded it"} {
				if !strings.Contains(err.Error(), words) {
					t.Errorf("%v; want %q", err, words)
				}
			}
		})
	}
}

// onServer is a store on PostgreSQL by the system's clock.
func onServer(t *testing.T, parameters ...string) *fixture {
	t.Helper()
	return newFixture(t, backend{"postgres", func(tb testing.TB) string {
		return strings.Join(append([]string{pgtest.Database(tb)}, parameters...), "&")
	}})
}

// waitsInVain has a transaction wait for a row that holder has locked, until a time-out
// ends that: it is the fault of this transaction alone.
func (f *fixture) waitsInVain(holder *database, d Delivery, until string) {
	f.Helper()
	ctx := f.Context()
	err := holder.Write(ctx, func(tx *Tx) error {
		if _, err := tx.Load(src, d.ID); err != nil {
			return err
		}
		err := f.Write(ctx, func(tx *Tx) error { _, err := tx.Load(src, d.ID); return err })
		failure, ok := errors.AsType[*StorageError](err)
		if !ok || failure.Everybody || failure.Unknown {
			f.Errorf("%s: %+v", until, err)
		}
		return nil
	})
	if err != nil {
		f.Fatal(err)
	}
}

// TestTimeOutIsTheOperationsFault: that of the server, and that for a lock.
func TestTimeOutIsTheOperationsFault(t *testing.T) {
	for _, parameter := range []string{"statement_timeout=500", "lock_timeout=500"} {
		f := onServer(t)
		d := f.enqueue(mail("")).Delivery
		holder := f.database
		f.url += "&" + parameter
		f.database = f.open()
		f.waitsInVain(holder, d, parameter)
		f.enqueue(mail("")) // the connection is well
	}
}

// TestOwnTimeOutIsTheOperationsFault, too: a lock that another process holds for
// longer than a transaction may take.
func TestOwnTimeOutIsTheOperationsFault(t *testing.T) {
	f := onServer(t)
	d := f.enqueue(mail("")).Delivery
	holder := f.database
	f.database = f.open()
	f.timeout = 500 * time.Millisecond
	f.waitsInVain(holder, d, "its own time-out")
}

// TestServerThatFallsSilentHoldsNobodyUp: it is frozen in the midst of a transaction,
// and nothing is heard of its connection any more.
func TestServerThatFallsSilentHoldsNobodyUp(t *testing.T) {
	f := onServer(t)
	location, silent := pgtest.Silent(t, f.url, "INSERT INTO recipient")
	f.url = location
	f.database = f.open()
	f.timeout = 500 * time.Millisecond
	failure := f.storing(mail(""))
	<-silent
	if failure == nil {
		t.Error("it is stored, for all that is known")
	}
	f.enqueue(mail("")) // on another connection
}

// TestConnectionThatTheServerEndsIsReplaced: by an administrator, say.
func TestConnectionThatTheServerEndsIsReplaced(t *testing.T) {
	f := onServer(t)
	f.enqueue(mail(""))
	n := mail("")
	runs := 0
	err := f.Write(context.Background(), func(tx *Tx) error {
		if runs++; runs == 1 {
			if _, err := f.reads.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
				WHERE datname = current_database() AND pid <> pg_backend_pid() AND state = 'idle in transaction'`); err != nil {
				return err
			}
		}
		_, err := tx.Enqueue(n)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	f.get(n.ID)
	if runs < 2 {
		t.Error("the connection was not ended")
	}
}

// TestServerThatBecameAReplicaIsLeft: the connection that was made to it is not
// used again.
func TestServerThatBecameAReplicaIsLeft(t *testing.T) {
	f := onServer(t)
	f.enqueue(mail(""))
	// As after a failover: the connections that there are only read.
	name := strings.TrimPrefix(mustParse(t, f.url).Path, "/")
	if _, err := f.writes.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET default_transaction_read_only = on"); err != nil {
		t.Fatal(err)
	}
	other := openUnmigrated(t, f.url)
	pools := map[string]*sql.DB{"writes": other.writes, "reads": other.reads, "quick": other.quick}
	for _, pool := range pools { // dialled meanwhile
		if _, err := pool.ExecContext(t.Context(), "SELECT 1"); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.writes.ExecContext(t.Context(), "ALTER DATABASE "+name+" SET default_transaction_read_only = off"); err != nil {
		t.Fatal(err)
	}
	f.database = other
	err := f.Write(context.Background(), func(tx *Tx) error { _, err := tx.Enqueue(mail("")); return err })
	if err != nil {
		t.Errorf("it stays with the replica: %v", err)
	}
	for name, pool := range pools { // a replica may lag behind
		var readOnly string
		if err := pool.QueryRowContext(t.Context(), "SHOW transaction_read_only").Scan(&readOnly); err != nil || readOnly != "off" {
			t.Errorf("%s stays with the replica: %q, %v", name, readOnly, err)
		}
	}
}

// TestReplicaAloneIsNamed: no server takes writes.
func TestReplicaAloneIsNamed(t *testing.T) {
	f := onServer(t)
	f.url += "&default_transaction_read_only=on"
	db := openUnmigrated(t, f.url)
	if err := db.prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.database = db
	failure := f.storing(mail(""))
	if failure == nil || !failure.Everybody || !strings.Contains(failure.Error(), "connect to the primary") {
		t.Errorf("error %v", failure)
	}
}

func mustParse(t *testing.T, location string) *url.URL {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// TestDeadlockIsTriedAgain: somebody else locks the same rows in another order.
func TestDeadlockIsTriedAgain(t *testing.T) {
	f := onServer(t)
	a, b := f.enqueue(mail("")).Delivery, f.enqueue(mail("")).Delivery
	other, err := f.reads.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	lock := func(id string) error {
		_, err := other.ExecContext(t.Context(), "SELECT 1 FROM delivery WHERE id = $1 FOR UPDATE", id)
		return err
	}
	// We are the ones who find the deadlock, and give way.
	if _, err := other.ExecContext(t.Context(), "SET LOCAL deadlock_timeout = '1h'"); err != nil {
		t.Fatal(err)
	}
	if err := lock(b.ID); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	runs := 0
	err = f.Write(t.Context(), func(tx *Tx) error {
		if _, err := tx.Load(src, a.ID); err != nil {
			return err
		}
		if runs++; runs == 1 {
			go func() { ended <- errors.Join(lock(a.ID), other.Commit()) }()
		}
		_, err := tx.Load(src, b.ID)
		return err
	})
	if err != nil || runs != 2 {
		t.Errorf("%d runs, %v", runs, err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
