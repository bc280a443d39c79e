package smtp

import "time"

// enqueue puts a job behind the others.
func (p *Pool) enqueue(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isClosed || p.isRetired {
		j.end(failure(StageQueue, ErrClosed))
		return
	}
	if p.standing+p.dialing == 0 && time.Now().Before(p.downUntil) {
		j.end(p.down)
		return
	}
	j.place = p.waiting.PushBack(j)
	p.dispatch()
}

// next takes the job that waits longest, for a session that has served before.
func (p *Pool) next() *job { return p.nextFor(false) }

// nextFor takes the job that waits longest and that may go on a session of
// that kind. On a fresh one, a job that needs it comes before those that do not:
// nobody may open another for it.
func (p *Pool) nextFor(fresh bool) *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found *job
	for e := p.waiting.Front(); e != nil; {
		j := e.Value.(*job)
		e = e.Next()
		if cause := over(j.ctx); cause != nil { // its sender is about to take it back
			p.remove(j)
			j.end(failure(StageQueue, cause))
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

// remove takes a job out of the queue. The caller has the lock.
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
		j.end(failure(StageQueue, ErrClosed))
		return
	}
	if cause := over(j.ctx); cause != nil { // its sender waits for no other connection
		j.end(failure(StageQueue, cause))
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

// settleForAny lets jobs go on any session, since there is no hope of a fresh
// one. The caller has the lock.
func (p *Pool) settleForAny() {
	for e := p.waiting.Front(); e != nil && p.fresh > 0; e = e.Next() {
		if j := e.Value.(*job); j.fresh {
			j.fresh = false
			p.fresh--
		}
	}
}

// failWaiting fails every waiting mail. The caller has the lock.
func (p *Pool) failWaiting(err *Error) {
	for p.waiting.Len() > 0 {
		j := p.waiting.Front().Value.(*job)
		p.remove(j)
		j.end(err)
	}
}

// slow is told that the relay takes its time over the content of a mail. No
// mail waits for that session, least of all the one whose envelope is behind
// the content: next, if there is one.
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
