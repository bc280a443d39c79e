package smtp

import (
	"context"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// worker is a session and the goroutine that serves mails with it.
type worker struct {
	session *session
	wake    chan struct{} // a mail waits; has room for the one signal an idle worker gets
}

// dispatch wakes idle sessions for the waiting mails, and opens more if those
// that stand or come are fewer than the mails. The caller must have the lock.
func (p *Pool) dispatch() {
	for n := p.waiting.Len() - p.fresh; n > 0 && len(p.idle) > 0; n-- {
		last := len(p.idle) - 1
		p.idle[last].wake <- struct{}{}
		p.idle = slices.Delete(p.idle, last, last+1)
	}
	for p.needed() > p.dialing && p.room() {
		if time.Now().Before(p.notBefore) && !p.replaces() {
			return
		}
		p.dialing++
		first := p.waiting.Front().Value.(*job)
		go p.connect(first.ctx, p.dials, p.ended)
	}
}

// room says whether one more connection may be opened. Those that wait long for
// the reply to a mail leave their places to others, or a relay that is silent on
// a few mails would hold up all of them; but no more than as many again.
func (p *Pool) room() bool {
	most, others := p.cfg.MaxConnections, p.standing+p.leaving+p.dialing
	if p.down != nil { // one shows whether the relay takes mail again
		most = 1
	}
	return others < most && others+p.slowed < 2*most
}

// needed is how many sessions the waiting mails need beside those that stand.
func (p *Pool) needed() int {
	return p.fresh + max(0, p.waiting.Len()-p.fresh-p.standing)
}

// replaces says whether a session that is opened now takes the place of one
// that is gone. A relay that has no room for more has room for that.
func (p *Pool) replaces() bool {
	return p.leaving == 0 && (p.standing+p.dialing == 0 || p.fresh > p.dialing)
}

// connect opens a session on behalf of the mail that waits longest, whose context
// gives its values, and serves mails with it. ended is how many sessions had ended
// when it was asked for.
func (p *Pool) connect(values, dials context.Context, ended int) {
	p.cfg.Trace.connection("", Connecting)
	s, err := p.open(values, dials, ended)
	if err != nil {
		p.cfg.Trace.connection(Connecting, "")
		return
	}
	s.listen()
	p.cfg.Trace.connection(Connecting, Busy)
	p.serve(&worker{session: s, wake: make(chan struct{}, 1)})
}

// dialContext ends with the pool's dials, at once and for all of them, and has
// the values of a mail.
type dialContext struct {
	context.Context
	values context.Context
}

func (c dialContext) Value(key any) any { return c.values.Value(key) }

// open opens a session, unless dials ends before, and counts it as standing.
func (p *Pool) open(values, dials context.Context, ended int) (*session, *Error) {
	ctx := dialContext{dials, values}
	ours := false // the gate's turn
	observe := func(stage Stage, start time.Time, _ Reply, err *Error) {
		p.cfg.Trace.stage(ctx, stage, start, err)
	}
	enter := func() (err error) {
		if !ours {
			ours, err = p.gate.enter(ctx)
		}
		return err
	}
	s, err := open(ctx, &p.cfg, observe, enter)
	if needsConfirmation(err) || s.hungUpOnPlain(err) {
		s, err = open(ctx, &p.cfg, observe, enter)
	}
	defer func() { p.gate.leave(ours, err) }() // when those behind it are stopped

	p.mu.Lock()
	defer p.mu.Unlock()
	p.dialing--
	switch {
	case err == nil:
		p.standing++
	case ctx.Err() != nil: // stopped with others, whose error the mails have
		p.dispatch()
	default:
		p.connectFailed(err, ended == p.ended)
	}
	p.signalDrained()
	return s, err
}

// connectFailed decides what a refused connection means for the waiting mails.
// While others stand, come or go, or did when it was asked for, it means only
// that there was no room for more. If it was the only one, every waiting mail
// fails with it: a dial for each of them would be a storm against a relay in
// trouble, and so would more AUTHs after one refusal. What another connection may
// not meet ends none that is being opened. The caller must have the lock.
func (p *Pool) connectFailed(err *Error, alone bool) {
	certain := err.Sender() && !needsConfirmation(err) || err.Stage == StageAuth
	if p.standing == 0 && (alone && p.dialing+p.leaving == 0 || certain) {
		p.relayDown(err)
		return
	}
	pause := dialPause
	if err.Stage == StageAuth && err.Sender() {
		pause = authPause
	}
	p.pauseDials(pause)
	if p.dialing+p.leaving == 0 {
		p.allowAnySession()
	}
	p.dispatch()
}

// pauseDials opens no connection beside standing ones for a while. It cuts no
// pause short that was begun before. The caller must have the lock.
func (p *Pool) pauseDials(pause time.Duration) {
	if until := time.Now().Add(pause); until.After(p.notBefore) {
		p.notBefore = until
	}
}

// relayDown fails every waiting mail, and those of the next second, because the
// relay is unreachable or takes no mail. Until it takes one there is one connection
// at a time. The caller must have the lock.
func (p *Pool) relayDown(err *Error) {
	p.stopDials()
	p.dials, p.stopDials = context.WithCancel(p.running)
	p.failWaiting(err)
	p.down, p.downUntil = err, time.Now().Add(downPause)
}

// relayUp notes that the relay took a mail.
func (p *Pool) relayUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down != nil {
		p.down, p.downUntil = nil, time.Time{}
		p.dispatch()
	}
}

// sessionFailed notes that the relay ended a session at its first mail. After
// a few in a row, or one since it was down, there is no sense in opening more; but
// what it refuses for good before the end of a mail is that mail alone. The caller
// must have the lock.
func (p *Pool) sessionFailed(err *Error) {
	if err.Code == failure.Permanent {
		return
	}
	if p.lostAtFirst++; p.lostAtFirst < maxTries && p.down == nil {
		return
	}
	p.lostAtFirst = 0
	if p.standing+p.dialing > 0 {
		p.pauseDials(dialPause)
		return
	}
	forOthers := *err
	forOthers.Ambiguous = false // that is of one mail only
	p.relayDown(&forOthers)
}

// serve sends mails until the session ends: spent, full, idle for too long, not
// needed any more, or lost.
func (p *Pool) serve(w *worker) {
	defer context.AfterFunc(p.running, func() { w.session.abort(ErrClosed) })()
	s := w.session
	var lost *Error
	waited := false
	for more := true; more && lost == nil && !s.spent && !s.full(); {
		if j := p.nextFor(s.transactions == 0); j != nil {
			lost = s.deliver(j, p)
			continue
		}
		more, lost = p.waitForMail(w)
		waited = true
	}

	p.mu.Lock()
	p.leave(s)
	if lost != nil && !s.served && !waited && s.aborted() == nil {
		p.sessionFailed(lost)
	}
	p.dispatch() // it counted on this session: no mail waits for its farewell
	p.mu.Unlock()
	if lost == nil && !s.cut {
		_, _ = s.quit()
	} else {
		s.close()
	}
	p.cfg.Trace.connection(Busy, "")
	p.mu.Lock()
	p.leaving--
	p.dispatch()
	p.signalDrained()
	p.mu.Unlock()
}

// leave takes a session from those that stand. The caller must have the lock.
func (p *Pool) leave(s *session) {
	if s.slow {
		p.slowed--
	} else {
		p.standing--
	}
	p.leaving++
	p.ended++
	if s.served {
		p.lostAtFirst = 0
	}
	if s.full() {
		p.cfg.learned.messages.used(s.transactions)
	}
}

// waitForMail waits until there may be mail again. more is false when there will
// be none for this session, or the session is lost.
func (p *Pool) waitForMail(w *worker) (more bool, lost *Error) {
	s := w.session
	p.mu.Lock()
	switch {
	case p.waiting.Len() > p.fresh, p.fresh > 0 && s.transactions == 0:
		p.mu.Unlock()
		return true, nil
	case p.isClosed:
		p.mu.Unlock()
		return false, nil
	}
	p.idle = append(p.idle, w)
	_ = s.raw.SetReadDeadline(time.Time{}) // a dead connection shows at the read
	p.mu.Unlock()
	p.cfg.Trace.connection(Busy, Idle)
	defer p.cfg.Trace.connection(Idle, Busy)

	idle := time.NewTimer(p.cfg.IdleTimeout)
	defer idle.Stop()
	select {
	case <-w.wake:
	case got := <-s.replies:
		p.leaveIdle(w)
		return false, s.unsolicited(StageNoop, got)
	case <-idle.C:
		if p.leaveIdle(w) {
			return false, nil
		}
		<-w.wake
	case <-p.closing.Done():
		if p.leaveIdle(w) {
			return false, nil
		}
		<-w.wake
	}
	if time.Since(s.usedAt) < p.pingAfter {
		return true, nil
	}
	lost = s.ping()
	return lost == nil, lost
}

// leaveIdle takes a worker out of the idle ones. It is false when dispatch has done
// so, to wake it for a mail.
func (p *Pool) leaveIdle(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, w)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	return true
}
