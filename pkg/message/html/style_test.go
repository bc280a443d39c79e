package html

import (
	"math"
	"strconv"
	"testing"
)

// TestStatesAreReadable checks white text on each state's color (WCAG 2
// contrast, level AA).
func TestStatesAreReadable(t *testing.T) {
	for state, color := range toneColors {
		luminance := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			octet, err := strconv.ParseUint(string(color[1+2*i:3+2*i]), 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(octet) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			luminance += weight * c
		}
		if contrast := 1.05 / (luminance + 0.05); contrast < 4.5 {
			t.Errorf("white on the color of %s has a contrast of %.1f", state, contrast)
		}
	}
}
