package rulechart

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

var now = time.Date(2026, 11, 23, 6, 45, 0, 0, time.UTC)

const cpuRule = `{"uid":"cpu","orgID":1,"folderUID":"infra","ruleGroup":"every minute","condition":"C","for":"%s","labels":{"severity":"critical"},"data":[
	{"refId":"A","datasourceUid":"prom","model":{"expr":"cpu","instant":true,"refId":"A"}},
	{"refId":"C","datasourceUid":"__expr__","model":{"type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"gt","params":[90]}}]}}]}`

// start is a Grafana with a rule about the CPU of three hosts.
func start(t *testing.T) (*grafanatest.Grafana, *Maker, grafana.Access) {
	g, client := grafanatest.Start(), grafana.NewClient()
	t.Cleanup(func() {
		client.Close()
		g.Stop()
	})
	g.AddRule("cpu", fmt.Sprintf(cpuRule, "5m"))
	g.Answer(func(q grafanatest.Query) (frames data.Frames) {
		for host, last := range map[string]float64{"web-1": 95, "web-2": 41, "web-3": 97} {
			frames = append(frames, data.NewFrame("",
				data.NewField("time", nil, []time.Time{q.From, q.From.Add(10 * time.Minute), q.To}),
				data.NewField("value", data.Labels{"__name__": "cpu", "host": host, "severity": "of the series"}, []*float64{new(float64), nil, &last}).SetConfig(&data.FieldConfig{Unit: "percent"})))
		}
		return frames
	})
	return g, NewMaker(client), grafana.Access{URL: g.URL(), Token: settings.NewSecret(grafanatest.Token), Org: grafanatest.Org}
}

func firing(host string) *alert.Alert {
	return &alert.Alert{
		Status: alert.Firing, Labels: alert.KV{"alertname": "CPU", "host": host, "severity": "critical"}, Fingerprint: host,
		StartsAt: now.Add(-10 * time.Minute), GeneratorURL: "https://grafana.example.com/sub/alerting/grafana/cpu/view?orgId=1",
	}
}

// TestAnAlertHasTheChartOfItsSeries, with the limit of its rule, and one question is
// enough for all alerts of the rule.
func TestAnAlertHasTheChartOfItsSeries(t *testing.T) {
	g, m, a := start(t)
	seoul := time.FixedZone("KST", 9*3600)
	alerts := []*alert.Alert{firing("web-3"), firing("web-1"), firing("web-9")}
	alerts[1].RuleUID, alerts[1].GeneratorURL = "cpu", ""
	drawn, failed := m.Charts(t.Context(), a, alerts, seoul, now)
	for i, last := range []float64{97, 95} {
		if failed[i] != nil {
			t.Fatal(failed[i])
		}
		c := drawn[i]
		if span, ok := c.Span(); !ok || span.Last != last || c.Limit.Values[0] != 90 || c.Number(last) != fmt.Sprint(last, "%") {
			t.Errorf("%+v, limit %+v", span, c.Limit)
		}
		if c.To.Sub(c.From) != time.Hour || c.From.Location() != seoul || !c.Fired.Equal(alerts[i].StartsAt) || len(c.PNG) == 0 {
			t.Errorf("from %s to %s, fired %s", c.From, c.To, c.Fired)
		}
		if gaps := c.Lines[0]; len(gaps) != 3 || !math.IsNaN(gaps[1].Value) {
			t.Errorf("what is null is no gap: %v", gaps)
		}
	}
	if failed[2] == nil || !strings.Contains(failed[2].Error(), "none of the 3 series") {
		t.Errorf("another host's values for web-9: %v", failed[2])
	}
	if got := len(g.Requests()); got != 3 { // rule, interval, query
		t.Errorf("%d requests", got)
	}
	if !strings.Contains(g.Requests()[2].Body, `"maxDataPoints":300`) || !strings.Contains(g.Requests()[2].Body, `"range":true`) {
		t.Error(g.Requests()[2].Body)
	}

	again, failed := m.Charts(t.Context(), a, alerts[:2], seoul, now.Add(keptFor))
	if failed[0] != nil || again[0] != drawn[0] || len(g.Requests()) != 3 {
		t.Error("a repeat is drawn anew")
	}
	if _, failed = m.Charts(t.Context(), a, alerts[:1], seoul, now.Add(keptFor+1)); failed[0] != nil || len(g.Requests()) != 6 {
		t.Error("a later notification has an old chart")
	}
}

// TestAChartShowsSixPeriods where those are longer than an hour.
func TestAChartShowsSixPeriods(t *testing.T) {
	g, m, a := start(t)
	g.AddRule("cpu", fmt.Sprintf(cpuRule, "59m"))
	drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
	if failed[0] != nil || drawn[0].To.Sub(drawn[0].From) != 6*time.Hour {
		t.Errorf("%v", failed[0])
	}
}

// TestAGrafanaThatMisbehavesIsNotWaitedFor, and not asked again for a while where it hangs.
func TestAGrafanaThatMisbehavesIsNotWaitedFor(t *testing.T) {
	g, m, a := start(t)
	chart := func() error {
		_, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
		return failed[0]
	}
	for name, fault := range map[string]struct {
		order func()
		words string
	}{
		"403":     {func() { g.Order(grafanatest.Status(403)) }, "may not read"},
		"500":     {func() { g.Order(grafanatest.Status(500)) }, "500"},
		"garbage": {func() { g.Order(grafanatest.Garbage) }, "not Grafana's API"},
		"100 MB":  {func() { g.Order(grafanatest.Huge) }, "larger than"},
	} {
		fault.order()
		if err := chart(); err == nil || !strings.Contains(err.Error(), fault.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	g.Order(nil)
	if err := chart(); err != nil {
		t.Fatal(err)
	}
	m.kept = make(map[string]kept)
	g.Order(g.Hang)
	m.rests = turns.NewRests(0)
	for range 2 {
		if err := hurried(t, m, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it hangs: %v", err)
		}
	}
	before := len(g.Requests())
	if err := chart(); !errors.Is(err, turns.ErrSlow) || len(g.Requests()) != before {
		t.Errorf("it is asked again at once: %v", err)
	}
	_, other, another := start(t)
	m.grafana = other.grafana
	if _, failed := m.Charts(t.Context(), another, []*alert.Alert{firing("web-1")}, time.UTC, now); failed[0] != nil {
		t.Errorf("another Grafana is not asked, either: %v", failed[0])
	}
	g.Order(nil)
	m.rests = turns.NewRests(0) // the rest is over
	if err := chart(); err != nil {
		t.Error(err)
	}
}

// hurried asks for a chart in a turn that is nearly over.
func hurried(t *testing.T, m *Maker, a grafana.Access) error {
	turn, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, failed := m.Charts(turn, a, []*alert.Alert{firing("web-1")}, time.UTC, now)
	return failed[0]
}

func TestRuleUID(t *testing.T) {
	for _, tt := range []struct{ generator, want string }{
		{"https://grafana.example.com/alerting/grafana/abc/view?orgId=1", "abc"},
		{"https://grafana.example.com/sub/alerting/grafana/a%2Fb/view", ""},
		{"http://prometheus:9090/graph?g0.expr=up", ""},
		{"://", ""},
	} {
		if got := ruleUID(&alert.Alert{GeneratorURL: tt.generator}); got != tt.want {
			t.Errorf("%s: %q", tt.generator, got)
		}
	}
}

// TestManyPointsAreThinned and keep their extremes and their last.
func TestManyPointsAreThinned(t *testing.T) {
	values := make([]float64, 10_000)
	times := make([]time.Time, len(values))
	for i := range values {
		values[i], times[i] = float64(i%7), now.Add(time.Duration(i)*time.Second)
	}
	values[4321], values[8765] = 1000, -1000
	s := series{times: data.NewField("", nil, times), values: data.NewField("", nil, values)}
	got := s.points(now, now.Add(24*time.Hour))
	least, greatest := 0.0, 0.0
	for _, p := range got {
		least, greatest = min(least, p.Value), max(greatest, p.Value)
	}
	if len(got) > maxPoints+1 || least != -1000 || greatest != 1000 || !got[len(got)-1].At.Equal(times[len(times)-1]) {
		t.Errorf("%d points from %v to %v", len(got), least, greatest)
	}
}

// TestAHoleInTheDataIsAGap of the line.
func TestAHoleInTheDataIsAGap(t *testing.T) {
	var times []time.Time
	for _, minute := range []int{0, 1, 2, 3, 30, 31, 32} {
		times = append(times, now.Add(time.Duration(minute)*time.Minute))
	}
	s := series{times: data.NewField("", nil, times), values: data.NewField("", nil, make([]int64, len(times)))}
	if got := s.points(now, now.Add(time.Hour)); len(got) != 8 || !math.IsNaN(got[4].Value) {
		t.Error(got)
	}
}

// blow makes a storm that does not end.
func blow(m *Maker) {
	for range stormMails + 1 {
		m.storm.note(time.Now().Add(time.Hour))
	}
}

// TestAStormHasNoCharts: they take time of the machine, which the mails need. None is drawn
// for the mails that came before it was one, either.
func TestAStormHasNoCharts(t *testing.T) {
	g, m, a := start(t)
	frames := data.Frames{data.NewFrame("", data.NewField("time", nil, []time.Time{now}), data.NewField("value", data.Labels{"host": "web-1"}, []float64{95}))}
	g.Answer(func(grafanatest.Query) data.Frames {
		blow(m)
		return frames
	})
	chart := func() error {
		_, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
		return failed[0]
	}
	if err := chart(); !errors.Is(err, errStorm) || len(g.Requests()) != 3 {
		t.Errorf("a storm while Grafana is asked: %v, %d requests", err, len(g.Requests()))
	}
	if err := chart(); !errors.Is(err, errStorm) || len(g.Requests()) != 3 {
		t.Errorf("in a storm: %v, %d requests", err, len(g.Requests()))
	}
	m.storm = storm{}
	g.Answer(func(grafanatest.Query) data.Frames { return frames })
	if err := chart(); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestAStormIsOfManyMailsInASecond.
func TestAStormIsOfManyMailsInASecond(t *testing.T) {
	var s storm
	at := now
	for i := range 3 * stormMails {
		if s.note(at) || s.ongoing(at) {
			t.Fatalf("a storm with mail %d", i)
		}
		at = at.Add(time.Second/stormMails + 1)
	}
	for i := range 2 * stormMails {
		at = at.Add(time.Millisecond)
		if got := s.note(at); i > stormMails && !got {
			t.Errorf("no storm with mail %d of a thousand a second", i)
		}
	}
	if !s.ongoing(at) || s.ongoing(at.Add(time.Second)) {
		t.Error("it does not end a second later")
	}
}

// TestAMailWithoutATurnHasNoChart, and nothing is asked or looked up for it.
func TestAMailWithoutATurnHasNoChart(t *testing.T) {
	g, m, a := start(t)
	turn, cancel := context.WithCancelCause(t.Context())
	cancel(turns.ErrBusy)
	_, failed := m.Charts(turn, a, []*alert.Alert{firing("web-1"), firing("web-2")}, time.UTC, now)
	if !errors.Is(failed[0], turns.ErrBusy) || !errors.Is(failed[1], turns.ErrBusy) || len(g.Requests()) > 0 {
		t.Errorf("%v, %d requests", failed, len(g.Requests()))
	}
}
