package plugintest_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestBacklogOfAnOutageDrainsWithoutStarvingFreshAlerts queues 10,000 alerts
// while the relay is away.
func TestBacklogOfAnOutageDrainsWithoutStarvingFreshAlerts(t *testing.T) {
	t.Parallel() // it waits
	const backlog, connections = 10_000, 4
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	r := relay(t, relaytest.Options{MaxConnections: connections})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"maxConnections": connections})
	r.Stop()

	// Each caller posts one alert after the other.
	next := make(chan int)
	go func() {
		defer close(next)
		for n := range backlog {
			next <- n
		}
	}()
	var posting sync.WaitGroup
	for range 32 {
		posting.Go(func() {
			for n := range next {
				answer, err := p.Call(ctx, ds, plugintest.Signed("alerts", another(t, n)))
				if err != nil || answer.Status != 202 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
				}
			}
		})
	}
	posting.Wait()
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}

	if err := r.WaitFor(ctx, func() bool { return r.Taken() >= 100 }); err != nil {
		t.Fatal(err)
	}
	fresh, err := p.Call(ctx, ds, plugintest.Signed("alerts", another(t, backlog)))
	if err != nil || fresh.Status != 200 {
		t.Fatal(err, fresh.Status, string(fresh.Body))
	}
	mails, err := r.WaitMails(ctx, backlog+1)
	if err != nil {
		t.Fatal(err)
	}
	var arrived []string // ids, which are in order of age
	for _, m := range mails {
		arrived = append(arrived, messageID(t, m.Data))
	}
	position := slices.Index(arrived, idOf(fresh.Body))
	if position < 0 || position > backlog*9/10 {
		t.Errorf("the fresh alert was mail %d of %d", position, len(mails))
	}
	// What is in hand at the same time may overtake, and so may what was tried
	// before the relay was known to be back.
	old := slices.Delete(arrived, position, position+1)
	byAge := slices.Sorted(slices.Values(old))
	early := 0
	for i, id := range old {
		if age, _ := slices.BinarySearch(byAge, id); age > i+backlog/20 {
			early++
		}
	}
	if early > backlog/100 {
		t.Errorf("%d of %d mails came long before older ones", early, backlog)
	}
	if len(mails) != backlog+1 {
		t.Errorf("%d mails", len(mails))
	}
	// A connection that the plugin has given up may stand at the relay for a while.
	if _, peak, _, refused := r.Connections(); peak > connections || refused > connections {
		t.Errorf("%d connections at a time, %d refused", peak, refused)
	}
}
