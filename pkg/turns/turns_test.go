package turns

import (
	"context"
	"testing"
	"time"
)

func TestNobodyWaitsForATurn(t *testing.T) {
	turns := New(time.Hour)
	var ends []func()
	for range AtOnce {
		_, end, ok := turns.Begin(t.Context())
		if !ok {
			t.Fatal("no turn, though there are some")
		}
		ends = append(ends, end)
	}
	if _, _, ok := turns.Begin(t.Context()); ok {
		t.Error("a turn too many")
	}
	ends[0]()
	_, end, ok := turns.Begin(t.Context())
	if !ok {
		t.Error("no turn, though one has ended")
	}
	end()
	for _, end := range ends[1:] {
		end()
	}
}

// TestARestFollowsWhatIsSlow, and only turns in a row that ran out of time.
func TestARestFollowsWhatIsSlow(t *testing.T) {
	turns := New(time.Hour)
	one := func(within time.Duration, given context.Context) bool {
		turns.Within = within
		limited, end, ok := turns.Begin(given)
		if ok && within < time.Hour {
			<-limited.Done()
		}
		end()
		return ok
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if one(time.Hour, cancelled) {
		t.Error("a turn for one that has given up")
	}
	for _, within := range []time.Duration{time.Nanosecond, time.Hour, time.Nanosecond, time.Hour} {
		if !one(within, t.Context()) {
			t.Fatal("a rest, though no two in a row were slow")
		}
	}
	for range SlowInARow {
		one(time.Nanosecond, t.Context())
	}
	if one(time.Hour, t.Context()) {
		t.Error("no rest after slow turns in a row")
	}
	turns.Resume()
	if !one(time.Hour, t.Context()) {
		t.Error("the rest does not end")
	}
}

// TestATurnThatWasCutShortIsNotSlow: the charts of its mail took the time of its pictures.
func TestATurnThatWasCutShortIsNotSlow(t *testing.T) {
	turns := New(time.Hour)
	for range SlowInARow {
		short, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		limited, end, ok := turns.Begin(short)
		if !ok {
			t.Fatal("no turn")
		}
		<-limited.Done()
		end()
		cancel()
	}
	_, end, ok := turns.Begin(t.Context())
	end()
	if !ok {
		t.Error("a rest, though no turn had its time")
	}
}
