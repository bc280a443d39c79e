package smtp

import (
	"cmp"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// content sends the mail, and behind it the envelope of the next one if the
// relay pipelines, and decides what the reply to the mail means.
func (s *session) content(j *job, queue jobQueue, timer *stageTimer) (next *job, remedy remedy, lost *Error) {
	next, refused, lost := s.message(j, queue)
	timer.done(StageContent, cmp.Or(lost, refused))
	switch {
	case lost != nil:
		remedy = s.contentLost(j, lost)
	case refused != nil:
		remedy, lost = s.contentRefused(j, refused, next != nil || s.cut)
	case next == nil && s.more:
		lost = s.contentContradicted(j)
	default:
		s.taken++
		if j.limit > 0 && s.transactions == 0 { // an older session refused this mail: that session was full
			s.cfg.learned.messages.met(j.limit)
		}
	}
	return next, remedy, lost
}

// message sends the mail and takes the reply to it; refused is a 4yz or 5yz.
func (s *session) message(j *job, queue jobQueue) (next *job, refused, lost *Error) {
	if lost := s.stillWanted(j); lost != nil {
		return nil, nil, lost
	}
	end, before := s.queued(), s.written
	size := writeData(s.w, j.mail.Data)
	end += size
	if s.written > before { // part of it went out
		if lost := s.earlyReply(); lost != nil {
			return nil, nil, lost
		}
	}
	if lost := s.stillWanted(j); lost != nil {
		return nil, nil, lost
	}
	_, _ = s.w.Write(lastLine)
	end += int64(len(lastLine))
	s.dialogue.sendContent(j.ctx, size)
	s.unfinished = false // whatever the reply, it ends the transaction
	if next = s.chained(queue); next != nil {
		s.writeEnvelope(next)
	}
	// A write that fails behind the final dot leaves the reply to be read.
	if err := s.w.Flush(); err != nil && s.written < end {
		return next, nil, s.writeFailure(StageContent, err)
	}
	next, reply, lost := s.verdict(next, queue)
	if lost == nil {
		if reply.Code/100 == 2 {
			j.reply = reply
			j.reply.Text = failure.Bounded(reply.Text)
			return next, nil, nil
		}
		if refused = refusal(StageContent, reply); refused.Code != failure.Protocol {
			return next, refused, nil
		}
		lost = refused
	}
	lost.Ambiguous = lost.Code != failure.Closing
	return next, nil, lost
}

// stillWanted cuts the connection when the mail must not be sent any more:
// content without its final dot is not delivered.
func (s *session) stillWanted(j *job) *Error {
	cause := contextEnded(j.ctx)
	if cause == nil {
		return nil
	}
	s.abort(cause)
	return s.failure(StageData, cause)
}

// chained takes the next mail from the queue if its envelope can go behind the
// content.
func (s *session) chained(queue jobQueue) *job {
	if !s.caps.pipelining || s.transactions+1 >= s.cfg.messagesPerSession() {
		return nil
	}
	next := queue.next()
	if next != nil && next.lockstep {
		queue.putBack(next)
		return nil
	}
	return next
}

// verdict waits for the reply to the content. A relay may take minutes to look
// through it. No other mail waits for that: after the ordinary timeout the next
// one, whose envelope is on its way, goes back to the queue.
func (s *session) verdict(next *job, queue jobQueue) (*job, Reply, *Error) {
	_ = s.raw.SetReadDeadline(time.Now().Add(s.cfg.MessageTimeout)) // a closed connection shows at the read
	if s.slowTimer == nil {
		s.slowTimer = time.NewTimer(s.timeout)
	}
	s.slowTimer.Reset(s.timeout)
	defer s.slowTimer.Stop()
	var got received
	select {
	case got = <-s.replies:
	case <-s.slowTimer.C:
		s.slow, s.spent, s.cut = true, true, next != nil
		queue.slow(next)
		next = nil
		got = <-s.replies
	}
	reply, lost := s.checkReceived(StageContent, got)
	return next, reply, lost
}

// earlyReply returns what the relay said of a mail before its final dot was sent,
// which is an error in any case: a relay may refuse a mail at any time, but it
// cannot have accepted what it has not got.
func (s *session) earlyReply() *Error {
	select {
	case got := <-s.replies:
		reply, err := s.checkReceived(StageContent, got)
		if err == nil {
			err = refusal(StageContent, reply)
		}
		return err
	default:
		return nil
	}
}

// writeFailure returns the error of a failed write. A relay that closes a
// connection may say why before that, which is worth more than "broken pipe".
func (s *session) writeFailure(stage Stage, err error) *Error {
	_ = s.raw.SetReadDeadline(time.Now().Add(lastWordsTimeout))
	for got := range s.replies {
		if got.reply.Code == 421 || stage == StageContent && got.reply.Code >= 400 {
			return refusal(stage, got.reply)
		}
	}
	return s.failure(stage, err)
}
