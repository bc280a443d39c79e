package smtp

import (
	"context"
	"time"
)

// laps times the stages of a transaction, each from the end of the one before.
type laps struct {
	trace Trace
	ctx   context.Context
	start time.Time
}

func (s *session) laps(j *job) laps {
	l := laps{trace: s.cfg.Trace, ctx: j.ctx}
	l.next()
	return l
}

// done ends a stage and begins the next.
func (l *laps) done(stage Stage, err *Error) {
	l.trace.stage(l.ctx, stage, l.start, err)
	l.next()
}

// next takes the time only if somebody wants to know it.
func (l *laps) next() {
	if l.trace.Stage != nil {
		l.start = time.Now()
	}
}
