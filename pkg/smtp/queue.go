package smtp

import (
	"context"
	"time"
)

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

// next takes the job that waits longest.
func (p *Pool) next() *job {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.waiting.Len() > 0 {
		j := p.take()
		if j.ctx.Err() != nil { // its sender is about to take it back
			j.end(failure(StageQueue, context.Cause(j.ctx)))
			continue
		}
		p.dispatch()
		return j
	}
	return nil
}

// take removes the job that waits longest. The caller has the lock.
func (p *Pool) take() *job {
	j := p.waiting.Remove(p.waiting.Front()).(*job)
	j.place = nil
	return j
}

// putBack puts a job before the others: it was there first.
func (p *Pool) putBack(j *job) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running.Err() != nil || p.isRetired {
		j.end(failure(StageQueue, ErrClosed))
		return
	}
	if j.ctx.Err() != nil { // its sender waits for no other connection
		j.end(failure(StageQueue, context.Cause(j.ctx)))
		return
	}
	j.place = p.waiting.PushFront(j)
	// The session that brings it back tells of its own end next; until then
	// there is nobody to wake for it.
}

// lost puts a job back whose connection ended before the content can have
// been delivered, and through no fault of the mail's that we know of. Any
// other job has failed.
func (p *Pool) lost(j *job, cause *Error) {
	elsewhere := cause.Class == Unavailable ||
		cause.Class == Protocol && cause.Stage == StageRset ||
		cause.Class == Network && !cause.Ambiguous && !cause.Timeout()
	if elsewhere && j.tries < maxTries && j.undecided() && j.ctx.Err() == nil {
		p.putBack(j)
		return
	}
	if cause.Class == Protocol && cause.Stage != StageMessage {
		// Replies and commands did not match: no verdict of this flight counts.
		for i := range j.results {
			j.results[i].Err = nil
		}
	}
	j.end(cause)
}

// failWaiting fails every waiting mail. The caller has the lock.
func (p *Pool) failWaiting(err *Error) {
	for p.waiting.Len() > 0 {
		j := p.take()
		j.end(err)
	}
}
