package plugin

import (
	"errors"
	"net/http"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// errOutbox is what a Viewer is told when the outbox fails: its place, its
// database's user and the words of both are for those who can mend it.
var errOutbox = &fault{http.StatusServiceUnavailable, problem{
	Error: "the outbox cannot be used", Code: "outbox",
	Hint: "An Editor or Admin is told why, and so is Grafana's log.",
}}

// discreet is the error for somebody with a role.
func discreet(role string, err error) error {
	var (
		storage *outbox.StorageError
		closed  *delivery.NoOutboxError
	)
	if !errors.As(err, &storage) && !errors.As(err, &closed) || errors.Is(err, delivery.ErrOpening) || mayMend(role) {
		return err
	}
	return errOutbox
}

// discreetHealth is the state of the outbox for somebody with a role.
func discreetHealth(role string, h delivery.Health) delivery.Health {
	if mayMend(role) {
		return h
	}
	h.Location = ""
	if h.Warning != "" {
		h.Warning = "The outbox needs attention. " + errOutbox.problem.Hint
	}
	return h
}

func mayMend(role string) bool { return alert.RequireEditor(role) == nil }

// roleIn is the caller's role in the organization, empty when Grafana named none.
func roleIn(call backend.PluginContext) string {
	if call.User == nil {
		return ""
	}
	return call.User.Role
}
