package plugin

import (
	"context"
	"math"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
)

// TestAnIntervalWithoutBoundEnds: whoever asks chooses the interval of the points, and
// the longest that there is must not be rounded up to less than nothing.
func TestAnIntervalWithoutBoundEnds(t *testing.T) {
	d := asking(t, startService(t, servicetest.Options{}).URL())
	for _, interval := range []time.Duration{math.MaxInt64, math.MinInt64, 100 * 365 * 24 * time.Hour} {
		for _, kind := range []string{"serviceStats", "stats"} {
			got, err := d.QueryData(context.Background(), &backend.QueryDataRequest{Queries: []backend.DataQuery{{
				RefID: "A", QueryType: kind, JSON: []byte(`{}`), Interval: interval,
				TimeRange: backend.TimeRange{From: time.Now().Add(-time.Hour), To: time.Now()},
			}}})
			if err != nil {
				t.Fatal(err)
			}
			if frame := oneFrame(t, got.Responses["A"]); frame.Rows() < 1 || frame.Rows() > 62 {
				t.Errorf("%s, an interval of %s: %d points", kind, interval, frame.Rows())
			}
		}
	}
}

// TestStatisticsAreOfTheSendersDomain: an application that shares the AppKey has mail of
// its own, which is no concern of this data source's rules and Viewers.
func TestStatisticsAreOfTheSendersDomain(t *testing.T) {
	s := startService(t, servicetest.Options{})
	shop := atService("SST3", "customer@example.org", "Your order")
	shop.Sender = "shop@example.net"
	s.Add(shop, atService("SST2", "a@example.com", "x"))
	frame := oneFrame(t, query(t, asking(t, s.URL()), "serviceStats", map[string]any{"by": "domain", "measure": "failed"}))
	if len(frame.Fields) != 2 || frame.Fields[1].Labels["domain"] != "example.com" {
		t.Errorf("%s", encode(t, frame))
	}
}
