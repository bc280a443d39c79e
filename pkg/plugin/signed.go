package plugin

import (
	"net/http"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// readSigned reads the body of an alert and checks that its caller may have it
// mailed. A request that its headers alone refuse is refused before its body is
// read.
func (d *DataSource) readSigned(r *http.Request) ([]byte, alert.Signature, error) {
	if err := requireJSON(r); err != nil {
		return nil, alert.Signature{}, err
	}
	verifier, err := alert.Authorize(d.settings.WebhookSecret, role(r), r.Header, time.Now())
	if err != nil {
		return nil, alert.Signature{}, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, alert.Signature{}, err
	}
	_, _ = verifier.Write(body) // it never fails
	if err := verifier.Verify(); err != nil {
		return nil, alert.Signature{}, err
	}
	query, err := alert.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, alert.Signature{}, err
	}
	if err := alert.CheckKey(d.settings.WebhookSecret, d.source, query); err != nil {
		return nil, alert.Signature{}, err
	}
	signature := verifier.Signature(d.source, query)
	query.Del("key") // it is no parameter of the mail
	r.URL.RawQuery = query.Encode()
	return body, signature, nil
}
