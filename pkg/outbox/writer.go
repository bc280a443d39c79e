package outbox

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"
)

// maxBatch bounds how many operations share a transaction, so that none waits
// long for the others.
const maxBatch = 256

// repeatFor is how long a transaction is repeated that met a deadlock or lost
// its connection.
const repeatFor = 500 * time.Millisecond

// deadlocks is how many a transaction may meet. PostgreSQL finds one only after
// a second (deadlock_timeout), when repeatFor is over.
const deadlocks = 3

// In a storm a transaction waits so long for more operations: it costs twenty
// of them hardly more than one. Otherwise nobody waits.
const (
	stormSize = 16 // deliveries in hand
	gather    = 2 * time.Millisecond
)

// op is one operation on the store. Operations that wait at the same time share
// a transaction, and so its fsync.
type op struct {
	name string // what it does, for errors
	key  string // transactions lock notifications in the order of their keys
	// run works in the transaction. It may run again after a rollback. A
	// refusal ends this operation only; any other error the transaction.
	run func(*tx) error
	// done, if set, hears the result before the one who waits does. It must
	// not block.
	done func(error)

	ctx   context.Context
	err   error
	ended chan error
}

// writer commits operations, one transaction at a time.
type writer struct {
	o       *Outbox
	mu      sync.Mutex
	waiting []*op
	closed  bool
	lastNow int64     // the store's clock when the latest transaction began
	asked   time.Time // ours then
	began   time.Time // ours, before it waited for the store
	wake    chan struct{}
	ended   chan struct{}
}

func newWriter(o *Outbox) *writer {
	w := &writer{o: o, wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.loop()
	return w
}

// write runs p in a transaction and returns once that is committed. When ctx
// ends first the operation may still be carried out.
func (o *Outbox) write(ctx context.Context, p *op) error {
	p.ctx, p.ended = ctx, make(chan error, 1)
	if !o.writer.add(p) {
		p.finish(ErrClosed)
	}
	select {
	case err := <-p.ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w before the outbox had committed it; it may be carried out all the same", p.name, ctx.Err())
	}
}

func (p *op) finish(err error) {
	if p.done != nil {
		p.done(err)
	}
	p.ended <- err
}

func (w *writer) add(p *op) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.waiting = append(w.waiting, p)
	signal(w.wake)
	return true
}

// signal leaves a token in a channel of capacity one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close carries out what waits, and ends.
func (w *writer) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	signal(w.wake)
	<-w.ended
}

func (w *writer) loop() {
	defer close(w.ended)
	for range w.wake {
		for {
			if w.o.storm() {
				time.Sleep(gather)
			}
			w.mu.Lock()
			n := min(len(w.waiting), maxBatch)
			batch := w.waiting[:n:n]
			w.waiting = w.waiting[n:]
			closed := w.closed
			w.mu.Unlock()
			if n > 0 {
				w.commit(batch)
			} else if closed {
				return
			} else {
				break
			}
		}
	}
}

// commit carries out a batch. When the transaction fails for a reason that is
// not everybody's, each operation gets its own.
func (w *writer) commit(batch []*op) {
	batch = slices.DeleteFunc(batch, func(p *op) bool {
		err := p.ctx.Err()
		if err != nil {
			p.finish(fmt.Errorf("%s: %w", p.name, err))
		}
		return err != nil
	})
	slices.SortStableFunc(batch, func(a, b *op) int { return cmp.Compare(a.key, b.key) })

	st := w.o.store
	var committing bool
	var err error
	for range deadlocks {
		err = repeat(w.o.ctx, repeatFor, func() (again bool, err error) {
			committing, err = w.transact(batch)
			return !committing && st.repeatable(err), err
		})
		if committing || postgresCode(err) != "40P01" {
			break
		}
	}
	if err != nil && len(batch) > 1 && !committing && !st.shared(err) {
		for _, p := range batch {
			w.commit([]*op{p})
		}
		return
	}
	for _, p := range batch {
		if err != nil {
			p.err = st.explain(p.name, err)
		}
		p.finish(p.err)
	}
}

// transact runs the batch in one transaction. With committing, the error is
// that of COMMIT itself, and what became of the transaction may be unknown.
func (w *writer) transact(batch []*op) (committing bool, err error) {
	st := w.o.store
	w.began = time.Now()
	ctx := context.Background()
	if st.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, st.timeout)
		defer cancel()
	}
	sqlTx, err := st.writes.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	t := &tx{o: w.o, ctx: ctx, sql: sqlTx}
	t.now, err = st.now(ctx, sqlTx)
	asked := time.Now()
	if err == nil {
		err = t.follow(w.lastNow, asked.Sub(w.asked))
	}
	if err == nil {
		err = t.runAll(batch)
	}
	if err != nil {
		w.o.room.forget()
		_ = sqlTx.Rollback() // the first error says more
		return false, err
	}
	if err := sqlTx.Commit(); err != nil {
		w.o.room.forget()
		return true, err
	}
	w.lastNow, w.asked = t.now, asked
	return true, st.intact()
}

// tx is a transaction of the writer.
type tx struct {
	o      *Outbox
	ctx    context.Context
	sql    *sql.Tx
	now    int64 // the store's clock when it began
	pauses map[sender]*pause
	// suspected: a suspect was claimed. It is in hand from the commit on.
	suspected bool
}

func (t *tx) runAll(batch []*op) error {
	for _, p := range batch {
		p.err = p.run(t)
		if r, ok := p.err.(refusal); ok {
			p.err = r.err
		} else if p.err != nil {
			return p.err
		}
	}
	return nil
}

// exec runs a registered query and returns how many rows it changed.
func (t *tx) exec(q string, args ...any) (int64, error) {
	s := t.o.store.statements[q]
	var result sql.Result
	var err error
	if s.prepared != nil {
		result, err = t.sql.StmtContext(t.ctx, s.prepared).ExecContext(t.ctx, args...)
	} else {
		result, err = t.sql.ExecContext(t.ctx, s.text, args...)
	}
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each runs a registered query and scan for every row of its result.
func (t *tx) each(scan func(scanner) error, q string, args ...any) error {
	s := t.o.store.statements[q]
	var rows *sql.Rows
	var err error
	if s.prepared != nil {
		rows, err = t.sql.StmtContext(t.ctx, s.prepared).QueryContext(t.ctx, args...)
	} else {
		rows, err = t.sql.QueryContext(t.ctx, s.text, args...)
	}
	return scanAll(rows, err, scan)
}

// scanAll runs scan for every row and closes them.
func scanAll(rows *sql.Rows, err error, scan func(scanner) error) error {
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // Err has told
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
