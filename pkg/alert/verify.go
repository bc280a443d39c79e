package alert

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Headers of a signed webhook. Grafana lets a contact point name them; these
// are the names that this data source reads.
const (
	SignatureHeader = "X-Grafana-Alerting-Signature"
	TimestampHeader = "X-Grafana-Alerting-Timestamp"
)

// MaxSkew is how far a timestamp may be from now, either way.
const MaxSkew = 5 * time.Minute

// Verify checks a webhook's signature: the hexadecimal HMAC-SHA256 of the body
// under secret, or, when a timestamp is sent, of "<timestamp>:" and the body.
// The error is a *Refusal.
//
// A request replayed within MaxSkew passes here: SignedAt tells the repeat of a
// notification from a new one. A signature over "<timestamp>:<body>" cannot be
// passed off as one over a body without a timestamp, because no JSON value
// starts with digits and a colon.
func Verify(secret string, h http.Header, body []byte, now time.Time) error {
	if secret == "" {
		// Anyone can compute an HMAC under the empty key.
		return unsigned("there is no secret to verify the signature with", "set webhookSecret in the data source")
	}
	signature, ok := header(h, SignatureHeader)
	if !ok {
		return unsigned("the header "+SignatureHeader+" is sent more than once", "let the contact point alone set it")
	}
	if signature == "" {
		return unsigned("the request is not signed: the header "+SignatureHeader+" is missing",
			"set the data source's webhookSecret as the HMAC secret of the webhook contact point")
	}
	sent, err := hex.DecodeString(signature)
	if err != nil || len(sent) != sha256.Size {
		return unsigned("the header "+SignatureHeader+" is malformed",
			"it must be the HMAC-SHA256 of the body as 64 hexadecimal digits")
	}
	timestamp, ok := header(h, TimestampHeader)
	if !ok {
		return unsigned("the header "+TimestampHeader+" is sent more than once", "let the contact point alone set it")
	}
	mac := hmac.New(sha256.New, []byte(secret))
	var at time.Time
	if timestamp != "" {
		if at, ok = unixSeconds(timestamp); !ok {
			return unsigned("the header "+TimestampHeader+" is malformed", "it must be the time in whole Unix seconds")
		}
		_, _ = io.WriteString(mac, timestamp+":")
	}
	mac.Write(body)
	if !hmac.Equal(sent, mac.Sum(nil)) {
		return unsigned("the signature is wrong",
			"the HMAC secret of the webhook contact point must equal the data source's webhookSecret, and its timestamp header must be "+TimestampHeader+" or none")
	}
	if timestamp == "" {
		return nil
	}
	switch age := now.Sub(at); {
	case age > MaxSkew:
		return unsigned("the signature is too old: it was made "+age.Truncate(time.Second).String()+" ago",
			"synchronise the clocks of Grafana and its sender; "+MaxSkew.String()+" of difference are allowed")
	case age < -MaxSkew:
		return unsigned("the signature is from the future: it was made "+age.Abs().Truncate(time.Second).String()+" ahead",
			"synchronise the clocks of Grafana and its sender; "+MaxSkew.String()+" of difference are allowed")
	}
	return nil
}

// SignedAt is the time that a verified request was signed at, zero if it has
// none. What was signed before the same notification was delivered is a replay.
func SignedAt(h http.Header) time.Time {
	timestamp, _ := header(h, TimestampHeader)
	if timestamp == "" {
		return time.Time{}
	}
	at, _ := unixSeconds(timestamp)
	return at
}

// unsigned is a refusal of a request that proves no knowledge of the secret.
func unsigned(message, hint string) error {
	return &Refusal{Status: http.StatusUnauthorized, Reason: ReasonSignature, Message: message, Hint: hint}
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
