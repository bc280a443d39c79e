package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// BenchmarkAlerts is the handler of the contact point, from the call to the
// answer that says the relay has the mail: one at a time, and many at once.
func BenchmarkAlerts(b *testing.B) { benchmarkAlerts(b, 0) }

// BenchmarkAlertsOfProfiles is the same where each alert is of one of 100 profiles, which
// have recipients and a template each.
func BenchmarkAlertsOfProfiles(b *testing.B) { benchmarkAlerts(b, 100) }

func benchmarkAlerts(b *testing.B, profiles int) {
	all := make([]object, profiles)
	for i := range all {
		all[i] = object{"name": fmt.Sprintf("team-%d", i), "fromName": fmt.Sprintf("Team %d", i), "language": "ko", "subjectTemplate": fmt.Sprintf("{{ .Title }} %d", i)}
	}
	body, err := os.ReadFile("../alert/testdata/grafana-12.3/firing-2.json")
	if err != nil {
		b.Fatal(err)
	}
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			relay, err := relaytest.Start(relaytest.Options{Discard: true})
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(relay.Stop)
			d := withProfiles(b, relay, object{"profiles": all})
			numbers := make(chan int)
			var wg sync.WaitGroup
			for range callers {
				wg.Go(func() {
					for number := range numbers {
						query := fmt.Sprintf("to=%d@example.com", number)
						if profiles > 0 {
							query += fmt.Sprintf("&profile=team-%d", number%profiles)
						}
						got := ask(b, d, "Editor", backend.CallResourceRequest{
							Method: http.MethodPost, Path: "alerts", URL: "alerts?" + query, Body: body,
							Headers: map[string][]string{"Content-Type": {"application/json"}},
						})
						if got.Status != http.StatusOK {
							b.Errorf("%d %s", got.Status, got.Body)
						}
					}
				})
			}
			b.ReportAllocs()
			b.ResetTimer()
			for number := range b.N {
				numbers <- number
			}
			close(numbers)
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "notifications/s")
		})
	}
}

// sendThrough lets a data source send through a test relay.
func sendThrough(t testing.TB, s *backend.DataSourceInstanceSettings, relay *relaytest.Relay) {
	t.Helper()
	appKey, secretKey := relay.Credentials()
	data, err := json.Marshal(map[string]any{
		"host": relay.Host(), "port": relay.STARTTLSPort(), "serverName": relay.ServerName(), "tlsAuthWithCACert": true,
		"appKey": appKey, "fromAddress": "grafana@example.com", "allowedRecipients": []string{"@example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.JSONData = data
	s.DecryptedSecureJSONData = map[string]string{"secretKey": secretKey, "tlsCACert": string(relay.CA())}
}
