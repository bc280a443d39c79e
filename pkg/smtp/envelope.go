package smtp

import (
	"cmp"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// pipelines says whether a job's envelope goes in one flight.
func (s *session) pipelines(j *job) bool { return s.caps.pipelining && !j.lockstep }

// begin sends the envelope if it goes in one flight.
func (s *session) begin(j *job) *Error {
	if !s.pipelines(j) {
		return nil
	}
	s.writeEnvelope(j)
	if err := s.w.Flush(); err != nil {
		return s.writeFailure(StageMail, err)
	}
	return nil
}

// writeEnvelope queues everything up to DATA (RFC 2920 section 3.1).
func (s *session) writeEnvelope(j *job) {
	if s.unfinished {
		s.line(j.ctx, "RSET")
	}
	s.line(j.ctx, "MAIL FROM:<", j.mail.From, ">")
	for _, to := range j.mail.To {
		s.line(j.ctx, "RCPT TO:<", to, ">")
	}
	s.line(j.ctx, "DATA")
}

// envelope takes the replies to the envelope, one for each command that was
// sent, whatever they are; without pipelining it sends the commands first. If
// the relay waits for content that somebody is to get, both errors are nil.
// Else refused is the refusal that decides, and each recipient has its own.
func (s *session) envelope(j *job, timer *stageTimer) (refused, lost *Error) {
	if lost := s.reset(j, timer); lost != nil {
		return nil, lost
	}
	noSender, lost := s.exchange(j, StageMail, "MAIL FROM:<", j.mail.From, ">")
	timer.done(StageMail, cmp.Or(lost, noSender))
	if lost != nil {
		return nil, lost
	}
	s.opened = noSender == nil
	s.unfinished = s.opened
	if noSender != nil && !s.pipelines(j) {
		j.fail(noSender)
		return noSender, nil
	}

	accepted, lost := s.recipients(j, noSender)
	timer.done(StageRcpt, lost)
	if lost != nil {
		return noSender, lost
	}
	if accepted == 0 && !s.pipelines(j) {
		return s.decidingRefusal(j), nil
	}

	data, lost := s.exchange(j, StageData, "DATA")
	if lost == nil {
		lost = s.checkSilent(StageData) // one reply to each command: else none of them is to be trusted
	}
	timer.done(StageData, cmp.Or(lost, data))
	switch {
	case data == nil && lost == nil:
		s.confirmPrevious() // only DATA is answered with 354, so each reply before it was to its command
		if accepted > 0 {
			return nil, nil
		}
		lost = s.discard()
	case data != nil:
		j.fail(data)
	}
	return s.decidingRefusal(j), lost
}

// reset ends what an earlier transaction left open.
func (s *session) reset(j *job, timer *stageTimer) *Error {
	if !s.unfinished {
		return nil
	}
	refused, lost := s.exchange(j, StageRset, "RSET")
	if refused != nil { // no mail has part in that, and a new connection has nothing to reset
		refused.Code = failure.Protocol
	}
	if lost = cmp.Or(lost, refused); lost != nil {
		timer.done(StageRset, lost)
		return lost
	}
	s.unfinished = false
	return nil
}

// recipients takes the replies to RCPT and counts the recipients that are
// accepted. noSender is the refusal of MAIL, if there was one.
func (s *session) recipients(j *job, noSender *Error) (accepted int, lost *Error) {
	for i, to := range j.mail.To {
		refused, lost := s.exchange(j, StageRcpt, "RCPT TO:<", to, ">")
		switch {
		case lost != nil:
			return accepted, lost
		case noSender != nil && refused == nil:
			return accepted, unfit(StageRcpt, s.last) // nobody is accepted without a sender
		case noSender != nil:
			refused = noSender // it is why the recipients are refused
		case refused == nil:
			accepted++
			j.overflow = 0
		case j.overflow > 0, tooManyRecipients(refused) && accepted > 0:
			j.overflow++
		}
		j.results[i].Err = refused
	}
	if accepted > 0 { // the mail goes on, and those whom the session may have refused are tried again later
		for i := range j.results {
			if err := j.results[i].Err; err != nil && s.mayConcernSession(err) {
				j.results[i].Err = asTemporary(err)
			}
		}
	}
	return accepted, nil
}

// decidingRefusal returns the refusal that decides what becomes of a mail whose
// recipients are all refused: one that may concern the session, else the one that
// Result.Verdict names.
func (s *session) decidingRefusal(j *job) *Error {
	for i := range j.results {
		if err := j.results[i].Err; err != nil && s.mayConcernSession(err) {
			return err
		}
	}
	err, _ := Result{Recipients: j.results}.Verdict().(*Error)
	return err
}

// expected returns the first digit of the reply that lets a transaction go on.
func expected(stage Stage) int {
	if stage == StageData {
		return 3
	}
	return 2
}

// exchange takes the reply to a command. If the envelope does not go in one
// flight it sends the command first, after a look that no other reply is there.
// refused is a 4yz or 5yz instead of what is expected.
func (s *session) exchange(j *job, stage Stage, words ...string) (refused, lost *Error) {
	if !s.pipelines(j) {
		if lost := s.checkSilent(stage); lost != nil {
			return nil, lost
		}
		s.line(j.ctx, words...)
		if err := s.w.Flush(); err != nil {
			return nil, s.writeFailure(stage, err)
		}
	}
	reply, lost := s.reply(stage, s.timeout)
	if lost != nil || reply.Code/100 == expected(stage) {
		s.last = reply
		return nil, lost
	}
	err := refusal(stage, reply)
	if err.Code == failure.Protocol {
		return nil, err
	}
	err.Hint = hint(s.cfg, err)
	return err, nil
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
