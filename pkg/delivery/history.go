package delivery

import (
	"context"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

const day = 24 * time.Hour

// readHistory reads what earlier mail said of alerts. A test replaces it.
var readHistory = (*outbox.Outbox).History

// addHistory gives a notification its history, and each alert its past. Where they
// cannot be read, the mail goes without them, as if it were the first.
func (s *Sender) addHistory(ctx context.Context, box *outbox.Outbox, n *alert.Notification, hashes []int64, conversation string) {
	n.History.Incident = n.Begins()
	earlier, err := readHistory(box, ctx, hashes)
	if err != nil {
		if ctx.Err() == nil {
			s.service.unread.Do(func() {
				s.log.Warn("the history of alerts cannot be read, and mail goes without it", "error", err.Error())
			})
		}
		return
	}
	n.History.Days = min(int(box.Retention()/day), alert.HistoryDays)
	compare(n, hashes, conversation, earlier, time.Now().Add(-box.Retention()))
}

// hashesOf returns the hash of each alert, by which the outbox keeps its history.
func hashesOf(n *alert.Notification, source string) []int64 {
	hashes := make([]int64, len(n.Alerts))
	for i := range n.Alerts {
		hashes[i] = n.AlertHash(source, &n.Alerts[i])
	}
	return hashes
}

// compare finds what has changed since earlier mail of the conversation. The records
// of an alert that began before oldest may have been removed, so that one without
// records is not known to be new; nor is one of which only the records of other
// conversations were looked at.
func compare(n *alert.Notification, hashes []int64, conversation string, earlier outbox.History, oldest time.Time) {
	var open, over time.Time // the first incidents of alerts that were last said to fire, and to be over
	compared := n.Omitted == 0
	for i := range n.Alerts {
		a := &n.Alerts[i]
		start := a.StartsAt.Truncate(time.Microsecond) // as the store keeps times
		records := earlier.ByAlert[hashes[i]]
		a.Past.Episodes, a.Past.Cut = episodes(records, start), len(records) >= earlier.Limit
		last := slices.IndexFunc(records, func(r outbox.EarlierRecord) bool {
			return r.Conversation == conversation && !r.Missed && r.StartsAt.Equal(start)
		})
		if last < 0 {
			compared = compared && start.After(oldest) && (!a.Past.Cut || len(a.Past.Episodes) > 0)
		} else {
			r := records[last]
			a.Past.Unchanged = r.EndsAt.IsZero() == (a.Status == alert.Firing)
			if r.EndsAt.IsZero() {
				open = first(open, r.Incident)
			} else {
				over = first(over, r.Incident)
			}
		}
	}
	switch {
	case !open.IsZero():
		n.History.Incident, n.History.Compared = open, compared
	case !over.IsZero() && n.FiringCount == 0:
		n.History.Incident = over
	}
}

// episodes returns those before the one that began at start, the latest first.
func episodes(records []outbox.EarlierRecord, start time.Time) (all []alert.Episode) {
	for _, r := range records {
		if !r.StartsAt.Before(start) {
			continue
		}
		i := slices.IndexFunc(all, func(e alert.Episode) bool { return e.StartsAt.Equal(r.StartsAt) })
		if i < 0 {
			all = append(all, alert.Episode{StartsAt: r.StartsAt, EndsAt: r.EndsAt})
		} else if all[i].EndsAt.IsZero() {
			all[i].EndsAt = r.EndsAt
		}
	}
	slices.SortFunc(all, func(a, b alert.Episode) int { return b.StartsAt.Compare(a.StartsAt) })
	return all
}

// first returns the earlier of two times, where the zero time is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// newRecords returns what the mail says of alerts that no earlier mail did.
func newRecords(n *alert.Notification, hashes []int64, now time.Time) (all []outbox.AlertRecord) {
	for i := range n.Alerts {
		a := &n.Alerts[i]
		if a.Past.Unchanged || a.StartsAt.IsZero() {
			continue
		}
		record := outbox.AlertRecord{Hash: hashes[i], StartsAt: a.StartsAt, Incident: n.History.Incident}
		if a.Status != alert.Firing {
			record.EndsAt = a.EndsAt
			if record.EndsAt.IsZero() {
				record.EndsAt = now
			}
		}
		all = append(all, record)
	}
	return all
}
