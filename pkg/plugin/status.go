package plugin

import (
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
)

// status is the answer of GET /status.
type status struct {
	Version string `json:"version"`
	delivery.Status
}

// getStatus says how the data source is doing. It names no recipient.
func (d *DataSource) getStatus(w http.ResponseWriter, r *http.Request) error {
	found := d.service.Status(r.Context(), d.source, d.sender)
	found.Outbox = healthFor(role(r), found.Outbox)
	writeJSON(w, http.StatusOK, status{Version: d.version, Status: found})
	return nil
}
