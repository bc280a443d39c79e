package turns

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestNobodyWaitsForATurn(t *testing.T) {
	turns := New()
	var ends []func()
	for range atOnce {
		limited, end := turns.Begin(t.Context())
		if limited.Err() != nil {
			t.Fatal("no turn, though there are some")
		}
		ends = append(ends, end)
	}
	if limited, _ := turns.Begin(t.Context()); limited.Err() == nil || !errors.Is(context.Cause(limited), ErrBusy) {
		t.Error("a turn too many")
	}
	ends[0]()
	ends[0]() // which gives back no other's
	limited, end := turns.Begin(t.Context())
	if limited.Err() != nil {
		t.Error("no turn, though one has ended")
	}
	if limited, _ := turns.Begin(t.Context()); limited.Err() == nil {
		t.Error("a turn was given back twice")
	}
	end()
	if limited.Err() == nil {
		t.Error("what is made goes on after the turn")
	}
	for _, end := range ends[1:] {
		end()
	}
}

// slowMail is a mail for which a server takes as long as it may.
func slowMail(t *testing.T, r *Rests, server string, within time.Duration) {
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	<-ctx.Done()
	for range 3 { // pictures of the same mail
		r.Asked(ctx, server, began)
	}
}

// TestARestFollowsWhatIsSlow twice in a row, of that server only, for a minute.
func TestARestFollowsWhatIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRests(Within / 2)
		slowMail(t, r, "a", Within)
		r.Asked(t.Context(), "a", time.Now())
		slowMail(t, r, "a", Within)
		if r.Resting("a") {
			t.Error("a rest, though no two mails in a row were slow")
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		r.Asked(cancelled, "a", time.Now()) // nobody waits for it any more, which says nothing
		slowMail(t, r, "a", Within)
		if !r.Resting("a") || r.Resting("b") {
			t.Errorf("resting: %v, and another %v", r.Resting("a"), r.Resting("b"))
		}
		time.Sleep(rest)
		if r.Resting("a") {
			t.Error("the rest does not end")
		}
	})
}

// TestAServerThatHadLittleTimeIsNotSlow: the charts of its mail took it.
func TestAServerThatHadLittleTimeIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRests(Within / 2)
		for range 2 * slowInARow {
			slowMail(t, r, "a", Within/3)
		}
		if r.Resting("a") {
			t.Error("a rest, though no mail had its time")
		}
	})
}

// TestFewServersAreRemembered, whatever settings and payloads name.
func TestFewServersAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := NewRests(0)
		for i := range 10 * maxServers {
			slowMail(t, r, fmt.Sprint(i), 0)
		}
		if len(r.slow) > maxServers {
			t.Errorf("%d servers", len(r.slow))
		}
		time.Sleep(3 * rest)
		for range slowInARow {
			slowMail(t, r, "new", time.Second)
		}
		if !r.Resting("new") {
			t.Error("none is forgotten")
		}
	})
}
