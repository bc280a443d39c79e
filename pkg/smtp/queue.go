package smtp

import "time"

// enqueue puts a job behind the others.
func (p *Pool) enqueue(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed || p.isRetired {
		j.end(asFailure(StageQueue, ErrClosed))
		return
	}
	if p.standing+p.dialing == 0 && time.Now().Before(p.downUntil) {
		j.end(p.down)
		return
	}
	j.place = p.waiting.PushBack(j)
	p.dispatch()
}

// Redial dials at once a relay that was down: it has just taken the sender.
func (p *Pool) Redial() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.downUntil = time.Time{}
	p.dispatch()
}

// next takes the job that waits longest, for a session that has served before.
func (p *Pool) next() *job { return p.nextFor(false) }

// nextFor takes the job that waits longest, that may go on a session of that
// kind, and whose envelope may be sent.
func (p *Pool) nextFor(fresh bool) *job {
	for {
		j := p.waits(fresh)
		if j == nil || j.mail.Begin == nil {
			return j
		}
		err := j.mail.Begin()
		if err == nil {
			return j
		}
		j.end(asFailure(StageQueue, err))
	}
}

// waits takes the job that waits longest and that may go on a session of that
// kind. On a fresh one, a job that needs it comes before those that do not: nobody
// may open another for it.
func (p *Pool) waits(fresh bool) *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found *job
	for e := p.waiting.Front(); e != nil; {
		j := e.Value.(*job)
		e = e.Next()
		if cause := contextEnded(j.ctx); cause != nil { // its caller is about to take it back
			p.remove(j)
			j.end(asFailure(StageQueue, cause))
			continue
		}
		if j.fresh && !fresh {
			continue
		}
		if found == nil || j.fresh && !found.fresh {
			found = j
		}
		if !fresh || found.fresh || p.fresh == 0 {
			break
		}
	}
	if found != nil {
		p.remove(found)
		p.dispatch()
	}
	return found
}

// remove takes a job out of the queue. The caller must have the lock.
func (p *Pool) remove(j *job) {
	p.waiting.Remove(j.place)
	j.place = nil
	if j.fresh {
		j.fresh = false
		p.fresh--
	}
}

// putBack puts a job before the others: it was there first.
func (p *Pool) putBack(j *job) { p.insert(j, false) }

// renew puts a job before the others, for a fresh connection.
func (p *Pool) renew(j *job) { p.insert(j, true) }

func (p *Pool) insert(j *job, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running.Err() != nil || p.isRetired {
		j.end(asFailure(StageQueue, ErrClosed))
		return
	}
	if cause := contextEnded(j.ctx); cause != nil { // its caller waits for no other connection
		j.end(asFailure(StageQueue, cause))
		return
	}
	j.clear()
	j.place = p.waiting.PushFront(j)
	if fresh {
		j.fresh = true
		p.fresh++
	}
	// The session that brings it back tells of its own end next; until then
	// there is nobody to wake for it.
}

// allowAnySession lets every job go on any session, since no fresh one can be
// opened. The caller must have the lock.
func (p *Pool) allowAnySession() {
	for e := p.waiting.Front(); e != nil && p.fresh > 0; e = e.Next() {
		if j := e.Value.(*job); j.fresh {
			j.fresh = false
			p.fresh--
		}
	}
}

// failWaiting fails every waiting mail. The caller must have the lock.
func (p *Pool) failWaiting(err *Error) {
	for p.waiting.Len() > 0 {
		j := p.waiting.Front().Value.(*job)
		p.remove(j)
		j.end(err)
	}
}

// slow notes that a session waits long for the reply to a content, so that others
// are opened in its place. The mail whose envelope is behind the content (next, if
// there is one) goes back to the queue.
func (p *Pool) slow(next *job) {
	if next != nil {
		p.putBack(next)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.standing--
	p.slowed++
	p.dispatch()
}
