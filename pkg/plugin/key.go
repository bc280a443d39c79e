package plugin

import (
	"net/http"
	"net/url"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// keyRequest is the body of POST /key.
type keyRequest struct {
	// Query is what the contact point's URL has behind its question mark.
	Query string `json:"query"`
	// Secret is the signing secret that is about to be saved; empty: the saved one.
	Secret string `json:"secret"`
}

// keyedQuery is the answer of POST /key: the query with its key.
type keyedQuery struct {
	Query string `json:"query"`
}

// postKey adds the key to the query of a contact point's URL. The page cannot:
// a browser has no HMAC on a Grafana without TLS.
func (d *DataSource) postKey(w http.ResponseWriter, r *http.Request) error {
	if err := allow(w, d.limits.act, 1); err != nil {
		return err
	}
	var request keyRequest
	if err := decodeOptional(r, &request); err != nil {
		return err
	}
	query, err := alert.ParseQuery(request.Query)
	if err != nil {
		return err
	}
	secret := alert.SigningSecret(&d.settings, query)
	if request.Secret != "" {
		secret = settings.NewSecret(request.Secret)
	}
	if !secret.IsSet() {
		return failure.New(failure.Body, "there is no signing secret to make the key with", failure.SaveSecret.With())
	}
	query.Del("key")
	keyed := url.Values{"key": {alert.Key(secret, d.source, query)}}.Encode()
	if rest := query.Encode(); rest != "" {
		keyed = rest + "&" + keyed
	}
	writeJSON(w, http.StatusOK, keyedQuery{Query: keyed})
	return nil
}
