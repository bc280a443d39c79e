package plugin

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
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

// TestMoreDomainsThanAPanelCanShowAreNotAll: those with the most mail of the kind are
// shown, and it is told.
func TestMoreDomainsThanAPanelCanShowAreNotAll(t *testing.T) {
	s := startService(t, servicetest.Options{})
	for n := range 500 {
		s.Add(atService("SST2", fmt.Sprintf("a@%d.example.net", n), "x"))
	}
	s.Add(atService("SST3", "a@499.example.net", "x"), atService("SST3", "b@499.example.net", "x"))
	d := asking(t, s.URL())
	frame := oneFrame(t, query(t, d, "serviceStats", map[string]any{"by": "domain", "measure": "failed"}))
	if len(frame.Fields) != 1+maxDomains || !slices.Equal(notices(frame), []string{failure.ServiceDomains.With("limit", "100", "count", "500").English}) {
		t.Errorf("%d fields, %q", len(frame.Fields), notices(frame))
	}
	if !slices.ContainsFunc(frame.Fields, func(f *data.Field) bool { return f.Labels["domain"] == "499.example.net" }) {
		t.Error("the domain with the most failures is not shown")
	}
}

// TestAnAlertRuleIsAnsweredWhateverPeopleAsk: a Viewer who asks for ever other times
// takes nothing from the alert rules.
func TestAnAlertRuleIsAnsweredWhateverPeopleAsk(t *testing.T) {
	s := startService(t, servicetest.Options{})
	d := asking(t, s.URL())
	now := time.Now()
	var last backend.DataResponse
	for n := range 100 {
		last = serviceQuery(t, d, "serviceMails", now.Add(-time.Duration(n+2)*time.Hour), now, 100)
	}
	if last.Error == nil {
		t.Error("a Viewer is not limited")
	}
	got, err := d.QueryData(context.Background(), &backend.QueryDataRequest{
		Headers: map[string]string{"FromAlert": "true"},
		Queries: []backend.DataQuery{{
			RefID: "A", QueryType: "serviceStats", JSON: []byte(`{}`), TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now},
		}},
	})
	if err != nil || got.Responses["A"].Error != nil {
		t.Errorf("a rule is told %v, %v", got.Responses["A"].Error, err)
	}
}
