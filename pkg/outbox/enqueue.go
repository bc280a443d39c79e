package outbox

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// New is a notification to be delivered.
type New struct {
	ID       string // from NewID; empty: one is made
	Source   string // "<orgID>/<uid>" of the data source
	MailType string
	// Identity is equal for repeats of one notification to the same recipients;
	// empty: there are no repeats.
	Identity string
	// Signature is the request's: a repeat of a signed request makes no second
	// delivery, and is ErrReplayed when it asks for something else.
	Signature Signature
	// Dedupe is how long after its success a repeat joins a delivery.
	Dedupe     time.Duration
	From       string
	Individual bool
	Subject    string
	MessageID  string
	Note       string
	Message    []byte
	Recipients []Recipient // Address and Kind
}

const insertDelivery = `INSERT INTO delivery (id, source, mail_type, identity, joinable, sender, individual, status,
	attempt, retries, crashes, lease_owner, created_at, due_at, expires_at, size, subject, message_id, note, reason, message, recipients)
VALUES ($1, $2, $3, $4, 1, $5, $6, $7, $8, 0, 0, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
ON CONFLICT (source, identity) WHERE joinable = 1 DO NOTHING`

var (
	qInsertDelivery = query(insertDelivery)
	qJoinable       = query(`SELECT ` + columns + ` FROM delivery WHERE source = $1 AND identity = $2 AND joinable = 1`)
	qSupersede      = query(`UPDATE delivery SET joinable = 0 WHERE id = $1`)
)

// Enqueue stores n and returns once that is durable: it is delivered whatever
// becomes of this process. A repeat of a notification (same Source and
// Identity) that is still undelivered, or was delivered within n.Dedupe,
// returns that delivery and true.
//
// When ctx ends first there is an error although n may be stored; its repeat
// then joins it. A *FullError says that too much waits, a *StorageError that
// the store fails.
func (o *Outbox) Enqueue(ctx context.Context, n New) (Delivery, bool, error) {
	if err := n.prepare(); err != nil {
		return Delivery{}, false, err
	}
	// The writer may still set these when ctx has ended and Enqueue returned.
	var d Delivery
	var joined bool
	ticket := o.takeFresh(n.Source)
	err := o.write(ctx, &op{
		name: "storing the mail",
		key:  n.Source + "\x00" + n.Identity,
		run: func(t *tx) (err error) {
			d, joined, err = t.enqueueOnce(n, ticket != nil)
			return err
		},
		done: func(err error) {
			switch {
			case err == nil && !joined && d.Status == Sending:
				ticket.source.start(d, ticket)
				return
			case err == nil && !joined && d.Status == Queued:
				o.mailWaits(n.Source)
			}
			ticket.giveBack()
		},
	})
	if err != nil {
		return Delivery{}, false, err
	}
	d.Message = nil
	return d, joined, nil
}

// prepare completes and checks n, and takes what callers may change.
func (n *New) prepare() error {
	switch {
	case n.Source == "":
		return invalid("it names no source")
	case len(n.Message) == 0:
		return invalid("it has no mail")
	case len(n.Recipients) == 0:
		return invalid("it has no recipients")
	}
	if n.ID == "" {
		n.ID = NewID()
	}
	if n.Identity == "" {
		n.Identity = n.ID
	}
	for _, s := range []*string{&n.Source, &n.MailType, &n.Identity, &n.From, &n.Subject, &n.MessageID, &n.Note} {
		*s = clean(*s)
	}
	n.Recipients = slices.Clone(n.Recipients)
	for i, r := range n.Recipients {
		if r.Address == "" {
			return invalid("a recipient has no address")
		}
		n.Recipients[i] = Recipient{Address: clean(r.Address), Kind: r.Kind, Status: Queued}
	}
	return nil
}

// enqueue inserts n, leased to this process if a slot is free for it, or finds
// the delivery it repeats. The unique index on (source, identity) makes
// processes agree which of them inserts.
func (t *tx) enqueue(n New, slot bool) (d Delivery, joined bool, err error) {
	if err := t.loadPauses(); err != nil {
		return Delivery{}, false, err
	}
	full, err := t.o.room.full(t, int64(len(n.Message)))
	if err != nil {
		return Delivery{}, false, err
	}
	d = Delivery{
		ID: n.ID, Source: n.Source, MailType: n.MailType, Identity: n.Identity, From: n.From,
		Individual: n.Individual, Subject: n.Subject, MessageID: n.MessageID, Note: n.Note,
		Message: n.Message, Size: int64(len(n.Message)), Recipients: n.Recipients,
		Status: Queued, CreatedAt: at(t.now), NextAttemptAt: at(t.now), ExpiresAt: at(t.now).Add(t.o.opt.MaxAge),
	}
	due, owner := t.now, ""
	if p := t.pauses[sender{n.Source, n.MailType}]; p != nil {
		d.Status, d.Reason, due = Held, p.reason, never
	} else if slot {
		d.Status, d.Attempt, due, owner = Sending, 1, t.leaseEnd(), t.o.opt.Owner
	}
	d.NextAttemptAt = nextAttempt(d.Status, due)

	// Another process may insert, supersede or delete between two statements;
	// each of them leaves less to do.
	for range 10 {
		if full == nil {
			inserted, err := t.exec(qInsertDelivery, d.ID, d.Source, d.MailType, d.Identity, d.From, number(d.Individual),
				string(d.Status), d.Attempt, owner, t.now, due, micros(d.ExpiresAt), d.Size, d.Subject, d.MessageID,
				d.Note, d.Reason, d.Message, text(d.Recipients))
			if err != nil {
				return Delivery{}, false, err
			}
			if inserted == 1 {
				t.o.room.add(1, d.Size)
				return d, false, nil
			}
		}
		earlier, err := t.findJoinable(n)
		if err != nil {
			return Delivery{}, false, err
		}
		if earlier != nil {
			return *earlier, true, nil
		}
		if full != nil {
			return Delivery{}, false, refuse(full)
		}
	}
	return Delivery{}, false, errors.New("other processes kept storing and finishing the same notification")
}

// findJoinable returns the delivery that n repeats. One that succeeded too long
// ago makes way for a new one.
func (t *tx) findJoinable(n New) (*Delivery, error) {
	found, err := t.deliveries(qJoinable, n.Source, n.Identity)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	d := found[0]
	if d.Status.Final() && at(t.now).Sub(d.FinishedAt).Abs() >= n.Dedupe {
		_, err := t.exec(qSupersede, d.ID)
		return nil, err
	}
	return &d, nil
}

func (t *tx) leaseEnd() int64 { return t.now + t.o.opt.Lease.Microseconds() }

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// room knows how much undelivered mail there is. It belongs to the writer's
// goroutine. It counts what this process changes and asks the store once a
// second, so other processes' work is seen that late.
type room struct {
	count, bytes int64
	asked        time.Time // zero: unknown
}

var qUndelivered = query(`SELECT count(*), CAST(coalesce(sum(size), 0) AS BIGINT) FROM delivery WHERE finished_at IS NULL`)

// full returns a *FullError when there is no room for another mail.
func (r *room) full(t *tx, size int64) (full error, err error) {
	if time.Since(r.asked) > time.Second {
		err := t.each(func(rows scanner) error { return rows.Scan(&r.count, &r.bytes) }, qUndelivered)
		if err != nil {
			return nil, fmt.Errorf("counting the mail that waits: %w", err)
		}
		r.asked = time.Now()
	}
	opt := t.o.opt
	if r.count+1 > int64(opt.MaxQueued) || r.bytes+size > opt.MaxBytes {
		return &FullError{Queued: r.count, MaxQueued: int64(opt.MaxQueued), Bytes: r.bytes, MaxBytes: opt.MaxBytes}, nil
	}
	return nil, nil
}

func (r *room) add(count, bytes int64) {
	r.count += count
	r.bytes += bytes
}

// forget makes the next question go to the store.
func (r *room) forget() { r.asked = time.Time{} }
