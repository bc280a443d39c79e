package store

import (
	"slices"
	"strings"
	"time"
)

// Status is the state of a delivery or of one of its recipients.
type Status string

// The states of a delivery. A recipient is Queued, Sent, Failed, Expired, Cancelled or
// Digested.
const (
	// Queued waits for its next attempt.
	Queued Status = "queued"
	// Collecting is a digest whose window is open: it is claimed when that ends.
	Collecting Status = "collecting"
	// Sending is leased to a process that works on it.
	Sending Status = "sending"
	// Held is Queued while its sender is paused. It is not stored: whoever
	// reads a delivery derives it from the pauses, so that to pause and to resume a
	// sender changes one row and not all that waits.
	Held Status = "held"
	// Sent was accepted by the relay for every recipient.
	Sent Status = "sent"
	// Partial was accepted for some recipients and is final for the others.
	Partial Status = "partial"
	// Failed was refused for good.
	Failed Status = "failed"
	// Expired was tried until its time was up.
	Expired Status = "expired"
	// Cancelled was taken back by a person.
	Cancelled Status = "cancelled"
	// Digested was not mailed: a digest tells of it.
	Digested Status = "digested"
)

// Statuses lists the states in the order of a delivery's life.
func Statuses() []Status {
	return []Status{Collecting, Queued, Sending, Held, Sent, Partial, Failed, Expired, Cancelled, Digested}
}

// Final says whether the state is never left.
func (s Status) Final() bool {
	return slices.Contains([]Status{Sent, Partial, Failed, Expired, Cancelled, Digested}, s)
}

// Kind is the header field a recipient is named in.
type Kind string

// The kinds of recipients.
const (
	To  Kind = "to"
	Cc  Kind = "cc"
	Bcc Kind = "bcc"
)

// Delivery is one accepted notification, on its way or in the log.
type Delivery struct {
	ID       string // UUIDv7
	Sequence int64  // the order in which deliveries were stored; given by the store
	Source   string // the data source, "<orgID>/<uid>"
	MailType string // with Source, the sender that may be paused
	Identity string // equal for repeats of one notification
	// Conversation is equal for the mails of one alert group to one set of
	// recipients. They reach each recipient in the order of Sequence.
	Conversation string
	From         string // envelope sender
	Individual   bool   // one mail for each recipient
	Subject      string
	MessageID    string
	Note         string // what was unusual about the mail
	Message      []byte // the composed mail, or what a digest is made with; only from Claim
	Size         int64  // of the mail, or of the notes of a digest, in octets

	State
	Owner     string    // the process that has the lease, while Sending
	Attempt   int       // claims so far; with Owner it fences what a process may change
	CreatedAt time.Time // when it was accepted
	ExpiresAt time.Time // no attempt is repeated after it
	// ClosesAt is not zero for a digest: when its window closes at the latest or, once
	// it was claimed, when it closed. Closed is then the last Sequence before that.
	ClosesAt  time.Time
	Closed    int64
	ClaimedAt time.Time // when it was last claimed; only from Enqueue and Claim
	// Interrupted: the claim before this one ended without an outcome; only from
	// Claim.
	Interrupted bool
	Early       bool // it was not due yet; only from Claim

	Recipients []Recipient
	Attempts   []Attempt // only from Get
}

// State is the part of a delivery that a transition changes.
type State struct {
	Status     Status
	DueAt      time.Time // the next attempt while Queued, the end of the lease while Sending; else zero
	FinishedAt time.Time // when it became final
	Reason     string    // what was said of it last
	// Retries counts the failed attempts that decide the pause before the next.
	Retries int
	// Unreachable: the relay could not be reached in any of these attempts, so
	// they say nothing of the mail.
	Unreachable bool
	// Uncertain counts the copies whose content was sent and whose reply was
	// not heard.
	Uncertain int
	// Lost counts the claims in a row that ended without an outcome although
	// the envelope was begun.
	Lost int
}

// Recipient is one recipient of a delivery and what the relay said of it.
type Recipient struct {
	Position     int // among those of the delivery; given by the store
	Address      string
	Kind         Kind
	Status       Status
	Code         int    // the reply's code, 0 if there was none
	EnhancedCode string // RFC 3463, such as "5.1.1"
	Text         string
	UpdatedAt    time.Time
	Digest       string // the id of the digest that tells of it; empty: none
	// Waits: an earlier mail of the conversation is still to reach this
	// recipient, so this attempt leaves it out. Only from Claim; not stored.
	Waits bool
}

// folded is equal for two addresses of one mailbox (see Key of pkg/address).
func folded(address string) string { return strings.ToLower(address) }

// Attempt is one attempt at a delivery.
type Attempt struct {
	Number       int
	At           time.Time // when it began
	Duration     time.Duration
	Stage        string // of the SMTP session it ended in
	Code         int
	EnhancedCode string
	Text         string
	// Outcome is the state the attempt left the delivery in, or Lost.
	Outcome string
}

// Lost is the outcome of an attempt whose process ended before it knew.
const Lost = "lost"

// Digest says whether it is a digest, whose mail is made of its notes.
func (d Delivery) Digest() bool { return !d.ClosesAt.IsZero() }

// WaitsSince is since when it waits for the relay: a digest, since its window closed.
func (d Delivery) WaitsSince() time.Time {
	if d.Digest() {
		return d.ClosesAt
	}
	return d.CreatedAt
}

// Sender is who mails it.
func (d Delivery) Sender() Sender { return Sender{d.Source, d.MailType} }

// Pending lists the recipients that this attempt is to reach.
func (d Delivery) Pending() []Recipient {
	var pending []Recipient
	for _, r := range d.Recipients {
		if r.Pending() {
			pending = append(pending, r)
		}
	}
	return pending
}

// Pending says whether this attempt is to reach the recipient.
func (r Recipient) Pending() bool { return r.Status == Queued && !r.Waits }

// MaxLimit bounds what List returns at once.
const MaxLimit = 1000

// Filter selects deliveries. Empty fields select all, but Source is required.
type Filter struct {
	Source   string
	From, To time.Time // CreatedAt in [From, To)
	Statuses []Status
	// MailTypes holds "" for mail without a type.
	MailTypes  []string
	Recipients []string // parts of addresses, one of which matches
	Text       string   // part of the subject, the reason or the Message-ID
	Digest     string   // the id of the digest that tells of them
	Limit      int      // at most, and by default, MaxLimit
	Cursor     string   // from the Page before
}

// Page is what List found, the newest first, without mail and attempts.
type Page struct {
	Deliveries []Delivery
	Next       string // the cursor of the next page; empty: there is none
	// SearchedTo is not zero where the search ended before the page was full,
	// because its time was up: there may be more before that time, from Next on.
	SearchedTo time.Time
}

// Stat counts the deliveries of one status and mail type in one interval. A
// final delivery counts when it became final, another when it was accepted.
type Stat struct {
	Time     time.Time // when the interval begins
	Status   Status
	MailType string
	Count    int64
	// Latencies tell how long the deliveries took from acceptance to their final
	// state, the shortest first, exact to a tenth; none while not final.
	Latencies []Latency
}

// Latency counts deliveries that took about as long.
type Latency struct {
	Value time.Duration
	Count int64
}

// Depth is what waits for delivery. A digest whose window is open does not, but counts
// with its size.
type Depth struct {
	Count  map[Status]int64 // Collecting, Queued, Sending, Held
	Bytes  int64
	Oldest time.Duration // age of the longest accepted; 0: nothing waits
}
