package plugin

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// TestCallsWhileThePluginStopsAreAnswered: queries, a health check and alerts that
// come before, while and after the outbox closes have an answer or an error with
// words, and none of them hangs.
func TestCallsWhileThePluginStopsAreAnswered(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := sending(t, relay)
	if got := ask(t, d, "Editor", postTo("alerts?to=oncall@example.com", oneAlert)); got.Status != http.StatusOK {
		t.Fatalf("%d %s", got.Status, got.Body)
	}
	kinds := []string{"deliveries", "stats", "queue"}
	answered := make(chan struct{}, len(kinds))
	var calling sync.WaitGroup
	for _, kind := range kinds {
		calling.Go(func() {
			for found, failed := 0, false; !failed; found++ {
				if found == 1 {
					answered <- struct{}{}
				}
				got := query(t, d, kind, nil)
				failed = got.Error != nil
				if failed && !strings.Contains(got.Error.Error(), "the outbox is closed") || !failed && len(got.Frames) == 0 {
					t.Errorf("%s: %v, %d frames", kind, got.Error, len(got.Frames))
				}
			}
		})
	}
	for range kinds {
		<-answered // each query has been answered while all is well
	}
	if err := d.service.Close(context.Background()); err != nil {
		t.Error(err)
	}
	calling.Wait()

	got := ask(t, d, "Editor", postTo("alerts?to=oncall@example.com", strings.Replace(oneAlert, `"a"`, `"b"`, 1)))
	if got.Status != http.StatusServiceUnavailable || got.Headers.Get("Retry-After") == "" || !strings.Contains(string(got.Body), "the outbox is closed") {
		t.Errorf("%d %v %s", got.Status, got.Headers, got.Body)
	}
	if health := checkHealth(t, d, "Admin"); health.Status != backend.HealthStatusError || !strings.Contains(health.Message, "alerts cannot be stored") {
		t.Errorf("%v %s", health.Status, health.Message)
	}
	if n := len(relay.Mails()); n != 1 {
		t.Errorf("%d mails", n)
	}
}
