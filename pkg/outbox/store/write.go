package store

import (
	"cmp"
	"context"
	"time"
)

// repeatFor is how long a transaction is repeated that met a lock or lost its
// connection.
const repeatFor = 500 * time.Millisecond

// A server's transaction is repeated up to tries times even when the first took
// longer than that: PostgreSQL finds a deadlock only after a second
// (deadlock_timeout), and its machine may be slow. After patience it is not: a
// server that does not answer a dial is not dialed again for one caller.
const (
	tries    = 3
	patience = 5 * time.Second
)

// Write runs work in one transaction and commits it.
func (db *database) Write(ctx context.Context, work func(Tx) error) error {
	began := time.Now()
	for try := 1; ; try++ {
		failure, own := db.transact(ctx, work)
		if failure == nil {
			return own
		}
		if db.failed != nil {
			db.failed(failure.Err)
		}
		passed := time.Since(began)
		again := passed < repeatFor || db.shared && try < tries && passed < patience
		if failure.Unknown || !again || !db.repeatable(failure.Err) || !sleep(ctx, 20*time.Millisecond<<min(try-1, 10)) {
			return failure
		}
	}
}

// transact runs work in a transaction. own is an error of work that has nothing
// to do with the database.
func (db *database) transact(ctx context.Context, work func(Tx) error) (failure *WriteError, own error) {
	if db.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, db.timeout)
		defer cancel()
	} else {
		// Nothing interrupts a transaction in the process, and a context that
		// never ends costs the driver nothing.
		ctx = context.Background()
	}
	t := &tx{db: db}
	begun, committing, err := db.within(ctx, t, func() error {
		err := work(t)
		return cmp.Or(t.err, err)
	})
	if err == nil {
		committing, err = true, db.intact()
	}
	switch {
	case err == nil:
		return nil, nil
	case begun && !committing && t.err == nil:
		return nil, err // of work
	}
	return &WriteError{StorageError: db.storageError("writing", err), Everybody: !begun || db.everybody(err), Unknown: committing}, nil
}

// tx is a transaction. What is only added is collected and written in a few
// statements before COMMIT, or before something reads it.
type tx struct {
	db     *database
	on     connection
	now    int64
	pauses map[Sender]Pause
	err    error // the first of the database

	// behind: mail may wait for an earlier one of its conversation.
	behind bool

	mails          []mailRow
	unneeded       []int64 // deliveries whose mail goes
	added, changed []recipientRow
	attempts       []attemptRow
	alerts         []alertRow
	rollup         map[rollupKey]int64
}

type mailRow struct {
	delivery int64
	message  []byte
}

type recipientKey struct {
	delivery int64
	position int
}

type recipientRow struct {
	delivery int64
	Recipient
	source  string
	created int64
}

type attemptRow struct {
	delivery int64
	Attempt
}

type rollupKey struct {
	source           string
	span, began      int64
	status, mailType string
	latency          int64
}

var qBegin = register(`SELECT {clock}, CASE WHEN EXISTS (SELECT 1 FROM delivery WHERE source > '' AND finished_at IS NULL AND behind = 1) THEN 1 ELSE 0 END, coalesce(source, ''), coalesce(mail_type, ''), coalesce(reason, ''), coalesce(since, 0),
	coalesce(settings_at, 0), coalesce(probe_at, 0), coalesce(backoff, -1) FROM (SELECT 1) AS here LEFT JOIN pause ON 1 = 1`)

// begin reads the clock, the paused senders, and whether mail waits for its turn.
func (t *tx) begin() error {
	t.pauses = map[Sender]Pause{}
	err := t.each(func(rows scanner) error {
		var p Pause
		var since, settings, probe, backoff, behind int64
		err := rows.Scan(&t.now, &behind, &p.Source, &p.MailType, &p.Reason, &since, &settings, &probe, &backoff)
		t.behind = behind == 1
		if backoff >= 0 {
			p.Since, p.SettingsAt, p.ProbeAt, p.Backoff = at(since), at(settings), at(probe), time.Duration(backoff)*time.Microsecond
			t.pauses[p.Sender] = p
		}
		return err
	}, qBegin)
	switch {
	case t.db.Now != nil:
		t.now = t.db.Now().UnixMicro()
	case t.db.clock == "":
		t.now = time.Now().UnixMicro()
	}
	return err
}

// Now is the store's clock at the beginning of the transaction.
func (t *tx) Now() time.Time { return at(t.now) }

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
