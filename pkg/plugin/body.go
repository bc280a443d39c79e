package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// readJSON reads a body that says it is JSON, or does not say what it is.
func readJSON(r *http.Request) ([]byte, error) {
	if header := r.Header.Get("Content-Type"); header != "" {
		if kind, _, err := mime.ParseMediaType(header); err != nil || kind != "application/json" {
			return nil, &fault{http.StatusUnsupportedMediaType, problem{
				Error: "the Content-Type is " + header, Code: "content-type", Hint: "Send application/json.",
			}}
		}
	}
	if r.Body == nil { // Grafana's SDK gives an empty body none
		return nil, nil
	}
	// One octet more than the limit, which Decode refuses with its own words.
	var body bytes.Buffer
	body.Grow(int(min(max(r.ContentLength, 0), alert.MaxBody)) + bytes.MinRead)
	_, err := body.ReadFrom(io.LimitReader(r.Body, alert.MaxBody+1))
	return body.Bytes(), err
}

// decodeOptional reads a JSON body into v; no body leaves v as it is.
func decodeOptional(r *http.Request, v any) error {
	body, err := readJSON(r)
	if err != nil || len(body) == 0 {
		return err
	}
	if len(body) > alert.MaxBody {
		return &fault{http.StatusRequestEntityTooLarge, problem{Error: fmt.Sprintf("the body is larger than %d MiB", alert.MaxBody>>20), Code: alert.ReasonBody, Hint: "Send fewer alerts at once."}}
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badBody("the body is not the JSON that this route reads: "+err.Error(), "Send a JSON object as docs/api.md describes it.")
	}
	return nil
}

func badBody(message, hint string) error {
	return &fault{http.StatusBadRequest, problem{Error: message, Code: alert.ReasonBody, Hint: hint}}
}
