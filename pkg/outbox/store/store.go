// Package store keeps deliveries in SQLite, PostgreSQL or memory: tables,
// transactions and migrations. It starts no goroutine and decides nothing: what
// becomes of a delivery is decided by package outbox.
package store

import (
	"context"
	"time"
)

// Store is a database of deliveries. Write is for one goroutine at a time; the
// reading methods are for any, have a deadline of a few seconds of their own,
// and never make Write wait.
type Store interface {
	Describe() Description
	// Write runs work in one transaction and commits it. Where a deadlock, a
	// lock or a lost connection ended the transaction before its COMMIT, work
	// runs again, so it must set what it returns anew each time. A *WriteError
	// says what failed.
	Write(ctx context.Context, work func(Tx) error) error

	Get(ctx context.Context, id string) (Delivery, error) // ErrNotFound
	List(ctx context.Context, f Filter) (Page, error)
	Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) ([]Stat, error)
	Depth(ctx context.Context, source string) (Depth, error) // "" is all sources
	// Alerts is what mail told of the alerts with these fingerprints, the latest
	// first, and of each the last limit.
	Alerts(ctx context.Context, fingerprints []int64, limit int) ([]ToldAlert, error)
	Waiting(ctx context.Context) (map[string]int64, error) // undelivered mails by source
	Close() error
}

// Tx is a transaction of Write. A method that returns an error spoils the
// transaction, except where it says otherwise.
type Tx interface {
	// Now is the store's clock at the beginning of the transaction.
	Now() time.Time

	// Enqueue stores a delivery or finds the one that it repeats. Errors that
	// leave the transaction whole: ErrReplayed, ErrNoRoom.
	Enqueue(NewDelivery) (Enqueued, error)
	// Undelivered counts the mail that is not final: rows and octets.
	Undelivered() (count, bytes int64, err error)
	// Load returns a delivery as it is now, locked. ErrNotFound leaves the
	// transaction whole.
	Load(id string) (Delivery, error)

	// Claim leases due deliveries of a source to a process.
	Claim(Claim) (Claimed, error)
	// Renew extends the owner's leases on these deliveries and returns those
	// that it still has.
	Renew(owner string, ids []string, until time.Time) (kept []Lease, err error)
	// SpareLeases gives leases that ended in (from, to] a new end: nobody could
	// renew them, because the store was away or its clock jumped.
	SpareLeases(from, to, until time.Time) error
	// PullBack makes due what lies beyond latest: the clock was set back since.
	// Deliveries with Lost > 0 may wait an hour longer. At most limit deliveries
	// are changed.
	PullBack(latest, until time.Time, limit int) (changed int, err error)

	// Apply carries out transitions and says of each whether it was in force;
	// where it was not, nothing was changed.
	Apply([]Transition) (applied []bool, err error)
	// RecipientsReached stores recipients of a delivery, if it is still being sent
	// by this claim.
	RecipientsReached(d Delivery, reached []Recipient) error
	// EnvelopeBegun notes that the envelope of this attempt is about to be sent.
	EnvelopeBegun(d Delivery) error

	// Pauses are the paused senders, read when the transaction began and changed as
	// it changes them.
	Pauses() map[Sender]Pause
	SetPause(Pause) error // inserts it, or replaces the one of that sender
	EndPause(Sender) error
	// ReplacePause replaces a pause if that is still as it was, and says so.
	ReplacePause(was, p Pause) (replaced bool, err error)

	// Forgotten returns up to limit undelivered mails whose ExpiresAt is before
	// the time and that nobody works on.
	Forgotten(before time.Time, limit int) ([]Delivery, error)
	// RemoveFinal deletes up to limit deliveries that became final before the
	// time, with all that belongs to them, and used signatures that ended.
	RemoveFinal(before time.Time, limit int) (removed int, err error)
}

// NewDelivery is what Enqueue stores.
type NewDelivery struct {
	Delivery                // without Sequence, Owner, Attempt and CreatedAt; State.Status is Queued
	Dedupe    time.Duration // how long after its success a repeat joins it
	MaxAge    time.Duration // ExpiresAt is that long after Now
	Signature Signature
	Alerts    []Alert // what the mail tells of them that earlier mail has not
	// JoinOnly: there is no room for another mail; where there is none to join the
	// answer is ErrNoRoom.
	JoinOnly bool
	// Owner is not empty where a slot is free: the delivery is then stored as
	// Sending, leased until LeaseEnd, unless its sender is paused or an earlier
	// mail of its conversation is not final.
	Owner    string
	LeaseEnd time.Time
	// SettingsAt is when the settings of this process were saved: a pause that
	// older settings led to does not count.
	SettingsAt time.Time
}

// Signature identifies a signed request, which is carried out once. The zero
// value is a request that was not signed with a time.
type Signature struct {
	Hash    string // of the signature
	Request string // hash of the data source and the query that it came with
	// Bound: a key proves that whoever has the secret made this query, so the
	// same signature may come with several such queries, once with each.
	Bound bool
}

func (s Signature) boundTo() string {
	if s.Bound {
		return s.Request
	}
	return ""
}

// Enqueued is what became of a NewDelivery.
type Enqueued struct {
	Delivery Delivery
	Joined   bool // it is a repeat; Delivery is the one that it joins
	Behind   bool // an earlier mail of the conversation is not final; such were made due
}

// Claim says what a process wants to work on.
type Claim struct {
	Source     string
	Owner      string
	LeaseEnd   time.Time
	SettingsAt time.Time // a pause that older settings led to does not count
	InHand     []string  // deliveries that this process works on already
	// Due is how many deliveries may be taken, the longest due first; Early how
	// many of these places go first to deliveries whose relay was unreachable, due
	// or not, the oldest first; Fresh how many more may be taken that were never
	// tried, the newest first.
	Due, Fresh, Early int
	// Alone: take no delivery with Lost > 0 (one such is in hand already).
	// Claim itself takes at most one of them.
	Alone bool
}

// Claimed is what Claim leased, in the order of Sequence, and what it left.
type Claimed struct {
	Deliveries []Delivery
	More       bool      // more was due than Due
	Blocked    bool      // something due waits for an earlier mail of its conversation
	NextDue    time.Time // of what is not due yet; zero: nothing
}

// Lease is a claim of a delivery.
type Lease struct {
	ID      string
	Attempt int
}

// Transition is one change of a delivery's state. It is in force if the delivery
// is still as it was read: in the same state and, while that is Sending, of the
// same claim.
type Transition struct {
	Of         Delivery
	To         State
	ExpiresAt  time.Time   // zero: unchanged
	Recipients []Recipient // those that changed
	Attempt    *Attempt    // to be logged, if any
}

// Sender is what the relay refuses: a data source and the mail type that is part
// of its user name.
type Sender struct{ Source, MailType string }

// Pause is a sender that the relay refused.
type Pause struct {
	Sender
	Reason     string
	Since      time.Time
	SettingsAt time.Time // when the settings were saved that were refused
	ProbeAt    time.Time
	Backoff    time.Duration // before the probe after that
}

// Counts says whether the pause binds a process whose settings were saved then:
// not where older settings led to it. The zero Pause is none.
func (p Pause) Counts(settingsAt time.Time) bool {
	return !p.Since.IsZero() && !p.SettingsAt.Before(settingsAt)
}

// Description says where deliveries are kept.
type Description struct {
	Backend  string // "sqlite", "postgres" or "memory"
	Durable  bool   // whether what is stored outlives the process
	Location string // the path, or the URL without its password
}
