package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Options tune a store.
type Options struct {
	// Now is the clock: the database server's on PostgreSQL, else the system's.
	Now func() time.Time
	// Owner names this process among those that share the database.
	Owner string
}

// readLimit is how long a reading method may take.
const readLimit = 5 * time.Second

// readers is how many dashboards may read one data source's log at once.
const readers = 2

// database is a Store in SQL: what is common to all databases.
type database struct {
	Description
	Options
	// writes serves one transaction at a time; reads is for those who look
	// through the log, quick for short questions that must not wait for them. In
	// memory all three are one connection.
	writes, reads, quick *sql.DB
	statements           map[string]*statement
	particulars

	closed atomic.Bool

	mu    sync.Mutex
	slots map[string]chan struct{} // of readers, by source

	repaired map[string]string // the last conversation that repairTurns looked at, by source
}

// particulars is what differs from one database to another.
type particulars struct {
	migrations string // the folder of the schema
	replacer   *strings.Replacer
	// server: the database is a server, which other processes share and which has a
	// clock. Otherwise it is in this process, where statements cost little and have
	// to be prepared here; pgx does that by itself.
	server bool
	// timeout bounds a transaction, and the wait for a server that is silent.
	timeout time.Duration
	// list makes an argument for {in} of []string or []int64.
	list func(any) any
	// within runs work in a transaction and commits it.
	within func(ctx context.Context, t *Tx, work func() error) error
	// intact says whether what was committed is still reachable.
	intact func() error
	// remedy is the advice for an error, repeatable whether the transaction may
	// succeed when it is repeated, everybody whether every transaction fails so.
	remedy                func(error) string
	repeatable, everybody func(error) bool
	// failed, if set, is called with every error of a transaction.
	failed func(error)
}

// bounded returns ctx with the timeout, if there is one.
func (db *database) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if db.timeout == 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, db.timeout)
}

// Open opens the store at location and brings its schema up to date:
//
//	sqlite:///absolute/path   a file, mode 0600, its folder created with 0700
//	postgres://user:password@host/database?sslmode=verify-full
//	memory:                   gone with the process
//
// An error names the place, the cause and the remedy, and never the password.
func Open(ctx context.Context, location string, opt Options) (Store, error) {
	db, err := open(location, opt)
	if err != nil {
		return nil, err
	}
	if err := db.migrate(ctx); err != nil {
		return nil, errors.Join(db.explain("preparing the schema", err), db.Close())
	}
	if err := db.prepare(ctx); err != nil {
		return nil, errors.Join(db.explain("preparing statements", err), db.Close())
	}
	return db, nil
}

func open(location string, opt Options) (*database, error) {
	u, err := url.Parse(location)
	if err != nil {
		// The error of url.Parse quotes what it read, the password included.
		return nil, errors.New("outbox_url is not a URL: it may be sqlite:///absolute/path, postgres://user:password@host/database or memory: (special characters percent-encoded)")
	}
	db := &database{Options: opt, statements: map[string]*statement{}, slots: map[string]chan struct{}{}, repaired: map[string]string{}}
	switch u.Scheme {
	case "sqlite":
		err = db.openSQLite(u)
	case "postgres", "postgresql":
		err = db.openPostgres(u)
	case "memory":
		err = db.openMemory()
	default:
		err = errors.New("outbox_url begins with " + strconv.Quote(u.Scheme+":") + ": it may be sqlite:///absolute/path, postgres://user:password@host/database or memory:")
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// Describe says where deliveries are kept.
func (db *database) Describe() Description { return db.Description }

// Close closes the connections.
func (db *database) Close() error {
	db.closed.Store(true)
	var err error
	for i, pool := range []*sql.DB{db.writes, db.reads, db.quick} {
		if pool != nil && (i == 0 || pool != db.writes) {
			err = errors.Join(err, pool.Close())
		}
	}
	return err
}
