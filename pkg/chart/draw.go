package chart

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"slices"
)

// The picture has twice the pixels that a mail shows, for screens that have them. The
// text is large enough to be read on a telephone, where it is shown at 280 pixels.
const (
	Width  = 480 // as shown
	Height = 220

	pixels  = 2
	pad     = 10 * pixels
	gap     = 7 * pixels
	line    = 1.6 * pixels
	dash    = 6 * pixels
	dot     = 3.2 * pixels
	labelUp = 11 * pixels // from a point to the middle of its label

	maxSize = 30_000 // octets
)

// The colors, on a ground of their own: they are the same in a dark mail.
var (
	ground    = color.RGBA{0xff, 0xff, 0xff, 0xff}
	frame     = color.RGBA{0xc4, 0xcb, 0xd3, 0xff}
	grid      = color.RGBA{0xe8, 0xeb, 0xef, 0xff}
	quiet     = color.RGBA{0x57, 0x60, 0x6a, 0xff}
	ink       = color.RGBA{0x1b, 0x1f, 0x24, 0xff}
	limitInk  = color.RGBA{0xc4, 0x1e, 0x24, 0xff}
	limitZone = color.RGBA{0xfd, 0xf0, 0xef, 0xff}
	lineInks  = [MaxLines]color.RGBA{
		{0x1a, 0x63, 0xc9, 0xff}, {0x95, 0x5b, 0x00, 0xff}, {0x7a, 0x3e, 0xc0, 0xff}, {0x1a, 0x7f, 0x4b, 0xff}, {0xa8, 0x2a, 0x7a, 0xff},
	}
)

// ErrEmpty is the error of a chart without values.
var ErrEmpty = errors.New("the query has no values in that time")

// label is a text in the right margin.
type label struct {
	text string
	y    float64
	ink  color.RGBA
}

// PNG draws the chart.
func (c *Chart) PNG() ([]byte, error) {
	span, ok := c.Span()
	if !ok || !c.To.After(c.From) {
		return nil, ErrEmpty
	}
	d := newCanvas()
	defer d.close()
	lines := c.Lines[:min(len(c.Lines), MaxLines)]
	from, to := c.valueRange()
	steps := c.steps(from, to)

	left, right := 0.0, 0.0
	for _, v := range steps {
		left = max(left, d.width(d.plain, c.Number(v)))
	}
	for _, v := range append(lasts(lines), c.Limit.Values...) {
		right = max(right, d.width(d.bold, c.Number(v)))
	}
	area := image.Rect(int(left)+pad+gap, pad+int(d.height), Width*pixels-int(right)-pad-gap, Height*pixels-pad-int(d.height)-gap)
	y := scale{from, to, float64(area.Max.Y), float64(area.Min.Y)}
	x := scale{float64(c.From.UnixMilli()), float64(c.To.UnixMilli()), float64(area.Min.X), float64(area.Max.X)}

	c.drawZones(d, area, y)
	for _, v := range steps {
		d.fill(area.Min.X, int(y.at(v)), area.Max.X, int(y.at(v))+pixels, grid)
		d.text(d.plain, c.Number(v), float64(area.Min.X-gap)-d.width(d.plain, c.Number(v)), y.at(v), quiet)
	}
	c.drawTimes(d, area, x)
	var labels []label
	for _, v := range c.Limit.Values {
		if finite(v) {
			d.dashed(area.Min.X, area.Max.X, y.at(v), limitInk)
			labels = append(labels, label{c.Number(v), y.at(v), limitInk})
		}
	}
	for i, points := range slices.Backward(lines) { // the first is on top
		end := d.stroke(points, x, y, lineInks[i])
		if !math.IsNaN(end.y) {
			d.disc(end.x, end.y, dot, lineInks[i])
			labels = append(labels, label{c.Number(end.value), end.y, lineInks[i]})
		}
	}
	c.drawExtremes(d, area, x, y, span)
	d.margin(labels, area)
	return d.encode()
}

// lasts returns the last value of each line that has one.
func lasts(lines [][]Point) (all []float64) {
	for _, points := range lines {
		for _, p := range slices.Backward(points) {
			if finite(p.Value) {
				all = append(all, p.Value)
				break
			}
		}
	}
	return all
}

// drawZones colors where the rule fires.
func (c *Chart) drawZones(d *canvas, area image.Rectangle, y scale) {
	zone := func(from, to float64) {
		top, bottom := max(int(y.at(to)), area.Min.Y), min(int(y.at(from)), area.Max.Y)
		d.fill(area.Min.X, top, area.Max.X, bottom, limitZone)
	}
	limits := slices.Sorted(slices.Values(c.Limit.Values))
	if len(limits) == 0 || !finite(limits[0]) || !finite(limits[len(limits)-1]) {
		return
	}
	least, most := limits[0], limits[len(limits)-1]
	switch c.Limit.Beyond {
	case Above:
		zone(least, y.to)
	case Below:
		zone(y.from, most)
	case Inside:
		zone(least, most)
	case Outside:
		zone(y.from, least)
		zone(most, y.to)
	case None:
	}
}

// drawTimes labels the time, and marks when the alert began to fire.
func (c *Chart) drawTimes(d *canvas, area image.Rectangle, x scale) {
	all, layout := c.times()
	middle := float64(area.Max.Y+gap) + d.height/2
	mark, start := math.Inf(-1), math.Inf(1) // of its line and its label
	if !c.Fired.Before(c.From) && !c.Fired.After(c.To) {
		mark = x.at(float64(c.Fired.UnixMilli()))
		d.vertical(mark, area.Min.Y, area.Max.Y, ink)
		d.triangle(mark, float64(area.Max.Y), ink)
		text := c.Fired.In(c.From.Location()).Format(layout)
		wide := d.width(d.bold, text)
		start = min(max(mark-wide/2, pad), float64(d.Bounds().Max.X-pad)-wide)
		d.text(d.bold, text, start, middle, ink)
	}
	zone, _ := c.From.Zone()
	taken := float64(pad)
	if latin(zone) && zone != "" && zone[0] != '+' && zone[0] != '-' && pad+d.width(d.plain, zone)+gap < start {
		d.text(d.plain, zone, pad, middle, quiet)
		taken += d.width(d.plain, zone) + gap
	}
	for _, t := range all {
		at, text := x.at(float64(t.UnixMilli())), t.In(c.From.Location()).Format(layout)
		wide := d.width(d.plain, text)
		d.fill(int(at), area.Max.Y, int(at)+pixels, area.Max.Y+gap/2, frame)
		near := math.Abs(at-mark) < wide+gap
		if start := at - wide/2; !near && start >= taken && at+wide/2 <= float64(d.Bounds().Max.X-pad) {
			d.text(d.plain, text, start, middle, quiet)
			taken = at + wide/2 + gap
		}
	}
}

// drawExtremes marks the greatest and the least value, unless the last is beside it.
func (c *Chart) drawExtremes(d *canvas, area image.Rectangle, x, y scale, span Span) {
	if span.Max == span.Min {
		return
	}
	mark := func(value, up float64) {
		for i, points := range c.Lines[:min(len(c.Lines), MaxLines)] {
			for _, p := range points {
				if p.Value != value {
					continue
				}
				at := x.at(float64(p.At.UnixMilli()))
				d.disc(at, y.at(value), dot, lineInks[i])
				text := c.Number(value)
				wide := d.width(d.bold, text)
				if y.at(value)+up+d.height/2 > float64(area.Max.Y) {
					up = -up // not over the labels of the time
				}
				if at+wide/2+gap < float64(area.Max.X) {
					d.halo(text, max(at-wide/2, float64(area.Min.X+gap/2)), y.at(value)+up, ink)
				}
				return
			}
		}
	}
	mark(span.Min, labelUp)
	mark(span.Max, -labelUp)
}

// margin writes the labels of the right margin, apart from one another.
func (d *canvas) margin(labels []label, area image.Rectangle) {
	slices.SortStableFunc(labels, func(a, b label) int { return int(a.y - b.y) })
	for i := 1; i < len(labels); i++ {
		labels[i].y = max(labels[i].y, labels[i-1].y+d.height)
	}
	bottom := float64(area.Max.Y)
	for i := len(labels) - 1; i >= 0; i-- {
		labels[i].y = min(labels[i].y, bottom)
		bottom = labels[i].y - d.height
	}
	for _, l := range labels {
		d.text(d.bold, l.text, float64(area.Max.X+gap), l.y, l.ink)
	}
}

// encode makes a PNG, the first of these ways that makes it small: a mail has three.
func (d *canvas) encode() ([]byte, error) {
	var b bytes.Buffer
	for _, way := range []struct {
		colors int
		level  png.CompressionLevel
	}{{256, png.BestSpeed}, {256, png.DefaultCompression}, {16, png.DefaultCompression}, {8, png.BestCompression}} {
		b.Reset()
		d.encoder.CompressionLevel = way.level
		if err := d.encoder.Encode(&b, d.paletted(way.colors)); err != nil || b.Len() <= maxSize {
			return b.Bytes(), err
		}
	}
	return b.Bytes(), nil
}
