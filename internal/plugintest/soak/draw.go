package main

import (
	"bytes"
	"fmt"
	"time"
)

// Sizes of the graph, in pixels.
const (
	width, left   = 760, 130
	height, above = 90, 30
)

// draw is the curves, one panel each above the other, as SVG.
func draw(samples []sample) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, above+len(panels)*height+30)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	if len(samples) == 0 {
		b.WriteString("</svg>\n")
		return b.Bytes()
	}
	end := samples[len(samples)-1].at
	x := func(at time.Duration) float64 { return left + float64(at)/float64(end)*(width-left-20) }
	for i, p := range panels {
		top := above + i*height
		bottom := float64(top + height - 25)
		most := 1.0
		for _, s := range samples {
			most = max(most, p.value(s))
		}
		fmt.Fprintf(&b, `<text x="10" y="%d">%s</text><text x="%d" y="%d" text-anchor="end" fill="#666">%.0f %s</text><text x="%d" y="%.0f" text-anchor="end" fill="#666">0</text>`+"\n",
			top+14, p.name, left-6, top+34, most, p.unit, left-6, bottom)
		fmt.Fprintf(&b, `<path d="M%d %.0fH%d" stroke="#ccc"/><polyline fill="none" stroke="#2f6fde" stroke-width="1.5" points="`, left, bottom, width-20)
		for _, s := range samples {
			fmt.Fprintf(&b, "%.1f,%.1f ", x(s.at), bottom-p.value(s)/most*float64(height-40))
		}
		b.WriteString(`"/>` + "\n")
	}
	foot := above + len(panels)*height + 10
	for step := range 7 {
		at := end * time.Duration(step) / 6
		fmt.Fprintf(&b, `<text x="%.0f" y="%d" text-anchor="end" fill="#666">%s</text>`+"\n", x(at)+6, foot, at.Round(time.Second))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}
