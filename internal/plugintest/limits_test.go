package plugintest_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
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

// TestRetriesAreNoStormOfAUTH: each retry of a held mail makes the sender offer
// the credentials that the relay refuses.
func TestRetriesAreNoStormOfAUTH(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	ds.UID = t.Name()
	var tried atomic.Int32
	remove := r.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 5.7.8 no\r\n"), OnFire: func() { tried.Add(1) }})
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	if answer.Status != 502 || object(t, answer.Body)["code"] != "held" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	id := idOf(answer.Body)
	entry := func() map[string]any {
		return object(t, call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: viewer}).Body)
	}
	before := tried.Load()
	retry := plugintest.Request{Path: "deliveries/" + id + "/retry", User: editor}
	retries := 0
	for range 30 {
		if answer := call(t, p, ds, retry); answer.Status == 429 {
			break
		}
		retries++
		await(t, func() bool { return entry()["status"] == "held" })
	}
	if retries == 0 || retries > 6 || int(tried.Load()-before) > retries {
		t.Errorf("%d retries and %d AUTHs before the limit", retries, tried.Load()-before)
	}
	remove()
	// Mail that is not held is not what the limit is for.
	later := r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Reply("451 4.3.0 later\r\n")})
	defer later()
	ds.UID += " of another"
	id = idOf(call(t, p, ds, plugintest.Signed("alerts", another(t, 2))).Body)
	retry.Path = "deliveries/" + id + "/retry"
	for range 30 {
		if answer := call(t, p, ds, retry); answer.Status != 200 && answer.Status != 409 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
}

// TestPreviewsAreLimited: each may take seconds of a processor.
func TestPreviewsAreLimited(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if n := untilLimited(t, p, ds, plugintest.Request{Path: "preview", User: editor}, 500); n < 15 {
		t.Errorf("a person who writes a template is refused after %d previews", n)
	}
}

// TestValidationsAreLimited, and not those of a person who fills in the page.
func TestValidationsAreLimited(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if n := untilLimited(t, p, ds, plugintest.Request{Path: "validate", User: editor, Body: []byte("{}")}, 1000); n < 45 {
		t.Errorf("a person who fills in the page is refused after %d fields", n)
	}
}

// TestLargePreviewsDoNotHoldUpAlerts: while one is shown, others that are large
// are told to come again, and do not wait in the room that alerts need.
func TestLargePreviewsDoNotHoldUpAlerts(t *testing.T) {
	const large = 8
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	body, err := json.Marshal(map[string]any{
		"payload":  json.RawMessage(crowd(t, 1)),
		"settings": map[string]any{"subjectTemplate": slow, "textTemplate": slow, "htmlTemplate": slow, "padding": strings.Repeat("x", 100<<10)},
	})
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan int, large)
	for range large {
		go func() {
			answer, err := p.Call(within(t), ds, plugintest.Request{Path: "preview", Body: body, User: editor})
			if err != nil {
				t.Error(err)
			}
			answered <- answer.Status
		}()
	}
	if status := <-answered; status != 429 { // it came while another one was shown
		t.Errorf("the first answer is %d", status)
	}
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 0))); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	shown := 0
	for range large - 1 {
		if <-answered == 200 {
			shown++
		}
	}
	if shown == 0 {
		t.Error("no preview was shown")
	}
}

// slow is a template that is quick with the samples' few alerts, and takes far
// longer than it may with a hundred.
const slow = `{{range .Alerts}}{{range $.Alerts}}{{range $.Alerts}}{{range $.Alerts}}{{end}}{{end}}{{end}}{{end}}slow`

// crowd is a notification of a hundred alerts.
func crowd(t *testing.T, n int) []byte {
	t.Helper()
	var alerts []string
	for i := range 100 {
		alerts = append(alerts, fmt.Sprintf(`{"status":"firing","fingerprint":"%d","labels":{"alertname":"a","i":"%d"}}`, i, i))
	}
	return fmt.Appendf(nil, `{"status":"firing","groupKey":"crowd %d","alerts":[%s]}`, n, strings.Join(alerts, ","))
}

// TestASlowTemplateDoesNotSerializeItsStorm: each of the alerts may take a
// second of the template's, and all of them have to be answered in time.
func TestASlowTemplateDoesNotSerializeItsStorm(t *testing.T) {
	const storm = 60
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"textTemplate": slow})
	var posting sync.WaitGroup
	for n := range storm {
		posting.Go(func() {
			answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", crowd(t, n)))
			if err != nil || answer.Status/100 != 2 {
				t.Errorf("%v %d %s", err, answer.Status, answer.Body)
			}
		})
	}
	posting.Wait()
	if _, err := r.WaitMails(within(t), storm); err != nil {
		t.Error(err)
	}
	list := string(call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries", User: viewer}).Body)
	if n := strings.Count(list, "the built-in one was used"); n != storm {
		t.Errorf("the log says of %d mails that the built-in template was used", n)
	}
}
