package plugin

import (
	"errors"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// errOutboxHidden is what a Viewer is told when the outbox fails. The real error
// names its place and its database's user, which concern only those who can repair
// it.
var errOutboxHidden = failure.New(failure.Outbox, "the outbox cannot be used", failure.AskOperator.With())

// errorFor returns the error as somebody with a role may read it.
func errorFor(role string, err error) error {
	if failureOf(err).Code == failure.Outbox && !errors.Is(err, delivery.ErrOpening) && !mayOperate(role) {
		return errOutboxHidden
	}
	return err
}

// healthFor returns the state of the outbox as somebody with a role may read it.
func healthFor(role string, h delivery.Health) delivery.Health {
	if mayOperate(role) {
		return h
	}
	h.Location = ""
	if h.Warning != "" {
		h.Warning = "The outbox needs attention. " + errOutboxHidden.English
	}
	return h
}

// mayOperate says whether somebody with a role may learn where the outbox is.
func mayOperate(role string) bool { return alert.RequireEditor(role) == nil }

// roleIn returns the caller's role in the organization, empty when Grafana named none.
func roleIn(call backend.PluginContext) string {
	if call.User == nil {
		return ""
	}
	return call.User.Role
}
