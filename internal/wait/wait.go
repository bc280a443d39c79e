// Package wait is how tests wait: for what happens, never for a time.
package wait

import (
	"testing"
	"time"
)

// patience only ends a test that hangs; nothing is measured against it.
const patience = 3 * time.Minute

// Until returns when the condition holds, which names what is waited for.
func Until(t testing.TB, condition string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", condition)
		}
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
