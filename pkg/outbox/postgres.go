package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
)

func openPostgres(u *url.URL) (*store, error) {
	replace := []string{"{lock}", "FOR UPDATE SKIP LOCKED", "{wait}", "FOR UPDATE", "{keep}", "FOR KEY SHARE SKIP LOCKED"}
	for i := 1; i <= 9; i++ {
		replace = append(replace, fmt.Sprintf("{list $%d}", i), fmt.Sprintf("SELECT jsonb_array_elements_text($%d::text::jsonb)", i))
	}
	st := &store{
		Description: Description{Backend: "postgres", Durable: true, Location: publicURL(u)},
		migrations:  "postgres",
		replacer:    strings.NewReplacer(replace...),
		elements:    "jsonb_array_elements(recipients::jsonb)",
		now:         postgresNow,
		clock:       postgresClock,
		timeout:     15 * time.Second,
		waitPoll:    200 * time.Millisecond,
		intact:      func() error { return nil },
		remedy:      postgresRemedy,
		repeatable:  postgresRepeatable,
		shared:      postgresShared,
	}
	config, err := pgx.ParseConfig(u.String())
	if err != nil {
		// pgx masks the password, but not in every malformed URL.
		return nil, errors.New("outbox_url is not a PostgreSQL URL that can be used: postgres://user:password@host:5432/database?sslmode=verify-full")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	// Apart, so that no alert waits for those who read a long log.
	st.writes, st.reads = stdlib.OpenDB(*config), stdlib.OpenDB(*config)
	for _, pool := range []*sql.DB{st.writes, st.reads} {
		pool.SetMaxOpenConns(4)
		pool.SetMaxIdleConns(2)
		pool.SetConnMaxIdleTime(5 * time.Minute)
	}
	return st, nil
}

// publicURL is u without what may be secret.
func publicURL(u *url.URL) string {
	public := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if u.User != nil {
		public.User = url.User(u.User.Username())
	}
	return public.String()
}

// postgresClock is the database's clock in microseconds.
const postgresClock = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"

func postgresNow(ctx context.Context, tx *sql.Tx) (now int64, err error) {
	err = tx.QueryRowContext(ctx, "SELECT "+postgresClock).Scan(&now)
	return now, err
}

// postgresCode is the SQLSTATE in err, empty without one.
func postgresCode(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// postgresRepeatable is true for deadlocks, serialization failures and lost
// connections. A transaction whose COMMIT failed is not asked about.
func postgresRepeatable(err error) bool {
	code := postgresCode(err)
	return code == "40P01" || code == "40001" || postgresShared(err)
}

// postgresShared is true when the trouble is the server or the way to it.
func postgresShared(err error) bool {
	code := postgresCode(err)
	for _, class := range []string{"08", "53", "57", "28", "3D"} {
		if strings.HasPrefix(code, class) {
			return true
		}
	}
	return code == "" || code == "25006"
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
