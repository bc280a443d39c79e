package smtp

import (
	"sync"
	"sync/atomic"
)

// learned is what a relay was seen to do and does not announce in EHLO. The
// sessions of a pool share it.
type learned struct {
	plainRefused atomic.Bool // it offers AUTH PLAIN and does not take it
	messages     limit       // mails in a session
	recipients   limit       // recipients in a transaction
}

// limitUses is how often a limit is kept to before more is tried again: the relay
// may have been busy for a while only, and trying costs one refusal.
const limitUses = 10

// A limit is how many of something the relay took before it refused one more.
type limit struct {
	mu   sync.Mutex
	most int // 0: none is known
	uses int
}

// met notes that the relay took most of them and refused one more.
func (l *limit) met(most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.most, l.uses = most, 0
}

// forget removes a limit that turned out to be none.
func (l *limit) forget() { l.met(0) }

// within returns the limit, or our own bound if that is lower.
func (l *limit) within(own int) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.most == 0 {
		return own
	}
	return min(l.most, own)
}

// used counts that the limit was kept to: n were sent, and no more tried.
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
