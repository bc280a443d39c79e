package smtp

import (
	"cmp"
	"time"
)

// feed is where a session gets more mails, and brings back those it could not
// finish.
type feed interface {
	next() *job                // the mail that waits longest; nil for none
	putBack(j *job)            // the session did nothing for it
	lost(j *job, cause *Error) // the session ended under it
}

// deliver runs first, and then what waits in the feed, chained: the content of
// one mail and the envelope of the next go in one flight. Each job is finished
// or brought back. It returns with nil when the feed has no more or the chain
// ends; an error means that the session is of no more use.
func (s *session) deliver(first *job, feed feed) *Error {
	if fail := s.quiet(StageMail); fail != nil {
		feed.putBack(first)
		return fail
	}
	begun := false // whether the job's envelope is on its way
	for j := first; j != nil; {
		unwatch := s.watch(j.ctx)
		next, err := s.transact(j, feed, begun)
		sound := unwatch()
		switch {
		case err != nil:
			if next != nil {
				feed.putBack(next)
			}
			feed.lost(j, err)
			return err
		case !sound:
			if next != nil {
				feed.putBack(next)
			}
			close(j.done)
			return s.failure(StageMessage, s.aborted())
		}
		s.served = true
		s.usedAt = time.Now()
		close(j.done)
		j, begun = next, true
	}
	return nil
}

// transact runs one transaction. The job it returns is the next one, with its
// envelope sent. The error means that the connection is of no more use; what
// the relay refused is in the job.
func (s *session) transact(j *job, feed feed, begun bool) (next *job, lost *Error) {
	for i, to := range j.mail.To {
		j.results[i] = RecipientResult{Address: to}
	}
	j.tries++
	laps := s.laps(j)
	if !begun {
		if lost := s.begin(j.mail); lost != nil {
			laps.done(StageMail, lost)
			return nil, lost
		}
	}
	ready, lost := s.envelope(j, &laps)
	if lost != nil || !ready {
		return nil, lost
	}
	next, refused, lost := s.content(j, feed)
	laps.done(StageMessage, cmp.Or(lost, refused))
	if refused != nil {
		j.fail(refused)
	}
	return next, lost
}

// begin sends the envelope if the relay takes it in one flight.
func (s *session) begin(m Mail) *Error {
	if !s.caps.pipelining {
		return nil
	}
	s.writeEnvelope(m)
	if err := s.w.Flush(); err != nil {
		return s.writeFailure(StageMail, err)
	}
	return nil
}

// writeEnvelope queues everything up to DATA (RFC 2920 section 3.1).
func (s *session) writeEnvelope(m Mail) {
	if s.unfinished {
		s.line("RSET")
	}
	s.line("MAIL FROM:<", m.From, ">")
	for _, to := range m.To {
		s.line("RCPT TO:<", to, ">")
	}
	s.line("DATA")
}

// envelope takes the answers to the envelope, one for each command that was
// sent, whatever they are. It is ready when the relay waits for content that
// somebody is to get; else each recipient has its error.
func (s *session) envelope(j *job, laps *laps) (ready bool, lost *Error) {
	if s.unfinished {
		refused, lost := s.exchange(StageRset, 2, "RSET")
		if refused != nil { // no mail has part in that, and a new connection has nothing to reset
			refused.Class = Protocol
		}
		if lost = cmp.Or(lost, refused); lost != nil {
			laps.done(StageRset, lost)
			return false, lost
		}
		s.unfinished = false
	}

	sender, lost := s.exchange(StageMail, 2, "MAIL FROM:<", j.mail.From, ">")
	laps.done(StageMail, cmp.Or(lost, sender))
	if lost != nil || sender != nil && !s.caps.pipelining {
		j.fail(sender)
		return false, lost
	}
	s.unfinished = sender == nil

	accepted := 0
	for i, to := range j.mail.To {
		refused, lost := s.exchange(StageRcpt, 2, "RCPT TO:<", to, ">")
		if lost != nil {
			if lost.Class != Protocol {
				j.fail(sender) // a relay that hangs up behind its refusal takes nothing back
			}
			laps.done(StageRcpt, lost)
			return false, lost
		}
		if sender != nil { // it is why the recipients are refused
			refused = sender
		}
		j.results[i].Err = refused
		if refused == nil {
			accepted++
		}
	}
	laps.done(StageRcpt, nil)
	if accepted == 0 && !s.caps.pipelining {
		return false, nil
	}

	refused, lost := s.exchange(StageData, 3, "DATA")
	if lost == nil {
		lost = s.quiet(StageData) // one reply to each command: else none of them is to be trusted
		if lost != nil && lost.Class != Protocol {
			j.fail(refused) // as above
		}
	}
	laps.done(StageData, cmp.Or(lost, refused))
	switch {
	case lost != nil:
		return false, lost
	case refused != nil:
		j.fail(refused)
		return false, nil
	case accepted == 0:
		return false, s.discard()
	}
	return true, nil
}

// exchange takes the reply to a command, and sends the command first if it did
// not go with the flight. The reply's first digit should be want; refused is a
// 4yz or 5yz instead.
func (s *session) exchange(stage Stage, want int, words ...string) (refused, lost *Error) {
	if !s.caps.pipelining {
		s.line(words...)
		if err := s.w.Flush(); err != nil {
			return nil, s.writeFailure(stage, err)
		}
	}
	reply, lost := s.reply(stage, s.timeout)
	if lost != nil || reply.Code/100 == want {
		return nil, lost
	}
	err := refusal(stage, reply)
	if err.Class == Protocol {
		return nil, err
	}
	err.Hint = hint(s.cfg, err)
	return err, nil
}

// content sends the mail and, if the relay pipelines, the envelope of the next
// one behind it, and waits for the reply to the mail.
func (s *session) content(j *job, feed feed) (next *job, refused, lost *Error) {
	end, before := s.queued(), s.written
	end += writeData(s.w, j.mail.Data)
	if s.written > before { // part of it went out
		if lost := s.early(); lost != nil {
			return nil, nil, lost
		}
	}
	_, _ = s.w.Write(lastLine)
	end += int64(len(lastLine))
	s.unfinished = false // whatever the reply, it ends the transaction
	if s.caps.pipelining {
		if next = feed.next(); next != nil {
			s.writeEnvelope(next.mail)
		}
	}
	// A write that fails behind the final dot leaves the reply to be read.
	if err := s.w.Flush(); err != nil && s.written < end {
		return next, nil, s.writeFailure(StageMessage, err)
	}
	reply, lost := s.reply(StageMessage, s.cfg.MessageTimeout)
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

// discard ends a transaction without recipients that the relay wants content
// for (RFC 2920 section 3.1): the reply to an empty mail means nothing.
func (s *session) discard() *Error {
	_, _ = s.w.Write(lastLine)
	if err := s.w.Flush(); err != nil {
		return s.writeFailure(StageData, err)
	}
	_, lost := s.reply(StageData, s.timeout)
	s.unfinished = false
	return lost
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
