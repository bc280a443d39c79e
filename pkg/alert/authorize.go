package alert

import (
	"net/http"
	"strconv"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Authorize decides whether a caller may have an alert mailed: by the request's
// signature when the data source has a webhookSecret, else by the caller's
// role. Grafana lets every Viewer of the organization reach the resource API,
// so without this the data source would be an open relay. The Verifier that it
// returns has the last word, once the body was written to it. The error is a
// *failure.Error.
func Authorize(secret settings.Secret, role string, h http.Header, now time.Time) (*Verifier, error) {
	if secret.IsSet() {
		return NewVerifier(secret.Reveal(), h, now)
	}
	return &Verifier{}, RequireEditor(role)
}

// RequireEditor lets the roles Editor and Admin pass. The error is a *failure.Error.
func RequireEditor(role string) error {
	if role == "Editor" || role == "Admin" {
		return nil
	}
	message := "the role " + strconv.Quote(role) + " may not do this"
	if role == "" {
		message = "a caller without a role may not do this"
	}
	return refuse(failure.Role, 0, message, failure.NeedsEditor.With())
}
