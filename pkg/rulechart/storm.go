package rulechart

import (
	"sync"
	"time"
)

// stormMails are so many that there is a storm of alerts where more come within a second:
// then the mails need the time of the machine that their charts would take, 10 ms each.
const stormMails = 16

// storm notices storms. The zero value has seen no mail.
type storm struct {
	mu   sync.Mutex
	came [stormMails + 1]time.Time // when the last mails came
	next int                       // the place of the one that came first
}

// note notes that a mail comes, and says whether that is in a storm.
func (s *storm) note(at time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.came[s.next], s.next = at, (s.next+1)%len(s.came)
	return s.within(at)
}

// ongoing says whether there is a storm.
func (s *storm) ongoing(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.within(now)
}

func (s *storm) within(now time.Time) bool { return now.Sub(s.came[s.next]) < time.Second }
