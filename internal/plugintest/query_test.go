package plugintest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// query runs one query over the last hour.
func query(t *testing.T, p *plugintest.Process, ds plugintest.DataSource, queryType, model string) backend.DataResponse {
	t.Helper()
	now := time.Now()
	response, err := p.Query(within(t), ds, viewer, backend.DataQuery{
		RefID: "A", QueryType: queryType, JSON: []byte(model), MaxDataPoints: 60, Interval: time.Minute,
		TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now.Add(time.Minute)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return response.Responses["A"]
}

func field(t *testing.T, frame *data.Frame, name string, labels data.Labels) *data.Field {
	t.Helper()
	for _, f := range frame.Fields {
		if f.Name == name && (labels == nil || f.Labels.Equals(labels)) {
			return f
		}
	}
	t.Fatalf("no field %s %v in %s", name, labels, frame.Name)
	return nil
}

func sum(f *data.Field) (total float64) {
	for i := range f.Len() {
		if v, err := f.FloatAt(i); err == nil {
			total += v
		}
	}
	return total
}

func TestDeliveriesCanBeLookedUpChartedAndAlertedOn(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	call(t, p, ds, plugintest.Signed("alerts?type=auth", another(t, 2)))
	remove := r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	call(t, p, ds, plugintest.Signed("alerts", another(t, 3)))
	remove()
	r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Reply("451 4.3.0 Try later\r\n")})
	call(t, p, ds, plugintest.Signed("alerts", another(t, 4)))

	if got := call(t, p, ds, plugintest.Request{Method: "GET", Path: "recipients", User: viewer}); string(got.Body) != `{"recipients":["oncall@example.com"]}` {
		t.Errorf("recipients for a variable: %s", got.Body)
	}
	table := query(t, p, ds, "deliveries", `{}`).Frames[0]
	if n := table.Rows(); n != 4 {
		t.Fatalf("%d deliveries in the log", n)
	}
	if got := field(t, table, "status", nil).At(3).(string); got != "sent" {
		t.Errorf("the oldest is %s", got)
	}
	if all := query(t, p, ds, "deliveries", `{"recipient":"@"}`).Frames[0]; all.Rows() != 4 {
		t.Errorf("%d deliveries to all recipients", all.Rows())
	}
	failed := query(t, p, ds, "deliveries", `{"status":["failed"],"recipient":"oncall"}`).Frames[0]
	if failed.Rows() != 1 || !strings.Contains(field(t, failed, "reason", nil).At(0).(string), "No such user") {
		t.Error("the failed delivery is not found with the relay's words")
	}
	if none := query(t, p, ds, "deliveries", `{"text":"100%"}`).Frames[0]; none.Rows() != 0 {
		t.Error("a wildcard in the text matches")
	}
	logs := query(t, p, ds, "deliveries", `{"format":"logs"}`).Frames[0]
	if logs.Meta.Type != data.FrameTypeLogLines || logs.Rows() != 4 || field(t, logs, "severity", nil).At(1).(string) != "error" {
		t.Errorf("log lines: %+v", logs.Meta)
	}

	stats := query(t, p, ds, "stats", `{}`).Frames[0]
	for labels, want := range map[[2]string]float64{{"sent", "normal"}: 1, {"sent", "auth"}: 1, {"failed", "normal"}: 1, {"queued", "normal"}: 1, {"failed", "auth"}: 0, {"partial", "normal"}: 0} {
		f := field(t, stats, labels[0], data.Labels{"status": labels[0], "mailType": labels[1]})
		if got := sum(f); got != want {
			t.Errorf("%v: %v, want %v", labels, got, want)
		}
	}
	latency := query(t, p, ds, "stats", `{"measure":"latency"}`).Frames[0]
	field(t, latency, "p99", data.Labels{"quantile": "p99", "mailType": "normal"})

	depth := query(t, p, ds, "queue", `{"measure":"depth"}`).Frames[0]
	if got := sum(field(t, depth, "depth", data.Labels{"status": "queued"})); got != 1 {
		t.Errorf("queued %v", got)
	}
	age := query(t, p, ds, "queue", `{"measure":"oldestAge"}`).Frames[0]
	if age.Rows() != 1 || len(age.Fields) != 1 {
		t.Errorf("an alert rule needs one number: %+v", age.Fields)
	}
}

func TestBadQueriesAreTheCallersFaultAndDoNotFailTheOthers(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	for queryType, model := range map[string]string{
		"mails":      `{}`,
		"deliveries": `{"status":["lost"]}`,
		"stats":      `{"recipient":"a@example.com"}`,
		"queue":      `{"measure":"weight"}`,
	} {
		got := query(t, p, ds, queryType, model)
		if got.Error == nil || got.ErrorSource != backend.ErrorSourceDownstream || got.Status != backend.StatusBadRequest {
			t.Errorf("%s %s: %v %s %d", queryType, model, got.Error, got.ErrorSource, got.Status)
		}
	}
	response, err := p.Query(context.Background(), ds, viewer,
		backend.DataQuery{RefID: "bad", QueryType: "mails", JSON: []byte(`{}`)},
		backend.DataQuery{RefID: "good", QueryType: "queue", JSON: []byte(`{}`)})
	if err != nil || response.Responses["good"].Error != nil || response.Responses["bad"].Error == nil {
		t.Error(err, response)
	}
}

func TestMetricsCountDeliveriesAttemptsStagesAndRefusals(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	call(t, p, ds, plugintest.Request{Path: "alerts", Body: []byte("{}"), User: viewer})
	call(t, p, ds, plugintest.Request{Path: "preview", Body: []byte("{}"), User: viewer}) // no alert
	r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Reply("451 4.3.0 Try later\r\n")})
	call(t, p, ds, plugintest.Signed("alerts", another(t, 2)))
	var page []byte
	await(t, func() (rests bool) { // the connection, after the answer
		var err error
		if page, err = p.Metrics(within(t)); err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(page), `nhncloud_email_connections{state="idle"} 1`)
	})
	for _, line := range []string{
		`nhncloud_email_deliveries_total{mail_type="normal",status="sent"} 1`,
		`nhncloud_email_attempts_total{outcome="sent"} 1`,
		`nhncloud_email_attempts_total{outcome="transient"} 1`,
		`nhncloud_email_delivery_duration_seconds_count 1`,
		`nhncloud_email_smtp_stage_duration_seconds_count{stage="auth"} 2`, // what a session that has served refuses is asked again on a fresh one
		`nhncloud_email_outbox_depth{state="queued"} 1`,
		`nhncloud_email_outbox_oldest_age_seconds `,
		`nhncloud_email_rejected_requests_total{reason="signature"} 1`,
		`nhncloud_email_rejected_requests_total{reason="role"} 0`,
	} {
		if !strings.Contains(string(page), line) {
			t.Errorf("%s is not in the metrics", line)
		}
	}
	if strings.Contains(string(page), "oncall@example.com") {
		t.Error("a recipient is in the metrics")
	}
}

func TestFiltersThatNoDatabaseTakes(t *testing.T) {
	r := relay(t, relaytest.Options{})
	for name, url := range map[string]string{"sqlite": "", "postgres": pgtest.Database(t)} {
		p := start(t, url, nil)
		ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
		for model, valid := range map[string]bool{
			`{"recipient":"` + strings.Repeat("a,", 400) + `"}`:            true,
			`{"recipient":"` + strings.Repeat("a,", 401) + `"}`:            false,
			`{"recipient":"` + strings.Repeat("a", 1001) + `"}`:            false,
			`{"text":"` + strings.Repeat("%_", 500) + `"}`:                 true,
			`{"text":"` + strings.Repeat("a", 60_000) + `"}`:               false,
			`{"status":["sent"` + strings.Repeat(`,"sent"`, 40_000) + `]}`: true,
		} {
			got := query(t, p, ds, "deliveries", model)
			if valid != (got.Error == nil) || !valid && got.Status != backend.StatusBadRequest {
				t.Errorf("%s: %.40s: %d %v", name, model, got.Status, got.Error)
			}
		}
	}
}
