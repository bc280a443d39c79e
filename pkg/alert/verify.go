package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// Headers of a signed webhook. Grafana lets a contact point name them; these
// are the names that this data source reads.
const (
	SignatureHeader = "X-Grafana-Alerting-Signature"
	TimestampHeader = "X-Grafana-Alerting-Timestamp"
)

// MaxSkew is how far a timestamp may be from now, either way.
const MaxSkew = 5 * time.Minute

// Verifier checks the signature of one request, whose body is written to it: the
// hexadecimal HMAC-SHA256 of the body under a secret or, when a timestamp is
// sent, of "<timestamp>:" and the body.
//
// A signature over "<timestamp>:<body>" cannot be passed off as one over a body
// without a timestamp, because no JSON value starts with digits and a colon.
type Verifier struct {
	mac  hash.Hash // nil: the caller's role is enough
	sent []byte
	// timestamped: the signature covers a time, so it is good for one request.
	timestamped bool
}

// NewVerifier reads what the headers of a request say of its signature. The
// error is a *failure.Error, of which nothing depends on the body: what cannot be
// accepted is refused before its body is read.
func NewVerifier(secret string, h http.Header, now time.Time) (*Verifier, error) {
	if secret == "" {
		// Anyone can compute an HMAC under the empty key.
		return nil, unsigned("there is no secret to verify the signature with", "Set webhookSecret in the data source.")
	}
	signature, ok := header(h, SignatureHeader)
	if !ok {
		return nil, unsigned("the header "+SignatureHeader+" is sent more than once", "Let the contact point alone set it.")
	}
	if signature == "" {
		return nil, unsigned("the request is not signed: the header "+SignatureHeader+" is missing",
			"Set the data source's webhookSecret as the HMAC secret of the webhook contact point.")
	}
	sent, err := hex.DecodeString(signature)
	if err != nil || len(sent) != sha256.Size {
		return nil, unsigned("the header "+SignatureHeader+" is malformed",
			"It must be the HMAC-SHA256 of the body as 64 hexadecimal digits.")
	}
	timestamp, ok := header(h, TimestampHeader)
	if !ok {
		return nil, unsigned("the header "+TimestampHeader+" is sent more than once", "Let the contact point alone set it.")
	}
	v := &Verifier{mac: hmac.New(sha256.New, []byte(secret)), sent: sent, timestamped: timestamp != ""}
	if !v.timestamped {
		return v, nil
	}
	at, ok := unixSeconds(timestamp)
	if !ok {
		return nil, unsigned("the header "+TimestampHeader+" is malformed", "It must be the time in whole Unix seconds.")
	}
	const remedy = "Synchronize the clocks of Grafana and its sender; "
	switch age := now.Sub(at); {
	case age > MaxSkew:
		return nil, unsigned("the signature is too old: it was made "+age.Truncate(time.Second).String()+" ago",
			remedy+MaxSkew.String()+" of difference are allowed.")
	case age < -MaxSkew:
		return nil, unsigned("the signature is from the future: it was made "+age.Abs().Truncate(time.Second).String()+" ahead",
			remedy+MaxSkew.String()+" of difference are allowed.")
	}
	_, _ = io.WriteString(v.mac, timestamp+":")
	return v, nil
}

// Write takes a part of the body. It never fails.
func (v *Verifier) Write(body []byte) (int, error) {
	if v.mac != nil {
		_, _ = v.mac.Write(body)
	}
	return len(body), nil
}

// Verify says whether the signature is that of what was written. The error is a
// *failure.Error.
func (v *Verifier) Verify() error {
	if v.mac != nil && !hmac.Equal(v.sent, v.mac.Sum(nil)) {
		return unsigned("the signature is wrong",
			"The HMAC secret of the webhook contact point must equal the data source's webhookSecret, and its timestamp header must be "+TimestampHeader+" or none.")
	}
	return nil
}

// Signed says whether the request has a signature at all, which Verify checks.
func (v *Verifier) Signed() bool { return v.mac != nil }

// Signature tells a signed request from every other, so that it is carried out
// once. It is zero where the signature may come again: a signature without a
// timestamp is the same for each repetition of a notification.
type Signature struct {
	Hash    string // of the signature
	Request string // a hash of what it came with: the data source and the query
	Bound   bool   // the query is bound by a Key
}

// Signature returns what tells the request, with its query and its data source,
// from every other.
func (v *Verifier) Signature(source string, query url.Values) Signature {
	if v.mac == nil || !v.timestamped {
		return Signature{}
	}
	var request framed
	request.add(source)
	request.add(query.Encode())
	return Signature{Hash: digest(v.sent), Request: request.sum(), Bound: query.Has(keyParameter)}
}

// unsigned is a refusal of a request that proves no knowledge of the secret.
func unsigned(message, hint string) error {
	return refuse(failure.Signature, 0, message, failure.Say(hint))
}

// header is the only value of a header, "" if there is none; not ok if there
// are several. The keys of h may be in any case, as Grafana hands them over.
func header(h http.Header, name string) (value string, ok bool) {
	n := 0
	for key, values := range h {
		if strings.EqualFold(key, name) {
			for _, value = range values {
				n++
			}
		}
	}
	return strings.TrimSpace(value), n <= 1
}

// unixSeconds reads decimal digits, few enough for the years up to 33658.
func unixSeconds(s string) (time.Time, bool) {
	if len(s) > 12 || strings.Trim(s, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	return time.Unix(seconds, 0), err == nil
}
