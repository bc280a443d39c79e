package plugin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// maxPoints bounds a time series whatever the panel asks for.
const maxPoints = 2000

// quantiles of the latency that are charted.
var quantiles = []struct {
	name string
	q    float64
}{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}}

// queryStats is the deliveries over time: how many by state and mail type, or
// how long they took. An interval without deliveries counts zero, so that an
// alert rule on failures has data while all is well.
func queryStats(ctx context.Context, box *outbox.Outbox, f outbox.Filter, q backend.DataQuery, measure string) (data.Frames, error) {
	if len(f.Recipients) > 0 || f.Text != "" {
		return nil, badParameter("stats can be filtered by status and mailType, not by recipient or text: use deliveries for these")
	}
	interval := intervalOf(f.To.Sub(f.From), q)
	// Intervals begin at multiples since 1970, as the outbox counts them.
	from := time.UnixMicro(f.From.UnixMicro() / interval.Microseconds() * interval.Microseconds()).UTC()
	stats, err := box.Stats(ctx, f.Source, f.From, f.To, interval)
	if err != nil {
		return nil, err
	}
	stats = slices.DeleteFunc(stats, func(s outbox.Stat) bool {
		return len(f.Statuses) > 0 && !slices.Contains(f.Statuses, s.Status) ||
			len(f.MailTypes) > 0 && !slices.Contains(f.MailTypes, s.MailType)
	})
	var times []time.Time
	for t := from; t.Before(f.To); t = t.Add(interval) {
		times = append(times, t)
	}
	switch measure {
	case "", "count":
		return data.Frames{countFrame(stats, times, f)}, nil
	case "latency":
		return data.Frames{latencyFrame(stats, times)}, nil
	}
	return nil, badParameter("measure of stats is %q; it must be count or latency", measure)
}

// intervalOf is the panel's interval, or a longer one where that makes too many
// points: in whole minutes or, over a longer time, in whole hours, of which the
// outbox keeps the counts.
func intervalOf(span time.Duration, q backend.DataQuery) time.Duration {
	points := int64(maxPoints)
	if q.MaxDataPoints > 0 {
		points = min(points, q.MaxDataPoints)
	}
	unit := time.Minute
	if span > 7*24*time.Hour {
		unit = time.Hour
	}
	// Whoever asks chooses the interval, and rounding up the longest there is overflows.
	const longest = 10 * 365 * 24 * time.Hour
	return roundUp(max(min(q.Interval, longest), span/time.Duration(points), unit), unit)
}

func roundUp(d, to time.Duration) time.Duration { return (d + to - 1).Truncate(to) }

func countFrame(stats []outbox.Stat, times []time.Time, f outbox.Filter) *data.Frame {
	type key struct{ status, mailType string }
	counts := make(map[key][]float64)
	place := places(times)
	series := func(k key) []float64 {
		if counts[k] == nil {
			counts[k] = make([]float64, len(times))
		}
		return counts[k]
	}
	for _, s := range stats {
		if i, ok := place[s.Time.UnixNano()]; ok {
			series(key{string(s.Status), mailTypeName(s.MailType)})[i] += float64(s.Count)
		}
	}
	// The series that alert rules watch are there from the start.
	types := []string{"normal"}
	for k := range counts {
		if !slices.Contains(types, k.mailType) {
			types = append(types, k.mailType)
		}
	}
	for _, status := range []outbox.Status{outbox.Sent, outbox.Partial, outbox.Failed, outbox.Queued} {
		if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, status) {
			continue
		}
		for _, t := range types {
			if len(f.MailTypes) == 0 || slices.Contains(f.MailTypes, t) {
				series(key{string(status), t})
			}
		}
	}
	keys := slices.SortedFunc(maps.Keys(counts), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.mailType, b.mailType), cmp.Compare(a.status, b.status))
	})
	frame := seriesFrame("deliveries", times)
	for _, k := range keys {
		frame.Fields = append(frame.Fields, data.NewField(k.status, data.Labels{"status": k.status, "mailType": k.mailType}, counts[k]))
	}
	return frame
}

func latencyFrame(stats []outbox.Stat, times []time.Time) *data.Frame {
	place := places(times)
	latencies := make(map[string][][]outbox.Latency) // by mail type and time
	for _, s := range stats {
		i, ok := place[s.Time.UnixNano()]
		if !ok || s.Status != outbox.Sent && s.Status != outbox.Partial {
			continue
		}
		t := mailTypeName(s.MailType)
		if latencies[t] == nil {
			latencies[t] = make([][]outbox.Latency, len(times))
		}
		latencies[t][i] = append(latencies[t][i], s.Latencies...)
	}
	if len(latencies) == 0 {
		return data.NewFrame("latency") // a graph of times alone is an error
	}
	frame := seriesFrame("latency", times)
	for _, t := range slices.Sorted(maps.Keys(latencies)) {
		for _, q := range quantiles {
			values := make([]*float64, len(times))
			for i, l := range latencies[t] {
				if len(l) == 0 {
					continue
				}
				slices.SortFunc(l, func(a, b outbox.Latency) int { return cmp.Compare(a.Value, b.Value) })
				seconds := outbox.Quantile(l, q.q).Seconds()
				values[i] = &seconds
			}
			field := data.NewField(q.name, data.Labels{"quantile": q.name, "mailType": t}, values)
			field.SetConfig(&data.FieldConfig{Unit: "s"})
			frame.Fields = append(frame.Fields, field)
		}
	}
	return frame
}

func seriesFrame(name string, times []time.Time) *data.Frame {
	frame := data.NewFrame(name, data.NewField("time", nil, times))
	return frame.SetMeta(&data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}})
}

func places(times []time.Time) map[int64]int {
	place := make(map[int64]int, len(times))
	for i, t := range times {
		place[t.UnixNano()] = i
	}
	return place
}
