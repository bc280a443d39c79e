package delivery

import (
	"context"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

const day = 24 * time.Hour

// told reads what mail told. A variable for the sake of its test.
var told = (*outbox.Outbox).Told

// recall gives a notification what earlier mail told of it, and returns what this
// mail tells that no earlier one did. Where that cannot be read the mail goes
// without, and tells as if it were the first.
func (s *Sender) recall(ctx context.Context, box *outbox.Outbox, n *alert.Notification, conversation string) []outbox.Alert {
	now := time.Now()
	keys := make([]int64, len(n.Alerts))
	for i := range n.Alerts {
		keys[i] = n.Key(s.source, &n.Alerts[i])
	}
	earlier, err := told(box, ctx, keys)
	if err != nil && ctx.Err() == nil {
		s.service.forgetful.Do(func() {
			s.log.Warn("the history of alerts cannot be read, and mail goes without it", "error", err.Error())
		})
	}
	n.History.Incident = n.Begins()
	if err == nil {
		n.History.Days = min(int(box.Retention()/day), alert.HistoryDays)
		compare(n, keys, conversation, earlier, now.Add(-box.Retention()))
	}
	return telling(n, keys, now)
}

// compare tells what has changed since what mail of the conversation told. What
// began before oldest may have been told and be forgotten; where no more was looked
// at than what others were told of this firing, it may have been told here, too.
func compare(n *alert.Notification, keys []int64, conversation string, told outbox.Told, oldest time.Time) {
	var open, over time.Time // the first incidents of what fired, and of what did not, when last told of
	compared := n.Omitted == 0
	for i := range n.Alerts {
		a := &n.Alerts[i]
		start := a.StartsAt.Truncate(time.Microsecond) // as the store keeps times
		of := told.ByAlert[keys[i]]
		a.Past.Episodes, a.Past.Cut = episodes(of, start), len(of) >= told.Limit
		last := slices.IndexFunc(of, func(t outbox.ToldAlert) bool {
			return t.Conversation == conversation && !t.Lost && t.StartsAt.Equal(start)
		})
		if last < 0 {
			compared = compared && start.After(oldest) && (!a.Past.Cut || len(a.Past.Episodes) > 0)
		} else {
			t := of[last]
			a.Past.Told = t.EndsAt.IsZero() == (a.Status == alert.Firing)
			if t.EndsAt.IsZero() {
				open = first(open, t.Incident)
			} else {
				over = first(over, t.Incident)
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

// episodes are those before the one that began at start, the latest first.
func episodes(told []outbox.ToldAlert, start time.Time) (all []alert.Episode) {
	for _, t := range told {
		if !t.StartsAt.Before(start) {
			continue
		}
		i := slices.IndexFunc(all, func(f alert.Episode) bool { return f.StartsAt.Equal(t.StartsAt) })
		if i < 0 {
			all = append(all, alert.Episode{StartsAt: t.StartsAt, EndsAt: t.EndsAt})
		} else if all[i].EndsAt.IsZero() {
			all[i].EndsAt = t.EndsAt
		}
	}
	slices.SortFunc(all, func(a, b alert.Episode) int { return b.StartsAt.Compare(a.StartsAt) })
	return all
}

// first is the earlier of two times, where the zero time is none.
func first(a, b time.Time) time.Time {
	if a.IsZero() || b.Before(a) {
		return b
	}
	return a
}

// telling is what the mail tells of alerts that no earlier mail did.
func telling(n *alert.Notification, keys []int64, now time.Time) (all []outbox.Alert) {
	for i := range n.Alerts {
		a := &n.Alerts[i]
		if a.Past.Told || a.StartsAt.IsZero() {
			continue
		}
		tells := outbox.Alert{Fingerprint: keys[i], StartsAt: a.StartsAt, Incident: n.History.Incident}
		if a.Status != alert.Firing {
			tells.EndsAt = a.EndsAt
			if tells.EndsAt.IsZero() {
				tells.EndsAt = now
			}
		}
		all = append(all, tells)
	}
	return all
}
