package view

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		95: "95", 90.11: "90.11", 0.1 + 0.2: "0.3", 1234567: "1,234,567", 0: "0", -2.5: "-2.5", 100: "100", 999: "999", 1000: "1,000",
		0.000123: "0.000123", 0.0000123: "1.23e-05", 1e18: "1e+18", 1.0 / 3: "0.3333", 1000.0 / 3: "333.3", math.Copysign(0, -1): "0",
		95.337: "95.34", 1234.56: "1,235", -1234567.8: "-1,234,568", 0.012345: "0.01235", 99.996: "100", 123456: "123,456", 9.99999: "10",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestUnitsAreWhatTheNameSays(t *testing.T) {
	for name, want := range map[string]string{
		"A": "1,536", "bytes": "1,536", "memory_bytes": "1.5 KiB", "Disk (bytes)": "1.5 KiB", "cpu_percent": "1,536%", "cpu ratio": "153,600%",
		"http.latency.seconds": "1,536 s", "p99_ms": "1,536 ms", "room_celsius": "1,536 °C", "seconds_total": "1,536",
	} {
		if got := withUnit(name, 1536); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestOnlyTheLastZeroOrOneIsACondition(t *testing.T) {
	for _, tt := range []struct {
		all  map[string]float64
		want string
	}{
		{map[string]float64{"B": 95, "C": 1}, "B=95 (C=1)"},
		{map[string]float64{"B": 1, "C": 0}, "B=1 (C=0)"},
		{map[string]float64{"C": 1}, "C=1"},
		{map[string]float64{"A": 1, "B": 5}, "A=1 B=5"},
	} {
		got := ""
		for i, v := range values(tt.all) {
			one := v.Name + "=" + v.Value
			if v.Condition {
				one = "(" + one + ")"
			}
			if i > 0 {
				got += " "
			}
			got += one
		}
		if got != tt.want {
			t.Errorf("%v is %q, want %q", tt.all, got, tt.want)
		}
	}
}
