package view

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// MaxNote bounds a note, in octets.
const MaxNote = 8 << 10

// Window is the time over which notifications were gathered, and why they were.
type Window struct {
	Opened, End time.Time
	MaxPerHour  int    // the budget that was used up; 0: none
	Clock       string // the time of day that a digest was waited for, such as "09:00"; "": none
}

// Digest is what notes say together; the zero value has none yet.
type Digest struct {
	notes int
}

// Add adds a note, in the order in which notifications were accepted. One that cannot
// be read is only counted.
func (d *Digest) Add(note []byte) { d.notes++ }

// NewNote returns what a digest will say of a notification, as JSON.
func NewNote(n *alert.Notification, at time.Time, mailed bool) []byte { return []byte("{}") }
