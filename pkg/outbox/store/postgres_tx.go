package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgresTx is a transaction on a connection of the pool, past database/sql:
// what begins and what ends a transaction goes to the server in one message each,
// and one deadline holds for all statements.
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

// commit writes what was collected and commits, in one message.
func (c *postgresTx) commit(t *Tx) error {
	batch := batchOf(t.unsent())
	batch.Queue("COMMIT")
	results := c.SendBatch(context.Background(), batch)
	defer func() { _ = results.Close() }() // Exec has told
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			return t.spoil(err)
		}
	}
	t.committing = true
	_, err := results.Exec()
	return err
}

func batchOf(all []writing) *pgx.Batch {
	var batch pgx.Batch
	for _, w := range all {
		batch.Queue(w.text, w.args...)
	}
	return &batch
}

// write sends all in one message.
func (c *postgresTx) write(all []writing) error {
	return c.SendBatch(context.Background(), batchOf(all)).Close()
}

func (c *postgresTx) exec(s *statement, args []any) (changed, inserted int64, err error) {
	tag, err := c.Exec(context.Background(), s.text, args...)
	return tag.RowsAffected(), 0, err
}

func (c *postgresTx) query(s *statement, args []any, scan func(scanner) error) error {
	rows, err := c.send(s, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// send sends a query, and BEGIN before the first.
func (c *postgresTx) send(s *statement, args []any) (pgx.Rows, error) {
	ctx := context.Background()
	if c.begun {
		return c.Query(ctx, s.text, args...)
	}
	c.begun = true
	var batch pgx.Batch
	batch.Queue("BEGIN")
	batch.Queue(s.text, args...)
	results := c.SendBatch(ctx, &batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close() // as above
		return nil, err
	}
	rows, err := results.Query()
	return &batchRows{rows, results}, err
}

// batchRows are the rows of the last query of a batch.
type batchRows struct {
	pgx.Rows
	results pgx.BatchResults
}

func (r *batchRows) Close() {
	r.Rows.Close()
	_ = r.results.Close() // Err has told
}
