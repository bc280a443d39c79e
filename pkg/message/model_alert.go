package message

import (
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
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

	StartsAt Time
	EndsAt   Time // zero while firing
	Duration Span // until EndsAt or now

	RuleURL      string
	RunbookURL   string
	DashboardURL string
	PanelURL     string
	SilenceURL   string // empty when resolved
	ImageURL     string
	Fingerprint  string

	priority Priority
}

// newAlert reads one alert; shared are the labels that the mail shows once.
func newAlert(a *alert.Alert, shared alert.KV, w *words, location *time.Location, now time.Time) *Alert {
	labels, annotations := cleanLabels(a.Labels), cleanAnnotations(a.Annotations)
	v := &Alert{
		State:        alertState(a),
		Name:         labels.Rule(),
		Severity:     labels.Severity(),
		Summary:      oneLine(annotations["summary"]),
		Description:  annotations["description"],
		Labels:       labels,
		Annotations:  annotations,
		Values:       values(a.Values),
		RuleURL:      webLink(a.GeneratorURL),
		RunbookURL:   link(annotations["runbook_url"]),
		DashboardURL: webLink(a.DashboardURL),
		PanelURL:     webLink(a.PanelURL),
		ImageURL:     webLink(a.ImageURL),
		Fingerprint:  cut(oneLine(a.Fingerprint), maxLabel),
	}
	if len(a.Values) == 0 && v.State != stateResolved {
		v.Values = evaluated(a.ValueString)
	}
	v.priority = priorityOf(v.Severity)
	if v.Name == "" {
		v.Name = w.say("unnamed")
	}
	if v.Description == v.Summary {
		v.Description = ""
	}
	v.StateText = w.say("state." + v.State)
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
	if v.State == stateResolved {
		end = a.EndsAt
		v.EndsAt = Time{end.In(location), w}
	} else {
		v.SilenceURL = webLink(a.SilenceURL)
	}
	v.StartsAt = Time{a.StartsAt.In(location), w}
	v.Duration = Span{unknownLength, w}
	if !a.StartsAt.IsZero() && !end.IsZero() {
		v.Duration.length = end.Sub(a.StartsAt)
	}
	return v
}

// alertState tells apart what Grafana fires for want of data or for a failed
// query: those alerts have names of their own, or the reason in an annotation.
func alertState(a *alert.Alert) string {
	if a.Status == alert.Resolved {
		return stateResolved
	}
	why := a.Annotations["grafana_state_reason"]
	switch {
	case keptLast(why): // it fired before the query failed
		return stateFiring
	case a.Labels[alert.NameLabel] == "DatasourceNoData", strings.HasPrefix(why, "NoData"):
		return stateNoData
	case a.Labels[alert.NameLabel] == "DatasourceError", strings.HasPrefix(why, "Error"):
		return stateError
	}
	return stateFiring
}

// keptLast says whether a rule without data or with a failed query keeps the
// state that it had.
func keptLast(why string) bool { return strings.HasSuffix(why, ", KeepLast") }

// reason is a sentence for Grafana's grafana_state_reason.
func reason(why, state string, w *words) string {
	if why == "" {
		return ""
	}
	kind := stateFiring
	if state == stateResolved {
		kind = stateResolved
	} else if keptLast(why) {
		kind = "kept"
	}
	first, _, _ := strings.Cut(why, ",")
	key, known := map[string]string{
		"NoData": "nodata", "Error": "error", "Updated": "updated",
		"RuleDeleted": "deleted", "Paused": "paused", "MissingSeries": "missing",
	}[first]
	if !known || kind != stateResolved && key != "nodata" && key != "error" {
		return w.say("reason.other", oneLine(why))
	}
	return w.say("reason." + kind + "." + key)
}
