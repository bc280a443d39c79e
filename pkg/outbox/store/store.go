// Package store keeps deliveries in SQLite, PostgreSQL or memory: tables,
// transactions and migrations. It starts no goroutine and decides nothing: what
// becomes of a delivery is decided by package outbox.
package store

import (
	"context"
	"time"
)

// Reader answers questions from any goroutine, within a few seconds, and never
// makes Write wait.
type Reader interface {
	// Describe says where deliveries are kept.
	Describe() Description
	// Get returns a delivery of the source with its recipients and attempts, or
	// ErrNotFound.
	Get(ctx context.Context, source, id string) (Delivery, error)
	// List returns deliveries, the newest first, without mail and attempts.
	List(context.Context, Filter) (Page, error)
	// Recipients returns the different addresses in the log of a source, in lower
	// case, the first of the alphabet up to limit.
	Recipients(ctx context.Context, source string, limit int) ([]string, error)
	// Stats counts the deliveries of a source in intervals of whole minutes, which
	// begin at multiples of their length. Final deliveries are counted by the
	// minute, so both ends of the range are rounded outward to minutes.
	Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) ([]Stat, error)
	// Notes calls add with what a digest tells of each delivery, in their order, and
	// whether the digest's recipient has that mail, too.
	Notes(ctx context.Context, digest Delivery, add func(note []byte, mailed bool)) error
	// Depth returns what waits for a source, or for all with "".
	Depth(ctx context.Context, source string) (Depth, error)
}

// Store is a database of deliveries.
type Store interface {
	Reader
	// Waiting counts the undelivered mail by source.
	Waiting(context.Context) (map[string]int64, error)
	// History returns what mail said of the alerts with these hashes, the latest
	// first: of each alert the last records, up to limit. It has no time-out but ctx.
	History(ctx context.Context, hashes []int64, limit int) ([]EarlierRecord, error)
	// Write, for one goroutine at a time, runs work in one transaction and commits
	// it. Where a deadlock, a lock or a lost connection ended the transaction before
	// its COMMIT, work runs again, so it must set what it returns anew each time. A
	// *StorageError says what failed.
	Write(ctx context.Context, work func(*Tx) error) error
	Close() error
}

// NewDelivery is what Enqueue stores.
type NewDelivery struct {
	Delivery                // without Sequence, Owner, Attempt and CreatedAt; State.Status is Queued
	Dedupe    time.Duration // how long after its success a repeat joins it
	MaxAge    time.Duration // ExpiresAt is that long after Now
	Signature Signature
	Alerts    []AlertRecord // what the mail says of alerts that no earlier mail did
	// Full is not nil where there is no room for another mail: the answer where
	// there is none to join.
	Full error
	// Owner is not empty where a slot is free: the delivery is then stored as
	// Sending, leased until LeaseEnd, unless its sender is paused or an earlier
	// mail of its conversation is not final.
	Owner    string
	LeaseEnd time.Time
	// Brake decides which recipients are told of it in a digest; nil: none.
	Brake *Brake
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

// Enqueued is what became of a NewDelivery.
type Enqueued struct {
	Delivery Delivery
	Joined   bool // it is a repeat; Delivery is the one that it joins
	Behind   bool // an earlier mail of the conversation is not final; such were made due
	// Mails and Bytes are how much more waits for delivery.
	Mails, Bytes int64
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
	// LongestWait is how far ahead a delivery can be due, or an hour more with
	// Lost > 0: for what is due later, the clock was set back since.
	LongestWait time.Duration
}

// Claimed is what Claim leased, in the order of Sequence, and what it left.
type Claimed struct {
	Deliveries []Delivery
	More       bool      // more was due than Due
	Blocked    bool      // something due waits for an earlier mail of its conversation
	NextDue    time.Time // of what is not due yet; zero: nothing
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
	Subject    string      // of a digest, once it was made; empty: unchanged
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
