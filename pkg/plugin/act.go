package plugin

import (
	"context"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// retryDelivery makes a delivery due now. A held one makes the sender offer its
// credentials anew, which services count when they refuse them.
func (d *DataSource) retryDelivery(w http.ResponseWriter, r *http.Request) error {
	return d.answerEntry(w, r, func(box *outbox.Outbox, ctx context.Context, source, id string) (outbox.Delivery, error) {
		found, err := box.Get(ctx, source, id)
		if err != nil {
			return found, err
		}
		if found.Status == outbox.Held {
			if err := allow(w, d.limits.resume, 1); err != nil {
				return found, err
			}
		}
		if err := allow(w, d.limits.act, 1); err != nil {
			return found, err
		}
		return box.Retry(ctx, source, id)
	})
}

// cancelDelivery takes back a delivery that waits.
func (d *DataSource) cancelDelivery(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, d.limits.act, 1); err != nil {
		return err
	}
	return d.answerEntry(w, r, (*outbox.Outbox).Cancel)
}

// answerEntry does something with the delivery that the path names, and answers
// with it.
func (d *DataSource) answerEntry(w http.ResponseWriter, r *http.Request, do func(*outbox.Outbox, context.Context, string, string) (outbox.Delivery, error)) error {
	box, err := d.service.Outbox(r.Context())
	if err != nil {
		return err
	}
	found, err := do(box, r.Context(), d.source, r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, entryOf(found))
	return nil
}
