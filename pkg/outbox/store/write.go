package store

import (
	"cmp"
	"context"
	"time"
)

// A transaction that met a lock or lost its connection is tried up to tries times, with
// pauses of half a second in all, but not again after patience. That is longer than
// PostgreSQL takes to find a deadlock (deadlock_timeout, one second), and shorter than
// a dial that gets no answer.
const (
	tries    = 6
	patience = 5 * time.Second
)

func (db *database) Write(ctx context.Context, work func(*Tx) error) error {
	began := time.Now()
	for try := 1; ; try++ {
		failure, own := db.transact(ctx, work)
		if failure == nil {
			return own
		}
		if db.failed != nil {
			db.failed(failure.Err)
		}
		again := try < tries && time.Since(began) < patience && !failure.Unknown && db.repeatable(failure.Err)
		if !again || !sleep(ctx, 20*time.Millisecond<<(try-1)) {
			return failure
		}
	}
}

// transact runs work in a transaction. own is an error of work that has nothing
// to do with the database.
func (db *database) transact(ctx context.Context, work func(*Tx) error) (failure *StorageError, own error) {
	if !db.server { // nothing interrupts it, and a context that can end costs the driver time
		ctx = context.Background()
	}
	ctx, cancel := db.bounded(ctx)
	defer cancel()
	t := &Tx{db: db}
	err := db.within(ctx, t, func() error {
		err := t.begin()
		if err == nil {
			err = work(t)
		}
		return cmp.Or(t.err, err)
	})
	if err == nil {
		err = db.intact()
	}
	switch {
	case err == nil:
		return nil, nil
	case t.pauses != nil && !t.committing && t.err == nil:
		return nil, err // of work
	}
	failure = db.storageError("writing", err)
	failure.Everybody, failure.Unknown = t.pauses == nil || db.everybody(err), t.committing
	return failure, nil
}

// Tx is a transaction of Write. What nobody in it waits for is collected and sent
// together before COMMIT, or before something reads it.
type Tx struct {
	db     *database
	on     connection
	now    int64
	pauses map[Sender]Pause // nil before it has begun
	err    error            // the first error of the database
	// committing: COMMIT was sent.
	committing bool
	// behind: mail may wait for an earlier one of its conversation.
	behind bool
	// digests: there are digests that are not final.
	digests bool

	collected []writing
	rollup    map[rollupKey]int64
}

// writing is a statement and its arguments.
type writing struct {
	*statement
	args []any
}

// later collects a statement.
func (t *Tx) later(q string, args ...any) {
	t.collected = append(t.collected, writing{t.db.statements[q], bind(args)})
}

// unsent returns what was collected, and forgets it.
func (t *Tx) unsent() []writing {
	for key, count := range t.rollup {
		t.later(qCount, key.source, key.span, key.began, key.status, key.mailType, key.latency, t.db.Owner, count)
	}
	all := t.collected
	t.collected, t.rollup = nil, nil
	return all
}

// flush sends what was collected.
func (t *Tx) flush() error {
	if all := t.unsent(); len(all) > 0 {
		return t.spoil(t.on.write(all))
	}
	return nil
}

// Err is the first error of the database, which ends the transaction.
func (t *Tx) Err() error { return t.err }

// Now is the store's clock at the beginning of the transaction.
func (t *Tx) Now() time.Time { return at(t.now) }

var qBegin = register(`SELECT {clock}, CASE WHEN EXISTS (SELECT 1 FROM delivery WHERE source > '' AND finished_at IS NULL AND behind = 1) THEN 1 ELSE 0 END,
	CASE WHEN EXISTS (SELECT 1 FROM delivery WHERE source > '' AND finished_at IS NULL AND closes_at > 0) THEN 1 ELSE 0 END, coalesce(source, ''), coalesce(mail_type, ''), coalesce(reason, ''), since,
	settings_at, probe_at, backoff FROM (SELECT 1) AS here LEFT JOIN pause ON 1 = 1`)

// begin reads the clock, the paused senders, whether mail waits for its turn, and
// whether there are digests.
func (t *Tx) begin() error {
	pauses := map[Sender]Pause{}
	err := t.each(func(row scanner) error {
		var p Pause
		err := row.Scan(&t.now, asBool{&t.behind}, asBool{&t.digests}, &p.Source, &p.MailType, &p.Reason, asTime{&p.Since}, asTime{&p.SettingsAt}, asTime{&p.ProbeAt}, asDuration{&p.Backoff})
		if !p.Since.IsZero() {
			pauses[p.Sender] = p
		}
		return err
	}, qBegin)
	if err != nil {
		return err
	}
	t.now, t.pauses = t.db.clockAt(t.now).UnixMicro(), pauses
	return nil
}

// clockAt returns the time by the store's clock; now is what {clock} was.
func (db *database) clockAt(now int64) time.Time {
	switch {
	case db.Now != nil:
		return db.Now()
	case !db.server:
		return time.Now()
	}
	return at(now)
}

// sleep waits for d and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
