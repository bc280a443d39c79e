package smtp

import "time"

// jobQueue gives a session more mails, and takes back those it could not finish.
type jobQueue interface {
	next() *job     // the mail that waits longest; nil for none
	putBack(j *job) // the session did nothing for it
	renew(j *job)   // a fresh connection is to try it
	slow(next *job) // the session is busy for long; next waits behind it, if it is not nil
}

// deliver runs first, and then what waits in the queue, chained: the content of
// one mail and the envelope of the next go in one flight. Each job is finished
// or brought back. It returns when the queue has no more, the chain ends or the
// session is spent; an error means that the connection is of no more use.
func (s *session) deliver(first *job, queue jobQueue) *Error {
	if lost := s.checkSilent(StageMail); lost != nil {
		queue.putBack(first)
		return lost
	}
	begun := false // whether the job's envelope is on its way
	for j := first; j != nil; {
		unwatch := s.watch(j.ctx)
		next, remedy, lost := s.transact(j, queue, begun)
		if !unwatch() && lost == nil { // its context ended, and the connection with it
			lost = s.failure(StageContent, s.aborted())
		}
		if remedy == reset && lost == nil {
			begun = false
			continue
		}
		if lost != nil || remedy == renew {
			s.giveUp(j, next, remedy, queue)
			return lost
		}
		s.served = true
		s.usedAt = time.Now()
		if next == nil {
			close(j.done)
			return nil
		}
		s.previous = j // until the replies behind it are known to be in step
		j, begun = next, true
	}
	return nil
}

// giveUp ends the work on a session that is lost, or whose refusal of j is not
// believed.
func (s *session) giveUp(j, next *job, remedy remedy, queue jobQueue) {
	s.spent = true
	s.confirmPrevious()
	if next != nil {
		s.cut = true // its envelope is on the way: not even QUIT can be said
		queue.putBack(next)
	}
	if remedy == believe {
		close(j.done)
		return
	}
	if s.transactions > 0 {
		j.renewals++
	}
	queue.renew(j)
}

// transact runs one transaction (RFC 5321 section 3.3). The job it returns is
// the next one, with its envelope sent. The error means that the connection is
// of no more use. If the remedy is to believe what was said, the job has its
// results.
func (s *session) transact(j *job, queue jobQueue, begun bool) (next *job, remedy remedy, lost *Error) {
	j.clear()
	s.opened = false
	if s.transactions == 0 {
		j.tries++
	}
	timer := s.startTimer(j)
	var refused *Error // why every recipient is refused
	if !begun {
		lost = s.begin(j)
	}
	if lost == nil {
		refused, lost = s.envelope(j, &timer)
	} else {
		timer.done(StageMail, lost)
	}
	switch {
	case lost != nil:
		remedy = s.envelopeLost(j, refused, lost)
	case refused != nil:
		remedy, lost = s.envelopeRefused(j, refused)
	default:
		next, remedy, lost = s.content(j, queue, &timer)
	}
	if s.opened && remedy == believe {
		s.transactions++
	}
	return next, remedy, lost
}
