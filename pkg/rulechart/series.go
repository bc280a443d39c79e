package rulechart

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
)

// maxPoints is how many points of a series are asked for, and drawn.
const maxPoints = 300

// maxCells is how many values a table makes at most when it is taken apart into series. It
// has a place for each of them at each of its times.
const maxCells = 500_000

// series is one series of a result.
type series struct {
	labels data.Labels
	unit   string
	times  *data.Field
	values *data.Field
}

// seriesOf lists the series in the frames of a result.
func seriesOf(frames data.Frames) (all []series) {
	for _, frame := range frames {
		switch frame.TimeSeriesSchema().Type {
		case data.TimeSeriesTypeLong:
			wide, err := data.LongToWideWithLimit(frame, nil, maxCells)
			if err != nil {
				continue
			}
			frame = wide
		case data.TimeSeriesTypeWide:
		case data.TimeSeriesTypeNot:
			continue
		}
		schema := frame.TimeSeriesSchema()
		for _, i := range schema.ValueIndices {
			s := series{labels: frame.Fields[i].Labels, times: frame.Fields[schema.TimeIndex], values: frame.Fields[i]}
			if !s.values.Type().Numeric() {
				continue
			}
			if c := s.values.Config; c != nil {
				s.unit = c.Unit
			}
			all = append(all, s)
		}
	}
	return all
}

var errNoSeries = errors.New("the query has no series")

// pick returns the series of an alert: that with the labels that the alert has, the most
// of them. own are the labels that the rule gives its alerts.
func pick(all []series, a *alert.Alert, own map[string]string) (*series, error) {
	best := -1
	for i, s := range all {
		if matches(s.labels, a.Labels, own) && (best < 0 || len(s.labels) > len(all[best].labels)) {
			best = i
		}
	}
	switch {
	case best >= 0:
		return &all[best], nil
	case len(all) == 0:
		return nil, errNoSeries
	}
	return nil, fmt.Errorf("none of the %d series of the query has the labels of the alert", len(all))
}

// matches says whether all labels of a series are the alert's. Those whose name begins
// with two underscores are not sent, and the rule's own take the place of others.
func matches(of data.Labels, alerts alert.KV, own map[string]string) bool {
	for name, value := range of {
		if _, replaced := own[name]; replaced || strings.HasPrefix(name, "__") {
			continue
		}
		if alerts[name] != value {
			return false
		}
	}
	return true
}

// points returns the points of a series between two times, with gaps where some are
// missing.
func (s *series) points(from, to time.Time) []chart.Point {
	var all []chart.Point
	for i := range s.times.Len() {
		at, ok := s.times.ConcreteAt(i)
		if !ok {
			continue
		}
		value, err := s.values.NullableFloatAt(i)
		p := chart.Point{At: at.(time.Time), Value: math.NaN()}
		if err == nil && value != nil {
			p.Value = *value
		}
		if !p.At.Before(from) && !p.At.After(to) {
			all = append(all, p)
		}
	}
	slices.SortStableFunc(all, func(a, b chart.Point) int { return a.At.Compare(b.At) })
	return thinned(gapped(all))
}

// gapped puts a gap where three points or more are missing.
func gapped(points []chart.Point) []chart.Point {
	if len(points) < 4 {
		return points
	}
	var steps []time.Duration
	for i := range points[1:] {
		steps = append(steps, points[i+1].At.Sub(points[i].At))
	}
	slices.Sort(steps)
	usual := steps[len(steps)/2]
	var all []chart.Point
	for i, p := range points {
		if i > 0 && p.At.Sub(points[i-1].At) > 4*usual && usual > 0 {
			all = append(all, chart.Point{At: points[i-1].At.Add(usual), Value: math.NaN()})
		}
		all = append(all, p)
	}
	return all
}

// thinned has of many points the least and the greatest of every few, and the last.
func thinned(points []chart.Point) []chart.Point {
	if len(points) <= maxPoints {
		return points
	}
	few := 2 * (len(points) + maxPoints - 1) / maxPoints
	var all []chart.Point
	for part := range slices.Chunk(points, few) {
		least, greatest := 0, 0
		for i, p := range part {
			if p.Value < part[least].Value || math.IsNaN(part[least].Value) {
				least = i
			}
			if p.Value > part[greatest].Value || math.IsNaN(part[greatest].Value) {
				greatest = i
			}
		}
		all = append(all, part[min(least, greatest)])
		if least != greatest {
			all = append(all, part[max(least, greatest)])
		}
	}
	if last := points[len(points)-1]; !all[len(all)-1].At.Equal(last.At) {
		all = append(all, last)
	}
	return all
}
