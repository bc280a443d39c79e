package plugin

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
)

// queryServiceStats is what the service counts of the mail that was sent over SMTP. An
// interval without mail counts zero, so that an alert rule has data while all is well.
func (d *DataSource) queryServiceStats(ctx context.Context, m queryModel, q backend.DataQuery) (data.Frames, error) {
	events := api.Events()
	if m.Measure != "" {
		if !slices.Contains(events, api.Event(m.Measure)) {
			return nil, badParameter("measure of serviceStats is %.60q; it must be one of %s, or left out", m.Measure, joined(events))
		}
		events = []api.Event{api.Event(m.Measure)}
	}
	if m.By != "" && m.By != "domain" {
		return nil, badParameter("by is %.60q; it must be domain, or left out", m.By)
	}
	if len(m.Status) > 0 || m.Recipient != "" || m.Text != "" {
		return nil, badParameter("serviceStats cannot be filtered by status, recipient or text: use serviceMails for these")
	}
	if _, err := d.validSender(); err != nil {
		return nil, err
	}
	if d.results == nil {
		return serviceOff("statistics"), nil
	}
	to := inLog(q.TimeRange.To)
	from, clipped := clip(inLog(q.TimeRange.From), api.StatsFor)
	interval, unit := unitsOf(to.Sub(from), q)
	var counts []api.Count
	if from.Before(to) {
		var err error
		if counts, err = d.results.Stats(ctx, from, to, unit, m.By == "domain"); err != nil {
			return nil, err
		}
	}
	frame := statisticsFrame(counts, events, m.By == "domain", from, to, interval)
	if clipped {
		remark(frame, failure.ServiceThirtyDays.With())
	}
	return data.Frames{frame}, nil
}

// clip returns the beginning of a time range, or the oldest time that the service still
// answers for, and whether that is later. It is some seconds less than how long the
// service keeps what it knows, for the question takes a moment.
func clip(from time.Time, kept time.Duration) (time.Time, bool) {
	oldest := time.Now().Add(-kept).Truncate(time.Minute).Add(time.Minute)
	if from.Before(oldest) {
		return oldest, true
	}
	return from, false
}

// unitsOf is the interval of the points, and the unit that the service counts in: whole
// minutes up to a day, whole hours beyond, and whole days where the points are that far
// apart.
func unitsOf(span time.Duration, q backend.DataQuery) (time.Duration, api.Unit) {
	const day = 24 * time.Hour
	interval, unit, length := intervalOf(span, q), api.Minutes, time.Minute
	switch {
	case interval >= day:
		unit, length = api.Days, day
	case interval >= time.Hour || span > day:
		unit, length = api.Hours, time.Hour
	}
	return roundUp(interval, length), unit
}

func statisticsFrame(counts []api.Count, events []api.Event, byDomain bool, from, to time.Time, interval time.Duration) *data.Frame {
	begin := func(t time.Time) time.Time { return floorInKorea(t, interval) }
	var times []time.Time
	for t := begin(from); t.Before(to); t = t.Add(interval) {
		times = append(times, t)
	}
	place := places(times)
	domains := map[string]map[api.Event][]float64{}
	series := func(domain string) map[api.Event][]float64 {
		if domains[domain] == nil {
			domains[domain] = make(map[api.Event][]float64, len(events))
			for _, event := range events {
				domains[domain][event] = make([]float64, len(times))
			}
		}
		return domains[domain]
	}
	if !byDomain {
		series("")
	}
	for _, c := range counts {
		i, within := place[begin(c.Time).UnixNano()]
		if values := series(c.Domain)[c.Event]; within && values != nil {
			values[i] += c.N
		}
	}
	frame := seriesFrame("statistics", times)
	if len(domains) == 0 {
		frame.Fields = nil // times without a number would be a mistake to panels and alert rules, and no fields are no data
	}
	for _, domain := range slices.Sorted(maps.Keys(domains)) {
		for _, event := range events {
			labels := data.Labels{"event": string(event)}
			if byDomain {
				labels["domain"] = domain
			}
			frame.Fields = append(frame.Fields, data.NewField(string(event), labels, domains[domain][event]))
		}
	}
	return frame
}

// floorInKorea is the beginning of an interval as Korea's clocks show it: the service's
// days begin at midnight there.
func floorInKorea(t time.Time, interval time.Duration) time.Time {
	_, east := t.In(api.Korea).Zone()
	shift := time.Duration(east) * time.Second
	return time.UnixMicro((t.Add(shift).UnixMicro() / interval.Microseconds()) * interval.Microseconds()).Add(-shift).UTC()
}
