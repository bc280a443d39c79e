package outbox

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"
)

// Stat counts the deliveries of one status and mail type in one interval.
type Stat struct {
	Time     time.Time // when the interval begins
	Status   Status
	MailType string
	Count    int64
	// Latencies tell how long the deliveries took from acceptance to their final
	// state, the shortest first, exact to a tenth; none while not final.
	Latencies []Latency
}

// Latency counts deliveries that took about as long.
type Latency struct {
	Value time.Duration
	Count int64
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

// latencyClass rounds the milliseconds a delivery took down to two digits, so
// that a month of deliveries makes a small answer.
const latencyClass = `CASE
	WHEN finished_at - created_at < 100000 THEN (finished_at - created_at) / 1000
	WHEN finished_at - created_at < 1000000 THEN (finished_at - created_at) / 10000 * 10
	WHEN finished_at - created_at < 10000000 THEN (finished_at - created_at) / 100000 * 100
	WHEN finished_at - created_at < 100000000 THEN (finished_at - created_at) / 1000000 * 1000
	ELSE (finished_at - created_at) / 10000000 * 10000 END`

// Stats counts the deliveries of a source in intervals of the given length,
// which begin at multiples of it. A final delivery counts when it became final,
// another when it was accepted.
func (o *Outbox) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) ([]Stat, error) {
	if interval < time.Millisecond {
		return nil, fmt.Errorf("the interval %s is shorter than a millisecond", interval)
	}
	const q = `SELECT finished_at / $4 * $4 AS bucket, status, mail_type, ` + latencyClass + ` AS latency, count(*)
		FROM delivery WHERE source = $1 AND finished_at >= $2 AND finished_at < $3 GROUP BY bucket, status, mail_type, latency
	UNION ALL
	SELECT created_at / $4 * $4 AS bucket, status, mail_type, -1 AS latency, count(*)
		FROM delivery WHERE source = $1 AND finished_at IS NULL AND created_at >= $2 AND created_at < $3 GROUP BY bucket, status, mail_type
	ORDER BY 1, 2, 3, 4`
	var stats []Stat
	rows, err := o.store.reads.QueryContext(ctx, q, source, micros(from), micros(to), interval.Microseconds())
	err = scanAll(rows, err, func(rows scanner) error {
		var s Stat
		var bucket, latency int64
		if err := rows.Scan(&bucket, &s.Status, &s.MailType, &latency, &s.Count); err != nil {
			return err
		}
		s.Time = at(bucket)
		if n := len(stats); n == 0 || stats[n-1].Time != s.Time || stats[n-1].Status != s.Status || stats[n-1].MailType != s.MailType {
			stats = append(stats, Stat{Time: s.Time, Status: s.Status, MailType: s.MailType})
		}
		last := &stats[len(stats)-1]
		last.Count += s.Count
		if latency >= 0 {
			last.Latencies = append(last.Latencies, Latency{time.Duration(latency) * time.Millisecond, s.Count})
		}
		return nil
	})
	return stats, o.store.explain("counting deliveries", err)
}

// Depth is what waits for delivery.
type Depth struct {
	Count  map[Status]int64 // Queued, Sending, Held
	Bytes  int64
	Oldest time.Duration // age of the longest accepted; 0: nothing waits
}

// Depth returns what waits for a source, or for all with "".
func (o *Outbox) Depth(ctx context.Context, source string) (Depth, error) {
	d := Depth{Count: map[Status]int64{Queued: 0, Sending: 0, Held: 0}}
	clock := o.store.clock
	if clock == "" || o.opt.Now != nil {
		clock = strconv.FormatInt(micros(o.now()), 10)
	}
	q := `SELECT status, count(*), min(created_at), CAST(sum(size) AS BIGINT), ` + clock + ` FROM delivery WHERE finished_at IS NULL`
	var args []any
	if source != "" {
		q, args = q+` AND source = $1`, []any{source}
	}
	rows, err := o.store.reads.QueryContext(ctx, q+` GROUP BY status`, args...)
	err = scanAll(rows, err, func(rows scanner) error {
		var status Status
		var count, created, bytes, now int64
		err := rows.Scan(&status, &count, &created, &bytes, &now)
		d.Count[status] = count
		d.Bytes += bytes
		d.Oldest = max(d.Oldest, at(now).Sub(at(created)))
		return err
	})
	return d, o.store.explain("measuring the queue", err)
}

// now is this process's clock, for ages only.
func (o *Outbox) now() time.Time {
	if o.opt.Now != nil {
		return o.opt.Now()
	}
	return time.Now()
}

// Waiting counts the undelivered mail of sources that are not attached here:
// it waits for the first call for its data source.
func (o *Outbox) Waiting(ctx context.Context) (map[string]int64, error) {
	waiting := map[string]int64{}
	rows, err := o.store.reads.QueryContext(ctx, `SELECT source, count(*) FROM delivery WHERE finished_at IS NULL GROUP BY source`)
	err = scanAll(rows, err, func(rows scanner) error {
		var source string
		var count int64
		err := rows.Scan(&source, &count)
		waiting[source] = count
		return err
	})
	o.mu.Lock()
	defer o.mu.Unlock()
	for source := range o.sources {
		delete(waiting, source)
	}
	return waiting, o.store.explain("counting the mail that waits for its data source", err)
}
