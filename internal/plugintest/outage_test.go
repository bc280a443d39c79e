package plugintest_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// another is the nth alert that is not the same notification as any other, nor
// of the same group.
func another(t *testing.T, n int) []byte {
	t.Helper()
	start := time.Date(2026, 11, 23, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
	body := bytes.ReplaceAll(fixture(t, "firing-2.json"), []byte("2026-11-23T06:33:30Z"), []byte(start))
	return bytes.Replace(body, []byte(`"groupKey":"{}:{`), fmt.Appendf(nil, `"groupKey":"{}/{}:{n=\"%d\",`, n), 1)
}

// wake is a call that brings a data source's settings and changes nothing.
func wake(t *testing.T, p *plugintest.Process, ds plugintest.DataSource) map[string]any {
	t.Helper()
	return object(t, call(t, p, ds, plugintest.Request{Method: "GET", Path: "status", User: viewer}).Body)
}

func TestRelayDownIsAcceptedAndDeliveredAfterARestart(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	url := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	p := start(t, url, nil)
	r.Stop()
	answer := call(t, p, ds, plugintest.Signed("alerts", fixture(t, "firing-2.json")))
	got := object(t, answer.Body)
	if answer.Status != 202 || got["status"] != "queued" || got["nextAttempt"] == "" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	p.Kill()

	var out log
	p = start(t, url, &out)
	await(t, func() bool { return strings.Contains(out.String(), "mail waits for the first call of its data source") })
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	wake(t, p, ds)
	mails, err := r.WaitMails(within(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(mails[0].Data), "Message-ID: <"+got["id"].(string)+"@example.com>") {
		t.Error("the mail does not carry the delivery's id")
	}
}

func TestRelayDownWithoutADurableOutboxIsNotAccepted(t *testing.T) {
	r := relay(t, relaytest.Options{})
	r.Stop()
	p := start(t, "memory:", nil)
	answer := call(t, p, plugintest.ForRelay(r, nhncloud.STARTTLS, nil), plugintest.Signed("alerts", fixture(t, "firing-2.json")))
	if answer.Status != 503 || answer.Header.Get("Retry-After") == "" {
		t.Fatalf("%d %v %s", answer.Status, answer.Header, answer.Body)
	}
}

func TestSameNotificationIsOneMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	body := fixture(t, "firing-2.json")
	first := object(t, call(t, p, ds, plugintest.Signed("alerts", body)).Body)
	second := object(t, call(t, p, ds, plugintest.Signed("alerts", body)).Body)
	if first["status"] != "sent" || second["status"] != "duplicate" || first["id"] != second["id"] {
		t.Errorf("%v, then %v", first, second)
	}
	if n := r.Taken(); n != 1 {
		t.Errorf("%d mails", n)
	}
}

func TestRefusedSenderIsHeldWithOneAUTHAndResumesWithNewSettings(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	ds.Secrets["secretKey"] = "WrongKey"
	for n := range 3 {
		answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
		got := object(t, answer.Body)
		if answer.Status != 502 || got["status"] != "held" || got["code"] != "held" {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		if !strings.Contains(got["error"].(string), "535") || strings.Contains(string(answer.Body), "WrongKey") {
			t.Errorf("the words are not the relay's, or hold the secret: %s", answer.Body)
		}
	}
	auths := 0
	for _, s := range r.Sessions() {
		auths += s.AuthAttempts
	}
	if auths != 1 {
		t.Errorf("%d AUTHs for three alerts of a refused sender", auths)
	}

	ds.Secrets["secretKey"] = canarySecretKey
	ds.Updated = time.Now().Add(time.Second)
	wake(t, p, ds)
	if _, err := r.WaitMails(within(t), 3); err != nil {
		t.Fatal(err)
	}
}

// TestTestMailThatTheRelayTakesBringsHeldMailBack: the relay takes the
// credentials again, and nobody has to save the settings for that.
func TestTestMailThatTheRelayTakesBringsHeldMailBack(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	var out log
	p := start(t, "", &out)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	remove := r.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 5.7.8 Not now\r\n")})
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); object(t, answer.Body)["status"] != "held" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	remove()
	await(t, func() bool { // a moment after a refusal nothing is tried
		return call(t, p, ds, plugintest.Request{Path: "test", User: editor}).Status == 200
	})
	if _, err := r.WaitMails(within(t), 2); err != nil {
		t.Fatal(err)
	}
	taken := 0
	for _, s := range r.Sessions() {
		taken += s.AuthAttempts
	}
	if taken != 2 {
		t.Errorf("%d AUTHs: it was not the test mail that brought the other back", taken)
	}
	if !strings.Contains(out.String(), `"@message":"test mail"`) {
		t.Errorf("the log does not tell of the test mail: %s", out.String())
	}
}

func TestFullOutboxRefusesNewMailAndTakesRepeats(t *testing.T) {
	r := relay(t, relaytest.Options{})
	r.Stop()
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db")), "GF_PLUGIN_OUTBOX_MAX_MAILS=1",
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	for n, want := range []int{202, 503, 202} {
		answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n%2)))
		if answer.Status != want {
			t.Errorf("alert %d: %d %s", n, answer.Status, answer.Body)
		}
		if got := object(t, answer.Body); want == 503 && (got["code"] != "outbox-full" || answer.Header.Get("Retry-After") == "") {
			t.Errorf("%v %s", answer.Header, answer.Body)
		}
	}
}

func TestEveryRecipientRefusedIsFailedAndOneIsNot(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"to": []string{"a@example.com", "gone@example.com"}})
	r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "gone@", Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	if answer.Status != 200 || !strings.Contains(string(answer.Body), `"rejected":[{"address":"gone@example.com","code":550,"enhancedCode":"5.1.1","message":"No such user"}]`) {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "a@", Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	answer = call(t, p, ds, plugintest.Signed("alerts", another(t, 2)))
	if answer.Status != 502 || object(t, answer.Body)["status"] != "failed" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
}

func TestDeliveryLogShowsAttemptsAndWords(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	remove := r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply("451 4.7.1 Greylisted, come back\r\n")})
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	if answer.Status != 202 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	id := object(t, answer.Body)["id"].(string)
	one := func() string {
		return string(call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: viewer}).Body)
	}
	if body := one(); !strings.Contains(body, "Greylisted, come back") || !strings.Contains(body, `"status":"queued"`) || strings.Contains(body, "Content-Type") {
		t.Errorf("the log does not have the relay's words, or has the mail: %s", body)
	}
	other := ds
	other.UID = "another-data-source"
	if answer := call(t, p, other, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: admin}); answer.Status != 404 {
		t.Errorf("another data source sees the delivery: %d", answer.Status)
	}
	remove()
	if answer := call(t, p, ds, plugintest.Request{Path: "deliveries/" + id + "/retry", User: editor}); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if _, err := r.WaitMails(within(t), 1); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return strings.Contains(one(), `"status":"sent"`) })
	list := string(call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries?status=sent&recipient=oncall", User: viewer}).Body)
	if !strings.Contains(list, id) {
		t.Errorf("not in the list: %s", list)
	}
}

// await returns when cond is true.
func await(t *testing.T, cond func() bool) {
	t.Helper()
	wait.Until(t, "what was awaited", cond)
}

func idOf(body []byte) string {
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	id, _, _ := bytes.Cut(rest, []byte(`"`))
	if len(id) == 0 {
		panic(fmt.Sprintf("no id in %s", body))
	}
	return string(id)
}
