package smtp

import (
	"context"
	"slices"
	"time"
)

// worker is a session and the goroutine that serves mails with it.
type worker struct {
	session *session
	wake    chan struct{} // a mail waits; has room for the one signal an idle worker gets
}

// dispatch wakes idle sessions for the waiting mails, and opens more if those
// that stand or come are fewer than the mails. The caller has the lock.
func (p *Pool) dispatch() {
	for n := p.waiting.Len(); n > 0 && len(p.idle) > 0; n-- {
		last := len(p.idle) - 1
		p.idle[last].wake <- struct{}{}
		p.idle = slices.Delete(p.idle, last, last+1)
	}
	for p.waiting.Len() > p.standing+p.dialing && p.standing+p.leaving+p.dialing < p.cfg.MaxConnections {
		if p.standing+p.dialing > 0 && time.Now().Before(p.notBefore) {
			return
		}
		p.dialing++
		first := p.waiting.Front().Value.(*job)
		go p.connect(first.ctx, p.dials)
	}
}

// connect opens a session on behalf of the mail that waits longest, whose
// context gives its values, and serves mails with it.
func (p *Pool) connect(values, dials context.Context) {
	p.cfg.Trace.connection("", Connecting)
	s, err := p.open(values, dials)
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
func (p *Pool) open(values, dials context.Context) (*session, *Error) {
	ctx := dialContext{dials, values}
	ours := false // the gate's turn
	s, err := open(ctx, &p.cfg, func(stage Stage, start time.Time, _ Reply, err *Error) {
		p.cfg.Trace.stage(ctx, stage, start, err)
	}, func() (err error) {
		ours, err = p.gate.enter(ctx)
		return err
	})
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
		p.connectFailed(err)
	}
	p.settle()
	return s, err
}

// connectFailed decides what a refused connection means for the waiting mails.
// While others stand or are under way it means only that there is no room for
// more. But the last hope takes the mails with it: dialing on for each of them
// would be a storm against a relay in trouble, and so would more AUTHs after
// one refusal. The caller has the lock.
func (p *Pool) connectFailed(err *Error) {
	if p.standing == 0 && (p.dialing == 0 || err.Sender() || err.Stage == StageAuth) {
		p.stopDials()
		p.dials, p.stopDials = context.WithCancel(p.running)
		p.failWaiting(err)
		p.down, p.downUntil = err, time.Now().Add(downPause)
		return
	}
	p.notBefore = time.Now().Add(dialPause)
}

// sessionFailed notes that the relay ended a session at its first mail. After
// a few in a row there is no sense in opening more; but what it refuses for good
// before the end of a mail is that mail alone. The caller has the lock.
func (p *Pool) sessionFailed(err *Error) {
	if err.Class == Permanent {
		return
	}
	if p.useless++; p.useless < maxTries {
		return
	}
	p.useless = 0
	forOthers := *err
	forOthers.Ambiguous = false // that is of one mail only
	p.connectFailed(&forOthers)
}

// serve sends mails until the session ends.
func (p *Pool) serve(w *worker) {
	defer context.AfterFunc(p.running, func() { w.session.abort(ErrClosed) })()
	s := w.session
	var lost *Error
	rested := false
	for more := true; more && lost == nil; {
		if j := p.next(); j != nil {
			lost = s.deliver(j, p)
			continue
		}
		more, lost = p.rest(w)
		rested = true
	}

	p.mu.Lock()
	p.standing--
	p.leaving++
	switch {
	case s.served:
		p.useless = 0
	case lost != nil && !rested && s.aborted() == nil:
		p.sessionFailed(lost)
	}
	p.dispatch() // it counted on this session: no mail waits for its farewell
	p.mu.Unlock()
	if lost == nil {
		_, _ = s.quit()
	} else {
		s.close()
	}
	p.cfg.Trace.connection(Busy, "")
	p.mu.Lock()
	p.leaving--
	p.dispatch()
	p.settle()
	p.mu.Unlock()
}

// rest waits until there may be mail again. It is false when the session is
// to be closed: idle for too long, not needed any more, or lost.
func (p *Pool) rest(w *worker) (more bool, lost *Error) {
	s := w.session
	p.mu.Lock()
	if p.waiting.Len() > 0 {
		p.mu.Unlock()
		return true, nil
	}
	if p.isClosed {
		p.mu.Unlock()
		return false, nil
	}
	p.idle = append(p.idle, w)
	_ = s.raw.SetReadDeadline(time.Time{}) // a dead connection shows at the read
	p.mu.Unlock()
	p.cfg.Trace.connection(Busy, Idle)
	defer p.cfg.Trace.connection(Idle, Busy)

	timer := time.NewTimer(p.cfg.IdleTimeout)
	defer timer.Stop()
	select {
	case <-w.wake:
	case a := <-s.replies:
		p.awake(w)
		return false, s.unasked(StageNoop, a)
	case <-timer.C:
		if p.awake(w) {
			return false, nil
		}
		<-w.wake
	case <-p.closing.Done():
		if p.awake(w) {
			return false, nil
		}
		<-w.wake
	}
	if time.Since(s.usedAt) < p.probeAfter {
		return true, nil
	}
	lost = s.probe()
	return lost == nil, lost
}

// awake takes a worker out of the idle ones. It is false when somebody has
// done so, to wake it for a mail.
func (p *Pool) awake(w *worker) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.idle, w)
	if i < 0 {
		return false
	}
	p.idle = slices.Delete(p.idle, i, i+1)
	return true
}
