package relaytest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Mail is one mail the relay took.
type Mail struct {
	UserName  string   // as authenticated, "AppKey#auth" say
	Mechanism string   // PLAIN or LOGIN
	From      string   // envelope sender
	To        []string // envelope recipients that were accepted
	Data      []byte   // as received, without dot-stuffing and final dot
	TLS       bool     // the transaction was under TLS
	Session   int      // Session.ID
	QueueID   string   // as told in the reply
	At        time.Time
}

// Session is what happened on one connection.
type Session struct {
	ID         int  // from 1, in the order of connecting
	TLSWrapper bool // came in at the TLS wrapper port
	Refused    bool // got 421 for the cap on connections
	Open       bool // still there

	// What the client sent: before TLS, while TLS was being set up (its
	// records, or what it sent instead), and under TLS, decrypted. The first
	// 16 MiB of each are kept, none with Options.Discard.
	Plain, Handshake, Secure []byte
	// Commands lists the command lines without their line ends; not the
	// answers to AUTH challenges. None with Options.Discard.
	Commands []string
	// Flights counts how often the client spoke upon a reply: what it sends
	// without waiting is one flight. TLS's own are not counted. Exact with an
	// RTT; without one, a flight that arrives in pieces may count as several.
	Flights int

	TLSVersion uint16 // 0 before TLS
	Resumed    bool   // by a TLS session ticket
	TLSError   string // why the handshake failed

	AuthAttempts int    // credentials that were judged
	UserName     string // as authenticated
	Mechanism    string
	Mails        int // taken
}

const (
	maxLogBytes   = 16 << 20
	maxViolations = 1000
)

// records is what the relay remembers.
type records struct {
	mu         sync.Mutex
	changed    chan struct{} // closed at the next change; nil while nobody waits
	sessions   []*session
	mails      []Mail
	taken      int
	violations []string

	open, peak, total, refused int
}

// note makes a change and wakes those who wait for one.
func (r *records) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	if r.changed != nil {
		close(r.changed)
		r.changed = nil
	}
}

func (r *records) nextChange() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.changed == nil {
		r.changed = make(chan struct{})
	}
	return r.changed
}

// WaitFor returns when cond is true, asked again after each thing that happens
// at the relay, or with ctx's error.
func (r *Relay) WaitFor(ctx context.Context, cond func() bool) error {
	for {
		change := r.records.nextChange()
		if cond() {
			return nil
		}
		select {
		case <-change:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Mails lists the mails taken, in their order; none with Options.Discard.
func (r *Relay) Mails() []Mail {
	r.records.mu.Lock()
	defer r.records.mu.Unlock()
	return slices.Clone(r.records.mails)
}

// Taken counts the mails taken.
func (r *Relay) Taken() int {
	r.records.mu.Lock()
	defer r.records.mu.Unlock()
	return r.records.taken
}

// WaitMails returns the mails once n have been taken; the error says how many
// there were when ctx ended.
func (r *Relay) WaitMails(ctx context.Context, n int) ([]Mail, error) {
	if err := r.WaitFor(ctx, func() bool { return r.Taken() >= n }); err != nil {
		return r.Mails(), fmt.Errorf("relaytest: %d of %d mails arrived: %w", r.Taken(), n, err)
	}
	return r.Mails(), nil
}

// Sessions lists all connections, in the order of connecting.
func (r *Relay) Sessions() []Session {
	r.records.mu.Lock()
	sessions := slices.Clone(r.records.sessions)
	r.records.mu.Unlock()
	all := make([]Session, 0, len(sessions))
	for _, s := range sessions {
		all = append(all, s.snapshot())
	}
	return all
}

// Connections counts connections: open now, most at a time, all there were,
// and those refused for the cap, which count in total only.
func (r *Relay) Connections() (open, peak, total, refused int) {
	r.records.mu.Lock()
	defer r.records.mu.Unlock()
	return r.records.open, r.records.peak, r.records.total, r.records.refused
}

// Violations lists what a strict relay would not stand for: bare CR, bare LF,
// NUL, lines over 1,000 octets, 8-bit bytes not announced, dots not escaped,
// commands not known, and commands sent before the reply that had to be waited
// for (RFC 2920 section 3.1, RFC 3207, RFC 4954). The first 1,000 are kept.
func (r *Relay) Violations() []string {
	r.records.mu.Lock()
	defer r.records.mu.Unlock()
	return slices.Clone(r.records.violations)
}

func (r *records) violation(text string) {
	r.note(func() {
		if len(r.violations) < maxViolations {
			r.violations = append(r.violations, text)
		}
	})
}
