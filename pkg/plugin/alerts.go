package plugin

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// answerWithin is when POST /alerts answers at the latest: Grafana's webhook
// client gives up after 30 s, and an answer that comes too late is a failure.
const answerWithin = 20 * time.Second

// receipt is the answer to an alert that was taken.
type receipt struct {
	ID          string      `json:"id"`
	Status      string      `json:"status"`
	MessageID   string      `json:"messageId,omitempty"`
	Reply       string      `json:"reply,omitempty"`
	Accepted    []string    `json:"accepted,omitempty"`
	Rejected    []rejection `json:"rejected,omitempty"`
	NextAttempt *time.Time  `json:"nextAttempt,omitempty"`
}

// rejection is a recipient that the relay did not take, and its words; or what
// was named as one and is no address, told as a relay would.
type rejection struct {
	Address      string `json:"address"`
	Code         int    `json:"code,omitempty"`
	EnhancedCode string `json:"enhancedCode,omitempty"`
	Message      string `json:"message"`
}

// undelivered is the answer to an alert whose mail did not go out.
type undelivered struct {
	*failure.Error
	ID       string      `json:"id"`
	Status   string      `json:"status"`
	Rejected []rejection `json:"rejected,omitempty"`
}

// rejections are the entries of a request that are no addresses. 553 and 5.1.3
// are what RFC 5321 and RFC 3463 have for the syntax of a mailbox.
func rejections(entries []alert.Rejected) []rejection {
	var all []rejection
	for _, r := range entries {
		all = append(all, rejection{r.Entry, 553, "5.1.3", r.Reason})
	}
	return all
}

// postAlerts mails what a contact point posts, and answers with what became of it.
func (d *DataSource) postAlerts(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), answerWithin)
	defer cancel()
	ctx, span := tracing.DefaultTracer().Start(ctx, "alert")
	defer span.End()

	sender, err := d.validSender()
	if err != nil {
		return err
	}
	n, recipients, err := d.readAlert(w, r)
	if err != nil {
		return err
	}
	if notes := recipients.Notes(); len(notes) > 0 {
		d.missed.note(recipients.NoProfile)
		d.service.Log().Warn("an alert is not mailed as its contact point asks", "source", d.source, "error", strings.Join(notes, "; "))
	}
	accepted, err := sender.Accept(ctx, n, recipients)
	if err != nil {
		return err
	}
	answerReceipt(w, accepted, rejections(recipients.Rejected))
	return nil
}

// logRefused logs why an alert is refused, for whoever has only Grafana's log:
// a Grafana before 13.1 shows the status of the answer alone, and a later one its
// first 1,024 octets. An error that quotes the request may hold an address, so that
// only its hint is logged.
func (d *DataSource) logRefused(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		if err != nil {
			d.refused.Do(func() {
				f := failureOf(err)
				fields := []any{"source", d.source, "status", f.HTTPStatus(), "code", f.Code, "hint", f.English}
				if !slices.Contains([]failure.Code{failure.Body, failure.Parameter, failure.Recipients}, f.Code) {
					fields = append(fields, "error", oneLine(f))
				}
				d.service.Log().Warn("an alert was refused", fields...)
			})
		}
		return err
	}
}

// readAlert verifies, addresses and decodes a request, in this order: nothing
// of a request is looked at before it is known to be the contact point's.
func (d *DataSource) readAlert(w http.ResponseWriter, r *http.Request) (*alert.Notification, *alert.Recipients, error) {
	defer closeBody(r) // the notification has what it needs
	signed, err := d.readSigned(r)
	if err != nil {
		return nil, nil, err
	}
	if err := allow(w, d.limits.alerts, 1); err != nil {
		return nil, nil, err
	}
	overrides, err := alert.ParseOverrides(signed.query)
	if err != nil {
		return nil, nil, err
	}
	recipients, err := alert.ResolveTeams(overrides, &d.settings, func(name string) ([]address.Address, string) {
		return d.sender.TeamMembers(r.Context(), name)
	})
	if err != nil {
		return nil, nil, err
	}
	n, err := alert.Decode(bytes.NewReader(signed.body))
	if err != nil {
		return nil, nil, err
	}
	n.Signature, n.Signed = signed.signature, signed.signed
	n.Replaced, n.NoProfile, n.Visible = recipients.Replaced, recipients.NoProfile, recipients.Visible()
	return n, recipients, nil
}

// answerReceipt answers with what became of an alert, as the table in docs/api.md
// says. Each answer lists the entries of the request that are no addresses.
func answerReceipt(w http.ResponseWriter, got *delivery.Receipt, rejected []rejection) {
	d := &got.Delivery
	answer := receiptOf(d)
	refuse := func(code failure.Code, message, remedy string) {
		f := failure.New(code, message+d.Reason, failure.Say(remedy))
		rejectedRequests.WithLabelValues(string(code)).Inc()
		writeJSON(w, f.HTTPStatus(), undelivered{Error: f, ID: d.ID, Status: string(d.Status), Rejected: rejected})
	}
	answer.Rejected = append(answer.Rejected, rejected...)
	switch {
	case len(answer.Accepted) > 0:
		answer.Status = "sent"
		if got.Joined && d.Status.Final() {
			answer.Status = "duplicate"
		}
		writeJSON(w, http.StatusOK, answer)
	case slices.ContainsFunc(d.Recipients, func(to outbox.Recipient) bool { return to.Status == outbox.Digested }) && d.Status.Final():
		writeJSON(w, http.StatusAccepted, receipt{ID: d.ID, Status: "digested", Rejected: answer.Rejected})
	case d.Status == outbox.Held:
		refuse(failure.Held, "the relay refuses the sender: ", heldHint(got.Durable))
	case d.Status.Final():
		refuse(failure.Failed, "the mail was not delivered: ", "It is not tried again: the delivery log has the relay's words.")
	case !got.Durable:
		w.Header().Set("Retry-After", retryAfter)
		refuse(failure.NotDurable, "the mail could not be delivered now, and there is no durable outbox to keep it: ",
			"It is tried again while Grafana runs. Set outbox_url in [plugin."+ID+"] of grafana.ini to a place that lasts.")
	default:
		writeJSON(w, http.StatusAccepted, receipt{ID: d.ID, Status: "queued", NextAttempt: answer.NextAttempt, Rejected: rejected})
	}
}

// heldHint says how mail gets out that waits because the relay refuses the sender.
func heldHint(durable bool) string {
	if durable {
		return "The mail is kept. Correct the data source's settings: saving them sends it, and so does the relay taking the credentials again."
	}
	return "Correct the data source's settings. The outbox is in memory: the mail is lost when Grafana stops."
}

// receiptOf lists what the relay said of a delivery's recipients.
func receiptOf(d *outbox.Delivery) receipt {
	r := receipt{ID: d.ID, MessageID: d.MessageID}
	for _, to := range d.Recipients {
		switch {
		case to.Status == outbox.Sent:
			r.Accepted = append(r.Accepted, to.Address)
			r.Reply = smtp.Reply{Code: to.Code, EnhancedCode: to.EnhancedCode, Text: to.Text}.String()
		case to.Text != "":
			r.Rejected = append(r.Rejected, rejection{to.Address, to.Code, to.EnhancedCode, to.Text})
		}
	}
	r.NextAttempt = nextAttempt(*d)
	return r
}
