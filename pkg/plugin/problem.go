package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// retryAfter is what a 503 asks of the caller, in seconds.
const retryAfter = "30"

var rejectedRequests = promauto.NewCounterVec(prometheus.CounterOpts{
	Namespace: "nhncloud_email", Name: "rejected_requests_total",
	Help: "Requests of contact points that were refused, by reason.",
}, []string{"reason"})

// A counter that is absent until its first event hides that event from
// increase(): the reasons for which an alert is not mailed are there at once.
func init() {
	for _, reason := range []string{
		alert.ReasonSignature, alert.ReasonReplayed, alert.ReasonRole, alert.ReasonBody, alert.ReasonParameter, alert.ReasonRecipients,
		"method", "content-type", "settings", "content", "rate",
		"held", "failed", "unavailable", "outbox", "outbox-full", "internal",
	} {
		rejectedRequests.WithLabelValues(reason)
	}
}

// problem is the body of every answer that is not a success: what went wrong,
// a short code for programs, and what to do about it. Error stands first, since
// Grafana shows only the first 1,024 octets of the answer to a contact point.
type problem struct {
	Error string `json:"error"`
	Code  string `json:"code"`
	Hint  string `json:"hint,omitempty"` // in English
	// HintID and HintArgs tell the page a hint that it has in other languages.
	HintID   failure.ID        `json:"hintId,omitempty"`
	HintArgs map[string]string `json:"hintArgs,omitempty"`
}

// fault is an error that knows its answer.
type fault struct {
	status  int
	problem problem
}

func (f *fault) Error() string { return f.problem.Error }

// badParameter is a fault of the query string.
func badParameter(message string) error {
	return &fault{http.StatusBadRequest, problem{Error: message, Code: alert.ReasonParameter, Hint: "Correct the query string of the URL."}}
}

// problemOf returns the HTTP status and the body for an error.
func problemOf(err error) (int, problem) {
	var (
		known   *fault
		refusal *alert.Refusal
		storage *outbox.StorageError
		closed  *delivery.NoOutboxError
		relay   *smtp.Error
		content *delivery.ContentError
	)
	switch {
	case errors.As(err, &known):
		return known.status, known.problem
	case errors.As(err, &refusal):
		return refusal.Status, problem{Error: refusal.Message, Code: refusal.Reason, Hint: sentence(refusal.Hint)}
	case errors.As(err, &content):
		return http.StatusUnprocessableEntity, problem{Error: content.Error(), Code: "content", Hint: "Correct the data source's settings, or the parameters in the contact point's URL."}
	case errors.Is(err, outbox.ErrNotFound):
		return http.StatusNotFound, problem{Error: err.Error(), Code: "not-found", Hint: "It may be older than the retention, or belong to another data source."}
	case errors.Is(err, outbox.ErrCursor):
		return http.StatusBadRequest, problem{Error: err.Error(), Code: alert.ReasonParameter, Hint: "Take the one that the page before named as next."}
	case errors.Is(err, outbox.ErrNotPossible):
		return http.StatusConflict, problem{Error: err.Error(), Code: "state", Hint: "Load the delivery again: its state says what can be done."}
	case errors.Is(err, outbox.ErrReplayed):
		return http.StatusForbidden, problem{
			Error: "this signature was used for another request already", Code: alert.ReasonReplayed,
			Hint: "A signature is good for one data source and one query string. Two integrations of one contact point sign alike: give the URL of each a key (POST /key), or each a contact point of its own, and each data source a signing secret of its own.",
		}
	case errors.Is(err, outbox.ErrFull):
		return http.StatusServiceUnavailable, problem{Error: err.Error(), Code: "outbox-full", Hint: "See why mail is not delivered: the data source's Save & test, or the delivery log."}
	case errors.Is(err, outbox.ErrClosed), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable, problem{Error: err.Error(), Code: "unavailable", Hint: "The alert was not taken; Grafana tries again while it fires."}
	case errors.As(err, &storage):
		return http.StatusServiceUnavailable, problem{Error: storage.Error(), Code: "outbox", Hint: sentence(storage.Remedy)}
	case errors.Is(err, delivery.ErrOpening):
		return http.StatusServiceUnavailable, problem{Error: err.Error(), Code: "outbox", Hint: "Wait: it is used as soon as it is ready."}
	case errors.As(err, &closed):
		return http.StatusServiceUnavailable, problem{Error: closed.Error(), Code: "outbox", Hint: "Correct [plugin." + ID + "] of grafana.ini."}
	case errors.As(err, &relay):
		return http.StatusBadGateway, problem{Error: relay.Error(), Code: string(relay.Class), Hint: relay.Hint.English, HintID: relay.Hint.ID, HintArgs: relay.Hint.Args}
	}
	return http.StatusInternalServerError, problem{Error: err.Error(), Code: "internal"}
}

// writeProblem answers with an error. It counts the errors of contact points only,
// each of which is an alert that was not mailed.
func writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	if r.URL.Path != alertsPath { // who may post alerts has a secret or a role, and may know the outbox
		err = errorFor(role(r), err)
	}
	status, p := problemOf(err)
	if r.URL.Path == alertsPath {
		rejectedRequests.WithLabelValues(p.Code).Inc()
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, status, p)
}

// writeJSON answers with a status and a body.
func writeJSON(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil {
		status, data = http.StatusInternalServerError, []byte(`{"error":"the answer could not be encoded","code":"internal"}`)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(data) // the caller is gone: nothing is left to tell it
}

// sentence gives a hint the form of one.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
