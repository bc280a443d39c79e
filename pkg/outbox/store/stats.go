package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

func (db *database) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) (stats []Stat, err error) {
	if interval < time.Minute || interval%time.Minute != 0 {
		return nil, fmt.Errorf("the interval %s is not a number of whole minutes", interval)
	}
	err = db.reading(ctx, source, "counting deliveries", func(r reader) error {
		return r.each(func(row scanner) error {
			var one Stat
			var latency, count int64
			err := row.Scan(asTime{&one.Time}, &one.Status, &one.MailType, &latency, &count)
			if n := len(stats); n == 0 || !stats[n-1].Time.Equal(one.Time) || stats[n-1].Status != one.Status || stats[n-1].MailType != one.MailType {
				stats = append(stats, one)
			}
			last := &stats[len(stats)-1]
			last.Count += count
			if latency >= 0 {
				last.Latencies = append(last.Latencies, Latency{time.Duration(latency) * time.Millisecond, count})
			}
			return err
		}, statsQuery(micros(from), micros(to), interval.Microseconds()), source)
	})
	return stats, err
}

// statsQuery counts what is final by the roll-up, of hours where the interval
// allows and of minutes at the ends, and what is not final, with a latency of -1,
// by the deliveries: in one statement, so that nothing counts twice.
func statsQuery(from, to, interval int64) string {
	first, last := from/minute*minute, (to+minute-1)/minute*minute
	firstHour, lastHour := last, last
	if a, b := (first+hour-1)/hour*hour, last/hour*hour; interval%hour == 0 && a < b {
		firstHour, lastHour = a, b
	}
	var parts []string
	for _, p := range []struct{ span, from, to int64 }{{minute, first, firstHour}, {hour, firstHour, lastHour}, {minute, lastHour, last}} {
		if p.from < p.to {
			parts = append(parts, fmt.Sprintf(`SELECT began_at / %[1]d * %[1]d AS began, status, mail_type, latency, sum(count) AS count FROM rollup
				WHERE source = $1 AND span = %[2]d AND began_at >= %[3]d AND began_at < %[4]d GROUP BY 1, 2, 3, 4`, interval, p.span, p.from, p.to))
		}
	}
	parts = append(parts, fmt.Sprintf(`SELECT created_at / %[1]d * %[1]d AS began, `+readStatus+` AS status, mail_type, -1 AS latency, count(*) AS count FROM delivery
		WHERE source = $1 AND finished_at IS NULL AND created_at >= %[2]d AND created_at < %[3]d GROUP BY 1, 2, 3`, interval, from, to))
	return `SELECT began, status, mail_type, latency, CAST(sum(count) AS BIGINT) FROM (` + strings.Join(parts, " UNION ALL ") +
		`) AS counts GROUP BY began, status, mail_type, latency ORDER BY began, status, mail_type, latency`
}
