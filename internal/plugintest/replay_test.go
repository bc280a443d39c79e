package plugintest_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestReplayedSignatureIsNoSecondMail: whoever has seen a signed request may
// send it again for as long as its signature is good. Without deduplication by
// time (dedupeSeconds is 0) only the signature tells it from a new one.
func TestReplayedSignatureIsNoSecondMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"dedupeSeconds": 0})
	seen := plugintest.SignedAt("alerts", another(t, 1), -4*time.Minute)
	first := object(t, call(t, p, ds, seen).Body)
	for range 3 {
		if again := object(t, call(t, p, ds, seen).Body); again["status"] != "duplicate" || again["id"] != first["id"] {
			t.Errorf("%v, then %v", first, again)
		}
	}
	if r.Taken() != 1 {
		t.Errorf("%d mails", r.Taken())
	}
	// The contact point itself, later: the notification is due again.
	if later := object(t, call(t, p, ds, plugintest.SignedAt("alerts", another(t, 1), time.Minute)).Body); later["status"] != "sent" {
		t.Errorf("a new request is taken for a replay: %v", later)
	}
	for name, request := range map[string]plugintest.Request{
		"older than the skew":     plugintest.SignedAt("alerts", another(t, 2), -6*time.Minute),
		"from beyond the skew":    plugintest.SignedAt("alerts", another(t, 2), 6*time.Minute),
		"its timestamp exchanged": exchange(seen, strconv.FormatInt(time.Now().Unix(), 10)),
		"its timestamp left out":  exchange(seen, ""),
	} {
		if answer := call(t, p, ds, request); answer.Status != 401 {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	if r.Taken() != 2 {
		t.Errorf("%d mails", r.Taken())
	}
}

func exchange(r plugintest.Request, timestamp string) plugintest.Request {
	r.Header = r.Header.Clone()
	r.Header.Del(alert.TimestampHeader)
	if timestamp != "" {
		r.Header.Set(alert.TimestampHeader, timestamp)
	}
	return r
}
