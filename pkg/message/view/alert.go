package view

import (
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// Alert is what a template sees of one alert. URLs are http, https or mailto,
// or empty. Times are in the time zone of the mail.
type Alert struct {
	State       string // firing, resolved, nodata or error
	StateText   string // the same in the language of the mail
	Name        string // of the rule
	Severity    string // label severity or priority
	Summary     string
	Description string
	Reason      string // a sentence, when Grafana gave grafana_state_reason

	Labels      alert.KV
	OwnLabels   []Pair // those that not all alerts share, without the name
	Annotations alert.KV
	Notes       []Pair // annotations not shown elsewhere
	Values      []Pair // the results of the rule's queries, by RefID

	StartsAt locale.Time
	EndsAt   locale.Time // zero while firing
	Duration locale.Span // until EndsAt or now

	RuleURL      string
	RunbookURL   string
	DashboardURL string
	PanelURL     string
	SilenceURL   string // empty when resolved
	ImageURL     string
	Fingerprint  string

	rank int // of its severity: 0 is the gravest
}

// newAlert reads one alert; shared are the labels that the mail shows once.
func newAlert(a *alert.Alert, shared alert.KV, w *locale.Words, location *time.Location, now time.Time) *Alert {
	labels, annotations := cleanLabels(a.Labels), cleanAnnotations(a.Annotations)
	v := &Alert{
		State:        alertState(a),
		Name:         labels.Rule(),
		Severity:     labels.Severity(),
		Summary:      clean.Line(annotations["summary"]),
		Description:  annotations["description"],
		Labels:       labels,
		Annotations:  annotations,
		Values:       values(a.Values),
		RuleURL:      clean.WebURL(a.GeneratorURL),
		RunbookURL:   clean.URL(annotations["runbook_url"]),
		DashboardURL: clean.WebURL(a.DashboardURL),
		PanelURL:     clean.WebURL(a.PanelURL),
		ImageURL:     clean.WebURL(a.ImageURL),
		Fingerprint:  clean.Cut(clean.Line(a.Fingerprint), maxLabel),
	}
	if len(a.Values) == 0 && v.State != Resolved {
		v.Values = evaluated(a.ValueString)
	}
	v.rank = alert.SeverityRank(v.Severity)
	if v.Name == "" {
		v.Name = w.Say("unnamed")
	}
	if v.Description == v.Summary {
		v.Description = ""
	}
	v.StateText = w.Say("state." + v.State)
	v.Reason = reason(annotations["grafana_state_reason"], v.State, w)
	v.OwnLabels = pairs(labels, func(name string) bool {
		value, same := shared[name]
		isName := name == alert.NameLabel || name == alert.RuleLabel && labels[name] == v.Name
		return !private(name) && !isName && (!same || value != labels[name])
	})
	v.Notes = pairs(annotations, func(name string) bool {
		switch name {
		case "summary", "description", "grafana_state_reason":
			return false
		case "runbook_url":
			return v.RunbookURL == ""
		}
		return !private(name)
	})

	end := now
	if v.State == Resolved {
		end = a.EndsAt
		v.EndsAt = w.Time(end.In(location))
	} else {
		v.SilenceURL = clean.WebURL(a.SilenceURL)
	}
	v.StartsAt = w.Time(a.StartsAt.In(location))
	length := time.Duration(-1) // not known
	if !a.StartsAt.IsZero() && !end.IsZero() {
		length = end.Sub(a.StartsAt)
	}
	v.Duration = w.Span(length)
	return v
}

// alertState tells apart what Grafana fires for want of data or for a failed
// query: those alerts have names of their own, or the reason in an annotation.
func alertState(a *alert.Alert) string {
	if a.Status == alert.Resolved {
		return Resolved
	}
	why := a.Annotations["grafana_state_reason"]
	switch {
	case keptLast(why): // it fired before the query failed
		return Firing
	case a.Labels[alert.NameLabel] == "DatasourceNoData", strings.HasPrefix(why, "NoData"):
		return NoData
	case a.Labels[alert.NameLabel] == "DatasourceError", strings.HasPrefix(why, "Error"):
		return Error
	}
	return Firing
}

// keptLast says whether a rule without data or with a failed query keeps the
// state that it had.
func keptLast(why string) bool { return strings.HasSuffix(why, ", KeepLast") }

// reason is a sentence for Grafana's grafana_state_reason.
func reason(why, state string, w *locale.Words) string {
	if why == "" {
		return ""
	}
	kind := Firing
	if state == Resolved {
		kind = Resolved
	} else if keptLast(why) {
		kind = "kept"
	}
	first, _, _ := strings.Cut(why, ",")
	key, known := map[string]string{
		"NoData": "nodata", "Error": "error", "Updated": "updated",
		"RuleDeleted": "deleted", "Paused": "paused", "MissingSeries": "missing",
	}[first]
	if !known || kind != Resolved && key != "nodata" && key != "error" {
		return w.Say("reason.other", clean.Line(why))
	}
	return w.Say("reason." + kind + "." + key)
}

// Changed is when an alert took its present state.
func (a *Alert) Changed() locale.Time {
	if a.State == Resolved {
		return a.EndsAt
	}
	return a.StartsAt
}
