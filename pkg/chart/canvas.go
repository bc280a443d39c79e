package chart

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// textSize is the size of the text as a mail shows it, in pixels.
const textSize = 15

// fonts are read once.
var fonts = sync.OnceValue(func() (f struct{ plain, bold *opentype.Font }) {
	f.plain, _ = opentype.Parse(goregular.TTF) // they are part of the program
	f.bold, _ = opentype.Parse(gobold.TTF)
	return f
})

// canvas is a picture that is being drawn. It takes four megabytes, which the next one uses
// again.
type canvas struct {
	*image.RGBA
	plain, bold font.Face
	height      float64 // of a line of text
	rasterizer  *vector.Rasterizer
	polygons    [][][2]float64

	colored *image.Paletted
	counts  []int
	encoder png.Encoder
}

// spare is a canvas that nobody draws on. A sync.Pool would lose it in a storm of alerts,
// in which memory is collected all the time.
var spare atomic.Pointer[canvas]

func makeCanvas() *canvas {
	const width, height = Width * pixels, Height * pixels
	d := &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height)), rasterizer: vector.NewRasterizer(width, height), height: textSize * pixels * 1.15}
	options := &opentype.FaceOptions{Size: textSize * pixels, DPI: 72, Hinting: font.HintingNone}
	d.plain, _ = opentype.NewFace(fonts().plain, options) // it never fails
	d.bold, _ = opentype.NewFace(fonts().bold, options)
	d.colored, d.counts = image.NewPaletted(d.Bounds(), nil), make([]int, 1<<15)
	d.encoder.BufferPool = new(buffer)
	return d
}

// buffer is what an encoder of PNG writes with.
type buffer struct{ *png.EncoderBuffer }

// Get implements png.EncoderBufferPool.
func (b *buffer) Get() *png.EncoderBuffer { return b.EncoderBuffer }

// Put implements png.EncoderBufferPool.
func (b *buffer) Put(e *png.EncoderBuffer) { b.EncoderBuffer = e }

func newCanvas() *canvas {
	d := spare.Swap(nil)
	if d == nil {
		d = makeCanvas()
	}
	d.polygons = d.polygons[:0] // where the one before was broken off
	d.fill(0, 0, Width*pixels, Height*pixels, frame)
	d.fill(pixels, pixels, (Width-1)*pixels, (Height-1)*pixels, ground)
	return d
}

func (d *canvas) close() { spare.Store(d) }

// fill fills a rectangle.
func (d *canvas) fill(left, top, right, bottom int, c color.RGBA) {
	draw.Draw(d.RGBA, image.Rect(left, top, right, bottom), image.NewUniform(c), image.Point{}, draw.Src)
}

// shape draws the polygons that were put down, as one.
func (d *canvas) shape(c color.RGBA) {
	var within image.Rectangle
	for _, polygon := range d.polygons {
		for _, p := range polygon {
			within = within.Union(image.Rect(int(p[0])-1, int(p[1])-1, int(p[0])+2, int(p[1])+2))
		}
	}
	d.rasterizer.Reset(within.Dx(), within.Dy())
	for _, polygon := range d.polygons {
		for i, p := range polygon {
			to := d.rasterizer.LineTo
			if i == 0 {
				to = d.rasterizer.MoveTo
			}
			to(float32(p[0])-float32(within.Min.X), float32(p[1])-float32(within.Min.Y))
		}
		d.rasterizer.ClosePath()
	}
	d.rasterizer.Draw(d.RGBA, within, image.NewUniform(c), image.Point{})
	d.polygons = d.polygons[:0]
}

// polygon puts a shape down. All must turn the same way, for where two that do not are
// over one another there would be a hole.
func (d *canvas) polygon(points ...[2]float64) { d.polygons = append(d.polygons, points) }

// round puts a disc down.
func (d *canvas) round(x, y, radius float64) {
	const corners = 12
	points := make([][2]float64, corners)
	for i := range points {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / corners)
		points[i] = [2]float64{x + radius*cos, y + radius*sin}
	}
	d.polygon(points...)
}

// disc draws a dot on a ground of its own.
func (d *canvas) disc(x, y, radius float64, c color.RGBA) {
	d.round(x, y, radius+pixels)
	d.shape(ground)
	d.round(x, y, radius)
	d.shape(c)
}

// end is where a line ends; y is not a number where it has no point.
type end struct{ x, y, value float64 }

// stroke draws a line through points, with gaps where they have no value.
func (d *canvas) stroke(points []Point, x, y scale, c color.RGBA) end {
	last, before := end{math.NaN(), math.NaN(), math.NaN()}, end{math.NaN(), math.NaN(), math.NaN()}
	const strokes = 16
	for i, p := range points {
		if !finite(p.Value) {
			before.y = math.NaN()
			continue
		}
		now := end{x.at(float64(p.At.UnixMilli())), y.at(p.Value), p.Value}
		if math.IsNaN(before.y) {
			d.round(now.x, now.y, line/2)
		} else if length := math.Hypot(now.x-before.x, now.y-before.y); length > 0 {
			sideX, sideY := (now.y-before.y)/length*line/2, -(now.x-before.x)/length*line/2
			d.polygon([2]float64{before.x + sideX, before.y + sideY}, [2]float64{before.x - sideX, before.y - sideY},
				[2]float64{now.x - sideX, now.y - sideY}, [2]float64{now.x + sideX, now.y + sideY})
			d.round(now.x, now.y, line/2)
		}
		last, before = now, now
		if i%strokes == strokes-1 { // what is drawn at once takes time by its width and height
			d.shape(c)
		}
	}
	d.shape(c)
	return last
}

// dashed draws a level.
func (d *canvas) dashed(left, right int, y float64, c color.RGBA) {
	top := int(math.Round(y - line/2))
	for x := left; x < right; x += 2 * dash {
		d.fill(x, top, min(x+dash, right), top+int(math.Round(line)), c)
	}
}

// vertical draws a moment.
func (d *canvas) vertical(x float64, top, bottom int, c color.RGBA) {
	left := int(math.Round(x)) - pixels/2
	for y := top; y < bottom; y += dash {
		d.fill(left, y, left+pixels, min(y+dash/2, bottom), c)
	}
}

// triangle points up to a place.
func (d *canvas) triangle(x, y float64, c color.RGBA) {
	const side = 5 * pixels
	d.polygon([2]float64{x - side, y + side}, [2]float64{x, y - side/2}, [2]float64{x + side, y + side})
	d.shape(c)
}

func (d *canvas) width(face font.Face, s string) float64 {
	return float64(font.MeasureString(face, s)) / 64
}

// text writes on one line whose middle is at y.
func (d *canvas) text(face font.Face, s string, x, y float64, c color.RGBA) {
	const middle = 0.36 // of the size: half of what capitals and digits are high
	at := fixed.Point26_6{X: fixed.Int26_6(x * 64), Y: fixed.Int26_6((y + textSize*pixels*middle) * 64)}
	(&font.Drawer{Dst: d.RGBA, Src: image.NewUniform(c), Face: face, Dot: at}).DrawString(s)
}

// halo writes over what is drawn already.
func (d *canvas) halo(s string, x, y float64, c color.RGBA) {
	for _, by := range [][2]float64{{-3, 0}, {3, 0}, {0, -3}, {0, 3}, {-2, -2}, {2, 2}, {-2, 2}, {2, -2}} {
		d.text(d.bold, s, x+by[0], y+by[1], ground)
	}
	d.text(d.bold, s, x, y, c)
}

// paletted is the picture in the colors that it has most, with five bits of each primary:
// more nobody can tell apart at the edge of a line.
func (d *canvas) paletted(most int) *image.Paletted {
	coarse := func(pixel uint32) uint32 { return pixel>>3&0x1f | pixel>>6&0x3e0 | pixel>>9&0x7c00 }
	pixel := func(i int) uint32 {
		p := d.Pix[4*i : 4*i+4]
		return uint32(p[0]) | uint32(p[1])<<8 | uint32(p[2])<<16
	}
	// Most pixels are like the one before them.
	counts, first := d.counts, make(map[uint32]uint32)
	clear(counts)
	before, run := pixel(0), 0
	var used []uint32
	count := func() {
		c := coarse(before)
		if counts[c] == 0 {
			used, first[c] = append(used, c), before
		}
		counts[c] += run
		run = 0
	}
	for i := range d.colored.Pix {
		if p := pixel(i); p != before {
			count()
			before = p
		}
		run++
	}
	count()
	slices.SortFunc(used, func(a, b uint32) int { return cmp.Or(counts[b]-counts[a], int(a)-int(b)) })
	colors, index := d.colored.Palette[:0], make(map[uint32]uint8)
	for n, c := range used {
		exact := color.RGBA{uint8(first[c]), uint8(first[c] >> 8), uint8(first[c] >> 16), 0xff} //nolint:gosec // its octets
		if n < most {
			colors = append(colors, exact)
		}
		index[c] = uint8(colors.Index(exact)) //nolint:gosec // there are 256
	}
	d.colored.Palette = colors
	before = ^pixel(0)
	var is uint8
	for i := range d.colored.Pix {
		if p := pixel(i); p != before {
			before, is = p, index[coarse(p)]
		}
		d.colored.Pix[i] = is
	}
	return d.colored
}
