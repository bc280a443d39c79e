package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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
