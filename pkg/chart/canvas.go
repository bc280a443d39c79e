package chart

import (
	"cmp"
	"image"
	"image/color"
	"image/draw"
	"math"
	"slices"
	"sync"

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

// canvas is a picture that is being drawn.
type canvas struct {
	*image.RGBA
	plain, bold font.Face
	height      float64 // of a line of text
	rasterizer  *vector.Rasterizer
	polygons    [][][2]float64
}

func newCanvas(width, height int) *canvas {
	d := &canvas{RGBA: image.NewRGBA(image.Rect(0, 0, width, height)), rasterizer: vector.NewRasterizer(width, height), height: textSize * pixels * 1.15}
	options := &opentype.FaceOptions{Size: textSize * pixels, DPI: 72, Hinting: font.HintingNone}
	d.plain, _ = opentype.NewFace(fonts().plain, options) // it never fails
	d.bold, _ = opentype.NewFace(fonts().bold, options)
	d.fill(0, 0, width, height, frame)
	d.fill(pixels, pixels, width-pixels, height-pixels, ground)
	return d
}

func (d *canvas) close() {
	_ = d.plain.Close() // they hold no file
	_ = d.bold.Close()
}

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
	for _, p := range points {
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
	coarse := func(i int) int {
		return int(d.Pix[i]>>3)<<10 | int(d.Pix[i+1]>>3)<<5 | int(d.Pix[i+2]>>3)
	}
	counts, first := make([]int, 1<<15), make([]int, 1<<15)
	var used []int
	for i := 0; i < len(d.Pix); i += 4 {
		c := coarse(i)
		if counts[c] == 0 {
			used, first[c] = append(used, c), i
		}
		counts[c]++
	}
	slices.SortFunc(used, func(a, b int) int { return cmp.Or(counts[b]-counts[a], a-b) })
	colors := make(color.Palette, 0, most)
	index := make([]uint8, 1<<15)
	for n, c := range used {
		exact := color.RGBA{d.Pix[first[c]], d.Pix[first[c]+1], d.Pix[first[c]+2], 0xff}
		if n < most {
			colors = append(colors, exact)
		}
		index[c] = uint8(colors.Index(exact)) //nolint:gosec // there are 256
	}
	p := image.NewPaletted(d.Bounds(), colors)
	for i := range p.Pix {
		p.Pix[i] = index[coarse(4*i)]
	}
	return p
}
