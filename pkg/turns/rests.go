package turns

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"
)

const (
	slowInARow = 2 // mails for which a server took too long are followed by a rest
	rest       = time.Minute

	maxServers = 64 // that are remembered
)

// ErrSlow is why a mail goes without what a server has: it took too long for others.
var ErrSlow = errors.New("the server took too long for two mails in a row and is not asked for a minute")

// Rests are the servers that are left alone for a while.
type Rests struct {
	after time.Duration

	mu   sync.Mutex
	slow map[string]slow // by the server's address
}

type slow struct {
	mails int       // in a row
	began time.Time // when the last of these asked
	until time.Time // of the rest
}

// NewRests makes rests. A server that has not answered after so long is slow; one that a
// mail had less time for may be or not.
func NewRests(after time.Duration) *Rests { return &Rests{after: after, slow: make(map[string]slow)} }

// Resting says whether a server is left alone.
func (r *Rests) Resting(server string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Before(r.slow[server].until)
}

// Asked notes that a mail has asked a server since began. It was slow if ctx has run out.
func (r *Rests) Asked(ctx context.Context, server string, began time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.slow[server]
	switch {
	case ctx.Err() == nil:
		delete(r.slow, server)
	case errors.Is(ctx.Err(), context.DeadlineExceeded) && time.Since(began) >= r.after && !began.Equal(s.began): // once a mail
		s.mails, s.began = s.mails+1, began
		if s.mails >= slowInARow {
			s.mails, s.until = 0, time.Now().Add(rest)
		}
		r.remember(server, s)
	}
}

func (r *Rests) remember(server string, s slow) {
	if len(r.slow) >= maxServers {
		maps.DeleteFunc(r.slow, func(_ string, s slow) bool { return time.Since(s.began) > 2*rest })
	}
	if _, known := r.slow[server]; known || len(r.slow) < maxServers {
		r.slow[server] = s
	}
}
