package outbox

import (
	"context"
	"math"
	"time"
)

// Get returns a delivery of the source with its recipients and attempts.
// ErrNotFound says that the source has none of that id.
func (o *Outbox) Get(ctx context.Context, source, id string) (Delivery, error) {
	d, err := o.store.Get(ctx, id)
	if err == nil && d.Source != source {
		return Delivery{}, ErrNotFound
	}
	return d, err
}

// List returns deliveries, the newest first, without mail and attempts.
func (o *Outbox) List(ctx context.Context, f Filter) (Page, error) {
	if f.Source == "" {
		return Page{}, invalid("a filter needs a source")
	}
	return o.store.List(ctx, f)
}

// Stats counts the deliveries of a source in intervals of the given length,
// which begin at multiples of it.
func (o *Outbox) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) ([]Stat, error) {
	return o.store.Stats(ctx, source, from, to, interval)
}

// Depth returns what waits for a source, or for all with "".
func (o *Outbox) Depth(ctx context.Context, source string) (Depth, error) {
	return o.store.Depth(ctx, source)
}

// Waiting counts the undelivered mail of sources that are not attached here:
// it waits for the first call for its data source.
func (o *Outbox) Waiting(ctx context.Context) (map[string]int64, error) {
	waiting, err := o.store.Waiting(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	for source := range o.sources {
		delete(waiting, source)
	}
	return waiting, err
}

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
