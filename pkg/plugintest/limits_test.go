package plugintest_test

import (
	"strconv"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/relaytest"
)

// untilLimited calls until the answer is 429 and returns how often it was not.
func untilLimited(t *testing.T, p *plugintest.Process, ds plugintest.DataSource, r plugintest.Request, most int) int {
	t.Helper()
	for n := range most {
		answer := call(t, p, ds, r)
		if answer.Status != 429 {
			continue
		}
		got := object(t, answer.Body)
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err != nil || seconds < 1 || got["code"] != "rate" || got["hint"] == "" {
			t.Errorf("%v %s", answer.Header, answer.Body)
		}
		return n
	}
	t.Fatalf("%s is not limited after %d calls", r.Path, most)
	return 0
}

func TestEachDataSourceIsLimitedByItself(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	busy := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"timeoutSeconds": 1})
	calm := busy
	calm.UID = "calm"
	for _, request := range []plugintest.Request{
		{Path: "test", User: editor},
		{Path: "diagnose?mode=starttls&port=" + strconv.Itoa(r.STARTTLSPort()), User: editor},
	} {
		if n := untilLimited(t, p, busy, request, 30); n < 6 {
			t.Errorf("%s is limited after %d calls: a person trying things out is refused", request.Path, n)
		}
		if answer := call(t, p, calm, request); answer.Status != 200 {
			t.Errorf("another data source is limited as well: %d %s", answer.Status, answer.Body)
		}
	}
	// Every port at once counts as often as it dials.
	everyPort := plugintest.Request{Path: "diagnose", User: editor}
	calm.UID = "every port"
	if n := untilLimited(t, p, calm, everyPort, 30); n > 3 {
		t.Errorf("%d rounds over every port", n)
	}
	// Alerts go on all the same.
	if answer := call(t, p, busy, plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}
