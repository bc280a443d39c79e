package chart

import (
	"math"
	"time"
)

// Sample is a chart of made-up values up to now, of something that went beyond a limit of
// 20 when it began to fire.
func Sample(now, fired time.Time) *Chart {
	const points = 121
	c := &Chart{Limit: Limit{Above, []float64{20}}, From: now.Add(-time.Hour), To: now, Fired: fired}
	line := make([]Point, points)
	for i := range line {
		at := c.From.Add(time.Duration(i) * time.Hour / (points - 1))
		wave := 12 + 2.5*math.Sin(float64(i)/9) + 0.8*math.Sin(float64(i)*1.7)
		rise := 10 / (1 + math.Exp(-(at.Sub(fired).Minutes()+1)/1.2))
		line[i] = Point{at, wave + rise}
	}
	line[points-1].Value = 22
	c.Lines = [][]Point{line}
	return c
}
