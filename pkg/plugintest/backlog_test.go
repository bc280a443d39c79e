package plugintest_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/relaytest"
)

// TestBacklogOfAnOutageDrainsWithoutStarvingFreshAlerts queues 10,000 alerts
// while the relay is away.
func TestBacklogOfAnOutageDrainsWithoutStarvingFreshAlerts(t *testing.T) {
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
	id, position := []byte(idOf(fresh.Body)), -1
	for i, m := range mails {
		if bytes.Contains(m.Data, id) {
			position = i
		}
	}
	if position < 0 || position > backlog*9/10 {
		t.Errorf("the fresh alert was mail %d of %d", position, len(mails))
	}
	if len(mails) != backlog+1 {
		t.Errorf("%d mails", len(mails))
	}
	if _, peak, _, refused := r.Connections(); peak > connections || refused > 0 {
		t.Errorf("%d connections at a time, %d refused", peak, refused)
	}
}
