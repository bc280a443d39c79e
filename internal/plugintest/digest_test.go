package plugintest_test

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestBudgetHoldsOverKillsAndReplicas: a storm reaches two replicas, or one process, and
// one is killed in its midst. The recipient has no more mails than the budget and the
// digests, and everything that was acknowledged is in one of them.
func TestBudgetHoldsOverKillsAndReplicas(t *testing.T) {
	for name, urls := range map[string]func() []string{
		"one process": func() []string {
			return []string{"sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))}
		},
		"replicas": func() []string { url := pgtest.Database(t); return []string{url, url} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it waits
			const storm, budget = 60, 5
			r := relay(t, relaytest.Options{})
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"maxPerRecipient": budget, "brakeExempt": []string{}})
			var replicas []*plugintest.Process
			all := urls()
			for _, url := range all {
				replicas = append(replicas, start(t, url, nil))
			}
			var mu sync.Mutex
			acknowledged := map[string]bool{}
			post := func(from, to int) {
				var posting sync.WaitGroup
				for n := from; n < to; n++ {
					body := another(t, n)
					posting.Go(func() {
						answer, err := replicas[n%len(replicas)].Call(t.Context(), ds, plugintest.Signed("alerts", body))
						if err != nil {
							return // killed
						}
						mu.Lock()
						defer mu.Unlock()
						if acknowledged[idOf(answer.Body)] = true; answer.Status != 200 && answer.Status != 202 {
							t.Errorf("%d %s", answer.Status, answer.Body)
						}
						if len(acknowledged) == storm/4 {
							replicas[0].Kill()
						}
					})
				}
				posting.Wait()
			}
			post(0, storm/2)
			replicas[0] = start(t, all[0], nil)
			post(storm/2, storm)
			get := func(path string) map[string]any {
				return object(t, call(t, replicas[0], ds, plugintest.Request{Method: "GET", Path: path, User: viewer}).Body)
			}
			digests := map[string]bool{}
			for id := range acknowledged {
				if to := get("deliveries/" + id)["recipients"].([]any)[0].(map[string]any); to["digest"] != nil {
					digests[to["digest"].(string)] = true
				}
			}
			if len(digests) != 1 {
				t.Errorf("%d digests", len(digests))
			}
			for id := range digests { // its window would close in five minutes
				call(t, replicas[0], ds, plugintest.Request{Path: "deliveries/" + id + "/retry", User: editor})
			}
			await(t, func() bool {
				queue := wake(t, replicas[0], ds)["queue"].(map[string]any)
				return queue["collecting"] == 0.0 && queue["queued"] == 0.0 && queue["sending"] == 0.0
			})
			mails := map[string]bool{} // one may come twice, with the same Message-ID
			for _, m := range r.Mails() {
				mails[messageID(t, m.Data)] = true
			}
			if len(mails) > budget+len(digests) || len(mails) <= budget {
				t.Errorf("%d mails and %d digests for %d notifications", len(mails)-len(digests), len(digests), len(acknowledged))
			}
			told := map[string]bool{}
			for id := range digests {
				if !mails[id] {
					t.Errorf("the digest %s did not arrive", id)
				}
				for _, d := range get(fmt.Sprintf("deliveries?digest=%s&limit=1000", id))["deliveries"].([]any) {
					told[d.(map[string]any)["id"].(string)] = true
				}
			}
			for id := range acknowledged {
				if mails[id] == told[id] {
					t.Errorf("%s arrived: %t, in a digest: %t", id, mails[id], told[id])
				}
			}
		})
	}
}
