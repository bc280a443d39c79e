package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

func (db *database) openPostgres(u *url.URL) error {
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		// pgx masks the password, but not in every malformed URL.
		return errors.New("outbox_url is not a PostgreSQL URL that can be used: postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	roles := new(roles)
	db.Description = Description{Backend: "postgres", Durable: true, Location: publicURL(u)}
	db.particulars = particulars{
		migrations: "postgres",
		replacer: strings.NewReplacer("{numbers $1}", "(SELECT unnest($1::bigint[]) AS value)", "{lock}", "FOR UPDATE SKIP LOCKED", "{wait}", "FOR UPDATE", "{alone $1}", "pg_advisory_xact_lock(hashtextextended($1, 0))", "{in ", "= ANY(", "}", ")",
			"{clock}", "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"),
		server:     true,
		timeout:    15 * time.Second,
		list:       func(list any) any { return list },
		within:     db.postgresWithin,
		intact:     func() error { return nil },
		remedy:     postgresRemedy,
		repeatable: postgresRepeatable,
		everybody:  postgresEverybody,
		failed:     roles.failed,
	}
	for _, pool := range []struct {
		db  **sql.DB
		max int
	}{{&db.writes, 2}, {&db.reads, 4}, {&db.quick, 2}} {
		*pool.db = stdlib.OpenDB(*config, stdlib.OptionAfterConnect(roles.connected), stdlib.OptionResetSession(roles.check))
		(*pool.db).SetMaxOpenConns(pool.max)
		(*pool.db).SetMaxIdleConns(2)
		(*pool.db).SetConnMaxIdleTime(5 * time.Minute)
	}
	return nil
}

// roles notices that the server has become a read-only replica. Its connections are
// then closed rather than used again, so that the next ones go to the server that takes
// writes now (several hosts in the URL, and
// target_session_attrs).
type roles struct{ failovers atomic.Int64 }

const bornAfter = "failovers" // in the custom data of a connection

func (r *roles) failed(err error) {
	if postgresCode(err) == "25006" {
		r.failovers.Add(1)
	}
}

func (r *roles) connected(_ context.Context, c *pgx.Conn) error {
	c.PgConn().CustomData()[bornAfter] = r.failovers.Load()
	return nil
}

func (r *roles) check(_ context.Context, c *pgx.Conn) error {
	if c.PgConn().CustomData()[bornAfter] != r.failovers.Load() {
		return driver.ErrBadConn
	}
	return nil
}

// publicURL returns u without what may be secret.
func publicURL(u *url.URL) string {
	public := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		public.User = url.User(u.User.Username())
	}
	return public.String()
}

// postgresCode returns the SQLSTATE in err, empty without one.
func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// postgresRepeatable is true for deadlocks, serialization failures and lost
// connections, and for a server that turned out to be a replica: the next
// connection may be to the primary. A transaction whose COMMIT failed is not
// asked about.
func postgresRepeatable(err error) bool {
	return slices.Contains([]string{"40P01", "40001"}, postgresCode(err)) || postgresEverybody(err)
}

// postgresEverybody is true when the trouble is the server or the way to it. A
// time-out (57014, or our own) and a lock are not: one operation may have
// been too much.
func postgresEverybody(err error) bool {
	code := postgresCode(err)
	if code == "" {
		return !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) // of the connection
	}
	return code == "25006" || code != "57014" && slices.Contains([]string{"08", "53", "57", "28", "3D"}, code[:2])
}

func postgresRemedy(err error) string {
	code := postgresCode(err)
	switch {
	case strings.HasPrefix(code, "28"):
		return "check the user and the password in outbox_url, and pg_hba.conf"
	case code == "3D000":
		return "create the database, or name another in outbox_url"
	case code == "42501" || code == "3F000":
		return "let the user of outbox_url create and use tables in the schema"
	case code == "53100":
		return "free space on the database server's disk"
	case code == "53300":
		return "raise max_connections of the server, or stop other clients"
	case code == "25006":
		return "connect to the primary, not to a read-only replica"
	case code == "":
		return "check that PostgreSQL runs and can be reached from here (host, port, sslmode)"
	}
	return "see the PostgreSQL server's log"
}

// postgresTx is a transaction on a connection of the pool, past database/sql: BEGIN
// goes to the server in one message with the first query, COMMIT in one with what was
// collected, and one deadline holds for all statements.
type postgresTx struct {
	*pgx.Conn
	begun bool
}

func (db *database) postgresWithin(ctx context.Context, t *Tx, work func() error) error {
	pooled, err := db.writes.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = pooled.Close() }() // back to the pool, where a broken one is noticed
	return pooled.Raw(func(driver any) (err error) {
		c := &postgresTx{Conn: driver.(*stdlib.Conn).Conn()}
		t.on = c
		if deadline, ok := ctx.Deadline(); ok {
			if err := c.PgConn().Conn().SetDeadline(deadline); err != nil {
				return err
			}
			defer func() { _ = c.PgConn().Conn().SetDeadline(time.Time{}) }() // of a connection that may be closed
		}
		if err = work(); err == nil {
			err = c.commit(t)
		}
		if err != nil && !c.IsClosed() {
			_, _ = c.Exec(context.Background(), "ROLLBACK") // the first error says more
		}
		return err
	})
}

// commit sends what was collected and COMMIT in one message.
func (c *postgresTx) commit(t *Tx) error {
	all := t.unsent()
	batch := batchOf(all)
	done := 0
	for _, q := range batch.QueuedQueries {
		q.Exec(func(pgconn.CommandTag) error { done++; return nil })
	}
	batch.Queue("COMMIT")
	err := c.SendBatch(context.Background(), batch).Close()
	if t.committing = done == len(all); t.committing {
		return err
	}
	return t.spoil(err)
}

func batchOf(all []writing) *pgx.Batch {
	var batch pgx.Batch
	for _, w := range all {
		batch.Queue(w.text, w.args...)
	}
	return &batch
}

func (c *postgresTx) write(all []writing) error {
	return c.SendBatch(context.Background(), batchOf(all)).Close()
}

func (c *postgresTx) exec(s *statement, args []any) (changed, inserted int64, err error) {
	tag, err := c.Exec(context.Background(), s.text, args...)
	return tag.RowsAffected(), 0, err
}

func (c *postgresTx) query(s *statement, args []any, scan func(scanner) error) error {
	var batch pgx.Batch
	if !c.begun {
		c.begun = true
		batch.Queue("BEGIN")
	}
	batch.Queue(s.text, args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return c.SendBatch(context.Background(), &batch).Close()
}
