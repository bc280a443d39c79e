package plugin

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// requireJSON refuses a body whose Content-Type is not JSON.
func requireJSON(r *http.Request) error {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return nil
	}
	if kind, _, err := mime.ParseMediaType(header); err != nil || kind != "application/json" {
		return failure.New(failure.ContentType, "the Content-Type is "+header, failure.Say("Send application/json."))
	}
	return nil
}

// readBody returns the octets of a body, without a copy where they are here.
func readBody(r *http.Request) ([]byte, error) {
	switch b := r.Body.(type) {
	case nil: // as Grafana's SDK gives an empty one
		return nil, nil
	case *body:
		return b.octets, nil
	default:
		return io.ReadAll(r.Body)
	}
}

// decodeOptional reads a JSON body into v; no body leaves v as it is.
func decodeOptional(r *http.Request, v any) error {
	defer closeBody(r)
	if err := requireJSON(r); err != nil {
		return err
	}
	body, err := readBody(r)
	if err != nil || len(body) == 0 {
		return err
	}
	if len(body) > alert.MaxBody {
		large := failure.New(failure.Body, fmt.Sprintf("the body is larger than %d MiB", alert.MaxBody>>20), failure.Say("Send fewer alerts at once."))
		large.Status = http.StatusRequestEntityTooLarge
		return large
	}
	if err := json.Unmarshal(body, v); err != nil {
		return failure.New(failure.Body, "the body is not the JSON that this route reads: "+err.Error(), failure.Say("Send a JSON object as docs/api.md describes it."))
	}
	return nil
}

// closeBody ends the turn of a large body (see intake), so that the next is received.
func closeBody(r *http.Request) {
	if r.Body != nil {
		_ = r.Body.Close() // it never fails
	}
}
