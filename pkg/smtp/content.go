package smtp

import (
	"cmp"
	"time"
)

// content sends the mail, and behind it the envelope of the next one if the
// relay pipelines, and decides what the reply to the mail means.
func (s *session) content(j *job, feed feed, laps *laps) (next *job, remedy remedy, lost *Error) {
	next, refused, lost := s.message(j, feed)
	laps.done(StageMessage, cmp.Or(lost, refused))
	switch {
	case lost != nil:
		remedy = s.contentLost(j, lost)
	case refused != nil:
		remedy, lost = s.contentRefused(j, refused, next != nil || s.cut)
	case next == nil && s.more:
		lost = s.contentContradicted(j)
	default:
		s.taken++
		if j.limit > 0 && s.transactions == 0 { // it was the session's limit that refused it before, and not the relay
			s.cfg.learned.messages.met(j.limit)
		}
	}
	return next, remedy, lost
}

// message sends the mail and takes the reply to it; refused is a 4yz or 5yz.
func (s *session) message(j *job, feed feed) (next *job, refused, lost *Error) {
	if lost := s.stillWanted(j); lost != nil {
		return nil, nil, lost
	}
	end, before := s.queued(), s.written
	end += writeData(s.w, j.mail.Data)
	if s.written > before { // part of it went out
		if lost := s.early(); lost != nil {
			return nil, nil, lost
		}
	}
	if lost := s.stillWanted(j); lost != nil {
		return nil, nil, lost
	}
	_, _ = s.w.Write(lastLine)
	end += int64(len(lastLine))
	s.unfinished = false // whatever the reply, it ends the transaction
	if next = s.chained(feed); next != nil {
		s.writeEnvelope(next.mail)
	}
	// A write that fails behind the final dot leaves the reply to be read.
	if err := s.w.Flush(); err != nil && s.written < end {
		return next, nil, s.writeFailure(StageMessage, err)
	}
	next, reply, lost := s.verdict(next, feed)
	if lost == nil {
		if reply.Code/100 == 2 {
			j.reply = reply
			j.reply.Text = bounded(reply.Text)
			return next, nil, nil
		}
		if refused = refusal(StageMessage, reply); refused.Class != Protocol {
			return next, refused, nil
		}
		lost = refused
	}
	lost.Ambiguous = lost.Class != Unavailable
	return next, nil, lost
}

// stillWanted cuts the connection when the mail must not be sent any more:
// content without its final dot is not delivered.
func (s *session) stillWanted(j *job) *Error {
	cause := over(j.ctx)
	if cause == nil {
		return nil
	}
	s.abort(cause)
	return s.failure(StageData, cause)
}

// chained is the next mail, if its envelope can go behind the content.
func (s *session) chained(feed feed) *job {
	if !s.caps.pipelining || s.transactions+1 >= s.cfg.messagesPerSession() {
		return nil
	}
	next := feed.next()
	if next != nil && next.lockstep {
		feed.putBack(next)
		return nil
	}
	return next
}

// verdict waits for the reply to the content. A relay may take minutes to look
// through it; other mails do not wait for that, and the next one whose envelope
// is on its way neither.
func (s *session) verdict(next *job, feed feed) (*job, Reply, *Error) {
	_ = s.raw.SetReadDeadline(time.Now().Add(s.cfg.MessageTimeout)) // a closed connection shows at the read
	if s.patience == nil {
		s.patience = time.NewTimer(s.timeout)
	}
	s.patience.Reset(s.timeout)
	defer s.patience.Stop()
	var a arrival
	select {
	case a = <-s.replies:
	case <-s.patience.C:
		s.slow, s.spent, s.cut = true, true, next != nil
		feed.slow(next)
		next = nil
		a = <-s.replies
	}
	reply, lost := s.sort(StageMessage, a)
	return next, reply, lost
}

// early is what the relay said of a mail before its final dot was sent. It may
// refuse a mail at any time; but it cannot take what it does not have.
func (s *session) early() *Error {
	select {
	case a := <-s.replies:
		reply, err := s.sort(StageMessage, a)
		if err == nil {
			err = refusal(StageMessage, reply)
		}
		return err
	default:
		return nil
	}
}

// writeFailure is a failed write. A relay that closes a connection says why
// first, and its words are worth more than "broken pipe".
func (s *session) writeFailure(stage Stage, err error) *Error {
	_ = s.raw.SetReadDeadline(time.Now().Add(lastWordsTimeout))
	for a := range s.replies {
		if a.reply.Code == 421 || stage == StageMessage && a.reply.Code >= 400 {
			return refusal(stage, a.reply)
		}
	}
	return s.failure(stage, err)
}
