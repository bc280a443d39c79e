package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// bigEnough keeps a benchmark from meeting the limit.
const bigEnough = 10_000_000

func benchOpen(b *testing.B, e engine) *Outbox {
	b.Helper()
	o, err := Open(b.Context(), e.url(b), Options{MaxQueued: bigEnough, MaxBytes: 1 << 40})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := o.Close(context.Background()); err != nil {
			b.Error(err)
		}
	})
	return o
}

// benchMail is of the size of an alert with text and HTML.
var benchMail = []byte(strings.Repeat("0123456789abcdef", 512))

func benchNew(i int64) NewDelivery {
	n := notification(fmt.Sprint(i))
	n.Message = benchMail
	return n
}

// parallel calls f so many times from n goroutines.
func parallel(times, n int, f func(i int64)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(times); i = next.Add(1) {
				f(i)
			}
		})
	}
	wg.Wait()
}

func reportRate(b *testing.B) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkEnqueue stores mail that nobody delivers.
func BenchmarkEnqueue(b *testing.B) {
	for _, e := range engines {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", e.name, callers), func(b *testing.B) {
				o := benchOpen(b, e)
				b.ResetTimer()
				parallel(b.N, callers, func(i int64) {
					if _, _, err := unpack(o.Enqueue(b.Context(), benchNew(i))); err != nil {
						b.Error(err)
					}
				})
				reportRate(b)
			})
		}
	}
}

// BenchmarkDeliver takes mail from Enqueue to its outcome.
func BenchmarkDeliver(b *testing.B) {
	for _, e := range engines {
		for _, callers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/%d", e.name, callers), func(b *testing.B) {
				o := benchOpen(b, e)
				detach, err := o.Attach(Attachment{Source: src, Slots: 16, Handler: always(accept)})
				if err != nil {
					b.Fatal(err)
				}
				b.ResetTimer()
				parallel(b.N, callers, func(i int64) {
					if _, _, err := unpack(enqueueAndWait(b.Context(), o, new(benchNew(i)))); err != nil {
						b.Error(err)
					}
				})
				reportRate(b)
				b.StopTimer()
				if err := detach(context.Background()); err != nil {
					b.Error(err)
				}
			})
		}
	}
}

// BenchmarkDrain delivers a backlog.
func BenchmarkDrain(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			o := benchOpen(b, e)
			parallel(b.N, 64, func(i int64) {
				if _, _, err := unpack(o.Enqueue(b.Context(), benchNew(i))); err != nil {
					b.Error(err)
				}
			})
			var left atomic.Int64
			left.Store(int64(b.N))
			done := make(chan struct{})
			b.ResetTimer()
			_, err := o.Attach(Attachment{Source: src, Slots: 16, Handler: deliver(func(context.Context, Job) Outcome {
				if left.Add(-1) == 0 {
					close(done)
				}
				return accept
			})})
			if err != nil {
				b.Fatal(err)
			}
			<-done
			reportRate(b)
		})
	}
}

// BenchmarkCommitToStart measures from the commit, when Enqueue returns, to
// the handler's first step, and Enqueue itself, one mail at a time.
func BenchmarkCommitToStart(b *testing.B) {
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			o := benchOpen(b, e)
			started := make(chan time.Time, 1)
			if _, err := o.Attach(Attachment{Source: src, Slots: 4, Handler: deliver(func(context.Context, Job) Outcome {
				started <- time.Now()
				return accept
			})}); err != nil {
				b.Fatal(err)
			}
			var stored, begun []time.Duration
			b.ResetTimer()
			for i := range b.N {
				called := time.Now()
				d, _, err := unpack(o.Enqueue(b.Context(), benchNew(int64(i))))
				if err != nil {
					b.Fatal(err)
				}
				committed := time.Now()
				stored = append(stored, committed.Sub(called))
				begun = append(begun, (<-started).Sub(committed))
				if _, err := o.Wait(b.Context(), d.ID); err != nil {
					b.Fatal(err)
				}
			}
			for name, all := range map[string][]time.Duration{"enqueue": stored, "start": begun} {
				slices.Sort(all)
				b.ReportMetric(float64(all[len(all)/2].Nanoseconds())/1e6, name+"-p50-ms")
				b.ReportMetric(float64(all[len(all)*99/100].Nanoseconds())/1e6, name+"-p99-ms")
			}
		})
	}
}

// BenchmarkAlertBesideALargeQueue is how long an alert of one data source waits at
// most, from Enqueue to its outcome, while 50,000 mails of another are held,
// resumed, and recalled after their relay was unreachable.
func BenchmarkAlertBesideALargeQueue(b *testing.B) {
	const queue, enough = 50_000, 500
	for _, e := range engines {
		b.Run(e.name, func(b *testing.B) {
			o := benchOpen(b, e)
			parallel(queue, 64, func(i int64) {
				n := benchNew(i)
				n.Source = "1/large"
				if _, err := o.Enqueue(b.Context(), n); err != nil {
					b.Error(err)
				}
			})
			var answer atomic.Pointer[Outcome]
			answer.Store(&hold)
			var attempts atomic.Int64
			for source, h := range map[string]deliver{src: always(accept), "1/large": func(context.Context, Job) Outcome {
				attempts.Add(1)
				return *answer.Load()
			}} {
				if _, err := o.Attach(Attachment{Source: source, Slots: 16, Handler: h}); err != nil {
					b.Fatal(err)
				}
			}
			number := int64(queue)
			longest := func(until func() bool) (most time.Duration) {
				for !until() {
					began := time.Now()
					number++
					if _, err := enqueueAndWait(b.Context(), o, new(benchNew(number))); err != nil {
						b.Fatal(err)
					}
					most = max(most, time.Since(began))
				}
				return most
			}
			tried := func(n int64) func() bool {
				most := attempts.Load() + n
				return func() bool { return attempts.Load() >= most }
			}
			for b.Loop() {
				held := longest(func() bool {
					d, err := o.Depth(b.Context(), "1/large")
					return err != nil || d.Count[Held] > queue/2
				})
				answer.Store(&unreachable)
				if err := o.Resume(b.Context(), "1/large", "normal"); err != nil {
					b.Fatal(err)
				}
				resumed := longest(tried(enough))
				answer.Store(&accept)
				recalled := longest(tried(enough))
				answer.Store(&hold)
				for name, d := range map[string]time.Duration{"hold": held, "resume": resumed, "recall": recalled} {
					b.ReportMetric(float64(d.Microseconds())/1e3, name+"-ms")
				}
			}
		})
	}
}
