package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// keyParameter is the query parameter that holds the Key of the others.
const keyParameter = "key"

// KeyID is the query parameter that says which signing secret a contact point has; without
// it that is webhookSecret.
const KeyID = "keyId"

// Key makes the key that binds the query of a contact point's URL to a data
// source: with it, the URL works with these parameters and at this data source
// only. Grafana's own signature covers the body alone.
func Key(secret settings.Secret, source string, query url.Values) string {
	bound := maps.Clone(query)
	// Grafana adds the latter two to the URLs of some requests.
	for _, name := range []string{keyParameter, "orgId", "targetOrgId"} {
		bound.Del(name)
	}
	var f framed
	f.add("query") // no body that is signed begins like this
	f.add(source)
	f.add(bound.Encode())
	mac := hmac.New(sha256.New, []byte(secret.Reveal()))
	mac.Write(f)
	return hex.EncodeToString(mac.Sum(nil))
}

// CheckKey refuses a query that has a key and is not the one that the key was
// made for. A query without a key passes: the URL of a contact point may be a
// template, whose parameters nobody knows beforehand. The error is a *failure.Error.
func CheckKey(secret settings.Secret, source string, query url.Values) error {
	keys, bound := query[keyParameter]
	if !bound {
		return nil
	}
	if secret.IsSet() && len(keys) == 1 && hmac.Equal([]byte(keys[0]), []byte(Key(secret, source, query))) {
		return nil
	}
	return refuse(failure.Signature, http.StatusForbidden,
		"the query parameter key was made for other parameters, another data source or another signing secret",
		failure.Say("Restore the URL of the contact point, or take key out of it to choose the parameters by hand."))
}
