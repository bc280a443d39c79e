//go:build unix

package store

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkStoreAndFinish takes mail from Enqueue, leased at once, to its outcome:
// so many in a transaction, without and with an alert that each tells of.
func BenchmarkStoreAndFinish(b *testing.B) {
	message := []byte(strings.Repeat("0123456789abcdef", 512))
	for _, backend := range backends {
		for _, batch := range []int{1, 64} {
			for _, alerts := range []int{0, 1} {
				b.Run(fmt.Sprintf("%s/%d/%d", backend.name, batch, alerts), func(b *testing.B) {
					storeAndFinish(b, backend, batch, alerts, message)
				})
			}
		}
	}
}

func storeAndFinish(b *testing.B, backend backend, batch, alerts int, message []byte) {
	f := newFixture(b, backend)
	f.Now = nil
	began, busy := time.Now(), cpuTime()
	stored := 0
	for b.Loop() {
		f.clock = time.Now()
		deliveries := make([]Delivery, batch)
		f.write(func(t *Tx) error {
			for i := range deliveries {
				n := mail(fmt.Sprint("conversation ", stored, i))
				n.Message, n.Size, n.Owner, n.LeaseEnd = message, int64(len(message)), "me", t.Now().Add(lease)
				for range alerts {
					n.Alerts = append(n.Alerts, AlertRecord{Hash: rand.Int64(), StartsAt: f.clock, Incident: f.clock})
				}
				e, err := t.Enqueue(n)
				if err != nil {
					return err
				}
				deliveries[i] = e.Delivery
			}
			return nil
		})
		f.write(func(t *Tx) error {
			for _, d := range deliveries {
				if applied, err := t.Apply(f.end(d, Sent)); err != nil || !applied {
					return fmt.Errorf("%v, %w", applied, err)
				}
			}
			return nil
		})
		stored += batch
	}
	b.ReportMetric(float64(stored)/time.Since(began).Seconds(), "mails/s")
	b.ReportMetric(float64(time.Since(began).Microseconds())/float64(stored), "µs/mail")
	b.ReportMetric(float64((cpuTime()-busy).Microseconds())/float64(stored), "µs-cpu/mail")
}

// BenchmarkAlerts reads what mail told of the only alert of a notification: nothing,
// or of two firings in the last days.
func BenchmarkAlerts(b *testing.B) {
	for _, backend := range backends {
		f := newFixture(b, backend)
		for i := range 400 {
			n := mail(fmt.Sprint("conversation ", i))
			n.Alerts = []AlertRecord{{Hash: int64(i % 100), StartsAt: f.clock.Add(time.Duration(i) * time.Second)}}
			f.enqueue(n)
		}
		for name, hash := range map[string]int64{"new": -1, "known": 7} {
			b.Run(backend.name+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				busy := cpuTime()
				for b.Loop() {
					if _, err := f.History(b.Context(), []int64{hash}, 100); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64((cpuTime()-busy).Nanoseconds())/float64(b.N)/1000, "µs-cpu")
			})
		}
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
