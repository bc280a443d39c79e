package outbox

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Attachment makes a process deliver the mail of a source.
type Attachment struct {
	Source string
	// Slots is how many deliveries may be under way at once, at least 2. A
	// quarter of them, at least one, is kept free for fresh mail.
	Slots   int
	Handler Handler
	// SettingsUpdated is when the settings behind Handler were saved. A sender
	// that was paused with older settings resumes.
	SettingsUpdated time.Time
}

// graceAfterCancel is how long detach waits for handlers it has cancelled.
const graceAfterCancel = 5 * time.Second

// source is an attachment at work.
type source struct {
	o        *Outbox
	name     string
	handler  Handler
	settings time.Time

	ctx    context.Context // of its handlers
	cancel context.CancelFunc
	wake   chan struct{} // something may be due
	stop   chan struct{} // closed: claim no more

	// For the writer only: whether mail may wait because the relay was away, and
	// when such mail was last made due. A relay that comes and goes makes it due
	// no more often than its own schedule does in the end.
	away       bool
	recalledAt time.Time

	mu      sync.Mutex
	stopped bool
	fresh   int  // free slots that only fresh mail may take
	shared  int  // other free slots
	backlog bool // mail may be due that found no slot
	// running counts the loop, taken slots and probes.
	running sync.WaitGroup
}

// Attach starts to deliver the mail of a source; what waits for it is taken up
// at once. A second attachment of a source replaces the first, whose running
// sends end by themselves.
//
// detach stops claiming and waits for running sends until its ctx ends; then it
// cancels them. It returns an error when a handler does not return even then.
func (o *Outbox) Attach(a Attachment) (detach func(context.Context) error, err error) {
	if a.Source == "" || a.Handler == nil {
		return nil, invalid("an attachment needs a source and a handler")
	}
	slots := max(a.Slots, 2)
	fresh := max(slots/4, 1)
	s := &source{
		o: o, name: a.Source, handler: a.Handler, settings: a.SettingsUpdated,
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
		away:  true,
		fresh: fresh, shared: slots - fresh, backlog: true,
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())

	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		s.cancel()
		return nil, ErrClosed
	}
	previous := o.sources[a.Source]
	o.sources[a.Source] = s
	o.all[s] = struct{}{}
	o.mu.Unlock()

	if previous != nil {
		previous.stopClaiming()
	}
	s.running.Go(s.loop)
	return s.detach, nil
}

// stopClaiming lets the loop end and refuses slots from now on.
func (s *source) stopClaiming() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stopped {
		s.stopped = true
		close(s.stop)
	}
}

func (s *source) detach(ctx context.Context) error {
	s.stopClaiming()
	s.o.mu.Lock()
	if s.o.sources[s.name] == s {
		delete(s.o.sources, s.name)
	}
	s.o.mu.Unlock()

	idle := make(chan struct{})
	go func() {
		s.running.Wait()
		s.cancel()
		s.o.mu.Lock()
		delete(s.o.all, s)
		s.o.mu.Unlock()
		close(idle)
	}()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
	}
	s.cancel()
	select {
	case <-idle:
		return nil
	case <-time.After(graceAfterCancel):
		return fmt.Errorf("detaching %s: a send did not end when it was cancelled; its lease runs out by itself", s.name)
	}
}

// ticket is a taken slot.
type ticket struct {
	source *source
	fresh  bool
}

// takeFresh takes a slot for mail of a source that is being stored; nil if the
// source is not attached, or others come first.
func (o *Outbox) takeFresh(name string) *ticket {
	o.mu.Lock()
	s := o.sources[name]
	o.mu.Unlock()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.stopped:
		return nil
	case s.fresh > 0:
		s.fresh--
	case s.shared > 0 && !s.backlog:
		s.shared--
		s.running.Add(1)
		return &ticket{source: s}
	default:
		return nil
	}
	s.running.Add(1)
	return &ticket{source: s, fresh: true}
}

// takeShared takes every free slot that the backlog may have.
func (s *source) takeShared() []*ticket {
	s.mu.Lock()
	defer s.mu.Unlock()
	tickets := make([]*ticket, s.shared)
	for i := range tickets {
		tickets[i] = &ticket{source: s}
	}
	s.running.Add(len(tickets))
	s.shared = 0
	s.backlog = len(tickets) == 0
	return tickets
}

// giveBack frees the slot; no ticket, no slot.
func (k *ticket) giveBack() {
	if k == nil {
		return
	}
	s := k.source
	s.mu.Lock()
	if k.fresh {
		s.fresh++
	} else {
		s.shared++
	}
	if s.backlog {
		signal(s.wake)
	}
	s.mu.Unlock()
	s.running.Done()
}

// moreWaits notes that mail is due beyond the slots, and says whether one is
// free again.
func (s *source) moreWaits() (free bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backlog = true
	return s.shared > 0
}

// wakeSource makes a source's loop, if it runs here, look at the queue again.
func (o *Outbox) wakeSource(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sources[name]; s != nil {
		signal(s.wake)
	}
}

// mailWaits tells a source's loop that mail is due that found no slot.
func (o *Outbox) mailWaits(name string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.sources[name]; s != nil {
		s.moreWaits()
		signal(s.wake)
	}
}

// replaced says whether newer settings than those of s are in force.
func (s *source) replaced() bool {
	s.o.mu.Lock()
	defer s.o.mu.Unlock()
	current := s.o.sources[s.name]
	return current != nil && current != s && current.settings.After(s.settings)
}
