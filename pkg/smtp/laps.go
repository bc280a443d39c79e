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
	return laps{trace: s.cfg.Trace, ctx: j.ctx, start: time.Now()}
}

// done ends a stage and begins the next.
func (l *laps) done(stage Stage, err *Error) {
	l.trace.stage(l.ctx, stage, l.start, err)
	l.start = time.Now()
}
