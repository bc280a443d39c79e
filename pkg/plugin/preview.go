package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// previewRequest is the body of POST /preview. Each part may be left out.
type previewRequest struct {
	// Payload is a webhook payload, shown as its first mail; without one a sample with
	// a history is rendered.
	Payload json.RawMessage `json:"payload"`
	// Sample is which one; empty: alerts that fire.
	Sample string `json:"sample"`
	// Settings are keys of jsonData that replace the saved ones.
	Settings map[string]json.RawMessage `json:"settings"`
	// Profile is whose mail it is; empty: the data source's own.
	Profile string `json:"profile"`
}

// preview is the answer: the parts, and the mail as it would be sent.
type preview struct {
	Subject  string   `json:"subject"`
	Text     string   `json:"text"`
	HTML     string   `json:"html"`
	Mail     string   `json:"mail"`
	Warnings []string `json:"warnings,omitempty"`
}

// postPreview renders a notification and sends nothing.
func (d *DataSource) postPreview(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, d.limits.preview, 1); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), previewWithin)
	defer cancel()
	if err := previewTurn(ctx, r); err != nil {
		w.Header().Set("Retry-After", "5")
		return failure.New(failure.Rate, "another preview is running", failure.AskLater.With("seconds", "5"))
	}
	defer previews.Release(1)
	var request previewRequest
	if err := decodeOptional(r, &request); err != nil {
		return err
	}
	set, err := d.previewSettings(request.Settings)
	if err != nil {
		wrong := failure.New(failure.Settings, err.Error(), failure.CorrectSettings.With())
		wrong.Status = http.StatusUnprocessableEntity // the request has them
		return wrong
	}
	n, err := previewed(ctx, request)
	if err != nil {
		return err
	}
	chosen, err := profile(&set, request.Profile)
	if err != nil {
		return err
	}
	shown := *chosen
	if len(shown.To)+len(shown.Cc)+len(shown.Bcc) == 0 {
		shown.To = []address.Address{shown.From} // contact points may name them by ?to= alone
	}
	recipients, err := alert.Resolve(&alert.Overrides{}, &shown)
	if err != nil {
		return err
	}
	content, mail, err := d.service.Preview(ctx, d.source, n, recipients)
	if err != nil {
		hint := failure.TemplateModel.With()
		if wrong, ok := errors.AsType[*sandbox.Error](err); ok {
			hint = failure.TemplateModel.With("setting", templateKey(&set, chosen, wrong.Template)) // where the page shows it
		}
		return failure.New(failure.Template, err.Error(), hint)
	}
	writeJSON(w, http.StatusOK, preview{content.Subject, content.Text, content.Inline(), string(mail), content.Warnings})
	return nil
}

// previewed is the notification that a preview shows.
func previewed(ctx context.Context, request previewRequest) (*alert.Notification, error) {
	if len(request.Payload) > 0 {
		return alert.Decode(bytes.NewReader(request.Payload))
	}
	n, err := sampleOf(ctx, request.Sample)
	if err == nil {
		n.SampleHistory(time.Now())
	}
	return n, err
}

// previewTurn waits for a preview's turn. A large request does not: until its body
// is read it takes part of the room that alerts need (see intake).
func previewTurn(ctx context.Context, r *http.Request) error {
	if r.ContentLength <= window {
		return previews.Acquire(ctx, 1)
	}
	if !previews.TryAcquire(1) {
		return errors.New("it is not its turn")
	}
	return nil
}

// previewSettings are the saved settings with some keys replaced.
func (d *DataSource) previewSettings(replaced map[string]json.RawMessage) (settings.Settings, error) {
	if len(replaced) == 0 {
		return d.settings, d.invalid
	}
	merged := make(map[string]json.RawMessage)
	if err := json.Unmarshal(d.jsonData, &merged); err != nil && len(d.jsonData) > 0 {
		return settings.Settings{}, fmt.Errorf("the saved settings are not a JSON object: %w", err)
	}
	for key, value := range replaced {
		merged[key] = value
	}
	// A preview uses no secret, and before the first save there is none. Whether there is
	// a token for Grafana decides whether mail has charts.
	delete(merged, "tlsAuthWithCACert")
	secrets := map[string]string{"secretKey": "of a preview", "grafanaToken": d.settings.GrafanaToken.Reveal()}
	encoded, err := json.Marshal(merged)
	if err != nil {
		return settings.Settings{}, err
	}
	return settings.Load(encoded, secrets)
}
