// Package rulechart makes the charts of alerts: it reads an alert's rule from Grafana, asks
// for the values that its condition follows from, and has those of the alert drawn.
package rulechart

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/turns"
)

const (
	shortest = time.Hour          // that a chart shows
	longest  = 7 * 24 * time.Hour // likewise
	periods  = 6                  // of pending and evaluation, that a chart shows at least

	keptFor = time.Minute // how long a chart is there for repeats of its notification
	maxKept = 64          // charts
)

// Maker makes the charts of a process's mails.
type Maker struct {
	grafana *grafana.Client
	rests   *turns.Rests
	storm   storm

	// drawing is held by the one who draws: the values of a rule may take 100 MB of memory.
	drawing sync.Mutex

	mu   sync.Mutex
	kept map[string]kept
}

type kept struct {
	drawn *chart.Drawn
	until time.Time
}

// NewMaker makes a maker.
func NewMaker(client *grafana.Client) *Maker {
	return &Maker{grafana: client, rests: turns.NewRests(turns.Within / 2), kept: make(map[string]kept)}
}

// The reasons why a chart is not even tried, and errLate for one that would come too late.
var (
	errStorm = errors.New("many mails come at once, which charts would keep waiting")
	errLate  = errors.New("there was no time left to draw it")
)

// Charts makes a chart of each alert, in a turn of their mail, with times in a location.
// Both results have an element for each alert: a chart, or why there is none.
func (m *Maker) Charts(turn context.Context, a grafana.Access, alerts []*alert.Alert, location *time.Location, now time.Time) ([]*chart.Drawn, []error) {
	drawn, failed := make([]*chart.Drawn, len(alerts)), make([]error, len(alerts))
	if err := m.mayTry(turn, a); err != nil { // before any work
		for i := range failed {
			failed[i] = err
		}
		return drawn, failed
	}
	rules := make(map[string][]int) // the alerts of each rule that is asked for, by its UID
	keys := make([]string, len(alerts))
	for i, one := range alerts {
		uid := ruleUID(one)
		keys[i] = keyOf(a, one, uid, location)
		if drawn[i] = m.recall(keys[i], now); drawn[i] == nil {
			rules[uid] = append(rules[uid], i)
		}
	}
	if len(rules) == 0 {
		return drawn, failed
	}
	began := time.Now()
	var making sync.WaitGroup
	for uid, of := range rules {
		making.Go(func() {
			// A mistake here would end the process, and mail with it.
			defer func() {
				if p := recover(); p != nil {
					for _, i := range of {
						drawn[i], failed[i] = nil, fmt.Errorf("it could not be drawn: %v", p)
					}
				}
			}()
			asked, err := m.ask(turn, a, uid, now)
			m.drawing.Lock()
			defer m.drawing.Unlock()
			var values []series
			if m.storm.ongoing(time.Now()) { // it began meanwhile
				err = errStorm
			}
			if err == nil {
				values, err = asked.series(turn)
			}
			for _, i := range of {
				if failed[i] = err; err == nil {
					drawn[i], failed[i] = asked.draw(values, alerts[i], location)
				}
				if failed[i] == nil {
					m.keep(keys[i], drawn[i], now)
				}
			}
		})
	}
	making.Wait()
	m.rests.Asked(turn, a.URL, began)
	return drawn, failed
}

// mayTry says why no chart is tried.
func (m *Maker) mayTry(turn context.Context, a grafana.Access) error {
	switch {
	case m.storm.note(time.Now()):
		return errStorm
	case turn.Err() != nil:
		return context.Cause(turn)
	case m.rests.Resting(a.URL):
		return turns.ErrSlow
	}
	return nil
}

// keyOf identifies the chart of an alert, among those that the same token may ask for.
func keyOf(a grafana.Access, one *alert.Alert, uid string, location *time.Location) string {
	key, _ := json.Marshal([]any{a.URL, a.Token.Reveal(), a.Org, uid, one.Fingerprint, one.Labels, one.StartsAt, location.String()}) // it never fails
	return string(key)
}

// recall returns a chart that was drawn a moment ago.
func (m *Maker) recall(key string, now time.Time) *chart.Drawn {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.DeleteFunc(m.kept, func(_ string, k kept) bool { return now.After(k.until) })
	return m.kept[key].drawn
}

func (m *Maker) keep(key string, d *chart.Drawn, now time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.kept) < maxKept {
		m.kept[key] = kept{d, now.Add(keptFor)}
	}
}

// generator is where Grafana shows a rule.
var generator = regexp.MustCompile(`/alerting/grafana/([^/]+)/view$`)

// ruleUID returns the UID of the rule of an alert, "" where it is not known.
func ruleUID(a *alert.Alert) string {
	if a.RuleUID != "" {
		return a.RuleUID
	}
	u, err := url.Parse(a.GeneratorURL)
	if err != nil {
		return ""
	}
	if m := generator.FindStringSubmatch(u.Path); m != nil {
		return m[1]
	}
	return ""
}

// result is what a rule's values were.
type result struct {
	plan     *plan
	own      map[string]string
	results  grafana.Results
	from, to time.Time
}

// ask reads a rule and the values that its condition follows from.
func (m *Maker) ask(ctx context.Context, a grafana.Access, uid string, now time.Time) (*result, error) {
	if uid == "" {
		return nil, errors.New("the notification does not name the rule")
	}
	rule, err := m.grafana.Rule(ctx, a, uid)
	if err != nil {
		return nil, err
	}
	p, err := newPlan(rule)
	if err != nil {
		return nil, err
	}
	every, err := m.grafana.Interval(ctx, a, rule.Folder, rule.Group)
	if ctx.Err() != nil {
		return nil, err
	}
	now = now.Truncate(time.Second) // Grafana takes milliseconds
	length := min(max(shortest, periods*(time.Duration(rule.For)+cmp.Or(every, time.Minute))), longest)
	for _, q := range p.queries {
		q["maxDataPoints"], q["intervalMs"] = maxPoints, max(length.Milliseconds()/maxPoints, 1000)
	}
	results, err := m.grafana.Query(ctx, a, now.Add(-length), now, p.queries)
	if err != nil {
		return nil, err
	}
	return &result{p, rule.Labels, results, now.Add(-length), now}, nil
}

// series returns the series that are drawn, unless it is too late for that.
func (r *result) series(ctx context.Context) ([]series, error) {
	if ctx.Err() != nil {
		return nil, errLate
	}
	answers, err := r.results.Decode()
	if err != nil {
		return nil, err
	}
	shown, found := answers[r.plan.shown]
	if shown.Error != nil || !found {
		return nil, errors.New("the rule's query fails over a range of time") // its words may quote data
	}
	return seriesOf(shown.Frames), nil
}

// draw draws the chart of an alert.
func (r *result) draw(all []series, a *alert.Alert, location *time.Location) (*chart.Drawn, error) {
	lines := all[:min(len(all), chart.MaxLines)]
	if !r.plan.all {
		one, err := pick(all, a, r.own)
		if err != nil {
			return nil, err
		}
		lines = []series{*one}
	} else if len(lines) == 0 {
		return nil, errNoSeries
	}
	c := &chart.Chart{Limit: r.plan.limit, Unit: lines[0].unit, From: r.from.In(location), To: r.to.In(location), Fired: a.StartsAt}
	for _, s := range lines {
		c.Lines = append(c.Lines, s.points(r.from, r.to))
	}
	return c.Draw()
}
