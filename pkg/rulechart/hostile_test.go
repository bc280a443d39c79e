package rulechart

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

// TestATableOfManyLabelsTakesNoMemory: each of its rows has a time and labels of its own,
// and as series it would have a place for each of them at each time.
func TestATableOfManyLabelsTakesNoMemory(t *testing.T) {
	const rows = 6000
	times, values, ids := make([]time.Time, rows), make([]float64, rows), make([]string, rows)
	for i := range rows {
		times[i], values[i], ids[i] = now.Add(time.Duration(i)*time.Millisecond), float64(i), fmt.Sprint(i)
	}
	frame := data.NewFrame("", data.NewField("time", nil, times), data.NewField("value", nil, values), data.NewField("request", nil, ids))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := seriesOf(data.Frames{frame})
	runtime.ReadMemStats(&after)
	if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 64 {
		t.Errorf("%d MiB for %d series", taken, len(got))
	}
}

// TestAlertsWithoutAFingerprintHaveChartsOfTheirOwn where what posts them names none.
func TestAlertsWithoutAFingerprintHaveChartsOfTheirOwn(t *testing.T) {
	_, m, a := start(t)
	alerts := []*alert.Alert{firing("web-1"), firing("web-3")}
	for _, one := range alerts {
		one.Fingerprint = ""
	}
	for range 2 { // drawn, and remembered
		drawn, failed := m.Charts(t.Context(), a, alerts, time.UTC, now)
		for i, last := range []float64{95, 97} {
			if failed[i] != nil {
				t.Fatal(failed[i])
			}
			if span, _ := drawn[i].Span(); span.Last != last {
				t.Errorf("the chart of another alert, of %v", span.Last)
			}
		}
	}
}

// TestAChartIsOfTheTokenThatAskedForIt: another data source's may not read the rule.
func TestAChartIsOfTheTokenThatAskedForIt(t *testing.T) {
	_, m, a := start(t)
	alerts := []*alert.Alert{firing("web-1")}
	if _, failed := m.Charts(t.Context(), a, alerts, time.UTC, now); failed[0] != nil {
		t.Fatal(failed[0])
	}
	a.Token = settings.NewSecret("another")
	if drawn, failed := m.Charts(t.Context(), a, alerts, time.UTC, now); drawn[0] != nil || failed[0] == nil {
		t.Error("a token that Grafana does not take has a chart")
	}
}

// TestOddNamesOfRulesAreNotAskedFor: they would lead elsewhere in Grafana's API.
func TestOddNamesOfRulesAreNotAskedFor(t *testing.T) {
	g, m, a := start(t)
	for _, uid := range []string{"..", ".", "../../datasources", "a/b", "a?x=y", "a#b", "a%2fb", "a\x00", "a b", "\n", strings.Repeat("a", 1000), "한"} {
		one := firing("web-1")
		one.RuleUID = uid
		drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{one}, time.UTC, now)
		if drawn[0] != nil || failed[0] == nil || len(g.Requests()) > 0 {
			t.Errorf("%.20q: %v, %d requests", uid, failed[0], len(g.Requests()))
		}
	}
}

// TestMailsWithoutChartsDoNotMakeGrafanaFaster: it may hang in a storm.
func TestMailsWithoutChartsDoNotMakeGrafanaFaster(t *testing.T) {
	g, m, a := start(t)
	g.Order(g.Hang)
	m.rests = turns.NewRests(0)
	for range 2 {
		if err := hurried(t, m, a); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		blow(m)
		if err := hurried(t, m, a); !errors.Is(err, errStorm) {
			t.Fatal(err)
		}
		m.storm = storm{}
	}
	if !m.rests.Resting(a.URL) {
		t.Error("Grafana was slow twice in a row, and is asked again")
	}
}

// TestARuleIsAskedOfItsOwnDataSource, as Grafana evaluates it, whatever a model that was
// copied from elsewhere names.
func TestARuleIsAskedOfItsOwnDataSource(t *testing.T) {
	g, m, a := start(t)
	g.AddRule("cpu", `{"uid":"cpu","orgID":1,"folderUID":"f","ruleGroup":"g","condition":"A","data":[{"refId":"A","datasourceUid":"prom","model":{"refId":"A","datasource":{"type":"prometheus","uid":"another"}}}],"labels":{"severity":"critical"}}`)
	_, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
	if failed[0] != nil {
		t.Fatal(failed[0])
	}
	asked := g.Requests()[2].Body
	if strings.Contains(asked, "another") || !strings.Contains(asked, `"datasource":{"type":"prometheus","uid":"prom"}`) {
		t.Error(asked)
	}
}

// TestHostileRulesHaveNoChart, and take no time.
func TestHostileRulesHaveNoChart(t *testing.T) {
	g, m, a := start(t)
	query := func(refID, source, model string) string {
		return fmt.Sprintf(`{"refId":%q,"datasourceUid":%q,"model":%s}`, refID, source, model)
	}
	var long, wide []string
	for i := range 20_000 {
		long = append(long, query(fmt.Sprint("A", i), "__expr__", fmt.Sprintf(`{"type":"math","expression":"$A%d + 1"}`, i+1)))
		wide = append(wide, query(fmt.Sprint("A", i), "p", "{}"))
	}
	var sum strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&sum, "+$A%d", i)
	}
	all, _ := json.Marshal(sum.String())
	for name, rule := range map[string][]string{
		"itself":          {query("A", "__expr__", `{"type":"math","expression":"$A"}`)},
		"one another":     {query("A", "__expr__", `{"type":"reduce","expression":"B"}`), query("B", "__expr__", `{"type":"resample","expression":"A"}`)},
		"compares itself": {query("A", "__expr__", `{"type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"gt","params":[1]}}]}`)},
		"no name":         {query("", "__expr__", "{}")},
		"nothing":         {query("A", "__expr__", `{"type":"math","expression":"$"}`)},
		"null":            {query("A", "p", `null`)},
		"a list":          {query("A", "p", `[]`)},
		"no type":         {query("A", "__expr__", `{}`)},
		"odd conditions":  {query("A", "__expr__", `{"type":"classic_conditions","conditions":[7,{"query":{"params":[{}]}}]}`)},
		"sql":             {query("A", "__expr__", `{"type":"sql","expression":"select 1"}`)},
		"long":            append([]string{query("A", "__expr__", `{"type":"math","expression":"$A0 + 1"}`)}, long...),
		"wide":            append([]string{query("A", "__expr__", `{"type":"math","expression":`+string(all)+`}`)}, wide...),
	} {
		g.AddRule("cpu", `{"uid":"cpu","orgID":1,"condition":"A","data":[`+strings.Join(rule, ",")+`]}`)
		one := firing("web-1")
		one.Fingerprint = name
		m.storm = storm{}
		drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{one}, time.UTC, now)
		if !errors.Is(failed[0], errNoPlan) && name != "nothing" || drawn[0] != nil {
			t.Errorf("%s: %v", name, failed[0])
		}
	}
}

// TestWhatCannotBeDrawnLosesNothing: Grafana's SDK ends with such an answer, which reads a
// place that is not there.
func TestWhatCannotBeDrawnLosesNothing(t *testing.T) {
	g, m, a := start(t)
	g.Order(func(w http.ResponseWriter, r *http.Request) {
		answer := fmt.Sprintf(cpuRule, "5m")
		if r.Method == http.MethodPost {
			answer = `{"results":{"A":{"frames":[{"schema":{"fields":[{"type":"number","typeInfo":{"frame":"float64"}}]},"data":{"values":[[1]],"entities":[{"NaN":[5]}]}}]}}}`
		}
		_, _ = io.WriteString(w, answer)
	})
	for range 2 { // the second is not kept from its turn
		drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1"), firing("web-2")}, time.UTC, now)
		if drawn[0] != nil || failed[0] == nil || failed[1] == nil || !strings.Contains(failed[0].Error(), "could not be drawn") {
			t.Error(failed)
		}
	}
}

// TestNothingIsDrawnTooLate: a chart that waited for others until its time was up has none.
func TestNothingIsDrawnTooLate(t *testing.T) {
	_, m, a := start(t)
	ctx, cancel := context.WithCancel(t.Context())
	asked, err := m.ask(ctx, a, "cpu", now)
	if err != nil {
		t.Fatal(err)
	}
	if all, err := asked.series(ctx); err != nil || len(all) != 3 {
		t.Error(all, err)
	}
	cancel()
	if _, err := asked.series(ctx); !errors.Is(err, errLate) {
		t.Error(err)
	}
}

// TestOddSeriesAreDrawnOrAreNot, and nothing else goes wrong: whatever a data source has.
func TestOddSeriesAreDrawnOrAreNot(t *testing.T) {
	g, m, a := start(t)
	nan, inf := math.NaN(), math.Inf(-1)
	many := func(q grafanatest.Query) (frames data.Frames) {
		for i := range 5000 {
			frames = append(frames, data.NewFrame("", data.NewField("time", nil, []time.Time{q.To}), data.NewField("value", data.Labels{"host": fmt.Sprint("web-", i)}, []float64{float64(i)})))
		}
		return frames
	}
	series := func(values ...float64) func(grafanatest.Query) data.Frames {
		return func(q grafanatest.Query) data.Frames {
			times := make([]time.Time, len(values))
			for i := range times {
				times[i] = q.From.Add(time.Duration(i) * time.Minute)
			}
			return data.Frames{data.NewFrame("", data.NewField("time", nil, times), data.NewField("value", data.Labels{"host": "web-1"}, values))}
		}
	}
	for name, tt := range map[string]struct {
		answer func(grafanatest.Query) data.Frames
		want   error // nil: it is drawn
	}{
		"one point":           {series(7), nil},
		"negative":            {series(-5, -7), nil},
		"one number of three": {series(nan, 3, inf), nil},
		"no number":           {series(nan, inf), chart.ErrEmpty},
		"no point":            {series(), chart.ErrEmpty},
		"no series":           {func(grafanatest.Query) data.Frames { return nil }, errNoSeries},
		"no columns":          {func(grafanatest.Query) data.Frames { return data.Frames{data.NewFrame("")} }, errNoSeries},
		"5,000 series":        {many, nil},
		"another time":        {func(q grafanatest.Query) data.Frames { q.From = q.From.Add(-24 * time.Hour); return series(1, 2)(q) }, chart.ErrEmpty},
	} {
		g.Answer(tt.answer)
		m.storm, m.kept = storm{}, make(map[string]kept)
		drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
		if !errors.Is(failed[0], tt.want) || (drawn[0] == nil) != (tt.want != nil) {
			t.Errorf("%s: %v", name, failed[0])
		}
		if drawn[0] != nil && len(drawn[0].PNG) > 30_000 {
			t.Errorf("%s: %d octets", name, len(drawn[0].PNG))
		}
	}
}

// TestALokiRuleIsDrawn, of answers as Grafana's documentation of Loki has them: a rule asks
// for the present number only.
func TestALokiRuleIsDrawn(t *testing.T) {
	g, m, a := start(t)
	g.AddRule("cpu", `{"uid":"cpu","orgID":1,"folderUID":"infra","ruleGroup":"g","condition":"C","for":"1m","data":[
		{"refId":"A","queryType":"instant","datasourceUid":"loki","model":{"datasource":{"type":"loki","uid":"loki"},"editorMode":"code","expr":"sum by (host) (rate({env=\"prod\"} |= \"error\" [5m]))","queryType":"instant","refId":"A"}},
		{"refId":"B","datasourceUid":"__expr__","model":{"type":"reduce","expression":"A","reducer":"last","refId":"B"}},
		{"refId":"C","datasourceUid":"__expr__","model":{"type":"threshold","expression":"B","conditions":[{"evaluator":{"type":"lt","params":[-0.5]}}],"refId":"C"}}]}`)
	g.Answer(func(q grafanatest.Query) data.Frames {
		if q.Model["queryType"] != "range" || q.RefID != "A" {
			t.Errorf("asked for %v", q.Model)
		}
		frame := data.NewFrame(`{host="web-1"}`,
			data.NewField("Time", nil, []time.Time{q.To.Add(-time.Minute), q.To}),
			data.NewField("Value", data.Labels{"host": "web-1"}, []float64{0.5, 2}))
		frame.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesMulti, TypeVersion: data.FrameTypeVersion{0, 1}, Custom: map[string]any{"frameType": "LabeledTimeValues"}}
		return data.Frames{frame}
	})
	drawn, failed := m.Charts(t.Context(), a, []*alert.Alert{firing("web-1")}, time.UTC, now)
	if failed[0] != nil {
		t.Fatal(failed[0])
	}
	if span, ok := drawn[0].Span(); !ok || span.Last != 2 || drawn[0].Limit.Values[0] != -0.5 || drawn[0].Limit.Beyond != chart.Below {
		t.Errorf("%+v, limit %+v", span, drawn[0].Limit)
	}
}
