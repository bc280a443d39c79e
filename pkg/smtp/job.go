package smtp

import (
	"container/list"
	"context"
)

// A job is one transaction that somebody waits for.
type job struct {
	ctx   context.Context
	mail  Mail
	tries int           // connections that began it
	place *list.Element // in the pool's queue; nil when it does not wait

	results []RecipientResult // one for each of mail.To
	reply   Reply             // to the content
	done    chan struct{}     // closed when results and reply are final
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
