package outbox

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// The types of what is stored are the store's; see there.
type (
	Status        = store.Status
	Kind          = store.Kind
	Delivery      = store.Delivery
	State         = store.State
	Recipient     = store.Recipient
	Attempt       = store.Attempt
	NewDelivery   = store.NewDelivery
	Brake         = store.Brake
	Signature     = store.Signature
	AlertRecord   = store.AlertRecord
	EarlierRecord = store.EarlierRecord
	Enqueued      = store.Enqueued
	Filter        = store.Filter
	Page          = store.Page
	Stat          = store.Stat
	Latency       = store.Latency
	Depth         = store.Depth
	Description   = store.Description
	StorageError  = store.StorageError
	sender        = store.Sender
)

// The states and the kinds of recipients, and what List returns at once.
const (
	Collecting = store.Collecting
	Queued     = store.Queued
	Sending    = store.Sending
	Held       = store.Held
	Sent       = store.Sent
	Partial    = store.Partial
	Failed     = store.Failed
	Expired    = store.Expired
	Cancelled  = store.Cancelled
	Digested   = store.Digested

	To  = store.To
	Cc  = store.Cc
	Bcc = store.Bcc

	MaxLimit = store.MaxLimit
)

// Statuses lists the states in the order of a delivery's life.
func Statuses() []Status { return store.Statuses() }

// NewID makes the id of a delivery, for those who need it before Enqueue.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// Quantile returns the latency that the fraction q of the deliveries did not
// exceed. Several Stats are joined by joining their Latencies in order.
func Quantile(latencies []Latency, q float64) time.Duration {
	var total int64
	for _, l := range latencies {
		total += l.Count
	}
	rank := int64(math.Ceil(q * float64(total)))
	var seen int64
	for _, l := range latencies {
		if seen += l.Count; seen >= rank {
			return l.Value
		}
	}
	return 0
}
