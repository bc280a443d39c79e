package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// usage is what a process has taken of the machine.
type usage struct {
	resident, peak float64 // MB
	cpu            time.Duration
}

// clockTick is the unit of CPU time in /proc, the same on every Linux that Go
// runs on.
const clockTick = 10 * time.Millisecond

// usageOf reads /proc (proc(5)).
func usageOf(pid int) (usage, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return usage{}, err
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, err
	}
	u := usage{resident: megabytes(status, "VmRSS:"), peak: megabytes(status, "VmHWM:")}
	// After the program's name, in brackets, utime and stime are the twelfth
	// and thirteenth fields.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	for _, field := range fields[11:13] {
		ticks, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return usage{}, err
		}
		u.cpu += time.Duration(ticks) * clockTick
	}
	return u, nil
}

func megabytes(status []byte, key string) float64 {
	_, rest, _ := bytes.Cut(status, []byte(key))
	var kilobytes float64
	if _, err := fmt.Sscanf(string(rest), "%g", &kilobytes); err != nil {
		return 0
	}
	return kilobytes / 1024
}
