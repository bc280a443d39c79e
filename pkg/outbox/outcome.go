package outbox

import (
	"context"
	"time"
)

// Handler delivers the mail of one source.
type Handler interface {
	// Deliver sends d's mail to d.Pending() and says what came of it. It
	// returns soon after ctx ends: the lease is lost, or the source detaches.
	// A panic counts as a crashed attempt.
	Deliver(ctx context.Context, d Delivery) Outcome
}

// Prober is a Handler that can find out whether a paused sender works again.
type Prober interface {
	// Probe returns nil when the relay takes the sender again.
	Probe(ctx context.Context, mailType string) error
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
)

// Outcome is what came of an attempt.
type Outcome struct {
	Verdict Verdict
	// Away: the relay could not be had, which says nothing of the mail. What
	// failed so is due at once when the relay has taken another mail.
	Away bool
	// Ambiguous: the content was sent and the reply to it was not heard, so that
	// recipients who are pending may have the mail. Which of them, Results say;
	// without one, all.
	Ambiguous bool
	// Results are the relay's answers by recipient, Rest the answer for every
	// pending recipient that Results does not name; nil leaves them pending.
	Results []Result
	Rest    *Result
	// Reason is the attempt in a few words; empty takes Text.
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
func (out Outcome) apply(d Delivery, now int64) []Recipient {
	byAddress := make(map[string]*Result, len(out.Results))
	for i := range out.Results {
		byAddress[out.Results[i].Address] = &out.Results[i]
	}
	after := make([]Recipient, len(d.Recipients))
	for i, r := range d.Recipients {
		if result, named := byAddress[r.Address]; r.Status == Queued && (named || out.Rest != nil) {
			if !named {
				result = out.Rest
			}
			r.Status = result.Status
			if r.Status != Sent && r.Status != Failed {
				r.Status = Queued // whatever is not a verdict is no verdict
			}
			r.Code, r.EnhancedCode, r.Text = result.Code, clean(result.EnhancedCode), clean(result.Text)
			r.UpdatedAt = at(now)
		}
		after[i] = r
	}
	return after
}

// derive is the state that follows from the recipients: Queued while one is
// pending.
func derive(recipients []Recipient) Status {
	sent, failed := 0, 0
	for _, r := range recipients {
		switch r.Status {
		case Queued:
			return Queued
		case Sent:
			sent++
		default:
			failed++
		}
	}
	switch {
	case failed == 0:
		return Sent
	case sent == 0:
		return Failed
	}
	return Partial
}
