package plugin

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// TestAContactPointNamesATeam: its members have the mail if the allow list has the team;
// where there are none, the default recipients, and the note says why.
func TestAContactPointNamesATeam(t *testing.T) {
	g := grafanatest.Start()
	t.Cleanup(g.Stop)
	g.SetTeam("platform", "a@team.example", "", "b@team.example")
	g.SetTeam("db", "c@team.example")
	g.SetTeam("empty")
	relay := startRelay(t, relaytest.Options{})
	own := object{"to": []string{"default@example.com"}, "grafanaUrl": g.URL(), "allowedRecipients": []string{"@example.com", "team:platform", "team:empty", "team:gone"}, "profiles": []object{
		{"name": "any", "to": []string{"any@example.com"}, "allowedRecipients": []string{"team:*"}}, {"name": "none", "allowedRecipients": []string{}},
	}}
	d := withProfilesAnd(t, relay, own, map[string]string{"grafanaToken": grafanatest.Token})
	for i, tt := range []struct {
		query  string
		status int
		to     string
		note   string
	}{
		{"team=platform", 200, "[a@team.example b@team.example]", `1 members of the team "platform"`},
		{"team=platform&to=x@example.com", 200, "[x@example.com a@team.example b@team.example]", `1 members`},
		{"team=empty", 200, "[default@example.com]", "has no member"},
		{"team=gone", 200, "[default@example.com]", "Grafana has no team of this name"},
		{"team=", 200, "[default@example.com]", ""},
		{"team=db", 403, "", ""},
		{"to=c@team.example", 403, "", ""}, // a team is no way to name a member
		{"profile=any&team=db&team=platform", 200, "[c@team.example a@team.example b@team.example]", "1 members"},
		{"profile=any&team=nobody", 200, "[any@example.com]", "nobody"},
		{"profile=none&team=platform", 403, "", ""},
		{"profile=gone&team=db", 200, "[default@example.com]", "no profile"},
		{"team=1&team=2&team=3&team=4&team=5&team=6", 400, "", ""},
	} {
		before := relay.Taken()
		got := ask(t, d, "Editor", postTo("alerts?"+tt.query, numbered(i)))
		if got.Status != tt.status {
			t.Errorf("%s: %d %s", tt.query, got.Status, got.Body)
			continue
		}
		if tt.status != http.StatusOK {
			continue
		}
		note := noteOf(t, d, got)
		if to := fmt.Sprint(relay.Mails()[before].To); to != tt.to || !strings.Contains(note, tt.note) || (note == "") != (tt.note == "") {
			t.Errorf("%s: %s, noted %q", tt.query, to, note)
		}
	}
}

// withProfilesAnd is withProfiles with further secrets.
func withProfilesAnd(t testing.TB, relay *relaytest.Relay, own object, secrets map[string]string) *DataSource {
	t.Helper()
	d := withProfiles(t, relay, own)
	saved := backend.DataSourceInstanceSettings{UID: "test"}
	sendThrough(t, &saved, relay)
	saved.JSONData = d.jsonData
	for key, value := range secrets {
		saved.DecryptedSecureJSONData[key] = value
	}
	ctx := backend.WithPluginContext(t.Context(), backend.PluginContext{OrgID: grafanatest.Org}) //nolint:staticcheck // Grafana 12.3 leaves its successor, Namespace, empty
	return instanceIn(ctx, t, func(s *backend.DataSourceInstanceSettings) { *s = saved })
}
