package outbox

import (
	"strings"

	"github.com/google/uuid"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// What the store keeps is told in its own types.
type (
	// Status is the state of a delivery or of one of its recipients.
	Status = store.Status
	// Kind is the header field a recipient is named in.
	Kind = store.Kind
	// Delivery is one accepted notification, on its way or in the log.
	Delivery = store.Delivery
	// State is the part of a delivery that a transition changes.
	State = store.State
	// Recipient is one recipient of a delivery and what the relay said of it.
	Recipient = store.Recipient
	// Attempt is one attempt at a delivery.
	Attempt = store.Attempt
	// NewDelivery is what Enqueue stores.
	NewDelivery = store.NewDelivery
	// Signature identifies a signed request, which is carried out once.
	Signature = store.Signature
	// Alert is what a mail tells of an alert.
	Alert = store.Alert
	// ToldAlert is an alert that was told of before.
	ToldAlert = store.ToldAlert
	// Enqueued is what became of a NewDelivery.
	Enqueued = store.Enqueued
	// Filter selects deliveries.
	Filter = store.Filter
	// Page is what List found.
	Page = store.Page
	// Stat counts the deliveries of one status and mail type in one interval.
	Stat = store.Stat
	// Latency counts deliveries that took about as long.
	Latency = store.Latency
	// Depth is what waits for delivery.
	Depth = store.Depth
	// Description says where deliveries are kept.
	Description = store.Description
	// sender is what the relay refuses.
	sender = store.Sender
	// StorageError is a failure of the store.
	StorageError = store.StorageError
)

// The states and the kinds of recipients; see package store.
const (
	Queued    = store.Queued
	Sending   = store.Sending
	Held      = store.Held
	Sent      = store.Sent
	Partial   = store.Partial
	Failed    = store.Failed
	Expired   = store.Expired
	Cancelled = store.Cancelled

	To  = store.To
	Cc  = store.Cc
	Bcc = store.Bcc

	// MaxLimit bounds what List returns at once.
	MaxLimit = store.MaxLimit
)

// Statuses lists the states in the order of a delivery's life.
func Statuses() []Status { return store.Statuses() }

// NewID makes the id of a delivery, for those who need it before Enqueue.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// clean makes s fit for every database's text type.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}
