// Package digest remembers what notifications said, until one mail tells it for all
// of them.
package digest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"maps"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// MaxNote bounds a note, in octets of JSON.
const MaxNote = 8 << 10

// note is what a digest will say of a notification. It holds no words of a language:
// the digest is in that of its reader.
type note struct {
	mailed    bool     // the reader has its mail, too; not stored
	At        int64    `json:"at"` // when it was accepted
	Group     string   `json:"group"`
	Receiver  string   `json:"receiver,omitzero"`
	URL       string   `json:"url,omitzero"`
	Org       int64    `json:"org,omitzero"`
	Foreign   bool     `json:"foreign,omitzero"` // it is not Grafana's
	Replaced  []string `json:"replaced,omitempty"`
	NoProfile string   `json:"noProfile,omitzero"`

	Kinds  []noteKind  `json:"kinds"`
	Alerts []noteAlert `json:"alerts"`
	// Others are the alerts for which there was no room: of each its identity and the
	// index of its kind, so that a later note can tell that it is over.
	Others []byte `json:"others,omitempty"`
	// Dropped and Truncated are not known one by one.
	Dropped   []noteCount `json:"dropped,omitempty"`
	Truncated int         `json:"truncated,omitzero"`
}

// noteKind is what alerts of a rule in one state share.
type noteKind struct {
	Status  string   `json:"status"`
	Reason  string   `json:"reason,omitzero"`
	Labels  alert.KV `json:"labels,omitempty"` // the rule's name, and the severity
	Rule    string   `json:"rule,omitzero"`    // its address
	Runbook string   `json:"runbook,omitzero"`
}

// noteAlert is one alert with what a line of the digest says of it.
type noteAlert struct {
	ID      uint32   `json:"id"`
	Kind    int      `json:"kind"`
	Where   alert.KV `json:"where,omitempty"` // labels
	Summary string   `json:"summary,omitzero"`
	Cause   string   `json:"cause,omitzero"`
	From    int64    `json:"from,omitzero"`
	To      int64    `json:"to,omitzero"`
}

type noteCount struct {
	Status   string `json:"status"`
	Severity string `json:"severity,omitzero"`
	Count    int    `json:"count"`
}

const (
	otherOctets = 5 // of an alert in Others
	maxKinds    = 256
	// maxPlain bounds the kinds that are without a rule, and maxDropped the counts: a few
	// severities, and the states where there are more.
	maxPlain, maxDropped = 12, 12
	// uncounted is room for the counts of alerts that Others has no room for.
	uncounted = 200
)

// NewNote returns what a digest will say of a notification that was accepted at a time,
// as JSON of at most MaxNote octets: as many alerts as there is room for, the gravest
// first, and of the others how they stand.
func NewNote(n *alert.Notification, at time.Time) []byte {
	group := sha256.Sum256([]byte(n.ExternalURL + "\n" + n.GroupKey))
	w := noteWriter{note: note{
		At: at.Unix(), Group: base64.RawURLEncoding.EncodeToString(group[:9]),
		Receiver: noted(n.Receiver), URL: notedURL(n.ExternalURL), Org: n.OrgID, Foreign: n.Version == view.Alertmanager,
		NoProfile: noted(n.NoProfile), Kinds: []noteKind{}, Alerts: []noteAlert{}, Dropped: countsOf(n.Dropped), Truncated: n.TruncatedAlerts,
	}}
	for _, entry := range n.Replaced[:min(len(n.Replaced), view.MaxReplaced)] {
		w.Replaced = append(w.Replaced, clean.Cut(clean.Line(entry), maxText/2))
	}
	w.add(n)
	return encoded(w.note)
}

// noteWriter fills a note while there is room.
type noteWriter struct {
	note
	room int
}

func (w *noteWriter) add(n *alert.Notification) {
	order := make([]*alert.Alert, len(n.Alerts))
	for i := range n.Alerts {
		order[i] = &n.Alerts[i]
	}
	slices.SortStableFunc(order, func(a, b *alert.Alert) int { return cmp.Compare(gravity(a), gravity(b)) })
	plain, of := make(map[[3]string]int), make([]int, len(order))
	for i, a := range order {
		of[i] = w.plainKind(plain, a)
	}
	order = w.reserve(order)

	kinds, full := make(map[string]int), false
	for i, a := range order {
		id, k := uint32(n.AlertHash("", a)), kindOf(a) //nolint:gosec // half of a hash is one, too
		key := encoded(k)
		kind, known := kinds[string(key)]
		if !known && len(w.Kinds) < maxKinds && w.takes(len(key)) {
			kind, known = len(w.Kinds), true
			kinds[string(key)] = kind
			w.Kinds = append(w.Kinds, k)
		}
		if !known {
			kind = of[i]
		}
		if one := notedAlert(a, id, kind); known && !full {
			if w.takes(len(encoded(one))) {
				w.Alerts = append(w.Alerts, one)
				continue
			}
			full = true
		}
		w.Others = append(binary.BigEndian.AppendUint32(w.Others, id), byte(kind))
	}
}

// reserve keeps room for all alerts in Others, and counts the last of them where it
// is not enough.
func (w *noteWriter) reserve(order []*alert.Alert) []*alert.Alert {
	w.room = MaxNote - len(encoded(w.note)) - len(`,"others":""`)
	if most := max(w.room-uncounted, 0) / 4 * 3 / otherOctets; len(order) > most {
		counts := make(map[string]int)
		for _, a := range order[most:] {
			counts[kindStatus(a.Status, a.Closed())]++
		}
		for _, status := range slices.Sorted(maps.Keys(counts)) {
			w.Dropped = append(w.Dropped, noteCount{Status: status, Count: counts[status]})
		}
		order, w.room = order[:most], w.room-uncounted
	}
	w.room -= base64.StdEncoding.EncodedLen(len(order) * otherOctets)
	return order
}

// kindStatus is the status under which an alert is counted.
func kindStatus(status string, closed bool) string {
	if closed {
		return alert.Closed
	}
	return status
}

// drop counts an alert among those that are not known one by one.
func (n *note) drop(state noteKind) {
	status, severity := state.countedAs(), state.Labels.Severity()
	i := slices.IndexFunc(n.Dropped, func(c noteCount) bool { return c.Status == status && c.Severity == severity })
	if i < 0 {
		i = len(n.Dropped)
		n.Dropped = append(n.Dropped, noteCount{Status: status, Severity: severity})
	}
	n.Dropped[i].Count++
}

// countedAs is the status under which an alert of the kind is counted.
func (k noteKind) countedAs() string {
	return kindStatus(k.Status, k.Reason != "" && k.Status == alert.Resolved)
}

// takes says whether there is room for so many octets and a comma, and takes it.
func (w *noteWriter) takes(octets int) bool {
	if octets++; octets > w.room {
		return false
	}
	w.room -= octets
	return true
}

// plainKind is the index of the kind that says no more than state and severity, which
// any alert is of.
func (w *noteWriter) plainKind(known map[[3]string]int, a *alert.Alert) int {
	severity := shortSeverity(a.Labels.Severity())
	if len(known) >= maxPlain {
		severity = ""
	}
	key := [3]string{a.Status, kindStatus(a.Status, a.Closed()), severity}
	index, ok := known[key]
	if !ok {
		k := noteKind{Status: a.Status}
		if severity != "" {
			k.Labels = alert.KV{alert.SeverityLabels[0]: severity}
		}
		if a.Closed() {
			k.Reason = alert.Closed
		}
		index = len(w.Kinds)
		known[key] = index
		w.Kinds = append(w.Kinds, k)
	}
	return index
}

// shortSeverity is a severity, or none where it is no word.
func shortSeverity(s string) string {
	const longest = 24
	if s = clean.Line(s); len(s) <= longest {
		return s
	}
	return ""
}
