package plugintest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestTwoReplicasMailEachNotificationOnce(t *testing.T) {
	const storm = 40
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	url := pgtest.Database(t)
	replicas := []*plugintest.Process{start(t, url, nil), start(t, url, nil)}
	var (
		posting sync.WaitGroup
		mu      sync.Mutex
		ids     = make(map[string]int) // answers by delivery
	)
	for n := range storm {
		body := another(t, n)
		for _, p := range replicas {
			posting.Go(func() {
				answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", body))
				if err != nil || answer.Status != 200 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				ids[idOf(answer.Body)]++
			})
		}
	}
	posting.Wait()
	if len(ids) != storm {
		t.Errorf("%d deliveries for %d notifications", len(ids), storm)
	}
	if n := r.Taken(); n != storm {
		t.Errorf("%d mails for %d notifications", n, storm)
	}
}

func TestASurvivingReplicaFinishesTheWorkOfAKilledOne(t *testing.T) {
	const storm = 10
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	url := pgtest.Database(t)
	victim, survivor := start(t, url, nil), start(t, url, nil)
	wake(t, survivor, ds)

	// The relay holds every mail until the replica that sends it is dead.
	release := make(chan struct{})
	holding := make(chan struct{}, storm*4)
	remove := r.Fault(relaytest.Fault{
		Stage: relaytest.EOM, Action: relaytest.Hold(release), OnFire: func() { holding <- struct{}{} },
	})
	for n := range storm {
		body := another(t, n)
		go func() { _, _ = victim.Call(t.Context(), ds, plugintest.Signed("alerts", body)) }() // it dies
	}
	<-holding
	await(t, func() bool {
		queue, _ := wake(t, survivor, ds)["queue"].(map[string]any)
		return queue != nil && queue["sending"].(float64)+queue["queued"].(float64) == storm
	})
	victim.Kill()
	remove()
	close(release)
	await(t, func() bool {
		queue := wake(t, survivor, ds)["queue"].(map[string]any)
		return queue["sending"].(float64)+queue["queued"].(float64) == 0
	})
	if n := r.Taken(); n < storm {
		t.Errorf("%d of %d mails arrived", n, storm)
	}
}

func TestPostgreSQLGoneIs503AndBackIsWork(t *testing.T) {
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	url := pgtest.Database(t)
	p := start(t, url, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	server := pgtest.Shared(t)
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 2)))
	if answer.Status != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	if message, details := outboxHealth(t, p, ds); !strings.HasPrefix(message, "ERROR") || !strings.Contains(details.Outbox.Warning, "check that PostgreSQL runs") {
		t.Errorf("the health check says: %s %+v", message, details.Outbox)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		return call(t, p, ds, plugintest.Signed("alerts", another(t, 2))).Status == 200
	})
}
