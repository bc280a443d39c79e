// Package chart draws a small chart of what an alert rule measures, for a mail. The
// picture has digits and units only, so that it needs no words in any language, and no
// font of 10 MB for them: what it shows is told in the mail beside it.
package chart

import (
	"math"
	"strings"
	"time"
)

// Point is a measurement. A value that is not a number is a gap.
type Point struct {
	At    time.Time
	Value float64
}

// Beyond is on which side of its limits a chart is bad.
type Beyond int

// Sides of limits. Inside and Outside have two.
const (
	None Beyond = iota
	Above
	Below
	Inside
	Outside
)

// Limit is when the rule fires.
type Limit struct {
	Beyond Beyond
	Values []float64
}

// Chart is what is drawn. Its times are shown in the location of From.
type Chart struct {
	Lines    [][]Point // in order of time; at most MaxLines are drawn
	Limit    Limit
	Unit     string // Grafana's id of a unit, such as "bytes"; empty: none
	From, To time.Time
	Fired    time.Time // when the alert began to fire
}

// MaxLines is how many lines a chart has at most.
const MaxLines = 5

// Span is how far the values of a chart go, and the last one.
type Span struct{ Min, Max, Last float64 }

// Span returns the span of all lines, and the last value of the first; ok is false where
// that has no value.
func (c *Chart) Span() (s Span, ok bool) {
	s = Span{math.Inf(1), math.Inf(-1), math.NaN()}
	for i, line := range c.Lines {
		for _, p := range line {
			if !finite(p.Value) {
				continue
			}
			s.Min, s.Max = min(s.Min, p.Value), max(s.Max, p.Value)
			if i == 0 {
				s.Last, ok = p.Value, true
			}
		}
	}
	return s, ok
}

// greatest is the greatest value that is drawn: what is between greater ones is infinite.
const greatest = 1e300

func finite(v float64) bool { return math.Abs(v) <= greatest }

// blocks are the heights of a sparkline.
var blocks = []rune("▁▂▃▄▅▆▇█")

// Sparkline returns the first line as so many block characters, the highest of what
// falls on one of them, between the least and the greatest value. A gap is a space.
func (c *Chart) Sparkline(width int) string {
	s, ok := c.Span()
	if !ok || !c.To.After(c.From) {
		return ""
	}
	highest := make([]float64, width)
	for i := range highest {
		highest[i] = math.NaN()
	}
	column := func(t time.Time) int {
		at := float64(t.Sub(c.From)) / float64(c.To.Sub(c.From)) * float64(width)
		return min(max(int(at), 0), width-1)
	}
	raise := func(i int, v float64) {
		if finite(v) && !(highest[i] >= v) {
			highest[i] = v
		}
	}
	for i, p := range c.Lines[0] {
		raise(column(p.At), p.Value)
		if i == 0 {
			continue
		}
		from, to := column(c.Lines[0][i-1].At), column(p.At)
		for between := from + 1; between < to; between++ { // fewer points than characters are no gaps
			part := float64(between-from) / float64(to-from)
			raise(between, c.Lines[0][i-1].Value*(1-part)+p.Value*part)
		}
	}
	var b strings.Builder
	for _, v := range highest {
		if math.IsNaN(v) {
			b.WriteByte(' ')
			continue
		}
		height := 0
		if s.Max > s.Min {
			height = int((v - s.Min) / (s.Max - s.Min) * float64(len(blocks)-1))
		}
		b.WriteRune(blocks[height])
	}
	return c.Number(s.Min) + " " + strings.TrimRight(b.String(), " ") + " " + c.Number(s.Max)
}
