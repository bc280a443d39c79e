package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/pgtest"
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
		o, err := Open(t.Context(), tt.url, Options{})
		if err == nil {
			t.Errorf("%s: it opened", name)
			_ = o.Close(t.Context())
			continue
		}
		if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v; want %q and no password", name, err, tt.says)
		}
	}
}

// TestServerThatFallsSilentWhileItIsOpenedIsGivenUp: the first connection
// stands, and nothing more is heard of it.
func TestServerThatFallsSilentWhileItIsOpenedIsGivenUp(t *testing.T) {
	readyForQuery := "Z\x00\x00\x00\x05I"
	location, _ := pgtest.Silent(t, pgtest.Database(t), readyForQuery)
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	st, err := openPostgres(u)
	if err != nil {
		t.Fatal(err)
	}
	st.timeout = 300 * time.Millisecond
	if err := st.migrate(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want that of a deadline", err)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
}

func TestDescriptionHidesThePassword(t *testing.T) {
	u, err := url.Parse("postgres://user:s3cret@db.example.com/outbox?sslmode=require&sslpassword=s3cret")
	if err != nil {
		t.Fatal(err)
	}
	st, err := openPostgres(u)
	if err != nil {
		t.Fatal(err)
	}
	if got := st.Location; got != "postgres://user@db.example.com/outbox" {
		t.Errorf("location %q", got)
	}
	if err := st.close(); err != nil {
		t.Error(err)
	}
}

func TestFileIsItsOwnersAlone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := sqliteFile(t)
	f := &fixture{T: t, url: "sqlite://" + path, clock: newClock()}
	o := f.open()
	f.enqueue(o, notification("n"))
	if got := o.Describe(); got != (Description{"sqlite", true, path}) {
		t.Errorf("%+v", got)
	}
	for name, want := range map[string]os.FileMode{filepath.Dir(path): 0o700, path: 0o600, path + "-wal": 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode().Perm(), err, want)
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
		_ = o.Close(t.Context())
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

func TestDiskFullIsAnErrorAndNothingIsLost(t *testing.T) {
	path := sqliteFile(t)
	f := &fixture{T: t, url: "sqlite://" + path, clock: newClock()}
	o := f.open()
	limit := func(pages int) {
		t.Helper()
		if _, err := o.store.writes.ExecContext(t.Context(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	kept := f.enqueue(o, notification("before"))
	limit(1) // SQLite takes the size it has
	big := notification("big")
	big.Message = make([]byte, 1<<20)
	_, _, err := o.Enqueue(t.Context(), big)
	storage, ok := errors.AsType[*StorageError](err)
	if !ok || !strings.Contains(err.Error(), path) || !strings.Contains(storage.Remedy, "free space") {
		t.Fatalf("error %v", err)
	}
	limit(1 << 20)
	f.enqueue(o, big) // it was not stored
	f.attach(o, always(accept))
	f.awaitStatus(o, kept.ID, Sent)
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
				path := sqliteFile(t)
				f := &fixture{T: t, url: "sqlite://" + path, clock: newClock()}
				o := f.open()
				f.enqueue(o, notification("before"))
				if err := spoil(path + suffix); err != nil {
					t.Fatal(err)
				}
				_, _, err := o.Enqueue(t.Context(), notification("after"))
				if _, ok := errors.AsType[*StorageError](err); !ok || !strings.Contains(err.Error(), path+suffix+" was removed") {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

func TestEveryIndexedQueryUsesItsIndex(t *testing.T) {
	f := &fixture{T: t, url: "memory:", clock: newClock()}
	o := f.open()
	for q, index := range map[string]string{
		qClaim: "delivery_open", qNextDue: "delivery_open", qUndelivered: "delivery_open", qRecall: "delivery_open",
		qJoinable: "delivery_identity", qRemoveOld: "delivery_finished",
	} {
		text := o.store.statements[q].text
		args := make([]any, strings.Count(text, "$"))
		for i := range args {
			args[i] = "[]"
		}
		rows, err := o.store.reads.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
		var plan strings.Builder
		err = scanAll(rows, err, func(rows *sql.Rows) error {
			var a, b, c int
			var step string
			err := rows.Scan(&a, &b, &c, &step)
			plan.WriteString(step + "\n")
			return err
		})
		if err != nil || !strings.Contains(plan.String(), index) {
			t.Errorf("%s\nplan: %s%v", text, plan.String(), err)
		}
	}
}

func TestProcessesThatStartTogetherAgreeOnTheSchema(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				o, err := Open(context.Background(), f.url, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := o.Close(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	})
}

func TestOutboxOfAnEarlierSchemaKeepsItsMail(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		downgrade(t, f.url)
		o := f.open() // the clock stands before the leases of the rows end
		f.attach(o, always(accept))
		f.clock.advance(11 * time.Second)
		for _, id := range []string{"01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"} {
			if d := f.awaitStatus(o, id, Sent); d.Recipients[0].Status != Sent {
				t.Errorf("%+v", d)
			}
		}
		d := f.get(o, "01900000-0000-7000-8000-000000000003")
		recipients := []Recipient{{Address: "a@example.com", Kind: To, Status: Sent, Code: 250, Text: "accepted", UpdatedAt: at(1772366401000000)}}
		attempts := []Attempt{
			{Number: 1, At: at(1772366400000001), Duration: 30 * time.Microsecond, Stage: "greeting", Code: 421, Text: `say "later"`, Outcome: "queued"},
			{Number: 2, At: at(1772366400500000), Duration: 250 * time.Millisecond, Stage: "message", Code: 250, EnhancedCode: "2.0.0", Text: "accepted", Outcome: "sent"},
		}
		if d.Subject != "Sent" || !slices.Equal(d.Recipients, recipients) || !slices.Equal(d.Attempts, attempts) {
			t.Errorf("%+v", d)
		}
	})
}

func TestOutboxOfALaterSchemaIsRefusedAndLeftAsItIs(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open()
		if _, err := o.store.writes.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, TRUE)"); err != nil {
			t.Fatal(err)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		o, err := Open(t.Context(), f.url, Options{})
		if err == nil {
			_ = o.Close(t.Context())
			t.Fatal("it opened")
		}
		for _, words := range []string{"version 99", "the version of the plugin that upgraded it"} {
			if !strings.Contains(err.Error(), words) {
				t.Errorf("%v; want %q", err, words)
			}
		}
	})
}

// downgrade makes an outbox of schema 1, with what testdata holds.
func downgrade(t *testing.T, location string) {
	t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	open, dialect := openSQLite, goose.DialectSQLite3
	if u.Scheme == "postgres" {
		open, dialect = openPostgres, goose.DialectPostgres
	}
	st, err := open(u)
	if err != nil {
		t.Fatal(err)
	}
	folder, err := fs.Sub(migrations, "migrations/"+st.migrations)
	if err != nil {
		t.Fatal(err)
	}
	provider, err := goose.NewProvider(dialect, st.writes, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile("testdata/schema1.sql")
	if err != nil {
		t.Fatal(err)
	}
	for statement := range strings.SplitSeq(strings.TrimSpace(string(rows)), ";\n") {
		if _, err := st.writes.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.close(); err != nil {
		t.Fatal(err)
	}
}

func TestPostgreSQLThatStopsAndStartsLosesNothing(t *testing.T) {
	server := pgtest.Shared(t)
	f := &fixture{T: t, url: pgtest.Database(t), clock: newClock()}
	o := f.open(func(opt *Options) { opt.Now = nil })
	var delivered sync.Map
	f.attach(o, deliver(func(_ context.Context, d Delivery) Outcome {
		delivered.Store(d.ID, true)
		return accept
	}))
	var acknowledged sync.Map
	var good, bad atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for caller := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				d, _, err := o.Enqueue(context.Background(), notification(fmt.Sprintf("%d.%d", caller, i)))
				if err != nil {
					bad.Add(1)
					continue
				}
				acknowledged.Store(d.ID, true)
				good.Add(1)
			}
		})
	}
	for range 2 {
		before := good.Load()
		eventually(t, "mail is stored", func() bool { return good.Load() > before+20 })
		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		failed := bad.Load()
		eventually(t, "callers hear of it", func() bool { return bad.Load() > failed })
		if err := server.Start(); err != nil {
			t.Fatal(err)
		}
	}
	before := good.Load()
	eventually(t, "mail is stored again", func() bool { return good.Load() > before+20 })
	close(stop)
	wg.Wait()
	eventually(t, "all that was acknowledged is delivered", func() bool {
		missing := false
		acknowledged.Range(func(id, _ any) bool {
			_, ok := delivered.Load(id)
			missing = !ok
			return ok
		})
		return !missing
	})
}

// TestFilesOfARestoredBackupAreClosedToOthers: a copy has the modes of whoever
// made it.
func TestFilesOfARestoredBackupAreClosedToOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("modes mean nothing here")
	}
	path := sqliteFile(t)
	f := &fixture{T: t, url: "sqlite://" + filepath.ToSlash(path), clock: newClock()}
	f.enqueue(f.open(), notification("n"))
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
	g := &fixture{T: t, url: "sqlite://" + filepath.ToSlash(restored), clock: newClock()}
	g.enqueue(g.open(), notification("m"))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if info, err := os.Stat(restored + suffix); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", restored+suffix, info.Mode(), err)
		}
	}
}

// TestReadersDoNotKeepMailFromBeingDelivered: dashboards look through a long
// log, with every connection that readers may have.
func TestReadersDoNotKeepMailFromBeingDelivered(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.attach(o, always(accept))
		for range o.store.reads.Stats().MaxOpenConnections {
			reader, err := o.store.reads.Conn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = reader.Close() }()
		}
		ctx, cancel := context.WithTimeout(t.Context(), deadline)
		defer cancel()
		if d, _, err := o.EnqueueAndWait(ctx, notification("n")); err != nil || d.Status != Sent {
			t.Errorf("%s, %v", d.Status, err)
		}
	})
}
