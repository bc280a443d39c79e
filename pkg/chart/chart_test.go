package chart

import (
	"bytes"
	"errors"
	"image/png"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

var to = time.Date(2026, 11, 23, 6, 45, 0, 0, time.UTC)

// of is a chart of the last hour.
func of(values ...float64) *Chart {
	c := &Chart{From: to.Add(-time.Hour), To: to}
	line := make([]Point, len(values))
	for i, v := range values {
		line[i] = Point{c.From.Add(time.Hour * time.Duration(i) / time.Duration(max(len(values)-1, 1))), v}
	}
	c.Lines = [][]Point{line}
	return c
}

// charts are of every kind that is drawn.
func charts() map[string]*Chart {
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same each time
	noise := func() []float64 {
		values := make([]float64, 300)
		for i := range values {
			values[i] = 1e9 * r.Float64()
		}
		return values
	}
	all := map[string]*Chart{
		"sample": Sample(to, to.Add(-5*time.Minute)), "noise": of(noise()...), "noisy lines": of(noise()...), "flat": of(0, 0, 0), "one": of(5),
		"gaps": of(math.NaN(), 1, math.NaN(), math.Inf(1), 2, math.NaN()), "huge": of(-1e300, 1e300), "tiny": of(1e-300, 2e-300),
		"days": Sample(to, to.Add(-5*time.Minute)), "lines": of(1, 2, 3),
	}
	all["noise"].Unit, all["noise"].Limit = "bytes", Limit{Below, []float64{2e8}}
	all["days"].From = to.Add(-7 * 24 * time.Hour).In(time.FixedZone("", 5*3600+1800))
	for range MaxLines {
		all["noisy lines"].Lines = append(all["noisy lines"].Lines, of(noise()...).Lines[0])
	}
	for i := range 2 * MaxLines {
		all["lines"].Lines = append(all["lines"].Lines, of(float64(i), 7-float64(i)).Lines[0])
	}
	all["lines"].Limit, all["lines"].Fired = Limit{Outside, []float64{5, 2}}, all["lines"].From
	return all
}

// TestAChartIsASmallPicture that is decoded, of any values.
func TestAChartIsASmallPicture(t *testing.T) {
	for name, c := range charts() {
		got, err := c.PNG()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m, err := png.Decode(bytes.NewReader(got))
		if err != nil || m.Bounds().Dx() != 2*Width || m.Bounds().Dy() != 2*Height {
			t.Errorf("%s: %v", name, err)
		}
		if len(got) >= 30_000 {
			t.Errorf("%s has %d octets", name, len(got))
		}
		if r, _, _, a := m.At(5, 5).RGBA(); r>>8 < 0xf0 || a>>8 != 0xff {
			t.Errorf("%s has no ground of its own, and cannot be seen in a dark mail", name)
		}
	}
	for name, c := range map[string]*Chart{"nothing": {}, "no values": of(math.NaN()), "no time": {Lines: of(1).Lines, From: to, To: to}} {
		if _, err := c.PNG(); !errors.Is(err, ErrEmpty) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumber(t *testing.T) {
	for _, tt := range []struct {
		unit  string
		value float64
		want  string
	}{
		{"", 95, "95"}, {"", 0, "0"}, {"", math.Copysign(0, -1), "0"}, {"", -0.5, "-0.5"}, {"", 1234, "1.23k"}, {"", 97.25, "97.2"}, {"", 0.0123456, "0.0123"}, {"", 5_000_000, "5M"},
		{"", 999.6, "1k"}, {"", 1e-9, "1e-09"}, {"", 1e300, "1e+285P"}, {"percent", 97.5, "97.5%"}, {"percent", 1500, "1500%"}, {"percentunit", 0.975, "97.5%"},
		{"bytes", 1536, "1.5 KiB"}, {"bytes", 12, "12 B"}, {"decbytes", 1e9, "1 GB"}, {"mbytes", 2048, "2 GiB"}, {"s", 0.25, "0.25 s"}, {"ms", 250, "250 ms"},
		{"reqps", 1200, "1.2k/s"}, {"celsius", 21.5, "21.5 °C"}, {"suffix:req", 3, "3 req"}, {"suffix:件", 3, "3"}, {"of a plugin", 3000, "3k"},
	} {
		if got := (&Chart{Unit: tt.unit}).Number(tt.value); got != tt.want {
			t.Errorf("%v %s is %q, not %q", tt.value, tt.unit, got, tt.want)
		}
	}
}

func TestSparkline(t *testing.T) {
	for _, tt := range []struct {
		chart *Chart
		width int
		want  string
	}{
		{of(1, 2, 3, 4, 5, 6, 7, 8), 8, "1 ▁▂▃▄▅▆▇█ 8"},
		{of(0, 7), 8, "0 ▁▂▃▄▅▆▇█ 7"},
		{of(5, 5), 4, "5 ▁▁▁▁ 5"},
		{of(1, math.NaN(), math.NaN(), 8), 4, "1 ▁  █ 8"},
		{of(), 4, ""},
	} {
		if got := tt.chart.Sparkline(tt.width); got != tt.want {
			t.Errorf("%q, not %q", got, tt.want)
		}
	}
	for name, c := range charts() {
		if got := c.Sparkline(40); utf8.RuneCountInString(got) > 70 || strings.Contains(got, "\n") {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestTimesAreRoundInTheirZone: half an hour beside UTC, full hours are others.
func TestTimesAreRoundInTheirZone(t *testing.T) {
	c := &Chart{From: time.Date(2026, 11, 23, 9, 10, 0, 0, time.FixedZone("IST", 5*3600+1800)), To: to}
	c.To = c.From.Add(4 * time.Hour)
	all, layout := c.times()
	for _, at := range all {
		if at.Minute() != 0 || layout != "15:04" {
			t.Errorf("%s is no round time", at.Format(layout))
		}
	}
	if len(all) < 3 || len(all) > 6 {
		t.Errorf("%d times", len(all))
	}
}

// TestTimesAreRoundAcrossDaylightSaving: the hour that comes twice, and the one that does
// not, are where they are.
func TestTimesAreRoundAcrossDaylightSaving(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Skip(err)
	}
	for _, from := range []time.Time{time.Date(2026, 10, 24, 20, 0, 0, 0, time.UTC), time.Date(2026, 3, 28, 20, 0, 0, 0, time.UTC)} {
		for _, length := range []time.Duration{6 * time.Hour, 30 * time.Hour, 6 * 24 * time.Hour} {
			c := Sample(from.In(berlin).Add(length), from)
			c.From = c.To.Add(-length)
			all, layout := c.times()
			for i, at := range all {
				if local := at.In(berlin); local.Minute() != 0 || layout != "15:04" && local.Hour() != 0 {
					t.Errorf("%s of %s: %s is no round time", length, from, local)
				}
				if i > 0 && !at.After(all[i-1]) {
					t.Errorf("%s after %s", at, all[i-1])
				}
			}
			if _, err := c.PNG(); err != nil || len(all) < 2 {
				t.Errorf("%v, %d times", err, len(all))
			}
		}
	}
}

func TestTheSamplePicture(t *testing.T) {
	drawn, err := Sample(to, to.Add(-5*time.Minute)).Draw()
	if err != nil || len(drawn.PNG) == 0 {
		t.Error(err)
	}
	if span, ok := drawn.Span(); !ok || span.Last != 22 || span.Max < 20 {
		t.Errorf("%+v", span)
	}
}

func BenchmarkPNG(b *testing.B) {
	c := Sample(to, to.Add(-5*time.Minute))
	for b.Loop() {
		if _, err := c.PNG(); err != nil {
			b.Fatal(err)
		}
	}
}
