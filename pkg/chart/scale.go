package chart

import (
	"math"
	"time"
)

// scale maps values, or times in milliseconds, to pixels.
type scale struct{ from, to, start, end float64 }

func (s scale) at(v float64) float64 {
	return s.start + (v-s.from)/(s.to-s.from)*(s.end-s.start)
}

// valueRange returns from where to where the values reach, with some room.
func (c *Chart) valueRange() (from, to float64) {
	s, _ := c.Span()
	from, to = s.Min, s.Max
	for _, v := range c.Limit.Values {
		if finite(v) {
			from, to = min(from, v), max(to, v)
		}
	}
	room := (to - from) * 0.17
	if room == 0 {
		room = max(math.Abs(to)*0.1, 1e-9)
		if to == 0 {
			room = 1
		}
	}
	positive := from >= 0
	from, to = from-room, to+room
	if positive && from < 0 {
		from = 0
	}
	return from, to
}

// steps returns the round values in a range, four or so.
func (c *Chart) steps(from, to float64) []float64 {
	const most = 4.5
	u := unitOf(c.Unit)
	base := 1.0 // of what is shown: bytes are round in KiB
	if u.step == 1024 {
		for base*1024/u.scale <= math.Max(math.Abs(from), math.Abs(to)) { // both are finite
			base *= 1024
		}
	}
	base /= u.scale
	least := (to - from) / base / most
	step := math.Pow(10, math.Floor(math.Log10(least)))
	for _, times := range []float64{1, 2, 5, 10} {
		if step*times >= least {
			step *= times
			break
		}
	}
	step *= base
	var all []float64
	for i := math.Ceil(from / step); i*step <= to && len(all) < 10; i++ {
		all = append(all, i*step)
	}
	return all
}

// timeSteps are the round lengths between the labels of the time.
var timeSteps = []time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 20 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour,
}

// times returns round times of day between From and To, and how to write them.
func (c *Chart) times() (all []time.Time, layout string) {
	const most = 5
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if c.To.Sub(c.From) <= most*s {
			step = s
			break
		}
	}
	layout = "15:04"
	if step >= 24*time.Hour {
		layout = "01-02"
	}
	_, offset := c.From.Zone()
	local := time.Duration(offset) * time.Second
	for t := c.From.Add(local).Truncate(step).Add(-local); len(all) < 20; t = t.Add(step) {
		at := t
		if step >= 24*time.Hour { // midnight, also where the clocks change meanwhile
			_, then := t.In(c.From.Location()).Zone()
			at = t.Add(local - time.Duration(then)*time.Second)
		}
		if at.After(c.To) {
			break
		}
		if !at.Before(c.From) {
			all = append(all, at)
		}
	}
	return all, layout
}
