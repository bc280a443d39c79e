package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is what was measured at one time.
type sample struct {
	at                                       time.Duration
	memory, goroutines, files, outbox, depth float64
}

// panels are the curves, and by how much the last third of a run may be above
// the second: the first is the start and the outbox's first cleaning.
var panels = []struct {
	name, unit string
	value      func(sample) float64
	slack      float64 // beyond a fifth
	held       bool    // it must be flat
}{
	{"memory (RSS)", "MB", func(s sample) float64 { return s.memory }, 8, true},
	{"goroutines", "", func(s sample) float64 { return s.goroutines }, 20, true},
	{"file descriptors", "", func(s sample) float64 { return s.files }, 8, true},
	{"outbox file", "MB", func(s sample) float64 { return s.outbox }, 8, true},
	{"mails waiting", "", func(s sample) float64 { return s.depth }, 0, false},
}

func (s *soak) measure(ctx context.Context) (sample, error) {
	var one sample
	proc := filepath.Join("/proc", strconv.Itoa(s.process.PID()))
	statm, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		return one, fmt.Errorf("the process is gone, or this is not Linux: %w", err)
	}
	if words := strings.Fields(string(statm)); len(words) > 1 {
		pages, _ := strconv.ParseFloat(words[1], 64) // the kernel writes numbers
		one.memory = pages * float64(os.Getpagesize()) / (1 << 20)
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return one, err
	}
	one.files = float64(len(files))
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(s.outbox + suffix)
		if err != nil {
			return one, err
		}
		one.outbox += float64(info.Size()) / (1 << 20)
	}
	page, err := s.process.Metrics(ctx)
	if err != nil {
		return one, err
	}
	one.goroutines = metric(page, "go_goroutines ")
	for _, state := range []string{"queued", "sending", "held"} {
		one.depth += metric(page, `nhncloud_email_outbox_depth{state="`+state+`"} `)
	}
	return one, nil
}

// metric is the value of a line of the metrics page.
func metric(page []byte, line string) float64 {
	value, _ := strconv.ParseFloat(field(page, "\n"+line, "\n"), 64) // 0 when it is not there
	return value
}

// field is what stands between two words.
func field(in []byte, before, after string) string {
	_, rest, _ := bytes.Cut(in, []byte(before))
	found, _, _ := bytes.Cut(rest, []byte(after))
	return string(found)
}

// thirds are the medians of the second and the last third.
func thirds(samples []sample, value func(sample) float64) (middle, last float64) {
	n := len(samples) / 3
	if n == 0 {
		return 0, 0
	}
	median := func(part []sample) float64 {
		var values []float64
		for _, s := range part {
			values = append(values, value(s))
		}
		slices.Sort(values)
		return values[len(values)/2]
	}
	return median(samples[n : 2*n]), median(samples[2*n:])
}

// flat says what has grown.
func flat(samples []sample) error {
	var grown []error
	for _, p := range panels {
		middle, last := thirds(samples, p.value)
		if p.held && last > middle*1.2+p.slack {
			grown = append(grown, fmt.Errorf("%s has grown from %.1f to %.1f %s", p.name, middle, last, p.unit))
		}
	}
	return errors.Join(grown...)
}
