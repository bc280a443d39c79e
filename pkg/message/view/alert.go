package view

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// Alert is what a template sees of one alert. URLs are http, https or mailto,
// or empty. Times are in the time zone of the mail.
type Alert struct {
	State       string // firing, resolved, closed, nodata or error
	StateText   string // the same in the language of the mail
	Name        string // of the rule
	Severity    string // label severity or priority
	Summary     string
	Description string // Markdown
	Reason      string // a sentence, where the state is not an ordinary one
	Cause       string // what went wrong, where the query failed

	Labels      alert.KV
	OwnLabels   []Pair // those that not all alerts share, without the name
	Annotations alert.KV
	Notes       []Pair  // annotations not shown elsewhere: Markdown
	Values      []Value // the results of the rule's queries, by RefID

	StartsAt locale.Time
	EndsAt   locale.Time // zero while firing
	Duration locale.Span // until EndsAt or now

	RuleURL      string
	RunbookURL   string
	DashboardURL string
	PanelURL     string
	SilenceURL   string // empty when it has ended
	ImageURL     string
	Chart        *Chart // nil: none
	Fingerprint  string

	New     bool   // since the last mail of the group
	History string // how often it fired in the last days, where it did before

	rank   int    // of its severity: 0 is the gravest
	places []Pair // where it is, the most telling first
	when   string // how long it has fired, for a row

	counted bool   // it has no line of a digest
	mailed  string // that a digest is not the only mail that tells its state

	changed bool // since the last mail of the group
	flaps   bool
	week    []Day // how often it fired on each day of its history
}

// Ended says whether the alert does not fire any more.
func (a *Alert) Ended() bool { return a.State == Resolved || a.State == Closed }

// newAlert reads one alert; shared are the labels that the mail shows once.
func newAlert(a *alert.Alert, shared alert.KV, w *locale.Words, location *time.Location, now time.Time) *Alert {
	labels, annotations := cleanLabels(a.Labels), cleanAnnotations(a.Annotations)
	v := &Alert{
		State:        StateOf(a),
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
		places:       placesOf(labels),
	}
	v.StateText = w.Say("state." + v.State)
	v.Reason = reason(a, v.State, w)
	v.rank = alert.SeverityRank(v.Severity)
	if v.Name == "" {
		v.Name = w.Say("unnamed")
	}
	if len(a.Values) == 0 && !v.Ended() {
		v.Values = evaluated(a.ValueString)
	}
	v.readAnnotations()
	v.OwnLabels = pairs(labels, func(name string) bool {
		value, same := shared[name]
		isName := name == alert.NameLabel || name == alert.RuleLabel && labels[name] == v.Name
		return !private(name) && !isName && (!same || value != labels[name])
	})
	v.setTimes(a, w, location, now)
	v.Chart = newChart(a, v, w)
	return v
}

// readAnnotations gives each annotation its place, and what has none to Notes.
func (a *Alert) readAnnotations() {
	fallback := a.Summary == "" // rules of Prometheus have other names
	if fallback {
		a.Summary = clean.Line(a.Annotations["message"])
	}
	runbook := "runbook_url"
	if a.RunbookURL == "" {
		runbook, a.RunbookURL = "runbook", clean.URL(a.Annotations["runbook"])
	}
	if a.State == Error {
		a.Cause = clean.Cut(a.Annotations[CauseAnnotation], maxCause)
	}
	if a.Description == a.Summary {
		a.Description = ""
	}
	a.Notes = pairs(a.Annotations, func(name string) bool {
		switch name {
		case "summary", "description", alert.ReasonAnnotation:
			return false
		case "message":
			return !fallback
		case runbook:
			return a.RunbookURL == ""
		case CauseAnnotation:
			return a.State != Error
		}
		return !private(name)
	})
}

// setTimes says since when, until when and how long.
func (a *Alert) setTimes(from *alert.Alert, w *locale.Words, location *time.Location, now time.Time) {
	end := now
	if a.Ended() {
		end = from.EndsAt
		a.EndsAt = w.Time(end.In(location))
	} else {
		a.SilenceURL = clean.WebURL(from.SilenceURL)
	}
	a.StartsAt = w.Time(from.StartsAt.In(location))
	length := time.Duration(-1) // not known
	if !from.StartsAt.IsZero() && !end.IsZero() {
		length = end.Sub(from.StartsAt)
	}
	a.Duration = w.Span(length)
}

// Changed is when an alert took its present state.
func (a *Alert) Changed() locale.Time {
	if a.Ended() {
		return a.EndsAt
	}
	return a.StartsAt
}
