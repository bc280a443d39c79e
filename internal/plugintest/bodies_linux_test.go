package plugintest_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// peak is the most memory that a process has had, in MiB.
func peak(t *testing.T, p *plugintest.Process) int {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID()))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kib, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

// TestBodiesTakeBoundedMemory: whoever may call the resource API may send
// bodies of any size, as many at once as they like.
func TestBodiesTakeBoundedMemory(t *testing.T) {
	t.Parallel() // it waits
	const atOnce = 24
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 0))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	before := peak(t, p)
	body := bytes.Repeat([]byte(" "), 10<<20)
	requests := map[string]plugintest.Request{
		"not signed":     {Path: "alerts", Body: body, User: viewer},
		"wrongly signed": exchange(plugintest.Signed("alerts", body), "1"),
		"no alert":       plugintest.Signed("alerts", body),
		"a test":         {Path: "test", Body: body, User: viewer},
		"a preview":      {Path: "preview", Body: body, User: editor},
		"a GET":          {Method: "GET", Path: "status", Body: body, User: viewer},
		"no route":       {Path: "nowhere", Body: body, User: viewer},
	}
	requests["wrongly signed"].Header.Del("X-Grafana-Alerting-Timestamp")
	requests["a query"] = plugintest.Request{}
	alerts := 0
	for name, request := range requests {
		var posting sync.WaitGroup
		for range atOnce {
			posting.Go(func() {
				if name == "a query" {
					_, _ = p.Query(t.Context(), ds, viewer, backend.DataQuery{RefID: "A", QueryType: "queue", JSON: body})
					return
				}
				answer, err := p.Call(t.Context(), ds, request)
				if err != nil || answer.Status == 0 || answer.Status == http.StatusOK && request.Method != "GET" {
					t.Errorf("%s: %v %d %s", name, err, answer.Status, answer.Body)
				}
			})
		}
		for range 5 { // nobody else is kept waiting for long, or refused
			alerts++
			if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, alerts))); answer.Status != 200 {
				t.Errorf("an alert beside %s: %d %s", name, answer.Status, answer.Body)
			}
		}
		posting.Wait()
		t.Logf("after %s: %d MiB", name, peak(t, p))
	}
	if after := peak(t, p); after-before > 150 {
		t.Errorf("%d bodies of 10 MiB at once make %d MiB of %d", atOnce, after, before)
	}
}
