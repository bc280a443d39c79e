package alert

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxKept bounds the alerts in Notification.Alerts together, in octets of JSON.
const maxKept = 8 << 20

// ranks are the kinds of alerts in the order in which a mail shows them: those
// that fire, the most severe first, then the resolved ones.
const ranks = 2 * 3

// alertList reads alerts one by one and keeps those that a mail shows first; the
// others are counted.
type alertList struct {
	kept             [ranks][]numbered
	length           int // of kept
	octets           int64
	firing, resolved int
	closed           int // of the resolved ones
	kinds            map[Kind]int
	rules            map[uint64]struct{} // hashes of their names
	marks            []mark
	defaults         defaults
}

// numbered is an alert with its place in the payload and its size as JSON.
type numbered struct {
	Alert
	place  int
	octets int64
}

func (l *alertList) total() int { return l.firing + l.resolved }

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (l *alertList) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	*l = alertList{kinds: make(map[Kind]int), rules: make(map[uint64]struct{}), defaults: defaults{text: make([]byte, 0, 1<<10)}}
	first, err := dec.ReadToken()
	switch {
	case err != nil:
		return err
	case first.Kind() == 'n':
		return nil
	case first.Kind() != '[':
		return unprocessable("alerts must be an array")
	}
	var sent sentAlert
	for dec.PeekKind() != ']' {
		start := dec.InputOffset()
		a, err := sent.read(dec)
		if err != nil {
			return err
		}
		if err := l.add(numbered{a, l.total(), dec.InputOffset() - start}); err != nil {
			return err
		}
	}
	_, err = dec.ReadToken()
	return err
}

// add counts an alert and keeps it, unless there are enough that a mail shows
// before it.
func (l *alertList) add(a numbered) error {
	switch a.Status = status(a.Status); a.Status {
	case Firing:
		l.firing++
	case Resolved:
		l.resolved++
	default:
		return unprocessable("alerts[" + strconv.Itoa(l.total()) + "].status" + mustBe(a.Status))
	}
	if l.total() > MaxCounted {
		return tooLarge(fmt.Sprintf("the notification has more than %d alerts", MaxCounted))
	}
	if a.Closed() {
		l.closed++
	}
	l.marks = append(l.marks, markOf(&a.Alert))
	l.rules[maphash.String(blockSeed, a.Labels.Rule())] = struct{}{}
	l.kinds[l.kind(&a.Alert)]++
	l.defaults.expect(&a.Alert)
	a.StartsAt, a.EndsAt = known(a.StartsAt), known(a.EndsAt)

	rank := SeverityRank(a.Labels.Severity())
	if a.Status == Resolved {
		rank += ranks / 2
	}
	l.kept[rank] = append(l.kept[rank], a)
	l.length++
	l.octets += a.octets
	for l.length > MaxAlerts || l.octets > maxKept && l.length > 1 {
		l.dropLast()
	}
	return nil
}

// dropLast leaves out the alert that would be shown last.
func (l *alertList) dropLast() {
	for rank := ranks - 1; rank >= 0; rank-- {
		if last := len(l.kept[rank]) - 1; last >= 0 {
			l.length--
			l.octets -= l.kept[rank][last].octets
			l.kept[rank] = slices.Delete(l.kept[rank], last, last+1)
			return
		}
	}
}

// ownText returns what is not Grafana's default text in a whole message.
func (l *alertList) ownText(message string) string {
	text := ownText{expected: l.defaults.blocks, pending: []byte(message)}
	return text.end()
}

// kind is what an alert is counted as. Severities that nobody could read in a
// mail count as none.
func (l *alertList) kind(a *Alert) Kind {
	const longest, most = 64, 100
	k := Kind{a.Status, a.Labels.Severity()}
	if a.Closed() {
		k.Status = Closed
	}
	if _, seen := l.kinds[k]; len(k.Severity) > longest || !seen && len(l.kinds) >= most {
		k.Severity = ""
	}
	return k
}

// finish returns the alerts that were kept, in the order of the payload, and how
// many of each kind were not.
func (l *alertList) finish() (alerts []Alert, dropped map[Kind]int) {
	all := slices.Concat(l.kept[:]...)
	slices.SortFunc(all, func(a, b numbered) int { return a.place - b.place })
	alerts = make([]Alert, len(all))
	for i := range all {
		alerts[i] = all[i].Alert
		k := l.kind(&alerts[i])
		if l.kinds[k]--; l.kinds[k] == 0 {
			delete(l.kinds, k)
		}
	}
	return alerts, l.kinds
}

// known returns a time, or the zero time where it stands for none: senders write
// the zero of Go (the year 1) or of Unix (1970).
func known(t time.Time) time.Time {
	if t.UTC().Year() <= 1970 {
		return time.Time{}
	}
	return t
}
