package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// troubleshooting explains every failure of the health check.
const troubleshooting = "https://github.com/nhncloud/nhncloud-email-datasource/blob/main/docs/troubleshooting.md"

// healthDetails is the JSONDetails of the health check.
type healthDetails struct {
	Report *smtp.Report       `json:"report,omitempty"`
	Domain *maildomain.Report `json:"domain,omitempty"`
	// ProfileDomains are the other domains that profiles send from.
	ProfileDomains []*maildomain.Report `json:"profileDomains,omitempty"`

	Outbox   delivery.Health    `json:"outbox"`
	Problems []settings.Problem `json:"problems,omitempty"` // of the settings
	Warnings []failure.Hint     `json:"warnings,omitempty"`
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
		details.Problems = d.problems()
		return unhealthy("The settings are not valid: "+oneLine(d.invalid), details)
	}
	details.Warnings = append(details.Warnings, d.settingsWarnings()...)
	report, domain := d.check(ctx)
	details.Domain, details.ProfileDomains = domain, d.sender.ProfileDomains()
	details.Warnings = append(details.Warnings, d.domainWarnings(domain)...)
	details.Warnings = append(details.Warnings, d.profileWarnings(details.ProfileDomains)...)
	details.Problems = d.profileProblems()
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
	if len(details.Problems) > 0 {
		details.Hint = failure.CorrectSettings.With()
		return unhealthy("The relay accepts the credentials, but what is wrong in a profile is not used: "+
			oneLine(&settings.Error{Problems: details.Problems}), details)
	}
	message := fmt.Sprintf("The relay %s:%d accepts the credentials (%s, AUTH %s).", d.settings.Host, d.settings.Port, report.TLS.Version, report.Mechanism)
	for _, w := range details.Warnings {
		message += " " + w.English
	}
	for _, f := range domain.Faulty() {
		message += " " + f.Record.Title() + ": " + f.Advice()
	}
	return result(backend.HealthStatusOk, message, details)
}

// settingsWarnings returns what is valid in the settings and probably not intended.
func (d *DataSource) settingsWarnings() (warnings []failure.Hint) {
	if d.settings.TLSSkipVerify {
		warnings = append(warnings, failure.SkipVerify.With())
	}
	if len(d.settings.To)+len(d.settings.Cc)+len(d.settings.Bcc) == 0 {
		warnings = append(warnings, failure.NoDefault.With())
	}
	if host := d.settings.Host; nhncloud.IsOldHost(host) {
		warnings = append(warnings, failure.OldHost.With("host", host, "now", nhncloud.Host))
	}
	return warnings
}

// domainWarnings returns what the report means for mail. The records themselves are shown
// beside it.
func (d *DataSource) domainWarnings(found *maildomain.Report) []failure.Hint {
	from := d.settings.From.Domain
	if nhncloud.IsPublicMail(from) {
		return []failure.Hint{failure.PublicDomain.With("domain", from)}
	}
	return domainHints(found, delivery.RestrictedHosts(d.settings.To, d.settings.Cc, d.settings.Bcc))
}

// check runs the handshake, and at the same time looks up the records of the sender's
// domain. Since each handshake offers the credentials, checks are limited: over the limit
// it returns the last result, or nil if there is none. A result that came after the caller
// had given up is not kept.
func (d *DataSource) check(ctx context.Context) (*smtp.Report, *maildomain.Report) {
	if !d.limits.health.Allow() {
		return d.checked.Load(), d.sender.Domain()
	}
	looked := make(chan *maildomain.Report, 1)
	go func() { looked <- d.sender.CheckDomain(ctx) }()
	report := d.sender.Check(ctx)
	if ctx.Err() == nil {
		d.checked.Store(&report)
	}
	return &report, <-looked
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
