package smtp

import "time"

// minSilence is how long a session is listened to at least before its refusals
// are believed.
const minSilence = 50 * time.Millisecond

// envelopeRefused decides what becomes of a mail whose envelope was refused.
// Before anybody is condemned by that, the session proves that it is in step.
func (s *session) envelopeRefused(j *job, refused *Error) (remedy remedy, lost *Error) {
	remedy = s.settle(j, s.remedy(j, refused))
	if s.before != nil || remedy == believe && j.condemned() {
		lost = s.prove()
	}
	if lost.outOfStep() {
		s.doubt(lost)
		return s.again(j, lost), lost
	}
	s.vouch()
	return remedy, lost
}

// envelopeLost decides what becomes of a mail whose connection was lost before
// its content was sent, perhaps after its envelope was refused.
func (s *session) envelopeLost(j *job, refused, lost *Error) remedy {
	if lost.outOfStep() {
		s.doubt(lost)
	} else {
		s.vouch()
	}
	if refused != nil && lost.Class != Protocol { // a relay that hangs up behind its refusal takes nothing back
		switch remedy := s.settle(j, s.remedy(j, refused)); remedy {
		case believe:
			j.fail(refused)
			return believe
		default:
			return renew
		}
	}
	if remedy := s.settle(j, s.remedy(j, lost)); remedy == renew {
		return renew
	}
	if lost.Class == Protocol { // no verdict of this flight counts
		j.clear()
	}
	j.fail(lost)
	return believe
}

// contentRefused decides what becomes of a mail whose content was refused. If
// the envelope of the next one is behind it, that will prove the session.
func (s *session) contentRefused(j *job, refused *Error, chained bool) (remedy remedy, lost *Error) {
	j.fail(refused)
	remedy = s.settle(j, s.remedy(j, refused))
	if remedy == believe && !chained && j.condemned() {
		if lost = s.prove(); lost.outOfStep() {
			j.doubt(lost)
		}
	}
	return remedy, lost
}

// contentContradicted takes what the relay says right behind its 250 to a
// content. If that is a refusal, it may be the verdict, and the 250 the stray.
func (s *session) contentContradicted(j *job) (lost *Error) {
	if lost = s.quiet(StageMessage); lost.outOfStep() && lost.Code >= 400 && !lost.aboutAddress() {
		j.doubt(lost)
	}
	return lost
}

// contentLost decides what becomes of a mail whose connection was lost while
// its content was sent, or before the reply to that.
func (s *session) contentLost(j *job, lost *Error) remedy {
	j.crowded = 0
	if remedy := s.settle(j, s.remedy(j, lost)); remedy == renew {
		return renew
	}
	j.fail(lost)
	return believe
}

// settle notes what a remedy means for the job.
func (s *session) settle(j *job, remedy remedy) remedy {
	switch remedy {
	case reset:
		j.reset, s.unfinished = true, true
	case renew:
		j.limit = s.transactions
	case later:
		j.soften()
		return believe
	}
	return remedy
}

// again has a mail sent once more, one command at a time, after its replies
// did not match its commands. Its error is for when that was so already.
func (s *session) again(j *job, lost *Error) remedy {
	if !j.lockstep && over(j.ctx) == nil {
		j.lockstep, j.limit = true, 0
		return renew
	}
	j.clear()
	j.fail(lost)
	return believe
}

// prove makes a round trip, and waits for a moment, to show whether every reply
// so far was to its own command: a reply too many or too few shifts those
// behind it, and one recipient's refusal is read as another's. The error is out
// of step, or the end of the connection, after which no reply is left to come.
func (s *session) prove() *Error {
	lost := s.quiet(StageNoop)
	if lost == nil {
		lost = s.probe()
	}
	if lost != nil && lost.Code == 503 { // some want RSET after a refusal, and nothing else
		s.unfinished = true
		lost = s.probe()
	}
	if lost == nil {
		lost = s.silence()
	}
	if lost != nil && (lost.Timeout() || lost.Code != 0 && lost.Class != Unavailable) {
		lost.Class, lost.Err = Protocol, errMismatch
	}
	return lost
}

// silence is quiet that waits as long as a reply that was asked for takes: if
// another was read in its place, it is still on its way.
func (s *session) silence() *Error {
	moment := time.NewTimer(min(max(2*s.roundTrip, minSilence), probeTimeout))
	defer moment.Stop()
	select {
	case a := <-s.replies:
		return s.unasked(StageNoop, a)
	case <-moment.C:
		return s.quiet(StageNoop)
	}
}

// vouch tells that the verdict on the mail before this one stands: the replies
// behind it are in step.
func (s *session) vouch() {
	if s.before != nil {
		close(s.before.done)
		s.before = nil
	}
}

// doubt tells that it does not: the replies behind it are not in step, so that
// it may have been read from the reply to another command.
func (s *session) doubt(lost *Error) {
	if s.before != nil {
		s.before.doubt(lost)
		s.vouch()
	}
}
