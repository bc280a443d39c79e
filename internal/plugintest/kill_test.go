package plugintest_test

import (
	"flag"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// kills is how often the plug is pulled; go tool mage kills pulls it a hundred
// times.
var kills = flag.Int("kills", 25, "rounds of TestKilledAtRandomInstants")

// TestKilledAtRandomInstants kills the process under load, again and again on
// one outbox, and counts: what was acknowledged arrived.
func TestKilledAtRandomInstants(t *testing.T) {
	t.Parallel() // it waits
	const callers = 8
	r := relay(t, relaytest.Options{})
	url := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	var (
		mu           sync.Mutex
		acknowledged = make(map[string]bool)
		posted       int
	)
	for range *kills {
		p := start(t, url, nil)
		var load sync.WaitGroup
		for range callers {
			load.Go(func() {
				for {
					mu.Lock()
					posted++
					body := another(t, posted)
					mu.Unlock()
					answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", body))
					if err != nil {
						return // killed
					}
					if answer.Status == 200 || answer.Status == 202 {
						mu.Lock()
						acknowledged[idOf(answer.Body)] = true
						mu.Unlock()
					}
				}
			})
		}
		time.Sleep(rand.N(500 * time.Millisecond)) // the instant is the test
		p.Kill()
		load.Wait()
	}
	p := start(t, url, nil)
	await(t, func() bool {
		queue := wake(t, p, ds)["queue"].(map[string]any)
		return queue["queued"] == 0.0 && queue["sending"] == 0.0
	})
	twice := allArrived(t, r, acknowledged)
	t.Logf("%d kills, %d acknowledged, all arrived, %d of them twice; %d posted", *kills, len(acknowledged), twice, posted)
	if len(acknowledged) == 0 {
		t.Error("too little was acknowledged: the test tests nothing")
	}
}
