package plugintest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// webhookSecret is the signing secret of the data sources that ForRelay makes.
const webhookSecret = "only-for-tests"

// ForRelay is a data source that mails through a test relay, with the settings
// in override replaced (nil removes a key).
func ForRelay(r *relaytest.Relay, mode nhncloud.PortMode, override map[string]any) DataSource {
	port := r.STARTTLSPort()
	if mode == nhncloud.TLSWrapper {
		port = r.TLSWrapperPort()
	}
	appKey, secretKey := r.Credentials()
	settings := map[string]any{
		"host": r.Host(), "port": port, "portMode": string(mode),
		"serverName": r.ServerName(), "tlsAuthWithCACert": true,
		"appKey": appKey, "fromAddress": "grafana@example.com", "fromName": "Grafana",
		"to": []string{"oncall@example.com"},
	}
	maps.Copy(settings, override)
	maps.DeleteFunc(settings, func(_ string, v any) bool { return v == nil })
	encoded, err := json.Marshal(settings)
	if err != nil {
		panic(err) // a mistake in the caller's source
	}
	return DataSource{
		UID:  "nhncloud-email",
		JSON: encoded,
		Secrets: map[string]string{
			"secretKey": secretKey, "webhookSecret": webhookSecret, "tlsCACert": string(r.CA()),
		},
		Updated: time.Now(),
	}
}

// posted counts what Signed made.
var posted atomic.Int64

// Signed is what Grafana's webhook contact point posts: signed with the
// secret of ForRelay, by a service account with the role Viewer. Each is signed
// at another second, as those that Grafana posts one after the other are: a
// signature is good for one request.
func Signed(path string, body []byte) Request { return SignedBy(webhookSecret, path, body) }

// SignedAt is Signed at a time of its own, some from now.
func SignedAt(path string, body []byte, from time.Duration) Request {
	return signedAt(webhookSecret, path, body, from)
}

// SignedBy is Signed with another secret.
func SignedBy(secret, path string, body []byte) Request {
	return signedAt(secret, path, body, time.Duration(posted.Add(1)%240-120)*time.Second)
}

func signedAt(secret, path string, body []byte, from time.Duration) Request {
	now := strconv.FormatInt(time.Now().Add(from).Unix(), 10)
	r := signed(secret, path, body, now+":")
	r.Header.Set(alert.TimestampHeader, now)
	return r
}

// SignedForEver is Signed by a contact point without a timestamp header.
func SignedForEver(path string, body []byte) Request {
	return signed(webhookSecret, path, body, "")
}

// signed is a request with the signature of its body behind prefix.
func signed(secret, path string, body []byte, prefix string) Request {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(prefix))
	mac.Write(body)
	r := Request{Path: path, Body: body, Header: make(http.Header), User: User{Login: "sa-1-nhncloud-email", Role: "Viewer"}}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set(alert.SignatureHeader, hex.EncodeToString(mac.Sum(nil)))
	return r
}
