package outbox

import (
	"context"
	"time"
)

// tellWithin is how long a mail waits for what earlier mail told.
const tellWithin = time.Second

// Told is what mail told of the alerts with these fingerprints that began at from
// or later, the latest first. known is false where that is too much to read.
func (o *Outbox) Told(ctx context.Context, conversation string, fingerprints []int64, from time.Time) (told []ToldAlert, known bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, tellWithin)
	defer cancel()
	return o.store.Alerts(ctx, clean(conversation), fingerprints, from)
}

// Retention is how long a delivery stays in the log, and with it what it told.
func (o *Outbox) Retention() time.Duration { return o.opt.Retention }
