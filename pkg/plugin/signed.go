package plugin

import (
	"net/http"
	"net/url"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// signedRequest is a request to mail an alert whose caller may have it mailed.
type signedRequest struct {
	body      []byte
	query     url.Values // without its key
	signature alert.Signature
	signed    bool // false: the caller's role is enough
}

// readSigned reads the body of an alert and checks that its caller may have it
// mailed. A request that its headers alone refuse is refused before its body is
// read.
func (d *DataSource) readSigned(r *http.Request) (*signedRequest, error) {
	if err := requireJSON(r); err != nil {
		return nil, err
	}
	query, queryErr := alert.ParseQuery(r.URL.RawQuery)
	verifier, err := alert.Authorize(&d.settings, query, role(r), r.Header, time.Now())
	if err != nil {
		return nil, err
	}
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	_, _ = verifier.Write(body) // it never fails
	if err := verifier.Verify(); err != nil {
		return nil, err
	}
	if queryErr != nil {
		return nil, queryErr
	}
	if err := alert.CheckKey(alert.SigningSecret(&d.settings, query), d.source, query); err != nil {
		return nil, err
	}
	signature := verifier.Signature(d.source, query)
	query.Del("key") // they are no parameters of the mail
	query.Del(alert.KeyID)
	return &signedRequest{body, query, signature, verifier.Signed()}, nil
}
