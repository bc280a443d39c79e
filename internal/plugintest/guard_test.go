package plugintest_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// replayable is a data source whose captured requests could mail many.
func replayable(r *relaytest.Relay) plugintest.DataSource {
	return plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"dedupeSeconds": 0, "allowedRecipients": []string{"@example.com"},
	})
}

// elsewhere is the same signed request with another path.
func elsewhere(r plugintest.Request, path string) plugintest.Request {
	r.Path = path
	return r
}

// TestASignatureIsUsedOnce: a request that was seen is a repeat with its own
// query at its own data source, and is refused with every other, whatever its
// timestamp says and however long ago the mail was delivered.
func TestASignatureIsUsedOnce(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := replayable(r)
	twin := ds // another data source with the same secret
	twin.UID = "twin"
	for n, from := range []time.Duration{-4 * time.Minute, 0, 4 * time.Minute} {
		t.Run("signed "+from.String()+" from now", func(t *testing.T) {
			before := r.Taken()
			seen := plugintest.SignedAt("alerts?to=a@example.com&cc=b@example.com", another(t, n), from)
			first := object(t, call(t, p, ds, seen).Body)
			if first["status"] != "sent" {
				t.Fatal(first)
			}
			upper := elsewhere(seen, seen.Path)
			upper.Header = seen.Header.Clone()
			upper.Header.Set(alert.SignatureHeader, strings.ToUpper(seen.Header.Get(alert.SignatureHeader)))
			for name, repeat := range map[string]plugintest.Request{
				"as it was": seen, "its query in another order": elsewhere(seen, "alerts?cc=b@example.com&to=a%40example.com"),
				"in capitals": upper,
			} {
				answer := call(t, p, ds, repeat)
				if again := object(t, answer.Body); answer.Status != 200 || again["status"] != "duplicate" || again["id"] != first["id"] {
					t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
				}
			}
			for _, path := range []string{
				"alerts", "alerts?to=a@example.com", "alerts?to=c@example.com&cc=b@example.com", "alerts?to=a@example.com&cc=b@example.com&type=auth",
				"alerts?to=a@example.com&cc=b@example.com&language=ko", "alerts?to=a@example.com&cc=b@example.com&to=a@example.com",
			} {
				answer := call(t, p, ds, elsewhere(seen, path))
				if answer.Status != http.StatusForbidden || object(t, answer.Body)["code"] != "replayed" || object(t, answer.Body)["hint"] == "" {
					t.Errorf("%s: %d %s", path, answer.Status, answer.Body)
				}
			}
			if answer := call(t, p, twin, seen); answer.Status != http.StatusForbidden {
				t.Errorf("at another data source: %d %s", answer.Status, answer.Body)
			}
			if mails := r.Taken() - before; mails != 1 {
				t.Errorf("%d mails", mails)
			}
		})
	}
	metrics, err := p.Metrics(within(t))
	if err != nil || !strings.Contains(string(metrics), `nhncloud_email_rejected_requests_total{reason="replayed"} 21`) {
		t.Error("the refusals are not counted", err)
	}
}

// TestACapturedRequestMailsOnceHoweverItIsVaried: all at once, over two
// replicas that share a database.
func TestACapturedRequestMailsOnceHoweverItIsVaried(t *testing.T) {
	const times = 60
	r := relay(t, relaytest.Options{})
	ds := replayable(r)
	url := pgtest.Database(t)
	replicas := []*plugintest.Process{start(t, url, nil), start(t, url, nil)}
	seen := plugintest.SignedAt("alerts", another(t, 1), 0)
	var posting sync.WaitGroup
	var refused, taken atomic.Int32
	for n := range times {
		posting.Go(func() {
			answer, err := replicas[n%2].Call(t.Context(), ds, elsewhere(seen, fmt.Sprintf("alerts?to=p%d@example.com", n/2)))
			switch {
			case err == nil && answer.Status == http.StatusForbidden:
				refused.Add(1)
			case err == nil && answer.Status == http.StatusOK:
				taken.Add(1)
			default:
				t.Errorf("%v %d %s", err, answer.Status, answer.Body)
			}
		})
	}
	posting.Wait()
	// One query of thirty was the first; it came to both replicas.
	if refused.Load() != times-2 || taken.Load() != 2 || r.Taken() != 1 {
		t.Errorf("%d refused, %d taken, %d mails", refused.Load(), taken.Load(), r.Taken())
	}
}

// TestASignatureWithoutATimeMayComeAgain: it is the same for each repetition
// that the notification policy asks for.
func TestASignatureWithoutATimeMayComeAgain(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := replayable(r)
	request := plugintest.SignedForEver("alerts", another(t, 1))
	for range 3 {
		if answer := call(t, p, ds, request); object(t, answer.Body)["status"] != "sent" {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	if r.Taken() != 3 {
		t.Errorf("%d mails", r.Taken())
	}
}

// TestARefusedAlertLeavesItsSignature: what was not taken may be sent again.
func TestARefusedAlertLeavesItsSignature(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=memory:", "GF_PLUGIN_OUTBOX_MAX_MAILS=1",
	}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	ds := replayable(r)
	remove := r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Reply("451 4.3.0 later\r\n")})
	waiting := idOf(call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Body)
	request := plugintest.Signed("alerts", another(t, 2))
	if answer := call(t, p, ds, request); answer.Status != http.StatusServiceUnavailable || object(t, answer.Body)["code"] != "outbox-full" {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	remove()
	if answer := call(t, p, ds, plugintest.Request{Path: "deliveries/" + waiting + "/cancel", User: editor}); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if answer := call(t, p, ds, request); object(t, answer.Body)["status"] != "sent" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

// TestAKeyBindsTheQuery: the URL that the page makes works with its own
// parameters, at its own data source and under its own secret.
func TestAKeyBindsTheQuery(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := replayable(r)
	keyed := func(ds plugintest.DataSource, request map[string]string) string {
		body, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		answer := call(t, p, ds, plugintest.Request{Path: "key", User: editor, Body: body})
		query, _ := object(t, answer.Body)["query"].(string)
		if answer.Status != 200 || !strings.Contains(query, "key=") {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		return query
	}
	twin := ds
	twin.UID = "twin"
	secret := ds.Secrets["webhookSecret"]
	plain, mine := keyed(ds, map[string]string{"secret": secret}), keyed(ds, map[string]string{"query": "to=a@example.com,b@example.com&type=auth"})
	if plain != keyed(ds, nil) {
		t.Error("the secret that is saved makes another key than the same one sent")
	}
	n := 0
	post := func(ds plugintest.DataSource, query string) plugintest.Response {
		n++
		return call(t, p, ds, plugintest.Signed("alerts?"+query, another(t, n)))
	}
	for _, query := range []string{plain, mine, "", "to=a@example.com", plain + "&orgId=1", strings.Replace(mine, "to=", "orgId=2&to=", 1)} {
		answer := post(ds, query)
		if answer.Status != 200 {
			t.Errorf("%s: %d %s", query, answer.Status, answer.Body)
		}
	}
	// Two integrations of one contact point sign alike; without its key such a
	// request is good for no query of a stranger's.
	seen := plugintest.Signed("alerts?"+plain, another(t, 0))
	for _, path := range []string{seen.Path, "alerts?" + mine} {
		if answer := call(t, p, ds, elsewhere(seen, path)); answer.Status != 200 || object(t, answer.Body)["status"] != "sent" {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Body)
		}
	}
	for _, path := range []string{"alerts", "alerts?to=c@example.com"} {
		if answer := call(t, p, ds, elsewhere(seen, path)); answer.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", path, answer.Status, answer.Body)
		}
	}
	mails := r.Taken()
	for name, answer := range map[string]plugintest.Response{
		"another parameter":         post(ds, plain+"&to=c@example.com"),
		"another value":             post(ds, strings.Replace(mine, "b%40example.com", "c%40example.com", 1)),
		"a value more":              post(ds, mine+"&to=c@example.com"),
		"a parameter less":          post(ds, strings.Replace(mine, "&type=auth", "", 1)),
		"two keys":                  post(ds, mine+"&"+plain),
		"an empty key":              post(ds, "key="),
		"at another data source":    post(twin, plain),
		"a key of another secret":   post(ds, keyed(ds, map[string]string{"secret": "another"})),
		"the signature for the key": post(ds, "key="+plugintest.Signed("alerts", another(t, 1)).Header.Get(alert.SignatureHeader)),
	} {
		if answer.Status != http.StatusForbidden || object(t, answer.Body)["code"] != "signature" {
			t.Errorf("%s: %d %s", name, answer.Status, answer.Body)
		}
	}
	if r.Taken() != mails {
		t.Error("a query that was changed was mailed")
	}
	if answer := call(t, p, ds, plugintest.Request{Path: "key", User: viewer}); answer.Status != http.StatusForbidden {
		t.Errorf("a Viewer makes keys: %d", answer.Status)
	}
}

// TestContactPointSecrets: each contact point that the page makes has a signing secret of
// its own, which its URL names, so that one is renewed or removed without the others.
func TestContactPointSecrets(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	n := 0
	saved := 0
	// with saves these secrets of contact points, and without is a data source that has
	// no other.
	with := func(secrets map[string]string) plugintest.DataSource {
		ds := replayable(r)
		saved++
		ds.Updated = ds.Updated.Add(time.Duration(saved) * time.Second)
		maps.Copy(ds.Secrets, secrets)
		return ds
	}
	posts := func(name string, ds plugintest.DataSource, secret, query string, want int) {
		t.Helper()
		n++
		if got := call(t, p, ds, plugintest.SignedBy(secret, "alerts?"+query, another(t, n))); got.Status != want {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
	keyed := func(ds plugintest.DataSource, query, secret string) string {
		body, _ := json.Marshal(map[string]string{"query": query, "secret": secret})
		made, _ := object(t, call(t, p, ds, plugintest.Request{Path: "key", User: editor, Body: body}).Body)["query"].(string)
		if !strings.Contains(made, "keyId=") || !strings.Contains(made, "&key=") {
			t.Fatalf("the query with its key: %q", made)
		}
		return made
	}

	before := with(map[string]string{"webhookSecret1": "old"})
	old, next := keyed(before, "keyId=1&to=a@example.com", ""), keyed(before, "keyId=2&to=a@example.com", "new")
	posts("a contact point's own secret", before, "old", old, 200)
	posts("a URL by hand, without a key", before, "old", "keyId=1", 200)
	posts("the secret of the settings beside it", before, before.Secrets["webhookSecret"], "", 200)
	posts("a secret that is not saved yet", before, "new", next, 401)
	posts("the secret of the settings for a contact point", before, before.Secrets["webhookSecret"], old, 401)
	posts("a contact point's secret without its keyId", before, "old", "", 401)
	posts("another keyId than the key was made for", before, "old", strings.Replace(old, "keyId=1", "keyId=01", 1), 401)
	posts("two keyIds", before, "old", "keyId=1&keyId=1", 401)

	renewing := with(map[string]string{"webhookSecret1": "old", "webhookSecret2": "new"})
	posts("the old secret while both are saved", renewing, "old", old, 200)
	posts("the new secret while both are saved", renewing, "new", next, 200)
	posts("the new key with the old keyId", renewing, "old", strings.Replace(next, "keyId=2", "keyId=1", 1), 403)

	renewed := with(map[string]string{"webhookSecret1": "", "webhookSecret2": "new"})
	posts("the new secret when the old one is removed", renewed, "new", next, 200)
	posts("the old secret when it is removed", renewed, "old", old, 401)

	alone := with(map[string]string{"webhookSecret2": "new"})
	delete(alone.Secrets, "webhookSecret")
	posts("a contact point's secret alone", alone, "new", next, 200)
	n++
	unsigned := plugintest.SignedBy("new", "alerts", another(t, n))
	unsigned.Header.Del(alert.SignatureHeader)
	unsigned.User = editor
	if got := call(t, p, alone, unsigned); got.Status != 401 {
		t.Errorf("an Editor's alert without a signature: %d %s", got.Status, got.Body)
	}
}
