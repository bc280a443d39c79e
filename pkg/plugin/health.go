package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// troubleshooting explains every failure of the health check.
const troubleshooting = "https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/troubleshooting.md"

// healthDetails is the JSONDetails of the health check.
type healthDetails struct {
	Report   *smtp.Report    `json:"report,omitempty"`
	Outbox   delivery.Health `json:"outbox"`
	Warnings []failure.Hint  `json:"warnings,omitempty"`
	failure.Hint
	ErrorLink string `json:"errorLink,omitempty"`
}

// CheckHealth answers "Save & test": it runs a real handshake and returns one
// sentence, with the stages as details.
func (d *DataSource) CheckHealth(ctx context.Context, req *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	details := healthDetails{Outbox: healthFor(roleIn(req.PluginContext), d.service.Health(ctx))}
	if details.Outbox.Warning != "" {
		details.Warnings = append(details.Warnings, failure.Say(details.Outbox.Warning))
	}
	if d.invalid != nil {
		details.Hint = failure.CorrectSettings.With()
		return unhealthy("The settings are not valid: "+oneLine(d.invalid), details)
	}
	if d.settings.TLSSkipVerify {
		details.Warnings = append(details.Warnings, failure.SkipVerify.With())
	}
	if len(d.settings.To)+len(d.settings.Cc)+len(d.settings.Bcc) == 0 {
		details.Warnings = append(details.Warnings, failure.NoDefault.With())
	}
	report := d.check(ctx)
	if report == nil {
		details.Hint = failure.AskLater.With("seconds", "5")
		return unhealthy("There are too many checks of this data source, and none has ended yet. "+details.English, details)
	}
	details.Report = report
	if report.Err != nil {
		details.Hint = report.Err.Hint
		return unhealthy(report.Err.Advice(), details)
	}
	if !details.Outbox.Available {
		details.English = details.Outbox.Warning
		return unhealthy("The relay accepts the credentials, but alerts cannot be stored: "+details.Outbox.Warning, details)
	}
	message := fmt.Sprintf("The relay %s:%d accepts the credentials (%s, AUTH %s).", d.settings.Host, d.settings.Port, report.TLS.Version, report.Mechanism)
	for _, w := range details.Warnings {
		message += " " + w.English
	}
	return result(backend.HealthStatusOk, message, details)
}

// check runs the handshake. Over the limit it returns what the last one found,
// since each offers the credentials, or nil as long as none has ended. A check
// whose caller gave up has found nothing.
func (d *DataSource) check(ctx context.Context) *smtp.Report {
	if !d.limits.health.Allow() {
		return d.checked.Load()
	}
	report := d.sender.Check(ctx)
	if ctx.Err() == nil {
		d.checked.Store(&report)
	}
	return &report
}

func unhealthy(message string, details healthDetails) (*backend.CheckHealthResult, error) {
	details.ErrorLink = troubleshooting
	return result(backend.HealthStatusError, strings.TrimSpace(message), details)
}

func result(status backend.HealthStatus, message string, details healthDetails) (*backend.CheckHealthResult, error) {
	encoded, err := json.Marshal(details)
	if err != nil {
		return nil, err
	}
	return &backend.CheckHealthResult{Status: status, Message: message, JSONDetails: encoded}, nil
}
