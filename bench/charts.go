package main

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// Storms with and without charts alternate: a machine's own speed changes from minute to
// minute. The first round is not counted.
const (
	chartRounds = 9
	chartStorm  = 2000
)

// chartCase is a Grafana that charts are asked of.
type chartCase struct {
	name   string
	answer func(*grafanatest.Grafana) // nil: there is no token, and so no charts
}

var chartCases = []chartCase{
	{"without charts", nil},
	{"Grafana answers in 10 ms", func(g *grafanatest.Grafana) { g.Delay(10 * ms) }},
	{"Grafana answers in 800 ms", func(g *grafanatest.Grafana) { g.Delay(800 * ms) }},
	{"Grafana hangs", func(g *grafanatest.Grafana) { g.Order(g.Hang) }},
}

// stormed is what a storm showed.
type stormed struct {
	most, all time.Duration // until the relay has 99 of 100 mails, and all
	cpu       time.Duration // of the plugin, a mail
	asked     int           // queries for charts
}

// compareCharts prints what charts cost in a storm.
func compareCharts(ctx context.Context, executable, folder string, n notification) error {
	files := 0
	for _, engine := range []struct {
		name string
		url  func() string
	}{
		{"memory", func() string { return "memory:" }},
		{"sqlite", func() string {
			files++
			return "sqlite://" + filepath.ToSlash(filepath.Join(folder, fmt.Sprintf("charts-%d.db", files)))
		}},
	} {
		runs := make([][]stormed, len(chartCases))
		for round := range chartRounds {
			for i := range chartCases {
				at := (i + round) % len(chartCases) // none always comes after the same one
				s, err := chartsStorm(ctx, &plugin{executable: executable, url: engine.url}, chartCases[at], n)
				if err != nil {
					return fmt.Errorf("%s, %s: %w", engine.name, chartCases[at].name, err)
				}
				if round > 0 {
					runs[at] = append(runs[at], s)
				}
			}
		}
		printCharts(engine.name, runs)
	}
	return nil
}

// chartsStorm runs one storm in a process of its own, which has mailed before.
func chartsStorm(ctx context.Context, p *plugin, c chartCase, n notification) (s stormed, err error) {
	g := grafanatest.Start()
	defer g.Stop()
	g.AddRule("r1", grafanatest.Rule("r1", 90))
	g.AddRule("r2", grafanatest.Rule("r2", 90))
	g.Answer(walk)
	if c.answer != nil {
		p.env = []string{"GF_PLUGIN_GRAFANA_URL=" + g.URL(), "GF_PLUGIN_GRAFANA_TOKEN=" + grafanatest.Token}
		c.answer(g)
	}
	seen := &observer{at: make(map[int]time.Time)}
	relay, err := relaytest.Start(relaytest.Options{MaxConnections: 4, Discard: true, OnMail: seen.onMail})
	if err != nil {
		return s, err
	}
	defer relay.Stop()
	opened, err := p.open(ctx, relay, 4, n)
	if err != nil {
		return s, err
	}
	defer opened.close()
	running := opened.(*running)
	post := func(body []byte, first, count int) error {
		return inParallel(callersAtOnce, count, func(_, i int) error {
			// Alerts of their own, for what was drawn a moment ago is not drawn again.
			own := bytes.ReplaceAll(body, []byte(`"fingerprint":"`), fmt.Appendf(nil, `"fingerprint":"%d-`, first+i))
			return running.sendBody(ctx, own, addresses(first+i, 3))
		})
	}
	resolved := bytes.ReplaceAll(running.body, []byte(`"status":"firing"`), []byte(`"status":"resolved"`)) // these have no charts
	if err := post(resolved, chartStorm, chartStorm/4); err != nil {
		return s, err
	}
	before, err := usageOf(running.pid())
	if err != nil {
		return s, err
	}
	began := time.Now()
	if err := post(running.body, 0, chartStorm); err != nil {
		return s, err
	}
	after, err := usageOf(running.pid())
	if err != nil {
		return s, err
	}
	_, s.most = seen.quantiles(began, chartStorm)
	for number, at := range seen.at {
		if number < chartStorm {
			s.all = max(s.all, at.Sub(began))
		}
	}
	s.cpu = (after.cpu - before.cpu) / chartStorm
	for _, r := range g.Requests() {
		if strings.HasSuffix(r.Path, "/api/ds/query") {
			s.asked++
		}
	}
	return s, seen.check(chartStorm+chartStorm/4, 3, relay)
}

// walk is what the rules' query has: 300 values of the series of the alerts.
func walk(q grafanatest.Query) data.Frames {
	const points = 300
	times, values := make([]time.Time, points), make([]float64, points)
	for i := range points {
		times[i] = q.From.Add(q.To.Sub(q.From) * time.Duration(i) / (points - 1))
		values[i] = 80 + 12*math.Sin(float64(i)/20) + 3*math.Sin(float64(i)*1.7)
	}
	return data.Frames{data.NewFrame("", data.NewField("time", nil, times), data.NewField("value", data.Labels{"owner": "oncall@example.com"}, values))}
}

// printCharts prints the middle of the runs, and of the ratios to the run without charts of
// the same round.
func printCharts(engine string, runs [][]stormed) {
	fmt.Printf("\n### storms of %d, %s; 3 recipients, 4 connections; the middle of %d rounds\n\n", chartStorm, engine, chartRounds-1)
	fmt.Println("| | ms until 99 of 100 are mailed | ms until all are | CPU ms a mail | queries | 99 of 100, with / without | CPU, with / without |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|")
	for i, c := range chartCases {
		middle := func(of func(round int) float64) float64 {
			var all []float64
			for round := range runs[i] {
				all = append(all, of(round))
			}
			slices.Sort(all)
			return all[len(all)/2]
		}
		millis := func(d time.Duration) float64 { return float64(d) / float64(ms) }
		fmt.Printf("| %s | %.0f | %.0f | %.3f | %.0f | %.2f | %.2f |\n", c.name,
			middle(func(r int) float64 { return millis(runs[i][r].most) }), middle(func(r int) float64 { return millis(runs[i][r].all) }),
			middle(func(r int) float64 { return millis(runs[i][r].cpu) }), middle(func(r int) float64 { return float64(runs[i][r].asked) }),
			middle(func(r int) float64 { return float64(runs[i][r].most) / float64(runs[0][r].most) }),
			middle(func(r int) float64 { return float64(runs[i][r].cpu) / float64(runs[0][r].cpu) }))
	}
}
