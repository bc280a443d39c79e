package plugintest_test

import (
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

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
	t.Parallel() // it waits
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

// TestFrozenReplicaSendsNothingThatAnotherTook: it was stopped (SIGSTOP) before
// the content, for longer than its lease.
func TestFrozenReplicaSendsNothingThatAnotherTook(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	url := pgtest.Database(t)
	frozen, other := start(t, url, nil), start(t, url, nil)
	wake(t, other, ds)
	release, held := make(chan struct{}), make(chan struct{}, 1)
	r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Times: 1, Action: relaytest.Hold(release), OnFire: func() { held <- struct{}{} }})
	answers := make(chan plugintest.Response, 1)
	body := another(t, 1)
	go func() {
		answer, err := frozen.Call(t.Context(), ds, plugintest.Signed("alerts", body))
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}()
	<-held
	signal(t, frozen, syscall.SIGSTOP)
	waitMails(t, r, 1) // from the other
	close(release)
	signal(t, frozen, syscall.SIGCONT)
	if answer := <-answers; answer.Status != 200 && answer.Status != 202 { // 202 where its caller's time was up meanwhile
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	frozen.Stop() // and can send nothing more
	if n := r.Taken(); n != 1 {
		t.Errorf("the mail came %d times", n)
	}
}

func signal(t *testing.T, p *plugintest.Process, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(p.PID(), s); err != nil {
		t.Fatal(err)
	}
}

// TestSettingsSavedInAStormAreNoReasonToWait: the relay allows just the
// connections that the settings do, and the connections of the settings before
// are still open.
func TestSettingsSavedInAStormAreNoReasonToWait(t *testing.T) {
	const callers, each = 8, 20
	r := relay(t, relaytest.Options{MaxConnections: 2, RTT: 20 * time.Millisecond})
	p := start(t, "", nil)
	saved := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"maxConnections": 2})
	saved.Updated = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	var storm sync.WaitGroup
	for caller := range callers {
		storm.Go(func() {
			for n := range each {
				mu.Lock()
				if n%5 == 4 {
					saved.Updated = saved.Updated.Add(time.Second)
				}
				ds := saved
				mu.Unlock()
				answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", another(t, caller*each+n)))
				if err != nil || answer.Status != 200 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
				}
			}
		})
	}
	storm.Wait()
	if n := r.Taken(); n != callers*each {
		t.Errorf("%d mails for %d notifications", n, callers*each)
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
