package plugin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
)

// queryServiceStats answers with the service's counts of mail that was sent over SMTP. An
// interval without mail is zero, so that an alert rule has data while all is well.
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
		if counts, err = d.results.Stats(ctx, d.settings.From.Domain, from, to, unit, m.By == "domain"); err != nil {
			return nil, err
		}
	}
	counts, all := mostCounted(counts, events)
	frame := statisticsFrame(counts, events, m.By == "domain", from, to, interval)
	if all > maxDomains {
		remark(frame, failure.ServiceDomains.With("limit", strconv.Itoa(maxDomains), "count", strconv.Itoa(all)))
	}
	if clipped {
		remark(frame, failure.ServiceThirtyDays.With())
	}
	return data.Frames{frame}, nil
}

// clip moves the beginning of a time range to the oldest time that the service still
// knows, if it is before that, and says whether it did. It rounds that time up to the
// minute, since the request takes a moment to arrive.
func clip(from time.Time, keeps time.Duration) (time.Time, bool) {
	oldest := time.Now().Add(-keeps).Truncate(time.Minute).Add(time.Minute)
	if from.Before(oldest) {
		return oldest, true
	}
	return from, false
}

// unitsOf returns the interval between points, and the unit that the service counts in:
// minutes for ranges up to a day, hours for longer ones, and days if the points are a day
// or more apart.
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

// maxDomains bounds the series by domain: each has a number for every point of time.
const maxDomains = 100

// mostCounted returns the counts of the domains that have the most of the events, and
// how many domains there are.
func mostCounted(counts []api.Count, events []api.Event) ([]api.Count, int) {
	totals := map[string]float64{}
	for _, c := range counts {
		totals[c.Domain] += 0 // it counts, also with events that were not asked for
		if slices.Contains(events, c.Event) {
			totals[c.Domain] += c.N
		}
	}
	if len(totals) <= maxDomains {
		return counts, len(totals)
	}
	domains := slices.SortedFunc(maps.Keys(totals), func(a, b string) int {
		return cmp.Or(cmp.Compare(totals[b], totals[a]), strings.Compare(a, b))
	})
	most := map[string]bool{}
	for _, domain := range domains[:maxDomains] {
		most[domain] = true
	}
	return slices.DeleteFunc(counts, func(c api.Count) bool { return !most[c.Domain] }), len(totals)
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
		frame.Fields = nil // panels and alert rules take a time field alone for an error, and no field for no data
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

// floorInKorea returns the beginning of the interval that t is in, by Korea's clock: the
// service's days begin at midnight there.
func floorInKorea(t time.Time, interval time.Duration) time.Time {
	_, east := t.In(api.Korea).Zone()
	shift := time.Duration(east) * time.Second
	return time.UnixMicro((t.Add(shift).UnixMicro() / interval.Microseconds()) * interval.Microseconds()).Add(-shift).UTC()
}
