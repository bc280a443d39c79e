package plugintest_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestADeadRelayDoesNotHoldUpOtherDataSources: nine data sources mail a storm
// each while the tenth has one under way at a relay that says nothing. Nothing
// is timed: no answer of the dead one comes before all of the others'.
func TestADeadRelayDoesNotHoldUpOtherDataSources(t *testing.T) {
	t.Parallel() // it waits
	const alive, storm = 9, 10
	good, dead := relay(t, relaytest.Options{}), relay(t, relaytest.Options{})
	dead.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Silence()})
	p := start(t, "", nil)
	stuck := plugintest.ForRelay(dead, nhncloud.STARTTLS, map[string]any{"timeoutSeconds": 60})
	stuck.UID = "dead"

	var waiting, posting sync.WaitGroup
	done := make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	for n := range 40 { // more than its connections and their chains hold
		waiting.Go(func() {
			answer, err := p.Call(ctx, stuck, plugintest.Signed("alerts", another(t, n)))
			select {
			case <-done:
			default:
				t.Errorf("the dead relay's alert was answered first: the others had to wait for it (%v %d %s)", err, answer.Status, answer.Body)
			}
		})
	}
	if err := dead.WaitFor(within(t), func() bool { open, _, _, _ := dead.Connections(); return open > 0 }); err != nil {
		t.Fatal(err)
	}
	for i := range alive {
		ds := plugintest.ForRelay(good, modes[i%2], nil)
		ds.UID = fmt.Sprint("alive ", i)
		for n := range storm {
			posting.Go(func() {
				answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", another(t, n)))
				if err != nil || answer.Status != 200 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
				}
			})
		}
	}
	posting.Wait()
	close(done)
	leave()
	if n := good.Taken(); n != alive*storm {
		t.Errorf("%d mails of %d", n, alive*storm)
	}
	waiting.Wait()
}
