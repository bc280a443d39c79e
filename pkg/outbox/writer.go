package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// maxBatch bounds how many operations share a transaction, so that none waits
// long for the others.
const maxBatch = 256

// In a storm a transaction waits for gather, so that more operations share it: twenty
// cost hardly more than one. Otherwise nobody waits.
const (
	storm  = 16 // deliveries in flight
	gather = 2 * time.Millisecond
)

// operation is one change of the store. Operations that wait at the same time
// share a transaction, and so its fsync.
type operation struct {
	name string // what it does, for errors
	// key orders the operations of a transaction, so that processes lock rows in
	// the same order: outcomes without one, new mail by its conversation, claimsLast.
	key string
	// alone: it may change many rows, and shares its transaction with no other.
	alone bool
	// run may run again after a rollback. An error of the database ends the
	// transaction, any other this operation only.
	run func(*transaction) error
	// done, if set, is called with the result before write returns it. It must not
	// block.
	done func(*state, error)

	ctx   context.Context
	err   error
	ended chan error
}

const claimsLast = "\xff"

// writer commits operations, one transaction at a time.
type writer struct {
	o       *Outbox
	state   state
	mu      sync.Mutex
	waiting []*operation
	closed  bool
	wake    chan struct{}
	ended   chan struct{}
}

func newWriter(o *Outbox) *writer {
	w := &writer{o: o, state: newState(), wake: make(chan struct{}, 1), ended: make(chan struct{})}
	go w.loop()
	return w
}

// write carries out an operation and returns once that is committed. When ctx
// ends first the operation may still be carried out.
func (o *Outbox) write(ctx context.Context, p *operation) error {
	p.ctx, p.ended = ctx, make(chan error, 1)
	if !o.writer.add(p) {
		return ErrClosed
	}
	select {
	case err := <-p.ended:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w before the outbox had committed it; it may be carried out all the same", p.name, ctx.Err())
	}
}

func (w *writer) add(p *operation) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.waiting = append(w.waiting, p)
	signal(w.wake)
	return true
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
			if w.o.busy() >= storm {
				time.Sleep(gather)
			}
			batch, closed := w.next()
			if len(batch) == 0 {
				if closed {
					return
				}
				break
			}
			w.commit(batch)
		}
	}
}

// next takes the operations of the next transaction.
func (w *writer) next() (batch []*operation, closed bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := slices.IndexFunc(w.waiting, func(p *operation) bool { return p.alone })
	switch n {
	case -1:
		n = len(w.waiting)
	case 0:
		n = 1
	}
	n = min(n, maxBatch)
	batch, w.waiting = w.waiting[:n:n], w.waiting[n:]
	return batch, w.closed
}

// commit carries out a batch. When the transaction fails for a reason that is
// one operation's, each is carried out by itself and has its own error.
func (w *writer) commit(batch []*operation) {
	batch = slices.DeleteFunc(batch, func(p *operation) bool {
		err := p.ctx.Err()
		if err != nil {
			w.finish(p, fmt.Errorf("%s: %w", p.name, err))
		}
		return err != nil
	})
	if len(batch) == 0 {
		return
	}
	slices.SortStableFunc(batch, func(a, b *operation) int { return cmp.Compare(a.key, b.key) })
	err := w.transact(batch)
	if err != nil && len(batch) > 1 && !everybodys(err) {
		for _, p := range batch {
			w.commit([]*operation{p})
		}
		return
	}
	for _, p := range batch {
		if err != nil {
			p.err = explain(p.name, err)
		}
		w.finish(p, p.err)
	}
}

// finish passes the result to done and to write.
func (w *writer) finish(p *operation, err error) {
	if p.done != nil {
		p.done(&w.state, err)
	}
	p.ended <- err
}

// everybodys says whether a failed transaction must not be taken apart: all
// would fail, or may stand.
func everybodys(err error) bool {
	failed, ok := errors.AsType[*StorageError](err)
	return ok && (failed.Everybody || failed.Unknown)
}

// explain says in the store's error what was being done.
func explain(doing string, err error) error {
	if failed, ok := errors.AsType[*StorageError](err); ok {
		named := *failed
		named.Doing = doing
		return &named
	}
	return err
}

// transact runs the batch in one transaction.
func (w *writer) transact(batch []*operation) error {
	s := &w.state
	s.begin(w.o)
	var t *transaction
	err := w.o.store.Write(context.Background(), func(tx *store.Tx) error {
		t = &transaction{Tx: tx, state: s, o: w.o, now: tx.Now(), at: w.o.opt.monotonic()}
		if err := t.spareLeases(); err != nil {
			return err
		}
		return t.carryOut(batch)
	})
	s.end(w.o, t, err)
	return err
}

// carryOut runs the operations of a batch.
func (t *transaction) carryOut(batch []*operation) (err error) {
	// A mistake of ours ends the transaction and then, run alone, its operation:
	// mail that ended the process would end it again and again.
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	for _, p := range batch {
		p.err = p.run(t)
		if err := t.Err(); err != nil {
			return err
		}
	}
	return nil
}
