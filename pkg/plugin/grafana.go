package plugin

import (
	"errors"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// addressRequest is the body of POST /grafana.
type addressRequest struct {
	URL string `json:"url"`
}

// postGrafana says whether Grafana is at an address, before a contact point is made that
// posts there: a browser is elsewhere in the network than Grafana's server. As an Admin
// may give data sources any address, only an Admin may have this one tried.
func (d *DataSource) postGrafana(w http.ResponseWriter, r *http.Request) error {
	if err := alert.RequireAdmin(role(r)); err != nil {
		return err
	}
	if err := allow(w, d.limits.act, 1); err != nil {
		return err
	}
	var request addressRequest
	if err := decodeOptional(r, &request); err != nil {
		return err
	}
	if err := d.service.Grafana().Answers(r.Context(), request.URL); err != nil {
		message := "Grafana does not answer there"
		if f, ok := errors.AsType[*failure.Error](err); ok {
			message = f.Message
		}
		return failure.New(failure.Body, message, failure.GrafanaAddress.With())
	}
	writeJSON(w, http.StatusOK, struct{}{})
	return nil
}
