package smtp

import (
	"context"
	"time"
)

// stageTimer times the stages of a transaction, each from the end of the one before.
type stageTimer struct {
	trace Trace
	ctx   context.Context
	start time.Time
}

// startTimer begins to time the stages of a job's transaction.
func (s *session) startTimer(j *job) stageTimer {
	return stageTimer{trace: s.cfg.Trace, ctx: j.ctx, start: time.Now()}
}

// done ends a stage and begins the next.
func (t *stageTimer) done(stage Stage, err *Error) {
	t.trace.stage(t.ctx, stage, t.start, err)
	t.start = time.Now()
}
