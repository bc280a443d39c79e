package plugin

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// FuzzQueryModel: whatever a query editor, an alert rule or somebody with a
// token sends, each query has an answer of bounded size, and what is wrong
// with it is its author's fault, said in words.
func FuzzQueryModel(f *testing.F) {
	hour := time.Hour.Milliseconds()
	f.Add("deliveries", `{"status":["sent"],"recipient":"a@example.com","text":"100%","limit":10}`, int64(0), hour, int64(60), int64(time.Minute))
	f.Add("deliveries", `{"format":"logs"}`, int64(-1), hour, int64(0), int64(0))
	f.Add("stats", `{"measure":"latency","mailType":["normal","auth"]}`, int64(0), 24*hour, int64(1), int64(1))
	f.Add("queue", `{"measure":"oldestAge"}`, int64(0), int64(0), int64(-1), int64(-1))
	f.Add("serviceMails", `{"status":["failed"],"recipient":"a@example.com","limit":10}`, int64(0), hour, int64(60), int64(0))
	f.Add("serviceStats", `{"measure":"failed","by":"domain"}`, int64(0), 24*hour, int64(1), int64(1))
	d := instance(f, nil)
	box, err := d.service.Outbox(context.Background())
	if err != nil {
		f.Fatal(err)
	}
	for _, mailType := range []string{"", "auth"} {
		if _, err := box.Enqueue(context.Background(), outbox.NewDelivery{Delivery: outbox.Delivery{
			Source: d.source, MailType: mailType, Identity: "of " + mailType, From: "grafana@example.com", Subject: "100% of \\ _", MessageID: "m@example.com",
			Message: []byte("mail"), Recipients: []outbox.Recipient{{Address: "a@example.com", Kind: outbox.To}},
		}}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, queryType, model string, from, to, points, interval int64) {
		request := &backend.QueryDataRequest{Queries: []backend.DataQuery{{
			RefID: "A", QueryType: queryType, JSON: []byte(model), MaxDataPoints: points, Interval: time.Duration(interval),
			TimeRange: backend.TimeRange{From: time.UnixMilli(from), To: time.UnixMilli(to)}, // as they come from Grafana
		}}}
		response, err := d.QueryData(context.Background(), request)
		if err != nil {
			t.Fatal(err)
		}
		got := response.Responses["A"]
		if got.Error != nil {
			want := backend.StatusBadRequest
			if queryType == "delivery" && strings.Contains(got.Error.Error(), outbox.ErrNotFound.Error()) {
				want = backend.StatusNotFound
			}
			if got.ErrorSource != backend.ErrorSourceDownstream || got.Status != want {
				t.Fatalf("%s %d: %v", got.ErrorSource, got.Status, got.Error)
			}
			return
		}
		most := outbox.MaxLimit
		if queryType == "stats" {
			if most = maxPoints; 0 < points && points < maxPoints {
				most = int(points)
			}
			most += 2 // the first and the last interval may be parts of one
		}
		for _, frame := range got.Frames {
			if rows, err := frame.RowLen(); err != nil || rows > most {
				t.Fatalf("%d rows, %v", rows, err)
			}
		}
		if _, err := json.Marshal(got); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzDeliveriesQuery is the same for the query string of GET /deliveries.
func FuzzDeliveriesQuery(f *testing.F) {
	f.Add("status=sent&status=failed&mailType=normal&recipient=a&text=b&limit=5")
	f.Add("from=2026-11-23T00:00:00Z&to=2026-11-24T00:00:00%2B09:00&cursor=1.x")
	f.Add("limit=1e9&limit=&%zz=;")
	d := instance(f, nil)
	f.Fuzz(func(t *testing.T, query string) {
		u := url.URL{Path: "deliveries", RawQuery: query}
		if _, err := url.Parse(u.String()); err != nil {
			return // no HTTP request can ask so
		}
		got := ask(t, d, "Viewer", backend.CallResourceRequest{Method: "GET", Path: "deliveries", URL: u.String()})
		if got.Status != 200 && got.Status != 400 {
			t.Fatalf("%d %s", got.Status, got.Body)
		}
		if !json.Valid(got.Body) || !utf8.Valid(got.Body) || len(got.Body) > 10_000 {
			t.Fatalf("%s", got.Body)
		}
	})
}
