// Package pgtest runs a private PostgreSQL server for the tests of one binary.
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver of the tests' own statements
	"go.uber.org/goleak"
)

// Server is a PostgreSQL server that listens on a socket in a folder of its own.
type Server struct {
	bin, folder string
	fsync       bool
	databases   atomic.Int64

	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
}

var shared struct {
	once   sync.Once
	server *Server
	err    error
}

// Shared starts the binary's server, once. A machine without PostgreSQL fails
// the test.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	// No test takes the power away, and without fsync a server that is killed loses
	// nothing either; a benchmark is to meet what an operator has.
	_, measured := tb.(*testing.B)
	shared.once.Do(func() { shared.server, shared.err = start(measured) })
	if shared.err != nil {
		tb.Fatalf("PostgreSQL for the tests: %v", shared.err)
	}
	return shared.server
}

// Database makes an empty database on the binary's server and returns its URL.
func Database(tb testing.TB) string {
	tb.Helper()
	url, err := Shared(tb).database()
	if err != nil {
		tb.Fatalf("PostgreSQL for the tests: %v", err)
	}
	return url
}

// Run runs the binary's tests for TestMain, ends what they shared, the server
// among it, and returns the exit code: a goroutine that is left fails the tests.
func Run(m *testing.M, end ...func()) (code int) {
	code = m.Run()
	if shared.server != nil {
		_ = shared.server.Stop() // it is thrown away
		_ = os.RemoveAll(shared.server.folder)
	}
	for _, f := range end {
		f()
	}
	if code != 0 {
		return code
	}
	if err := goleak.Find(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func start(fsync bool) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	// The path of a Unix socket is short, so the folder is not under TMPDIR's
	// deeper places.
	folder, err := os.MkdirTemp("", "outbox-pgtest-")
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, folder: folder, fsync: fsync}
	if err := handOver(folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	initdb := s.command("initdb", "-D", filepath.Join(folder, "data"), "-U", "outbox", "-A", "trust", "-E", "UTF8", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, errors.Join(fmt.Errorf("initdb: %w: %s", err, out), os.RemoveAll(folder))
	}
	if err := s.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return s, nil
}

// find returns the folder of the newest server's programs.
func find() (string, error) {
	if path, err := exec.LookPath("postgres"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return "", errors.New("there is no postgres in PATH nor in /usr/lib/postgresql; install it: apt-get install postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.bin, name), args...)
	cmd.Dir = s.folder
	asServerUser(cmd)
	return cmd
}

// Start starts the server after a Stop and returns when it answers.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cmd := s.command("postgres", "-D", filepath.Join(s.folder, "data"), "-k", s.folder,
		"-c", "listen_addresses=", "-c", "max_connections=200", "-c", "fsync="+strconv.FormatBool(s.fsync), "-c", "log_min_messages=panic")
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // a server that ends early is noticed below
		close(ended)
	}()
	s.process, s.ended = cmd, ended
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for {
		err := s.admin(ctx, "SELECT 1")
		if err == nil {
			return nil
		}
		select {
		case <-ended:
			return fmt.Errorf("the server ended at once: %s", cmd.ProcessState)
		case <-ctx.Done():
			return fmt.Errorf("the server does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Stop ends the server at once, and with it every connection.
func (s *Server) Stop() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.process.Process.Signal(syscall.SIGINT) // fast shutdown
	<-s.ended
	return err
}

// database makes a schema: to make a database takes half a second.
func (s *Server) database() (string, error) {
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	return s.url() + "&search_path=" + name, s.admin(context.Background(), "CREATE SCHEMA "+name)
}

func (s *Server) url() string {
	return "postgres://outbox@/postgres?host=" + url.QueryEscape(s.folder)
}

func (s *Server) admin(ctx context.Context, statement string) error {
	db, err := sql.Open("pgx", s.url())
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, statement)
	return errors.Join(err, db.Close())
}
