package outbox

import (
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Status is the state of a delivery or of one of its recipients.
type Status string

// The states. A recipient is Queued, Sent, Failed, Expired or Cancelled.
const (
	// Queued waits for its next attempt.
	Queued Status = "queued"
	// Sending is leased to a process that works on it.
	Sending Status = "sending"
	// Held waits for its sender, which the relay refused, to work again.
	Held Status = "held"
	// Sent was accepted by the relay for every recipient.
	Sent Status = "sent"
	// Partial was accepted for some recipients, and is final for the others.
	Partial Status = "partial"
	// Failed was refused for good, or was set aside.
	Failed Status = "failed"
	// Expired was tried until its time was up.
	Expired Status = "expired"
	// Cancelled was taken back by a person.
	Cancelled Status = "cancelled"
)

// Statuses lists the states in the order of a delivery's life.
func Statuses() []Status {
	return []Status{Queued, Sending, Held, Sent, Partial, Failed, Expired, Cancelled}
}

// Final says whether the state is never left by itself.
func (s Status) Final() bool {
	return slices.Contains([]Status{Sent, Partial, Failed, Expired, Cancelled}, s)
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
	ID         string // UUIDv7
	Source     string // the data source, "<orgID>/<uid>"
	MailType   string // with Source, the sender that may be paused
	Identity   string // equal for repeats of one notification
	From       string // envelope sender
	Individual bool   // one mail for each recipient
	Subject    string
	MessageID  string
	Note       string // what was unusual about the mail
	Message    []byte // the composed mail; only for a Handler
	Size       int64  // of the mail, in octets

	Status        Status
	Attempt       int       // claims so far
	CreatedAt     time.Time // when it was accepted
	NextAttemptAt time.Time // while Queued
	ExpiresAt     time.Time // no attempt is repeated after it
	FinishedAt    time.Time // when it became final
	Reason        string    // the last words about it

	Recipients []Recipient
	Attempts   []Attempt // from Get only

	claimed int64 // when this process took it from the queue, by the store's clock
	retries int   // attempts since the last Retry by hand that are to be repeated
	away    bool  // the relay was away in each of them
	crashes int   // leases in a row that ran out without an outcome
}

// Pending lists the recipients that still wait for the relay's verdict.
func (d Delivery) Pending() []Recipient {
	var pending []Recipient
	for _, r := range d.Recipients {
		if r.Status == Queued {
			pending = append(pending, r)
		}
	}
	return pending
}

// settled says whether the attempt that Wait waits for has an outcome.
func (d Delivery) settled() bool {
	return d.Status.Final() || d.Status == Held || d.Status == Queued && d.retries != 0
}

// Recipient is one recipient of a delivery and what the relay said of it.
type Recipient struct {
	Address      string    `json:"address"`
	Kind         Kind      `json:"kind"`
	Status       Status    `json:"status"`
	Code         int       `json:"code,omitzero"`         // the reply's code, 0 if there was none
	EnhancedCode string    `json:"enhancedCode,omitzero"` // RFC 3463, such as "5.1.1"
	Text         string    `json:"text,omitzero"`
	UpdatedAt    time.Time `json:"updatedAt,omitzero"`
}

// Attempt is one attempt at a delivery.
type Attempt struct {
	Number       int           `json:"number"`
	At           time.Time     `json:"at"` // when it began
	Duration     time.Duration `json:"nanoseconds"`
	Stage        string        `json:"stage,omitzero"` // of the SMTP session it ended in
	Code         int           `json:"code,omitzero"`
	EnhancedCode string        `json:"enhancedCode,omitzero"`
	Text         string        `json:"text,omitzero"`
	// Outcome is the state the attempt left the delivery in, or "lost" when the
	// process ended before it knew.
	Outcome string `json:"outcome"`
}

const lost = "lost"

// NewID makes the id of a delivery, for those who need it before Enqueue.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// clean makes s fit for every database's text type.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// Times are stored as microseconds since 1970, UTC.

// never is the due time of what is not to be claimed.
const never = int64(1) << 62

func at(micros int64) time.Time {
	if micros == 0 || micros == never {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}
