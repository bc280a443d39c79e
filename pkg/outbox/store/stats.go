package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// classOf is latencyClass in SQL.
const classOf = `CASE
	WHEN finished_at - created_at < 100000 THEN (finished_at - created_at) / 1000
	WHEN finished_at - created_at < 1000000 THEN (finished_at - created_at) / 10000 * 10
	WHEN finished_at - created_at < 10000000 THEN (finished_at - created_at) / 100000 * 100
	WHEN finished_at - created_at < 100000000 THEN (finished_at - created_at) / 1000000 * 1000
	ELSE (finished_at - created_at) / 10000000 * 10000 END`

// Stats counts the deliveries of a source in intervals of the given length,
// which begin at multiples of it. Whole minutes and hours come from the roll-up.
func (db *database) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) (stats []Stat, err error) {
	if interval < time.Millisecond {
		return nil, fmt.Errorf("the interval %s is shorter than a millisecond", interval)
	}
	err = db.reading(ctx, source, "counting deliveries", func(ctx context.Context) error {
		c := counts{db: db, ctx: ctx, source: source, interval: interval.Microseconds(), of: map[countKey]int64{}}
		err := c.read(micros(from), micros(to))
		stats = c.stats()
		return err
	})
	return stats, err
}

type countKey struct {
	bucket           int64
	status, mailType string
	latency          int64 // -1: not final
}

// counts collects what Stats returns.
type counts struct {
	db       *database
	ctx      context.Context
	source   string
	interval int64
	of       map[countKey]int64
}

func (c *counts) read(from, to int64) error {
	pauses, err := c.db.pausesNow(c.ctx, c.db.reads)
	if err != nil {
		return err
	}
	// Not beyond what is counted: who asks may ask for all times.
	var first, last int64
	row := c.db.reads.QueryRowContext(c.ctx, fmt.Sprintf(`SELECT coalesce((SELECT min(began_at) FROM rollup WHERE source = $1 AND span = %[1]d), 0),
		coalesce((SELECT max(began_at) FROM rollup WHERE source = $1 AND span = %[1]d), 0)`, hour), c.source)
	if err := row.Scan(&first, &last); err != nil {
		return err
	}
	var queries []string
	for _, p := range c.pieces(max(from, first), min(to, last+hour)) {
		queries = append(queries, p.sql(c.interval))
	}
	if from < to {
		queries = append(queries, fmt.Sprintf(`SELECT created_at / %[1]d * %[1]d, status, mail_type, -1, count(*) FROM delivery
			WHERE source = $1 AND finished_at IS NULL AND created_at >= %[2]d AND created_at < %[3]d GROUP BY 1, 2, 3`, c.interval, from, to))
	}
	if c.db.reads != c.db.writes && len(queries) > 0 { // at one moment, so that nothing counts twice
		queries = []string{strings.Join(queries, " UNION ALL ")}
	}
	for _, q := range queries {
		rows, err := c.db.reads.QueryContext(c.ctx, q, c.source)
		err = scanAll(rows, err, func(rows scanner) error {
			var k countKey
			var count int64
			err := rows.Scan(&k.bucket, &k.status, &k.mailType, &k.latency, &count)
			if k.status == string(Queued) && pauses[sender{c.source, k.mailType}] != nil {
				k.status = string(Held)
			}
			c.of[k] += count
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// piece is a range of time that is counted from the roll-up of a span, or with no
// span from the deliveries.
type piece struct{ span, from, to int64 }

// pieces divides a range: the roll-up of hours and minutes where both ends and the
// interval are multiples of these, and the deliveries for what is left at the ends.
func (c *counts) pieces(from, to int64) []piece {
	spans := []int64{0, minute, hour}
	for spans[len(spans)-1] > 0 && c.interval%spans[len(spans)-1] != 0 {
		spans = spans[:len(spans)-1]
	}
	var divide func(level int, from, to int64) []piece
	divide = func(level int, from, to int64) []piece {
		if level+1 < len(spans) {
			span := spans[level+1]
			if first, last := (from+span-1)/span*span, to/span*span; first < last {
				return slices.Concat(c.piece(spans[level], from, first), divide(level+1, first, last), c.piece(spans[level], last, to))
			}
		}
		return c.piece(spans[level], from, to)
	}
	return divide(0, from, to)
}

// piece is a range of one span. In memory it is cut, so that nobody waits long
// for the connection.
func (c *counts) piece(span, from, to int64) (cut []piece) {
	most := to - from
	if c.db.reads == c.db.writes {
		most = max(48*span, hour)
	}
	for ; from < to; from += most {
		cut = append(cut, piece{span, from, min(from+most, to)})
	}
	return cut
}

func (p piece) sql(interval int64) string {
	if p.span == 0 {
		return fmt.Sprintf(`SELECT finished_at / %[1]d * %[1]d, status, mail_type, %[4]s, count(*) FROM delivery
			WHERE source = $1 AND finished_at IS NOT NULL AND finished_at >= %[2]d AND finished_at < %[3]d GROUP BY 1, 2, 3, 4`, interval, p.from, p.to, classOf)
	}
	return fmt.Sprintf(`SELECT began_at / %[1]d * %[1]d, status, mail_type, latency, CAST(sum(count) AS BIGINT) FROM rollup
		WHERE source = $1 AND span = %[2]d AND began_at >= %[3]d AND began_at < %[4]d GROUP BY 1, 2, 3, 4`, interval, p.span, p.from, p.to)
}

// stats are the counts in order.
func (c *counts) stats() (stats []Stat) {
	keys := make([]countKey, 0, len(c.of))
	for k := range c.of {
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
		last.Count += c.of[k]
		if k.latency >= 0 {
			last.Latencies = append(last.Latencies, Latency{time.Duration(k.latency) * time.Millisecond, c.of[k]})
		}
	}
	return stats
}
