package digest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// Limits of one string in a note: of text in graphemes, of an address in octets.
const (
	maxText    = 60
	maxSummary = 80
	maxCause   = 150
	maxURL     = 512
)

// gravity orders alerts as a mail does: those that fire first, then by severity.
func gravity(a *alert.Alert) int {
	rank := alert.SeverityRank(a.Labels.Severity())
	if a.Status == alert.Resolved {
		rank += 3
	}
	return rank
}

// kindLabels say of which rule an alert is, how severe, and which query gave no data.
var kindLabels = slices.Concat([]string{alert.NameLabel, alert.RuleLabel, "ref_id", view.FolderLabel}, alert.SeverityLabels)

func kindOf(a *alert.Alert) noteKind {
	k := noteKind{
		Status: a.Status, Reason: noted(a.Annotations[alert.ReasonAnnotation]), Labels: alert.KV{},
		Rule: notedURL(a.GeneratorURL), Runbook: notedURL(a.Annotations["runbook_url"]),
	}
	if k.Runbook == "" {
		k.Runbook = notedURL(a.Annotations["runbook"])
	}
	for _, name := range kindLabels {
		if a.Labels[name] != "" {
			k.Labels[name] = noted(a.Labels[name])
		}
	}
	return k
}

func notedAlert(a *alert.Alert, id uint32, kind int) noteAlert {
	one := noteAlert{ID: id, Kind: kind, Where: place(a.Labels), From: unix(a.StartsAt), To: unix(a.EndsAt)}
	summary := a.Annotations["summary"]
	if summary == "" {
		summary = a.Annotations["message"]
	}
	one.Summary = clean.Cut(clean.Line(summary), maxSummary)
	if view.StateOf(a) == view.Error {
		one.Cause = clean.Cut(clean.Line(a.Annotations[view.CauseAnnotation]), maxCause)
	}
	return one
}

// place are the labels that say where an alert is.
func place(labels alert.KV) alert.KV {
	out := make(alert.KV)
	for _, name := range view.PlaceLabels(labels) {
		out[noted(name)] = noted(labels[name])
	}
	return out
}

// countsOf are the counts of alerts that the notification does not hold.
func countsOf(dropped map[alert.Kind]int) []noteCount {
	all := make(map[noteCount]int)
	order := slices.SortedFunc(maps.Keys(dropped), func(a, b alert.Kind) int {
		return cmp.Or(dropped[b]-dropped[a], strings.Compare(a.Status, b.Status), strings.Compare(a.Severity, b.Severity))
	})
	for i, kind := range order {
		c := noteCount{Status: kind.Status, Severity: shortSeverity(kind.Severity)}
		if i >= maxDropped {
			c.Severity = ""
		}
		all[c] += dropped[kind]
	}
	var out []noteCount
	for c, n := range all {
		out = append(out, noteCount{c.Status, c.Severity, n})
	}
	slices.SortFunc(out, func(a, b noteCount) int {
		return cmp.Or(strings.Compare(a.Status, b.Status), strings.Compare(a.Severity, b.Severity))
	})
	return out
}

func noted(s string) string { return clean.CutMiddle(clean.Line(s), maxText) }

// notedURL is an address, or none where it would fill the note.
func notedURL(s string) string {
	if s = clean.URL(s); len(s) <= maxURL {
		return s
	}
	return ""
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// encoded is a part of a note as JSON, the same each time.
func encoded(v any) []byte {
	data, err := json.Marshal(v, json.Deterministic(true))
	if err != nil { // every string is clean
		return []byte("{}")
	}
	return data
}
