package alert_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

const secret = "s3cret-of-the-contact-point"

var now = time.Date(2026, 11, 23, 6, 40, 0, 0, time.UTC)

// sign is the signature of a body, with a timestamp unless that is empty.
func sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	if timestamp != "" {
		body = timestamp + ":" + body
	}
	mac.Write([]byte(body))
	return hex.EncodeToString(mac.Sum(nil))
}

// verify checks a whole request.
func verify(secret string, h http.Header, body []byte, now time.Time) error {
	v, err := alert.NewVerifier(secret, h, now)
	if err != nil {
		return err
	}
	_, _ = v.Write(body)
	return v.Verify()
}

// authorize is the same where there may be no secret.
func authorize(secret settings.Secret, role string, h http.Header, body []byte) error {
	v, err := alert.Authorize(&settings.Settings{WebhookSecret: secret}, nil, role, h, now)
	if err != nil {
		return err
	}
	_, _ = v.Write(body)
	return v.Verify()
}

// unix is now and some as a timestamp.
func unix(d time.Duration) string { return strconv.FormatInt(now.Add(d).Unix(), 10) }

// signed is the headers of a signed request.
func signed(signature, timestamp string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if signature != "" {
		h.Set(alert.SignatureHeader, signature)
	}
	if timestamp != "" {
		h.Set(alert.TimestampHeader, timestamp)
	}
	return h
}

// The value was computed apart from this code:
// printf '1795416000:{"alerts":[]}' | openssl dgst -sha256 -hmac key
func TestSignatureOfAKnownRequest(t *testing.T) {
	h := signed("d205d1dedd0731e925012dbf563265179648c5c9c71fca8f54249dbf7438fd0e", "1795416000")
	if err := verify("key", h, []byte(`{"alerts":[]}`), time.Unix(1795416000, 0)); err != nil {
		t.Error(err)
	}
}

func TestSignaturesThatAreAccepted(t *testing.T) {
	const body = `{"alerts":[]}`
	tests := []struct {
		name string
		h    http.Header
	}{
		{"without a timestamp", signed(sign(secret, "", body), "")},
		{"with a timestamp", signed(sign(secret, unix(0), body), unix(0))},
		{"in capital digits", signed(strings.ToUpper(sign(secret, "", body)), "")},
		{"five minutes old", signed(sign(secret, unix(-5*time.Minute), body), unix(-5*time.Minute))},
		{"five minutes ahead", signed(sign(secret, unix(5*time.Minute), body), unix(5*time.Minute))},
		{"under header names in another case", http.Header{
			"x-grafana-alerting-signature": {sign(secret, unix(0), body)},
			"X-GRAFANA-ALERTING-TIMESTAMP": {unix(0)},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := verify(secret, tt.h, []byte(body), now); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSignaturesThatAreRefused(t *testing.T) {
	const body = `{"alerts":[]}`
	good := sign(secret, "", body)
	stamped := sign(secret, unix(0), body)
	twice := signed(good, "")
	twice.Add(alert.SignatureHeader, good)
	twoCases := signed(good, "")
	twoCases["x-grafana-alerting-signature"] = []string{good}
	twoTimes := signed(stamped, unix(0))
	twoTimes.Add(alert.TimestampHeader, unix(0))
	tests := []struct {
		name   string
		secret string
		h      http.Header
		words  string
	}{
		{"none", secret, signed("", ""), "not signed: the header X-Grafana-Alerting-Signature is missing"},
		{"none, but a timestamp", secret, signed("", unix(0)), "not signed"},
		{"not hexadecimal", secret, signed(strings.Repeat("z", 64), ""), "X-Grafana-Alerting-Signature is malformed"},
		{"too short", secret, signed(good[:62], ""), "X-Grafana-Alerting-Signature is malformed"},
		{"with a prefix", secret, signed("sha256="+good, ""), "X-Grafana-Alerting-Signature is malformed"},
		{"sent twice", secret, twice, "X-Grafana-Alerting-Signature is sent more than once"},
		{"sent twice in two cases", secret, twoCases, "X-Grafana-Alerting-Signature is sent more than once"},
		{"of another body", secret, signed(sign(secret, "", body+" "), ""), "the signature is wrong"},
		{"under another secret", secret, signed(sign("other", "", body), ""), "the signature is wrong"},
		{"under no secret", "", signed(sign("", "", body), ""), "there is no secret"},
		{"of another time", secret, signed(sign(secret, unix(1), body), unix(-time.Second)), "the signature is wrong"},
		{"with its timestamp dropped", secret, signed(stamped, ""), "the signature is wrong"},
		{"with a timestamp added", secret, signed(good, unix(0)), "the signature is wrong"},
		{"with two timestamps", secret, twoTimes, "X-Grafana-Alerting-Timestamp is sent more than once"},
		{"with a timestamp in words", secret, signed(sign(secret, "now", body), "now"), "X-Grafana-Alerting-Timestamp is malformed"},
		{"with a signed number", secret, signed(sign(secret, "+1795416000", body), "+1795416000"), "X-Grafana-Alerting-Timestamp is malformed"},
		{"with milliseconds", secret, signed(sign(secret, unix(0)+"000", body), unix(0)+"000"), "X-Grafana-Alerting-Timestamp is malformed"},
		{"too old", secret, signed(sign(secret, unix(-301*time.Second), body), unix(-301*time.Second)), "too old: it was made 5m1s ago"},
		{"of 1970", secret, signed(sign(secret, "0", body), "0"), "too old"},
		{"from the future", secret, signed(sign(secret, unix(301*time.Second), body), unix(301*time.Second)), "from the future: it was made 5m1s ahead"},
		{"from the far future", secret, signed(sign(secret, "999999999999", body), "999999999999"), "from the future"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := verify(tt.secret, tt.h, []byte(body), now)
			refused(t, err, http.StatusUnauthorized, failure.Signature, tt.words)
			for _, hidden := range []string{secret, good, stamped} {
				if strings.Contains(err.Error(), hidden) {
					t.Errorf("%q tells %q", err, hidden)
				}
			}
		})
	}
}

// A timestamp and body that were signed together must not pass as a body alone.
func TestASignedTimestampIsNoBody(t *testing.T) {
	body := unix(0) + `:{"alerts":[{"status":"firing"}]}`
	if err := verify(secret, signed(sign(secret, "", body), ""), []byte(body), now); err != nil {
		t.Fatal(err)
	}
	_, err := alert.Decode(strings.NewReader(body))
	refused(t, err, http.StatusUnprocessableEntity, failure.Body, "the body is of the wrong type: number")
}

func TestWhoMayHaveAnAlertMailed(t *testing.T) {
	const body = `{"alerts":[]}`
	good := signed(sign(secret, "", body), "")
	tests := []struct {
		name   string
		secret string
		role   string
		h      http.Header
		status int
		reason failure.Code
		words  string
	}{
		{"an Editor", "", "Editor", nil, 0, "", ""},
		{"an Admin", "", "Admin", nil, 0, "", ""},
		{"a Viewer", "", "Viewer", nil, 403, failure.Role, `the role "Viewer" may not do this`},
		{"a Viewer with a signature that nothing verifies", "", "Viewer", good, 403, failure.Role, `the role "Viewer" may not do this`},
		{"the role None", "", "None", nil, 403, failure.Role, `the role "None" may not do this`},
		{"nobody", "", "", nil, 403, failure.Role, "a caller without a role may not do this"},
		{"a role in lower case", "", "admin", nil, 403, failure.Role, `the role "admin" may not do this`},
		{"a Viewer who signs", secret, "Viewer", good, 0, "", ""},
		{"nobody who signs", secret, "", good, 0, "", ""},
		{"an Admin who does not sign", secret, "Admin", nil, 401, failure.Signature, "not signed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := authorize(settings.NewSecret(tt.secret), tt.role, tt.h, []byte(body))
			if tt.status == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, tt.status, tt.reason, tt.words)
		})
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("", "", []byte("{}"))
	f.Add(sign(secret, "", "{}"), "", []byte("{}"))
	f.Add(sign(secret, unix(0), "{}"), unix(0), []byte("{}"))
	f.Add(sign(secret, "0", "{}"), "0", []byte("{}"))
	f.Add(strings.Repeat("0", 64), "99999999999999999999", []byte(""))
	f.Fuzz(func(t *testing.T, signature, timestamp string, body []byte) {
		h := http.Header{alert.SignatureHeader: {signature}, alert.TimestampHeader: {timestamp}}
		err := verify(secret, h, body, now)
		expected := sign(secret, strings.TrimSpace(timestamp), string(body))
		if err == nil {
			if !strings.EqualFold(strings.TrimSpace(signature), expected) {
				t.Fatal("a wrong signature passes")
			}
			return
		}
		var r *failure.Error
		if !errors.As(err, &r) || r.HTTPStatus() != http.StatusUnauthorized || r.English == "" {
			t.Fatalf("not a whole refusal: %#v", err)
		}
		if strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), expected) {
			t.Fatalf("%q tells a secret", err)
		}
	})
}
