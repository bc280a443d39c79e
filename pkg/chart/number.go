package chart

import (
	"math"
	"strconv"
	"strings"
)

// unit is how the numbers of one of Grafana's units are written.
type unit struct {
	scale  float64  // of what is measured; 0: 1
	step   float64  // between the prefixes; 0: there are none
	prefix []string // from no prefix on
	name   string
}

var (
	decimal = []string{"", "k", "M", "G", "T", "P"}
	binary  = []string{"", "Ki", "Mi", "Gi", "Ti", "Pi"}
)

// units are those of Grafana's that rules have most. What is not here is a plain number.
var units = map[string]unit{
	"percent":      {name: "%"},
	"percentunit":  {scale: 100, name: "%"},
	"bytes":        {step: 1024, prefix: binary, name: " B"},
	"decbytes":     {step: 1000, prefix: decimal, name: " B"},
	"bits":         {step: 1024, prefix: binary, name: " b"},
	"decbits":      {step: 1000, prefix: decimal, name: " b"},
	"kbytes":       {scale: 1024, step: 1024, prefix: binary, name: " B"},
	"mbytes":       {scale: 1024 * 1024, step: 1024, prefix: binary, name: " B"},
	"gbytes":       {scale: 1024 * 1024 * 1024, step: 1024, prefix: binary, name: " B"},
	"Bps":          {step: 1000, prefix: decimal, name: " B/s"},
	"binBps":       {step: 1024, prefix: binary, name: " B/s"},
	"bps":          {step: 1000, prefix: decimal, name: " b/s"},
	"binbps":       {step: 1024, prefix: binary, name: " b/s"},
	"ns":           {scale: 1e-9, name: " s"},
	"µs":           {scale: 1e-6, name: " s"},
	"ms":           {name: " ms"},
	"s":            {name: " s"},
	"m":            {name: " min"},
	"h":            {name: " h"},
	"d":            {name: " d"},
	"hertz":        {step: 1000, prefix: decimal, name: " Hz"},
	"watt":         {step: 1000, prefix: decimal, name: " W"},
	"volt":         {name: " V"},
	"amp":          {name: " A"},
	"celsius":      {name: " °C"},
	"fahrenheit":   {name: " °F"},
	"kelvin":       {name: " K"},
	"humidity":     {name: "%"},
	"reqps":        {name: "/s"},
	"ops":          {name: "/s"},
	"rps":          {name: "/s"},
	"wps":          {name: "/s"},
	"iops":         {name: "/s"},
	"eps":          {name: "/s"},
	"cps":          {name: "/s"},
	"mps":          {name: "/s"},
	"pps":          {name: "/s"},
	"reqpm":        {name: "/min"},
	"opm":          {name: "/min"},
	"velocityms":   {name: " m/s"},
	"velocitykmh":  {name: " km/h"},
	"pressurembar": {name: " mbar"},
	"pressurehpa":  {name: " hPa"},
	"pressurebar":  {name: " bar"},
	"lengthm":      {name: " m"},
	"lengthkm":     {name: " km"},
	"currencyUSD":  {name: " $"},
	"currencyEUR":  {name: " €"},
	"conppm":       {name: " ppm"},
	"dB":           {name: " dB"},
	"dBm":          {name: " dBm"},
	"rotrpm":       {name: " rpm"},
	"degree":       {name: "°"},
	"watth":        {step: 1000, prefix: decimal, name: " Wh"},
	"kwatth":       {name: " kWh"},
	"short":        {},
	"none":         {},
	"locale":       {},
	"sishort":      {},
}

// unitOf returns how to write numbers of a unit.
func unitOf(id string) unit {
	u, known := units[id]
	if name, custom := strings.CutPrefix(id, "suffix:"); custom && latin(name) {
		u, known = unit{name: " " + strings.TrimSpace(name)}, true
	}
	if u.scale == 0 {
		u.scale = 1
	}
	if u.prefix == nil && (!known || u.name == "" || u.name[0] == '/') {
		u.step, u.prefix = 1000, decimal
	}
	return u
}

// latin says whether the font of the chart has all of a text.
func latin(s string) bool {
	const most = 8
	return len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > 0xff || r >= 0x7f && r < 0xa0 })
}

// Number writes a value with the unit of the chart, with three digits or so.
func (c *Chart) Number(v float64) string {
	u := unitOf(c.Unit)
	v = v*u.scale + 0 // -0 becomes 0
	prefix := ""
	for _, p := range u.prefix {
		if prefix = p; math.Abs(v) < u.step*0.9995 || p == u.prefix[len(u.prefix)-1] {
			break
		}
		v /= u.step
	}
	text := short(v)
	if prefix == "" {
		return text + u.name
	}
	if strings.HasPrefix(u.name, " ") {
		return text + " " + prefix + u.name[1:]
	}
	return text + prefix + u.name
}

// short writes three significant digits, and of a whole number up to 9999 all.
func short(v float64) string {
	size := math.Abs(v)
	switch {
	case !finite(v) || size >= 1e6 || size > 0 && size < 1e-3:
		return strconv.FormatFloat(v, 'g', 3, 64)
	case v == math.Trunc(v) && size < 1e4 || size >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	decimals := 2
	for limit := 1.0; size > 0 && size < limit; limit /= 10 {
		decimals++
	}
	if size >= 10 {
		decimals = 1
	}
	return strings.TrimRight(strings.TrimRight(strconv.FormatFloat(v, 'f', decimals, 64), "0"), ".")
}
