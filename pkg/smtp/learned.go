package smtp

import (
	"sync"
	"sync/atomic"
)

// learned is what a relay has shown of itself, and EHLO does not say. The
// sessions of a pool share it.
type learned struct {
	plainRefused atomic.Bool // it offers AUTH PLAIN and does not take it
	messages     limit       // mails in a session
	recipients   limit       // recipients in a transaction
}

// limitUses is how often a limit is kept to before it is tried again: it may
// have been a mood of the relay's, and trying costs one refusal.
const limitUses = 10

// A limit is how many of something the relay took before it refused one more.
type limit struct {
	mu   sync.Mutex
	most int // 0: none is known
	uses int
}

// met notes a limit.
func (l *limit) met(most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most, l.uses = most, 0
}

// forget is for a limit that turned out to be none.
func (l *limit) forget() { l.met(0) }

// within is the limit, or our own bound if that is lower.
func (l *limit) within(own int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most == 0 {
		return own
	}
	return min(l.most, own)
}

// used notes that n were not exceeded for the sake of the limit.
func (l *limit) used(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most == 0 || n < l.most {
		return
	}
	if l.uses++; l.uses >= limitUses {
		l.most = 0
	}
}
