package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// Receipt is what became of an accepted notification by the time of the answer.
type Receipt struct {
	Delivery outbox.Delivery
	// Joined: the notification was here already; Delivery is the earlier one.
	Joined bool
	// Durable: the mail outlives this process while it waits.
	Durable bool
}

// Accept composes the mail of a notification, stores it and waits for the outcome of
// the first attempt, or until ctx ends: then the receipt says how far it is.
// An error means that nothing was accepted.
func (s *Sender) Accept(ctx context.Context, n *alert.Notification, r *alert.Recipients) (*Receipt, error) {
	box, err := s.service.Outbox(ctx)
	if err != nil {
		return nil, err
	}
	stored, outcome, err := s.store(ctx, box, n, r)
	if err != nil {
		return nil, err
	}
	return &Receipt{Delivery: outcome(ctx), Joined: stored.Joined, Durable: box.Describe().Durable}, nil
}

// store composes the mail of a notification and stores it. outcome waits for the first
// attempt.
func (s *Sender) store(ctx context.Context, box *outbox.Outbox, n *alert.Notification, r *alert.Recipients) (stored outbox.Enqueued, outcome func(context.Context) outbox.Delivery, err error) {
	conversation := alert.Conversation(s.source, n, r)
	hashes := hashesOf(n, s.source)
	s.addHistory(ctx, box, n, hashes, conversation)
	records := newRecords(n, hashes, time.Now())
	brake := s.brake(n, r, box.Now())
	mailed := brake.Until.IsZero() || brake.Exempt // else nobody sees its pictures
	var warnings []string
	turn, end := ctx, func() {}
	if mailed {
		turn, end = s.beginTurn(ctx, n, r)
		warnings = s.addCharts(turn, n, r)
	}
	defer end() // once it is stored: with pictures it may have ten megabytes
	linked, err := s.render(ctx, n, r)
	if err != nil {
		return stored, nil, err
	}
	linked.Warnings = append(linked.Warnings, warnings...)
	enqueue := func(content message.Content) error {
		delivery, err := s.compose(ctx, n, r, content)
		if err != nil {
			return err
		}
		delivery.Conversation, delivery.Alerts, delivery.Brake = conversation, records, brake
		if !mailed { // another contact point may have the same mailed at once
			delivery.Identity += " gathered by " + strings.ToLower(brake.Key)
		}
		stored, outcome, err = box.EnqueueToAwait(ctx, delivery)
		return err
	}
	embedded := linked
	if mailed {
		embedded = s.embed(ctx, turn, linked, n, r)
	}
	err = enqueue(embedded)
	if errors.Is(err, outbox.ErrFull) && len(embedded.Pictures) > 0 { // it may have room for the alert
		dropCharts(n)
		if linked, err = s.render(ctx, n, r); err != nil {
			return stored, nil, err
		}
		linked.Warnings = append(linked.Warnings, "pictures are linked, not embedded: the outbox is full, and charts are left out")
		err = enqueue(linked)
	}
	dropCharts(n) // whoever waits for the outcome keeps the notification
	return stored, outcome, err
}

// compose makes the mail of a notification. What can fail on its content fails
// here, before anything is stored.
func (s *Sender) compose(ctx context.Context, n *alert.Notification, r *alert.Recipients, content message.Content) (*outbox.NewDelivery, error) {
	_, span := tracing.DefaultTracer().Start(ctx, "compose")
	defer span.End()
	id := outbox.NewID()
	messageID := id + "@" + r.Settings.From.Domain
	mail, err := message.Compose(header(n, r, messageID), content)
	if err != nil {
		return nil, noMail(err)
	}
	span.SetAttributes(attribute.Int("alerts", len(n.Alerts)), attribute.Int("bytes", len(mail)))
	return &outbox.NewDelivery{
		Dedupe:    s.settings.Dedupe,
		Signature: outbox.Signature(n.Signature),
		Delivery: outbox.Delivery{
			ID:         id,
			Source:     s.source,
			MailType:   string(r.MailType),
			Identity:   alert.DeliveryIdentity(s.source, n, r),
			From:       r.Settings.From.Mailbox(),
			Individual: r.Mode == settings.Individual,
			Subject:    content.Subject,
			MessageID:  messageID,
			Note:       strings.Join(slices.Concat(content.Warnings, r.Notes(), s.domainNotes(r)), "; "),
			Message:    mail,
			Recipients: recipients(r),
		},
	}, nil
}

// noMail is why no mail can be made of a notification with the settings as they are.
func noMail(err error) error {
	return failure.New(failure.Content, err.Error(), failure.Say("Correct the data source's settings, or the parameters in the contact point's URL."))
}

func (s *Sender) render(ctx context.Context, n *alert.Notification, r *alert.Recipients) (message.Content, error) {
	ctx, span := tracing.DefaultTracer().Start(ctx, "render")
	defer span.End()
	renderer, err := s.renderer(r.Settings, r.Language, r.MailType)
	wrong := ""
	if err != nil && r.Settings.ProfileName != "" { // an alert is not lost for its template
		wrong = fmt.Sprintf("the profile %s has a mistake, so that the mail is as the data source's own: %v", r.Settings.ProfileName, err)
		renderer, err = s.renderer(&s.settings, r.Language, r.MailType)
	}
	if err != nil {
		return message.Content{}, noMail(err)
	}
	content := renderer.In(r.Location).Render(ctx, n, time.Now())
	if wrong != "" {
		content.Warnings = append(content.Warnings, wrong)
	}
	for _, warning := range content.Warnings {
		s.log.Warn("a template failed and another was used", "error", warning)
	}
	return content, nil
}

func header(n *alert.Notification, r *alert.Recipients, messageID string) message.Header {
	h := message.Header{
		From: r.Settings.From, ReplyTo: r.ReplyTo, Fields: r.Settings.Headers,
		To: r.To, Cc: r.Cc, Mode: r.Mode,
		MessageID: messageID, Thread: thread(n),
		Date: time.Now().In(r.Location),
	}
	if r.MailType == nhncloud.Ad {
		h.Unsubscribe = &r.Settings.Advertiser.Unsubscribe
	}
	return h
}

// thread returns what is equal for the mails of one incident of a group, or for all of
// the group where the incident is not known.
func thread(n *alert.Notification) string {
	thread := fmt.Sprint(n.ExternalURL, " ", n.OrgID, " ", n.GroupKey)
	if incident := n.History.Incident; !incident.IsZero() {
		thread += fmt.Sprint(" ", incident.UnixMicro())
	}
	return thread
}

func recipients(r *alert.Recipients) []outbox.Recipient {
	var all []outbox.Recipient
	for _, list := range []struct {
		kind outbox.Kind
		of   []address.Address
	}{{outbox.To, r.To}, {outbox.Cc, r.Cc}, {outbox.Bcc, r.Bcc}} {
		for _, a := range list.of {
			all = append(all, outbox.Recipient{Address: a.Mailbox(), Kind: list.kind, Status: outbox.Queued})
		}
	}
	return all
}

// sendNowWithin is how long a person waits for the relay's words: less than the
// ten minutes that it may take over a content.
const sendNowWithin = time.Minute

// SendNow sends one mail past the outbox, for a person who waits for the
// relay's words. A success brings held mail back.
func (s *Sender) SendNow(ctx context.Context, n *alert.Notification, r *alert.Recipients) (smtp.Result, string, error) {
	if s.drawsCharts(r) {
		addSampleChart(n, r.Location, time.Now())
	}
	content, err := s.render(ctx, n, r)
	if err != nil {
		return smtp.Result{}, "", err
	}
	turn, end := s.beginTurn(ctx, n, r)
	defer end()
	composed, err := s.compose(ctx, n, r, s.embed(ctx, turn, content, n, r))
	if err != nil {
		return smtp.Result{}, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, sendNowWithin)
	defer cancel()
	started := time.Now()
	results, err := s.transmit(context.WithValue(ctx, deliveryKey{}, composed.ID), outbox.Job{Delivery: composed.Delivery})
	s.logResult("test mail", results, err, "delivery", composed.ID, "messageId", composed.MessageID, "duration", time.Since(started).String())
	if err == nil && results.Accepted() > 0 {
		s.resume(ctx, r.MailType)
	}
	return results, composed.MessageID, err
}

// Preview renders and composes the mail that a notification would become, with a chart of
// made-up values where mail has charts.
func (s *Service) Preview(ctx context.Context, source string, n *alert.Notification, r *alert.Recipients) (message.Content, []byte, error) {
	if drawsCharts(s.Access(ctx, source, r.Settings), r) {
		addSampleChart(n, r.Location, time.Now())
	}
	renderer, err := newRenderer(r.Settings, r.Language, r.MailType)
	if err != nil {
		return message.Content{}, nil, err
	}
	content := renderer.Render(ctx, n, time.Now())
	h := header(n, r, "preview@"+r.Settings.From.Domain)
	mail, err := message.Compose(h, content)
	if err == nil && r.Mode == settings.Individual {
		mail = bytes.Join(message.Addressed(mail, r.All()[0], h.MessageID), nil)
	}
	return content, mail, err
}
