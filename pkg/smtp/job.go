package smtp

import (
	"cmp"
	"container/list"
	"context"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// A job is one transaction that somebody waits for.
type job struct {
	ctx   context.Context
	mail  Mail
	place *list.Element // in the pool's queue; nil when it does not wait

	tries    int  // fresh connections on which it was begun
	renewals int  // times a session that had served before gave it back
	fresh    bool // waits for a connection that has not served yet
	lockstep bool // goes one command at a time: the replies to its flight did not match
	reset    bool // has been refused before RSET
	limit    int  // mails that the session which refused it had carried; 0: none did

	results  []RecipientResult // one for each of mail.To
	overflow int               // how many recipients, the last ones, the transaction had no room for
	reply    Reply             // to the content
	done     chan struct{}     // closed when all these are final
}

// clear forgets what an earlier session said.
func (j *job) clear() {
	for i, to := range j.mail.To {
		j.results[i] = RecipientResult{Address: to}
	}
	j.overflow = 0
}

// fail gives every recipient that was not refused already the same error, if
// there is one.
func (j *job) fail(err *Error) { fail(j.results, err) }

// end fails the job and tells the one who waits for it.
func (j *job) end(err *Error) {
	j.fail(err)
	close(j.done)
}

func fail(results []RecipientResult, err *Error) {
	for i := range results {
		if results[i].Err == nil {
			results[i].Err = err
		}
	}
}

// undecided says whether there is a recipient that nobody refused.
func (j *job) undecided() bool {
	for i := range j.results {
		if j.results[i].Err == nil {
			return true
		}
	}
	return false
}

// refusedForGood says whether a refusal of one of the recipients is permanent, or
// pauses the sender.
func (j *job) refusedForGood() bool {
	for i := range j.results {
		if err := j.results[i].Err; err != nil && !err.Temporary() {
			return true
		}
	}
	return false
}

// contextEnded returns why the mail must not be sent any more, or nil. It compares
// the time, too: a context's own timer is late when the process was stopped for a
// while.
func contextEnded(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return cmp.Or(context.Cause(ctx), err)
	}
	if deadline, ok := ctx.Deadline(); ok && !time.Now().Before(deadline) {
		return context.DeadlineExceeded
	}
	return nil
}

// setAmbiguous takes back what was read as the reply to the content, since it may
// have been to another command: the relay may have the mail, or not.
func (j *job) setAmbiguous(lost *Error) {
	doubted := *lost
	doubted.Code, doubted.Stage, doubted.Ambiguous = failure.Protocol, StageContent, true
	for i := range j.results {
		if err := j.results[i].Err; err == nil || err.Stage == StageContent {
			j.results[i].Err = &doubted
		}
	}
	j.reply = Reply{}
}

// makeTemporary makes the refusals temporary, since they may concern the session.
func (j *job) makeTemporary() {
	for i := range j.results {
		if err := j.results[i].Err; err != nil {
			j.results[i].Err = asTemporary(err)
		}
	}
}
