// Package wait is how tests wait: for what happens, never for a time.
package wait

import (
	"testing"
	"time"
)

const (
	// patience only ends a test that hangs; nothing is measured against it.
	patience = 3 * time.Minute
	// The pause between two looks: short for what comes at once, and long enough
	// that those who wait leave the processor to what they wait for.
	shortestPause, longestPause = time.Millisecond, 50 * time.Millisecond
)

// Until returns when the condition holds, which names what is waited for.
func Until(t testing.TB, condition string, holds func() bool) {
	t.Helper()
	end := time.Now().Add(patience)
	for pause := shortestPause; !holds(); pause = min(2*pause, longestPause) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", condition)
		}
		time.Sleep(pause)
	}
}

// For returns what comes from c.
func For[T any](t testing.TB, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("never: %s", what)
		panic("unreachable")
	}
}
