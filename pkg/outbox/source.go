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
	// quarter of them, at least one, is for mail that was never tried.
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

	mu      sync.Mutex
	stopped bool
	fresh   int  // free slots that are for mail that was never tried
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
		o: o, name: a.Source, handler: a.Handler, settings: a.SettingsUpdated.Truncate(time.Microsecond), // as the store keeps times
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
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

// attached returns the source's attachment in force; nil: none.
func (o *Outbox) attached(name string) *source {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sources[name]
}

// replaced says whether newer settings than those of s are in force.
func (s *source) replaced() bool {
	current := s.o.attached(s.name)
	return current != nil && current != s && current.settings.After(s.settings)
}

// wakeSource makes a source's loop, if it runs here, look at the queue again.
func (o *Outbox) wakeSource(name string) {
	if s := o.attached(name); s != nil {
		signal(s.wake)
	}
}

// mailWaits makes a source's loop claim mail that is due and found no slot.
func (o *Outbox) mailWaits(name string) {
	if s := o.attached(name); s != nil {
		s.noteBacklog()
		signal(s.wake)
	}
}

// slot is the right to have one delivery under way. Slots are taken by the
// writer, and released by whoever is done with them.
type slot struct {
	source *source
	fresh  bool // it is for mail that was never tried
}

// takeForFresh takes a slot for mail that is being stored; nil if others come
// first.
func (s *source) takeForFresh() *slot {
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
		return &slot{source: s}
	default:
		return nil
	}
	s.running.Add(1)
	return &slot{source: s, fresh: true}
}

// takeFree takes every free slot for mail that waits: the shared ones and, where mail
// has found no slot, all but one of those for mail that was never tried. That one is
// left for mail that is being stored.
func (s *source) takeFree() (shared, fresh []*slot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return nil, nil
	}
	for ; s.shared > 0; s.shared-- {
		shared = append(shared, &slot{source: s})
	}
	if s.backlog {
		for ; s.fresh > 1; s.fresh-- {
			fresh = append(fresh, &slot{source: s, fresh: true})
		}
	}
	s.running.Add(len(shared) + len(fresh))
	s.backlog = len(shared) == 0
	return shared, fresh
}

// release frees the slot; nil is none.
func (k *slot) release() {
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

// noteBacklog notes that more mail is due than there are slots, and says whether a
// slot is free by now.
func (s *source) noteBacklog() (free bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backlog = true
	return s.shared > 0
}
