package alert

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// HistoryDays is how many days the history of an alert has, today included.
const HistoryDays = 7

// History is what earlier mail said of the group of a notification. The zero value
// says that nothing is known.
type History struct {
	// Days is how many days Past.Episodes has, today included.
	Days int
	// Compared: there was an earlier mail of this incident, and Past.Unchanged is
	// known of every alert.
	Compared bool
	// Incident is when the mail's incident began: the first start of the alerts in its
	// first mail. A mail after one in which all alerts are over begins another.
	Incident time.Time
}

// Past is what earlier mail said of an alert.
type Past struct {
	Unchanged bool      // the last mail of the conversation said of this episode what this one says
	Episodes  []Episode // before this one, the latest first
	Cut       bool      // there may be more, earlier ones
}

// Episode is one firing of an alert.
type Episode struct {
	StartsAt time.Time
	EndsAt   time.Time // zero where no mail said that it is over
}

// AlertHash returns a hash of the data source, the group and the alert's identity: the
// outbox keeps it in place of them. Its first octets are of the group alone, so that the
// alerts of a group are side by side in the outbox's index.
func (n *Notification) AlertHash(source string, a *Alert) int64 {
	f := make(framed, 0, 512)
	f.add(source)
	f.add(n.GroupKey)
	group := sha256.Sum256(f)
	f.alert(a)
	sum := sha256.Sum256(f)
	copy(sum[:3], group[:])
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any number is as good
}

// Begins returns when the incident began, as far as the notification itself says: the
// first start of the alerts that fire, or of all where none does.
func (n *Notification) Begins() time.Time {
	var first time.Time
	for i := range n.Alerts {
		a := &n.Alerts[i]
		counts := a.Status == Firing || n.FiringCount == 0
		if counts && !a.StartsAt.IsZero() && (first.IsZero() || a.StartsAt.Before(first)) {
			first = a.StartsAt
		}
	}
	return first
}

// SampleHistory gives a notification a made-up history, for the preview: the first
// alert fired before, and is new where there are several.
func (n *Notification) SampleHistory(now time.Time) {
	n.History = History{Days: HistoryDays, Compared: len(n.Alerts) > 1 && n.Omitted == 0, Incident: n.Begins()}
	for i := range n.Alerts {
		n.Alerts[i].Past.Unchanged = i > 0 && n.Alerts[i].Status == Firing
	}
	if len(n.Alerts) > 0 {
		for _, ago := range []time.Duration{26 * time.Hour, 74 * time.Hour, 77 * time.Hour} {
			start := now.Add(-ago)
			n.Alerts[0].Past.Episodes = append(n.Alerts[0].Past.Episodes, Episode{start, start.Add(12 * time.Minute)})
		}
	}
}
