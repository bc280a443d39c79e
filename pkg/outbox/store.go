package outbox

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// store is a database and what is particular to it.
type store struct {
	Description
	// writes serves one transaction at a time; in memory, reads is the same pool.
	writes, reads *sql.DB
	// migrations is the folder of its schema.
	migrations string
	// replacer turns the common SQL into the database's.
	replacer *strings.Replacer
	// elements is the table function that reads a delivery's recipients.
	elements string
	// statements are the registered queries in that SQL, prepared where the
	// driver does not keep prepared statements itself.
	statements map[string]statement
	// now is the store's clock.
	now func(context.Context, *sql.Tx) (int64, error)
	// clock is that in SQL, for ages; empty: this process's.
	clock string
	// timeout bounds a transaction; 0: the database is in the process.
	timeout time.Duration
	// waitPoll is how often Wait looks for another process's outcome.
	waitPoll time.Duration
	// intact says whether what was committed is still reachable.
	intact func() error
	// remedy is the advice for an error, repeatable whether the transaction may
	// succeed when it is repeated, shared whether every transaction would fail.
	remedy             func(error) string
	repeatable, shared func(error) bool
}

type statement struct {
	text     string
	prepared *sql.Stmt
}

// queries are the statements of the writer, registered by query.
var queries []string

// query registers SQL that both databases understand, with $1, $2... as
// parameters and these placeholders:
//
//	{list $1}   the strings of the JSON array $1, as a subquery
//	{lock}      locks the selected rows and skips those that are locked
//	{wait}      locks the selected rows and waits for those that are locked
//	{keep}      keeps the selected rows from being deleted before the transaction ends
func query(sql string) string {
	queries = append(queries, sql)
	return sql
}

func openStore(ctx context.Context, location string, now func() time.Time) (*store, error) {
	u, err := url.Parse(location)
	if err != nil {
		// The error of url.Parse quotes what it read, the password included.
		return nil, errors.New("outbox_url is not a URL: it may be sqlite:///absolute/path, postgres://user:password@host/database or memory: (special characters percent-encoded)")
	}
	var st *store
	switch u.Scheme {
	case "sqlite":
		st, err = openSQLite(u)
	case "postgres", "postgresql":
		st, err = openPostgres(u)
	case "memory":
		st, err = openMemory()
	default:
		return nil, errors.New("outbox_url begins with " + strconv.Quote(u.Scheme+":") + ": it may be sqlite:///absolute/path, postgres://user:password@host/database or memory:")
	}
	if err != nil {
		return nil, err
	}
	if now != nil {
		st.now = func(context.Context, *sql.Tx) (int64, error) { return now().UnixMicro(), nil }
	}
	if err := st.migrate(ctx); err != nil {
		return nil, errors.Join(st.explain("preparing the schema", err), st.close())
	}
	if err := st.prepare(ctx); err != nil {
		return nil, errors.Join(st.explain("preparing statements", err), st.close())
	}
	return st, nil
}

func (st *store) prepare(ctx context.Context) error {
	st.statements = make(map[string]statement, len(queries))
	for _, q := range queries {
		s := statement{text: st.replacer.Replace(q)}
		if st.Backend != "postgres" { // pgx prepares and caches by itself
			var err error
			if s.prepared, err = st.writes.PrepareContext(ctx, s.text); err != nil {
				return err
			}
		}
		st.statements[q] = s
	}
	return nil
}

func (st *store) close() error {
	err := st.writes.Close()
	if st.reads != st.writes {
		err = errors.Join(err, st.reads.Close())
	}
	return err
}

// explain wraps an error of the database for people; nil stays nil.
func (st *store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	remedy := st.remedy(err)
	if _, ok := errors.AsType[*newerError](err); ok {
		remedy = "install the version of the plugin that upgraded it, or restore a backup from before"
	}
	return &StorageError{Location: st.Location, Doing: doing, Err: err, Remedy: remedy}
}
