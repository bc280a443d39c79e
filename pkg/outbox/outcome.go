package outbox

import (
	"context"
	"fmt"
	"time"
)

// Handler delivers the mail of one source.
type Handler interface {
	// Deliver sends the job's mail to job.Pending() and says what came of it. It
	// returns soon after ctx ends: the lease is lost, or the source detaches.
	// ctx.Err compares the time with the lease, also where this process was
	// stopped for a while.
	Deliver(ctx context.Context, job Job) Outcome
	// Probe asks the relay whether it takes a paused sender again, and returns nil if
	// so.
	Probe(ctx context.Context, mailType string) error
}

// Job is a delivery to be attempted.
type Job struct {
	Delivery
	// Begin is called right before the envelope is sent. An error means that
	// it must not be.
	Begin func() error
	// Reached notes a recipient that has its mail before the attempt is over. That is
	// stored soon, so that it gets no second copy if the process ends.
	Reached func(Result)
}

// Verdict is what an Outcome means for the delivery.
type Verdict int

const (
	// Settle derives the state from the recipients: final when all of them
	// are, else queued for another attempt. It is the zero Verdict, so an
	// attempt of which nothing is known is repeated.
	Settle Verdict = iota
	// Hold keeps the mail and pauses its sender: the configuration is wrong,
	// not the mail.
	Hold
	// Release gives the delivery back as if it had not been claimed.
	Release
	// panicked: nothing is known of the attempt, and the mail may be why.
	panicked
)

// Outcome is what came of an attempt.
type Outcome struct {
	Verdict Verdict
	// Unreachable: the relay could not be reached, which says nothing of the
	// mail. What failed so is tried again early when the relay takes other mail.
	Unreachable bool
	// Ambiguous: the content was sent and the reply to it was not heard, so that
	// recipients who are pending may have the mail. Which of them, Results say;
	// without one, all.
	Ambiguous bool
	// Results are the relay's answers by recipient, Rest the answer for every
	// pending recipient that Results does not name; nil leaves them pending.
	Results []Result
	Rest    *Result
	// Subject is that of a digest, which is made for the attempt.
	Subject string
	// Reason sums up the attempt for people; empty takes Text.
	Reason string

	At           time.Time // when the attempt began; zero: when it was claimed
	Duration     time.Duration
	Stage        string
	Code         int
	EnhancedCode string
	Text         string
}

// Result is the relay's answer for one recipient.
type Result struct {
	Address string
	// Status is Sent (accepted), Failed (refused for good) or Queued (to be
	// tried again).
	Status       Status
	Code         int
	EnhancedCode string
	Text         string
	// Ambiguous: the recipient may have the mail, although Status is Queued.
	Ambiguous bool
}

// apply returns d's recipients as they are after the outcome.
func (out Outcome) apply(d Delivery, now time.Time) []Recipient {
	byAddress := make(map[string]*Result, len(out.Results))
	for i := range out.Results {
		byAddress[out.Results[i].Address] = &out.Results[i]
	}
	after := make([]Recipient, len(d.Recipients))
	for i, r := range d.Recipients {
		result, named := byAddress[r.Address]
		if !named {
			result = out.Rest
		}
		if result != nil && r.Pending() {
			r.Status = result.Status
			if r.Status != Sent && r.Status != Failed {
				r.Status = Queued // anything but an acceptance or a refusal is tried again
			}
			r.Code, r.EnhancedCode, r.Text = result.Code, result.EnhancedCode, result.Text
			r.UpdatedAt = now
		}
		after[i] = r
	}
	return after
}

// mayHave says whether the recipient is one of those who may have the mail.
func (out Outcome) mayHave(r Recipient) bool {
	named := false
	for _, result := range out.Results {
		if result.Ambiguous && result.Address == r.Address {
			return true
		}
		named = named || result.Ambiguous
	}
	return out.Ambiguous && !named
}

// giveUpUncertain fails the recipients who may have the mail, now that so many
// copies were sent, and returns the reason.
func (out Outcome) giveUpUncertain(recipients []Recipient, copies int, now time.Time) string {
	reason := fmt.Sprintf("the relay may have it: it was sent %d times without an answer to its content, and is not sent again", copies)
	for i := range recipients {
		if r := &recipients[i]; r.Pending() && out.mayHave(*r) {
			r.Status, r.UpdatedAt, r.Text = Failed, now, reason
		}
	}
	return reason
}

// derive returns the state that follows from the recipients: Queued while one is
// queued. Who is told in a digest has it, as if it were sent.
func derive(recipients []Recipient) Status {
	sent, others := 0, 0
	for _, r := range recipients {
		switch r.Status {
		case Queued:
			return Queued
		case Sent, Digested:
			sent++
		default:
			others++
		}
	}
	switch {
	case others == 0:
		return Sent
	case sent == 0:
		return Failed
	}
	return Partial
}
