package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Stats counts the deliveries of a source in intervals of the given length, which
// begin at multiples of it. Final deliveries are counted by the minute, so both
// ends of the range are rounded outward to minutes.
func (db *database) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) (stats []Stat, err error) {
	if interval < time.Minute || interval%time.Minute != 0 {
		return nil, fmt.Errorf("the interval %s is not a number of whole minutes", interval)
	}
	err = db.reading(ctx, source, "counting deliveries", func(ctx context.Context) error {
		pauses, err := db.pausesNow(ctx, db.reads)
		if err != nil {
			return err
		}
		of := map[countKey]int64{}
		rows, err := db.reads.QueryContext(ctx, statsQuery(micros(from), micros(to), interval.Microseconds()), source)
		err = scanAll(rows, err, func(rows scanner) error {
			var k countKey
			var count int64
			err := rows.Scan(&k.bucket, &k.status, &k.mailType, &k.latency, &count)
			if _, paused := pauses[Sender{source, k.mailType}]; paused && k.status == string(Queued) {
				k.status = string(Held)
			}
			of[k] += count
			return err
		})
		stats = statsOf(of)
		return err
	})
	return stats, err
}

// statsQuery counts what is final by the roll-up, of hours where the interval
// allows and of minutes at the ends, and what is not final by the deliveries: in
// one statement, so that nothing counts twice.
func statsQuery(from, to, interval int64) string {
	first, last := from/minute*minute, (to+minute-1)/minute*minute
	firstHour, lastHour := last, last
	if a, b := (first+hour-1)/hour*hour, last/hour*hour; interval%hour == 0 && a < b {
		firstHour, lastHour = a, b
	}
	var parts []string
	for _, p := range []struct{ span, from, to int64 }{{minute, first, firstHour}, {hour, firstHour, lastHour}, {minute, lastHour, last}} {
		if p.from < p.to {
			parts = append(parts, fmt.Sprintf(`SELECT began_at / %[1]d * %[1]d, status, mail_type, latency, CAST(sum(count) AS BIGINT) FROM rollup
				WHERE source = $1 AND span = %[2]d AND began_at >= %[3]d AND began_at < %[4]d GROUP BY 1, 2, 3, 4`, interval, p.span, p.from, p.to))
		}
	}
	parts = append(parts, fmt.Sprintf(`SELECT created_at / %[1]d * %[1]d, status, mail_type, -1, count(*) FROM delivery
		WHERE source = $1 AND finished_at IS NULL AND created_at >= %[2]d AND created_at < %[3]d GROUP BY 1, 2, 3`, interval, from, to))
	return strings.Join(parts, " UNION ALL ")
}

type countKey struct {
	bucket           int64
	status, mailType string
	latency          int64 // -1: not final
}

// statsOf are the counts in order.
func statsOf(of map[countKey]int64) (stats []Stat) {
	keys := make([]countKey, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b countKey) int {
		return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(a.status, b.status), cmp.Compare(a.mailType, b.mailType), cmp.Compare(a.latency, b.latency))
	})
	for i, k := range keys {
		if i == 0 || keys[i-1].bucket != k.bucket || keys[i-1].status != k.status || keys[i-1].mailType != k.mailType {
			stats = append(stats, Stat{Time: at(k.bucket), Status: Status(k.status), MailType: k.mailType})
		}
		last := &stats[len(stats)-1]
		last.Count += of[k]
		if k.latency >= 0 {
			last.Latencies = append(last.Latencies, Latency{time.Duration(k.latency) * time.Millisecond, of[k]})
		}
	}
	return stats
}
