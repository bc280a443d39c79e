package smtp

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// minSilence is the least time that checkSilentForAWhile waits.
const minSilence = 50 * time.Millisecond

// envelopeRefused decides what becomes of a mail whose envelope was refused.
// Before a permanent refusal is believed, the session must prove that it is in
// step.
func (s *session) envelopeRefused(j *job, refused *Error) (remedy remedy, lost *Error) {
	remedy = s.prepare(j, s.remedy(j, refused))
	if s.previous != nil || remedy == believe && j.refusedForGood() {
		lost = s.checkInStep()
	}
	if outOfStep(lost) {
		s.retractPrevious(lost)
		return s.again(j, lost), lost
	}
	s.confirmPrevious()
	return remedy, lost
}

// envelopeLost decides what becomes of a mail whose connection was lost before
// its content was sent, perhaps after its envelope was refused.
func (s *session) envelopeLost(j *job, refused, lost *Error) remedy {
	if outOfStep(lost) {
		s.retractPrevious(lost)
	} else {
		s.confirmPrevious()
	}
	if refused != nil && lost.Code != failure.Protocol { // a relay that hangs up behind its refusal takes nothing back
		switch remedy := s.prepare(j, s.remedy(j, refused)); remedy {
		case believe:
			j.fail(refused)
			return believe
		default:
			return renew
		}
	}
	if remedy := s.prepare(j, s.remedy(j, lost)); remedy == renew {
		return renew
	}
	if lost.Code == failure.Protocol { // no verdict of this flight counts
		j.clear()
	}
	j.fail(lost)
	return believe
}

// contentRefused decides what becomes of a mail whose content was refused. If
// the envelope of the next one is behind it, that will prove the session.
func (s *session) contentRefused(j *job, refused *Error, chained bool) (remedy remedy, lost *Error) {
	j.fail(refused)
	remedy = s.prepare(j, s.remedy(j, refused))
	if remedy == believe && !chained && j.refusedForGood() {
		if lost = s.checkInStep(); outOfStep(lost) {
			j.setAmbiguous(lost)
		}
	}
	return remedy, lost
}

// contentContradicted takes a reply that came together with the 250 to a content.
// If it is a refusal, it may be the reply to the content, and the 250 one too many.
func (s *session) contentContradicted(j *job) (lost *Error) {
	if lost = s.checkSilent(StageContent); outOfStep(lost) && lost.Reply.Code >= 400 && !aboutAddress(lost) {
		j.setAmbiguous(lost)
	}
	return lost
}

// contentLost decides what becomes of a mail whose connection was lost while
// its content was sent, or before the reply to that.
func (s *session) contentLost(j *job, lost *Error) remedy {
	j.overflow = 0
	if remedy := s.prepare(j, s.remedy(j, lost)); remedy == renew {
		return renew
	}
	j.fail(lost)
	return believe
}

// prepare readies the job for a remedy, and returns what is left to do.
func (s *session) prepare(j *job, remedy remedy) remedy {
	switch remedy {
	case reset:
		j.reset, s.unfinished = true, true
	case renew:
		j.limit = s.transactions
	case later:
		j.makeTemporary()
		return believe
	}
	return remedy
}

// again has a mail sent once more, one command at a time, after its replies did
// not match its commands. If it was sent like that before, it fails with lost.
func (s *session) again(j *job, lost *Error) remedy {
	if !j.lockstep && contextEnded(j.ctx) == nil {
		j.lockstep, j.limit = true, 0
		return renew
	}
	j.clear()
	j.fail(lost)
	return believe
}

// checkInStep makes a round trip and waits for a moment, to find out whether every
// reply so far was to its own command: one reply too many or too few shifts those
// behind it, so that one recipient's refusal is read as another's. The error says
// that the session is out of step, or that the connection has ended, after which no
// reply can come.
func (s *session) checkInStep() *Error {
	lost := s.checkSilent(StageNoop)
	if lost == nil {
		lost = s.ping()
	}
	if lost != nil && lost.Reply.Code == 503 { // some want RSET after a refusal, and nothing else
		s.unfinished = true
		lost = s.ping()
	}
	if lost == nil {
		lost = s.checkSilentForAWhile()
	}
	if lost != nil && (lost.Code == failure.Timeout || lost.Reply.Code != 0 && lost.Code != failure.Closing) {
		lost.Code, lost.Err = failure.Protocol, errMismatch
	}
	return lost
}

// checkSilentForAWhile is checkSilent after the time that a reply takes: if another
// was read in place of the one to ping, that one is still on its way.
func (s *session) checkSilentForAWhile() *Error {
	moment := time.NewTimer(min(max(2*s.roundTrip, minSilence), pingTimeout))
	defer moment.Stop()
	select {
	case got := <-s.replies:
		return s.unsolicited(StageNoop, got)
	case <-moment.C:
		return s.checkSilent(StageNoop)
	}
}

// confirmPrevious ends the previous mail with its results: the replies behind it
// are in step.
func (s *session) confirmPrevious() {
	if s.previous != nil {
		close(s.previous.done)
		s.previous = nil
	}
}

// retractPrevious ends the previous mail as ambiguous: the replies behind it are
// out of step, so that its own may have been the reply to another command.
func (s *session) retractPrevious(lost *Error) {
	if s.previous != nil {
		s.previous.setAmbiguous(lost)
		s.confirmPrevious()
	}
}
