package chart

import (
	"fmt"
	"math"
	"testing"
	"time"
	"unicode/utf8"
)

// TestNoValuesAreTooMuch: whatever a data source answers, a chart is drawn or is not, and
// its words for the mail's text can be written.
func TestNoValuesAreTooMuch(t *testing.T) {
	from := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	nan, inf := math.NaN(), math.Inf(1)
	for name, values := range map[string][]float64{
		"as far apart as can be": {-math.MaxFloat64, 1, math.MaxFloat64},
		"the greatest":           {math.MaxFloat64, math.MaxFloat64},
		"huge":                   {1e299, 1e300, -1e300},
		"the least":              {0, math.SmallestNonzeroFloat64},
		"close together":         {1e16, 1e16 + 2},
		"infinite":               {inf, -inf},
		"one of them infinite":   {inf, 3},
		"none":                   {nan, nan},
		"one":                    {7},
		"negative":               {-5, -1},
		"zero":                   {0, 0, 0},
	} {
		for _, unit := range []string{"", "bytes", "percentunit", "ns", "gbytes", "suffix:\x00\x1b", "suffix:원"} {
			for _, limit := range []float64{0, -1e308, 1.7e308, 1e-320, 5} {
				for beyond := None; beyond <= Outside; beyond++ {
					c := &Chart{Unit: unit, Limit: Limit{beyond, []float64{limit, -limit}}, From: from, To: from.Add(time.Hour), Fired: from}
					line := []Point{}
					for i, v := range values {
						line = append(line, Point{from.Add(time.Duration(i) * 20 * time.Minute), v})
					}
					c.Lines = [][]Point{line}
					t.Run(fmt.Sprint(name, unit, limit, beyond), func(t *testing.T) {
						if beyond == Outside && (unit == "" || unit == "gbytes") && (limit == 5 || limit == 1.7e308) {
							if _, err := c.PNG(); err != nil && err != ErrEmpty {
								t.Error(err)
							}
						}
						if !utf8.ValidString(c.Sparkline(24)) {
							t.Error("no text")
						}
					})
				}
			}
		}
	}
}
