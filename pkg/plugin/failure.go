package plugin

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
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
	for _, code := range []failure.Code{
		failure.Signature, failure.Replayed, failure.Role, failure.Body, failure.Parameter, failure.Recipients,
		failure.Method, failure.ContentType, failure.Settings, failure.Content, failure.Rate,
		failure.Held, failure.Failed, failure.NotDurable, failure.Unavailable, failure.Outbox, failure.OutboxFull, failure.Internal,
	} {
		rejectedRequests.WithLabelValues(string(code))
	}
}

// ofOutbox lists the outbox's errors, and the failures that they are answered as.
var ofOutbox = []struct {
	err     error
	code    failure.Code
	message string // empty: the error's own
	hint    failure.Hint
}{
	{outbox.ErrNotFound, failure.NotFound, "", failure.Gone.With()},
	{outbox.ErrCursor, failure.Parameter, "", failure.Say("Take the one that the page before named as next.")},
	{outbox.ErrNotPossible, failure.State, "", failure.LoadAgain.With()},
	{outbox.ErrReplayed, failure.Replayed, "this signature was used for another request already",
		failure.Say("A signature is good for one data source and one query string. Two integrations of one contact point sign alike: give the URL of each a key (POST /key), or each a contact point of its own, and each data source a signing secret of its own.")},
	{outbox.ErrFull, failure.OutboxFull, "", failure.Say("See why mail is not delivered: the data source's Save & test, or the delivery log.")},
	{outbox.ErrClosed, failure.Unavailable, "", tryAgain},
	{context.Canceled, failure.Unavailable, "", tryAgain},
	{context.DeadlineExceeded, failure.Unavailable, "", tryAgain},
}

var tryAgain = failure.AskAgain.With()

// failureOf returns err as the failure that is answered, logged and counted.
func failureOf(err error) *failure.Error {
	if known, ok := errors.AsType[*failure.Error](err); ok {
		return known.Told()
	}
	for _, known := range ofOutbox {
		if errors.Is(err, known.err) {
			return failure.New(known.code, cmp.Or(known.message, err.Error()), known.hint)
		}
	}
	if storage, ok := errors.AsType[*outbox.StorageError](err); ok {
		cause := *storage
		cause.Remedy = "" // the hint has it
		return failure.New(failure.Outbox, cause.Error(), failure.Say(storage.Remedy))
	}
	return failure.Of(err).Told()
}

// writeFailure answers with an error. It counts the errors of contact points only,
// each of which is an alert that was not mailed.
func writeFailure(w http.ResponseWriter, r *http.Request, err error) {
	if r.URL.Path != alertsPath { // who may post alerts has a secret or a role, and may know the outbox
		err = errorFor(role(r), err)
	}
	f := failureOf(err)
	if r.URL.Path == alertsPath {
		rejectedRequests.WithLabelValues(string(f.Code)).Inc()
	}
	if f.HTTPStatus() == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", retryAfter)
	}
	writeJSON(w, f.HTTPStatus(), f)
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
