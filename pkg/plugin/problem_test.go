package plugin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// TestAnAnswerThatIsNoSuccessBeginsWithItsReason: since 13.1 Grafana shows the
// first 1,024 octets of the answer to a contact point, and nothing before that.
func TestAnAnswerThatIsNoSuccessBeginsWithItsReason(t *testing.T) {
	const shown = 1024
	relay, err := relaytest.Start(relaytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply("550 5.1.1 " + strings.Repeat("no such user ", 30) + "\r\n")})
	d := instance(t, func(s *backend.DataSourceInstanceSettings) { sendThrough(t, s, relay) })

	recipients := make([]string, 50)
	for i := range recipients {
		recipients[i] = fmt.Sprintf("person%d@example.com", i)
	}
	const alert = `{"alerts":[{"status":"firing","labels":{"alertname":"Disk full"}}]}`
	tests := []struct {
		name, role, query, body string
		status                  int
		reason                  string
	}{
		{"a role that may not send", "Viewer", "", alert, http.StatusForbidden, "the role"},
		{"a body that is no notification", "Editor", "?to=a@example.com", "{}", http.StatusUnprocessableEntity, "the notification has no alerts"},
		{"a mail that the relay refuses to many recipients", "Editor", "?to=" + strings.Join(recipients, ","), alert, http.StatusBadGateway, "the mail was not delivered: "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := ask(t, d, tt.role, backend.CallResourceRequest{Method: http.MethodPost, Path: "alerts", URL: "alerts" + tt.query, Body: []byte(tt.body)})
			var reason string
			if rest, ok := strings.CutPrefix(string(got.Body), `{"error":`); ok {
				decoder := json.NewDecoder(strings.NewReader(rest[:min(len(rest), shown-len(`{"error":`))]))
				if err := decoder.Decode(&reason); err != nil {
					t.Errorf("the reason does not end within %d octets: %v", shown, err)
				}
			}
			if got.Status != tt.status || !strings.HasPrefix(reason, tt.reason) {
				t.Errorf("%d %.200s", got.Status, got.Body)
			}
		})
	}
}
