package html

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// luminance of a color such as #b3261e (WCAG 2).
func luminance(t *testing.T, color string) (sum float64) {
	t.Helper()
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		octet, err := strconv.ParseUint(color[1+2*i:3+2*i], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(octet) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// TestTonesAreReadable checks white text on each color (WCAG 2 contrast, level
// AA), which is that of the color on white.
func TestTonesAreReadable(t *testing.T) {
	for tone, color := range toneColors {
		if contrast := 1.05 / (luminance(t, color) + 0.05); contrast < 4.5 {
			t.Errorf("white on the color of %s has a contrast of %.1f", tone, contrast)
		}
	}
}

// TestButtonsHaveAnEdge that stands out by 3:1 on what is around it and inside.
func TestButtonsHaveAnEdge(t *testing.T) {
	press := regexp.MustCompile(`(?m)^\.press \{.*border(?:-color)?:(?:1px solid )?(#[0-9a-f]{6})`).FindAllStringSubmatch(source, -1)
	if len(press) != 2 {
		t.Fatalf("there are %d rules for buttons, want a light and a dark one", len(press))
	}
	if contrast := 1.05 / (luminance(t, press[0][1]) + 0.05); contrast < 3 {
		t.Errorf("the edge has a contrast of %.1f on white", contrast)
	}
	for _, around := range []string{"#181b1f", "#24282d"} {
		if contrast := (luminance(t, press[1][1]) + 0.05) / (luminance(t, around) + 0.05); contrast < 3 {
			t.Errorf("the edge has a contrast of %.1f on %s", contrast, around)
		}
	}
}
