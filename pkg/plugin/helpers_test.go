package plugin

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// startRelay is a test relay that ends with the test.
func startRelay(t testing.TB, o relaytest.Options) *relaytest.Relay {
	t.Helper()
	relay, err := relaytest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	return relay
}

// checkHealth is "Save & test" by somebody with a role.
func checkHealth(t testing.TB, d *DataSource, role string) *backend.CheckHealthResult {
	t.Helper()
	got, err := d.CheckHealth(context.Background(), &backend.CheckHealthRequest{PluginContext: backend.PluginContext{User: &backend.User{Role: role}}})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// query runs one query over the last hour and the next.
func query(t testing.TB, d *DataSource, kind string, model any) backend.DataResponse {
	t.Helper()
	encoded, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	got, err := d.QueryData(context.Background(), &backend.QueryDataRequest{
		PluginContext: backend.PluginContext{User: &backend.User{Role: "Viewer"}},
		Queries: []backend.DataQuery{{
			RefID: "A", QueryType: kind, JSON: encoded, MaxDataPoints: 100,
			TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now.Add(time.Hour)},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return got.Responses["A"]
}
