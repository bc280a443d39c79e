package view

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		95: "95", 90.11: "90.11", 0.1 + 0.2: "0.3", 1234567: "1234567", 0: "0", -2.5: "-2.5", 100: "100",
		0.000123: "0.000123", 0.0000123: "1.23e-05", 1e18: "1e+18", 1.0 / 3: "0.333333", 1000.0 / 3: "333.3333", math.Copysign(0, -1): "0",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
