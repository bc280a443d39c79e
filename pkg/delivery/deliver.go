package delivery

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

var _ outbox.Handler = (*Sender)(nil)

// Deliver makes one attempt at a delivery, for the outbox.
func (s *Sender) Deliver(ctx context.Context, d outbox.Job) outbox.Outcome {
	ctx, span := tracing.DefaultTracer().Start(ctx, "deliver", oteltrace.WithAttributes(
		attribute.String("delivery.id", d.ID), attribute.Int("delivery.attempt", d.Attempt)))
	defer span.End()
	started := time.Now()
	result, subject, err := s.attempt(context.WithValue(ctx, deliveryKey{}, d.ID), d)
	outcome := outcomeOf(result, err)
	outcome.Subject = subject
	outcome.At, outcome.Duration = started, time.Since(started)
	attempts.WithLabelValues(attemptLabel(outcome, err)).Inc()

	s.logResult("attempt", result, err, "delivery", d.ID, "messageId", d.MessageID, "attempt", d.Attempt,
		"mailType", nhncloud.MailType(d.MailType).TakenAs(), "outcome", attemptLabel(outcome, err), "duration", outcome.Duration.String())
	return outcome
}

// attempt sends a job's mail. Where that is a digest, it is made first, and the subject
// is the digest's.
func (s *Sender) attempt(ctx context.Context, d outbox.Job) (result smtp.Result, subject string, err error) {
	if d.Digest() {
		if subject, err = s.makeDigest(ctx, &d.Delivery); err != nil {
			return smtp.Result{Recipients: []smtp.RecipientResult{{Address: d.Recipients[0].Address, Err: failure.Of(err)}}}, "", err
		}
	}
	result, err = s.transmit(ctx, d)
	return result, subject, err
}

// Probe runs the handshake as a paused sender, for the outbox.
func (s *Sender) Probe(ctx context.Context, mailType string) error {
	report := smtp.Check(ctx, s.relay(&s.settings, nhncloud.MailType(mailType)))
	if report.Err != nil {
		return report.Err
	}
	return nil
}

// resume brings back what was held for a sender that has just worked.
func (s *Sender) resume(ctx context.Context, t nhncloud.MailType) {
	if pool, err := s.pool(t); err == nil { // else it is closed, and dials no more
		pool.Redial()
	}
	box, err := s.service.Outbox(ctx)
	if err == nil {
		err = box.Resume(ctx, s.source, string(t))
	}
	if err != nil {
		s.log.Warn("held mail could not be resumed", "error", err.Error())
	}
}

// transmit sends a job's mail to the recipients that wait for it: in one
// transaction, or one for each.
func (s *Sender) transmit(ctx context.Context, d outbox.Job) (smtp.Result, error) {
	to := d.Pending()
	pool, err := s.pool(nhncloud.MailType(d.MailType))
	if err != nil {
		return smtp.Result{}, err
	}
	if !d.Individual {
		mail := smtp.Mail{From: d.From, Data: [][]byte{d.Message}, Begin: d.Begin}
		for _, r := range to {
			mail.To = append(mail.To, r.Address)
		}
		return pool.Send(ctx, mail)
	}

	// A recipient's place among all of them gives its mail the same Message-ID
	// in every attempt.
	place := make(map[string]int, len(d.Recipients))
	for i, r := range d.Recipients {
		place[r.Address] = i + 1
	}
	joined := smtp.Result{Recipients: make([]smtp.RecipientResult, len(to))}
	var (
		sending sync.WaitGroup
		mu      sync.Mutex
	)
	for i, r := range to {
		sending.Go(func() {
			result, err := s.transmitOne(ctx, pool, d, r, place[r.Address])
			if err == nil && d.Reached != nil {
				d.Reached(outcomeOf(result, nil).Results[0])
			}
			mu.Lock()
			defer mu.Unlock()
			joined.Recipients[i] = result.Recipients[0]
			if result.Reply.Code != 0 {
				joined.Reply = result.Reply
			}
		})
	}
	sending.Wait()
	return joined, joined.Verdict()
}

// transmitOne sends one recipient's own mail of an individual delivery.
func (s *Sender) transmitOne(ctx context.Context, pool *smtp.Pool, d outbox.Job, r outbox.Recipient, place int) (smtp.Result, error) {
	to, err := address.Parse(r.Address)
	if err != nil {
		err := &failure.Error{Code: failure.Local, Stage: smtp.StageQueue, Err: err}
		return smtp.Result{Recipients: []smtp.RecipientResult{{Address: r.Address, Err: err}}}, err
	}
	local, domain, _ := strings.Cut(d.MessageID, "@")
	id := fmt.Sprintf("%s.%d@%s", local, place, domain)
	return pool.Send(ctx, smtp.Mail{From: d.From, To: []string{r.Address}, Data: message.Addressed(d.Message, to, id), Begin: d.Begin})
}

// decidingFailure returns the failure that decides what becomes of a mail, also
// where some recipients have it: one that pauses the sender, or else the first.
func decidingFailure(result smtp.Result, err error) (first *failure.Error) {
	if err != nil {
		return failure.Of(err)
	}
	for _, r := range result.Recipients {
		if r.Err != nil && (first == nil || r.Err.Sender()) {
			first = r.Err
		}
	}
	return first
}

// outcomeOf returns the outcome that a result is for the outbox.
func outcomeOf(result smtp.Result, err error) outbox.Outcome {
	o := outbox.Outcome{
		Stage: string(smtp.StageContent), Code: result.Reply.Code,
		EnhancedCode: result.Reply.EnhancedCode, Text: result.Reply.Text,
	}
	for _, r := range result.Recipients {
		if r.Err == nil {
			o.Results = append(o.Results, outbox.Result{
				Address: r.Address, Status: outbox.Sent,
				Code: result.Reply.Code, EnhancedCode: result.Reply.EnhancedCode, Text: result.Reply.Text,
			})
			continue
		}
		o.Results = append(o.Results, outbox.Result{
			Address: r.Address, Status: statusOf(r.Err),
			Code: r.Err.Reply.Code, EnhancedCode: r.Err.Reply.EnhancedCode, Text: words(r.Err),
			Ambiguous: r.Err.Ambiguous,
		})
		o.Ambiguous = o.Ambiguous || r.Err.Ambiguous
	}
	first := decidingFailure(result, err)
	if first == nil {
		return o
	}
	o.Reason = first.Advice() // also where others have the mail
	if result.Accepted() == 0 {
		o.Stage, o.Code, o.EnhancedCode, o.Text = string(first.Stage), first.Reply.Code, first.Reply.EnhancedCode, words(first)
		// A connection that was lost under the mail says no more of it than one
		// that could not be made.
		o.Unreachable = smtp.Unreachable(first) || first.Code == failure.Network && !first.Ambiguous
	}
	switch then := first.Code.Then(); {
	case then == failure.Hold:
		o.Verdict = outbox.Hold
	case then == failure.Release && !first.Ambiguous && result.Accepted() == 0:
		o.Verdict = outbox.Release
	case first.Code == failure.Internal: // nothing is known of any recipient
		o.Rest = &outbox.Result{Status: outbox.Queued, Text: o.Text}
	}
	return o
}

// statusOf is what becomes of a recipient with whom the mail failed.
func statusOf(err *failure.Error) outbox.Status {
	if err.Code.Then() == failure.Final {
		return outbox.Failed
	}
	return outbox.Queued
}

// words are the relay's, or ours where it did not speak.
func words(err *failure.Error) string { return cmp.Or(err.Reply.Text, err.Error()) }

// logResult logs what the relay said of a mail, behind the fields that are given: a
// warning where somebody does not have it.
func (s *Sender) logResult(message string, result smtp.Result, err error, fields ...any) {
	fields = append(fields, "recipients", len(result.Recipients), "accepted", result.Accepted())
	level, stage, reply := s.log.Info, smtp.StageContent, result.Reply
	if failed := decidingFailure(result, err); failed != nil {
		level, stage, reply = s.log.Warn, failed.Stage, failed.Reply
		fields = append(fields, "code", failed.Code, "error", failed.Error())
	}
	if reply.Code != 0 {
		fields = append(fields, "reply", reply.String())
	}
	level(message, append(fields, "stage", stage)...)
}
