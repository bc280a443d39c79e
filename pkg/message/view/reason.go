package view

import (
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// CauseAnnotation is where Grafana puts what went wrong when a query failed.
const CauseAnnotation = "Error"

// NotNamed is the reason of an alert in a digest that a later notification of its group
// did not name among those that fire.
const NotNamed = "NotNamed"

// StateOf tells apart what Grafana fires for want of data or for a failed
// query, which have names of their own or the reason in an annotation, and what it
// ended without seeing that the problem is gone.
func StateOf(a *alert.Alert) string {
	why := a.Annotations[alert.ReasonAnnotation]
	switch {
	case a.Closed():
		return Closed
	case a.Status == alert.Resolved:
		return Resolved
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

// reason is a sentence on a state that is not an ordinary one.
func reason(a *alert.Alert, state string, w *locale.Words) string {
	why := a.Annotations[alert.ReasonAnnotation]
	first, _, _ := strings.Cut(why, ",")
	switch {
	case state == Closed:
		key, known := map[string]string{
			"NoData": "reason.closed.nodata", "Error": "reason.closed.error", "Updated": "reason.closed.updated",
			"RuleDeleted": "reason.closed.deleted", "Paused": "reason.closed.paused", "MissingSeries": "reason.closed.missing",
			NotNamed: "reason.closed.unnamed",
		}[first]
		if !known {
			return w.Say("reason.closed.other", clean.Cut(clean.Line(why), maxLabel))
		}
		return w.Say(key)
	case state == Error:
		return w.Say("reason.firing.error")
	case state == NoData:
		if query := clean.Cut(clean.Line(a.Labels["ref_id"]), maxLabel); query != "" {
			return w.Say("reason.firing.nodata.query", query)
		}
		return w.Say("reason.firing.nodata")
	case why == "":
		return ""
	case keptLast(why) && first == "NoData":
		return w.Say("reason.kept.nodata")
	case keptLast(why) && first == "Error":
		return w.Say("reason.kept.error")
	}
	return w.Say("reason.other", clean.Cut(clean.Line(why), maxLabel))
}
