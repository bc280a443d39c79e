package plugin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// testRequest is the body of POST /test. It may be empty.
type testRequest struct {
	// To receives the mail; empty: the default recipients, or those of the profile.
	To string `json:"to"`
	// Sample is what it shows; empty: alerts that fire.
	Sample string `json:"sample"`
	// Profile is whose mail it is; empty: the data source's own.
	Profile string `json:"profile"`
}

// postTest sends a sample notification, once and at once, and answers with the
// relay's words. It does not go through the outbox: a person waits for it.
func (d *DataSource) postTest(w http.ResponseWriter, r *http.Request) error {
	sender, err := d.validSender()
	if err != nil {
		return err
	}
	var request testRequest
	if err := decodeOptional(r, &request); err != nil {
		return err
	}
	n, err := sampleOf(r.Context(), request.Sample)
	if err != nil {
		return err
	}
	recipients, err := d.testRecipients(request, role(r))
	if err != nil {
		return err
	}
	if err := allow(w, d.limits.test, 1); err != nil {
		return err
	}
	result, messageID, err := sender.SendNow(r.Context(), n, recipients)
	if err != nil {
		return err
	}
	answer := receipt{Status: "sent", MessageID: messageID, Reply: result.Reply.String()}
	for _, to := range result.Recipients {
		if to.Err == nil {
			answer.Accepted = append(answer.Accepted, to.Address)
		} else {
			answer.Rejected = append(answer.Rejected, rejection{to.Address, to.Err.Reply.Code, to.Err.Reply.EnhancedCode, to.Err.Error()})
		}
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// sampleOf returns the notification that a test mail and a preview show, with links into
// the Grafana that asks.
func sampleOf(ctx context.Context, kind string) (*alert.Notification, error) {
	kind = cmp.Or(kind, alert.SampleKinds[0])
	if !slices.Contains(alert.SampleKinds, kind) {
		return nil, failure.New(failure.Body, fmt.Sprintf(`"sample" is %q`, kind), failure.Say("Take one of "+strings.Join(alert.SampleKinds, ", ")+"."))
	}
	url, _ := config.GrafanaConfigFromContext(ctx).AppURL() // without it there are no links
	return alert.Sample(kind, time.Now(), url), nil
}

// testRecipients lets an Admin, who may change the settings, mail the sample to
// anyone, and an Editor to those whom alerts may reach.
func (d *DataSource) testRecipients(request testRequest, role string) (*alert.Recipients, error) {
	set, err := profile(&d.settings, request.Profile)
	if err != nil {
		return nil, err
	}
	if request.To == "" {
		return alert.Resolve(&alert.Overrides{}, set)
	}
	to, err := address.Parse(request.To)
	if err != nil {
		return nil, failure.New(failure.Body, `"to": `+err.Error(), failure.AddressForm.With())
	}
	only := *set
	only.To, only.Cc, only.Bcc = []address.Address{to}, nil, nil
	if role != "Admin" {
		if _, err := alert.Resolve(&alert.Overrides{To: only.To}, set); err != nil {
			return nil, err
		}
	}
	return alert.Resolve(&alert.Overrides{}, &only)
}
