package plugin

import (
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
)

// status is the answer of GET /status.
type status struct {
	Version string `json:"version"`
	// Invalid is what is wrong with the saved settings, where something is.
	Invalid string `json:"invalid,omitempty"`
	delivery.Status
}

// getStatus says how the data source is doing. It names no recipient.
func (d *DataSource) getStatus(w http.ResponseWriter, r *http.Request) error {
	found := d.service.Status(r.Context(), d.source, d.sender)
	found.Outbox = healthFor(role(r), found.Outbox)
	answer := status{Version: d.version, Status: found}
	if d.invalid != nil {
		answer.Invalid = oneLine(d.invalid)
	}
	writeJSON(w, http.StatusOK, answer)
	return nil
}
