package smtp

import "time"

// feed is where a session gets more mails, and brings back those it could not
// finish.
type feed interface {
	next() *job     // the mail that waits longest; nil for none
	putBack(j *job) // the session did nothing for it
	renew(j *job)   // a fresh connection is to try it
	slow(next *job) // the session is busy for long; next waits behind it, if it is not nil
}

// deliver runs first, and then what waits in the feed, chained: the content of
// one mail and the envelope of the next go in one flight. Each job is finished
// or brought back. It returns when the feed has no more, the chain ends or the
// session is spent; an error means that the connection is of no more use.
func (s *session) deliver(first *job, feed feed) *Error {
	if lost := s.quiet(StageMail); lost != nil {
		feed.putBack(first)
		return lost
	}
	begun := false // whether the job's envelope is on its way
	for j := first; j != nil; {
		unwatch := s.watch(j.ctx)
		next, remedy, lost := s.transact(j, feed, begun)
		if !unwatch() && lost == nil { // its context ended, and the connection with it
			lost = s.failure(StageMessage, s.aborted())
		}
		if remedy == reset && lost == nil {
			begun = false
			continue
		}
		if lost != nil || remedy == renew {
			s.giveUp(j, next, remedy, feed)
			return lost
		}
		s.served = true
		s.usedAt = time.Now()
		if next == nil {
			close(j.done)
			return nil
		}
		s.before = j // until the replies behind it are known to be in step
		j, begun = next, true
	}
	return nil
}

// giveUp ends the work on a session that is lost, or whose refusal of j is not
// believed.
func (s *session) giveUp(j, next *job, remedy remedy, feed feed) {
	s.spent = true
	s.vouch()
	if next != nil {
		s.cut = true // its envelope is on the way: not even QUIT can be said
		feed.putBack(next)
	}
	if remedy == believe {
		close(j.done)
		return
	}
	if s.transactions > 0 {
		j.renewals++
	}
	feed.renew(j)
}

// transact runs one transaction (RFC 5321 section 3.3). The job it returns is
// the next one, with its envelope sent. The error means that the connection is
// of no more use. Unless there is a remedy, the job has its results.
func (s *session) transact(j *job, feed feed, begun bool) (next *job, remedy remedy, lost *Error) {
	j.clear()
	s.opened = false
	if s.transactions == 0 {
		j.tries++
	}
	laps := s.laps(j)
	var refused *Error // the mail is, by all
	if !begun {
		lost = s.begin(j)
	}
	if lost == nil {
		refused, lost = s.envelope(j, &laps)
	} else {
		laps.done(StageMail, lost)
	}
	switch {
	case lost != nil:
		remedy = s.envelopeLost(j, refused, lost)
	case refused != nil:
		remedy, lost = s.envelopeRefused(j, refused)
	default:
		next, remedy, lost = s.content(j, feed, &laps)
	}
	if s.opened && remedy == believe {
		s.transactions++
	}
	return next, remedy, lost
}
