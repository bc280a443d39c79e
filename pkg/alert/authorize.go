package alert

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Authorize decides whether a caller may have an alert mailed: by the request's
// signature when the data source has a signing secret, else by the caller's
// role. Grafana lets every Viewer of the organization reach the resource API,
// so without this the data source would be an open relay. The Verifier that it
// returns has the last word, once the body was written to it. The error is a
// *failure.Error.
func Authorize(set *settings.Settings, query url.Values, role string, h http.Header, now time.Time) (*Verifier, error) {
	secret := SigningSecret(set, query)
	if !secret.IsSet() && query.Has(KeyID) {
		return nil, unsigned("the keyId of the contact point's URL is that of no signing secret of the data source",
			"Renew the contact point's token and secret on the page of the data source.")
	}
	if !set.Signed() {
		return &Verifier{}, RequireEditor(role)
	}
	return NewVerifier(secret.Reveal(), h, now)
}

// SigningSecret returns the secret that a contact point's URL names; none for a URL that
// names several.
func SigningSecret(set *settings.Settings, query url.Values) settings.Secret {
	if len(query[KeyID]) > 1 {
		return settings.Secret{}
	}
	return set.SigningSecret(query.Get(KeyID))
}

// RequireEditor lets the roles Editor and Admin pass. The error is a *failure.Error.
func RequireEditor(role string) error {
	if role == "Editor" || role == "Admin" {
		return nil
	}
	return notAllowed(role, failure.NeedsEditor.With())
}

// RequireAdmin lets the role Admin pass. The error is a *failure.Error.
func RequireAdmin(role string) error {
	if role == "Admin" {
		return nil
	}
	return notAllowed(role, failure.NeedsAdmin.With())
}

func notAllowed(role string, hint failure.Hint) error {
	message := "the role " + strconv.Quote(role) + " may not do this"
	if role == "" {
		message = "a caller without a role may not do this"
	}
	return refuse(failure.Role, 0, message, hint)
}
