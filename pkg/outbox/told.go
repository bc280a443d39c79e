package outbox

import (
	"context"
	"time"
)

const (
	// A mail looks at what maxTold told of one alert, and at what maxToldOfAll did of
	// all of its alerts.
	maxTold      = 100
	maxToldOfAll = 10_000
)

// Told is what mail told of the alerts with these fingerprints, the latest first.
// Of an alert of which cut is true more was told, earlier.
func (o *Outbox) Told(ctx context.Context, conversation string, fingerprints []int64) (told []ToldAlert, cut map[int64]bool, err error) {
	limit := min(maxTold, maxToldOfAll/max(len(fingerprints), 1))
	told, err = o.store.Alerts(ctx, clean(conversation), fingerprints, limit)
	if len(told) < limit {
		return told, nil, err
	}
	count := make(map[int64]int)
	cut = make(map[int64]bool)
	for _, t := range told {
		count[t.Fingerprint]++
		cut[t.Fingerprint] = count[t.Fingerprint] >= limit
	}
	return told, cut, err
}

// Retention is how long a delivery stays in the log, and with it what it told.
func (o *Outbox) Retention() time.Duration { return o.opt.Retention }
