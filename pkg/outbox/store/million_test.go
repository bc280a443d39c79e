package store

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// fill stores a month of a million deliveries, and 20,000 that wait.
func fill(b *testing.B, f *fixture, from time.Time) {
	b.Helper()
	numbers := "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1020000) SELECT i FROM n)"
	if f.server {
		numbers = "(SELECT generate_series(1, 1020000)::bigint AS i)"
	}
	for _, statement := range []string{
		`INSERT INTO delivery (sequence, id, source, mail_type, identity, joinable, dedupe, conversation, behind, sender, individual, status, due_at, finished_at,
			reason, code, enhanced_code, reply, retries, unreachable, uncertain, lost, begun, owner, attempt, created_at, expires_at, size, subject, message_id, note) {overriding}
		SELECT i, 'id ' || i, '1/mail', CASE WHEN i % 10 = 0 THEN 'ad' ELSE 'normal' END, 'identity ' || i, 1, 30000000, 'conversation ' || i, 0, 'alerts@example.com', 0,
			CASE WHEN i > 1000000 THEN 'queued' WHEN i % 997 = 0 THEN 'failed' WHEN i % 9973 = 0 THEN 'partial' ELSE 'sent' END,
			{from} + i * 2592000, CASE WHEN i > 1000000 THEN NULL ELSE {from} + i * 2592000 + 50000 + i % 150000 END, 'accepted by the relay', 250, '2.0.0', 'accepted by the relay', 0, 0, 0, 0, 0, '',
			1, {from} + i * 2592000, {from} + i * 2592000 + 86400000000, 8192,
			CASE WHEN i = 2000 THEN 'a needle of that month' ELSE '[FIRING:1] disk of host ' || (i % 4000) || ' is full' END, 'id ' || i || '@example.com', '' FROM {numbers} AS numbers`,
		`INSERT INTO recipient (delivery, position, address, folded, kind, source, created_at)
		SELECT i, 0, 'user' || (i % 5000) || '@example.com', 'user' || (i % 5000) || '@example.com', 'to', '1/mail', {from} + i * 2592000 FROM {numbers} AS numbers`,
		`INSERT INTO recipient (delivery, position, address, folded, kind, source, created_at)
		SELECT i, 1, 'ops' || (i % 37) || '@example.org', 'ops' || (i % 37) || '@example.org', 'to', '1/mail', {from} + i * 2592000 FROM {numbers} AS numbers`,
		`INSERT INTO attempt (delivery, number, began_at, duration, stage, code, enhanced_code, text, outcome)
		SELECT i, 1, {from} + i * 2592000, 50000, 'message', 250, '2.0.0', 'accepted by the relay', 'sent' FROM {numbers} AS numbers`,
		`INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count)
		SELECT source, 60000000, finished_at / 60000000 * 60000000, status, mail_type, {class}, 'me', count(*) FROM delivery WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6`,
		`INSERT INTO rollup (source, span, began_at, status, mail_type, latency, owner, count)
		SELECT source, 3600000000, finished_at / 3600000000 * 3600000000, status, mail_type, {class}, 'me', count(*) FROM delivery WHERE finished_at IS NOT NULL GROUP BY 1, 2, 3, 4, 5, 6`,
	} {
		overriding := ""
		if f.server {
			overriding = "OVERRIDING SYSTEM VALUE"
		}
		statement = strings.NewReplacer("{overriding}", overriding, "{from}", strconv.FormatInt(from.UnixMicro(), 10), "{numbers}", numbers, "{class}", "(finished_at - created_at) / 10000 * 10").Replace(statement)
		if _, err := f.writes.ExecContext(context.Background(), statement); err != nil {
			b.Fatal(err)
		}
	}
	if f.server { // as autovacuum does
		for _, statement := range []string{"ALTER TABLE delivery ALTER COLUMN sequence RESTART WITH 2000000", "VACUUM ANALYZE"} {
			if _, err := f.writes.ExecContext(context.Background(), statement); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkMillion is what readers wait for with a million rows in the log, a
// month of them. It takes minutes and 2 GB to prepare.
func BenchmarkMillion(b *testing.B) {
	for _, backend := range backends[1:] {
		b.Run(backend.name, func(b *testing.B) {
			f := newFixture(b, backend)
			from := f.clock.Add(-30 * 24 * time.Hour)
			fill(b, f, from)
			f.write(func(tx *Tx) error {
				return tx.SetPause(Pause{Sender: Sender{src, "ad"}, Reason: "refused", Since: f.clock})
			})
			list := func(filter Filter) func(testing.TB) {
				filter.Source, filter.Limit = src, 100
				return func(tb testing.TB) {
					if _, err := f.List(context.Background(), filter); err != nil {
						tb.Error(err)
					}
				}
			}
			stats := func(span, interval time.Duration) func(testing.TB) {
				return func(tb testing.TB) {
					if _, err := f.Stats(context.Background(), src, f.clock.Add(-span), f.clock, interval); err != nil {
						tb.Error(err)
					}
				}
			}
			depth := func(tb testing.TB) {
				if _, err := f.Depth(context.Background(), src); err != nil {
					tb.Error(err)
				}
			}
			questions := []struct {
				name string
				ask  func(testing.TB)
			}{
				{"newest", list(Filter{})},
				{"failed", list(Filter{Statuses: []Status{Failed}})},
				{"partial", list(Filter{Statuses: []Status{Partial}})},
				{"held", list(Filter{Statuses: []Status{Held}})},
				{"ad", list(Filter{MailTypes: []string{"ad"}})},
				{"a day", list(Filter{From: from.Add(24 * time.Hour), To: from.Add(48 * time.Hour)})},
				{"one recipient", list(Filter{Recipients: []string{"user4321@"}})},
				{"a domain", list(Filter{Recipients: []string{"example.com"}})},
				{"nobody", list(Filter{Recipients: []string{"nobody"}})},
				{"a recipient's failures", list(Filter{Recipients: []string{"ops1@"}, Statuses: []Status{Failed}})},
				{"text of many", list(Filter{Text: "host 77 "})},
				{"text of one", list(Filter{Text: "a needle"})},
				{"month by hour", stats(30*24*time.Hour, time.Hour)},
				{"week by 10 minutes", stats(7*24*time.Hour, 10*time.Minute)},
				{"day by minute", stats(24*time.Hour, time.Minute)},
				{"depth", depth},
			}
			for _, q := range questions {
				b.Run(q.name, func(b *testing.B) {
					for b.Loop() {
						q.ask(b)
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N), "ms")
				})
			}
			b.Run("depth and an outcome beside 8 readers", func(b *testing.B) {
				stop := make(chan struct{})
				done := make(chan struct{})
				for i := range 8 {
					go func() {
						defer func() { done <- struct{}{} }()
						for n := i; ; n++ {
							select {
							case <-stop:
								return
							default:
								questions[n%len(questions)].ask(b)
							}
						}
					}()
				}
				var asked, stored []time.Duration
				for b.Loop() {
					began := time.Now()
					depth(b)
					asked = append(asked, time.Since(began))
					began = time.Now()
					f.apply(f.end(f.enqueue(f.leased(mail(""))).Delivery, Sent))
					stored = append(stored, time.Since(began))
				}
				close(stop)
				for range 8 {
					<-done
				}
				for name, all := range map[string][]time.Duration{"depth": asked, "store-and-finish": stored} {
					slices.Sort(all)
					b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, name+"-p50-ms")
					b.ReportMetric(float64(all[len(all)-1].Microseconds())/1000, name+"-max-ms")
				}
			})
		})
	}
}
