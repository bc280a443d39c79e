package outbox

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

// takeFree takes every free slot for mail that waits: shared ones for what is
// due and, where mail has found no slot, those for mail that was never tried but
// for one, so that mail that is being stored finds it.
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

// noteBacklog notes that mail is due beyond the slots, and says whether one is
// free again.
func (s *source) noteBacklog() (free bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backlog = true
	return s.shared > 0
}
