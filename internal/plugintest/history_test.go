package plugintest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/mail"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// firing is an alert of an instance that began to fire so long ago; with an end it
// is resolved.
type firing struct {
	instance string
	ago      time.Duration
	lasted   time.Duration
}

// past posts notifications of one group, and reads the mails they become.
type past struct {
	*testing.T
	relay *relaytest.Relay
	ds    plugintest.DataSource
	now   time.Time
	mails int
}

func newPast(t *testing.T) *past {
	r := relay(t, relaytest.Options{})
	override := map[string]any{"dedupeSeconds": 0, "allowedRecipients": []string{"@example.com"}}
	return &past{T: t, relay: r, ds: plugintest.ForRelay(r, nhncloud.STARTTLS, override), now: time.Now().UTC().Truncate(time.Second)}
}

func (p *past) body(group string, alerts ...firing) []byte {
	var all []map[string]any
	for _, f := range alerts {
		start := p.now.Add(-f.ago)
		a := map[string]any{"status": "firing", "startsAt": start, "labels": map[string]string{"alertname": "CPU", "instance": f.instance}, "fingerprint": "of " + f.instance}
		if f.lasted > 0 {
			a["status"], a["endsAt"] = "resolved", start.Add(f.lasted)
		}
		all = append(all, a)
	}
	body, err := json.Marshal(map[string]any{"groupKey": group, "orgId": 1, "alerts": all})
	if err != nil {
		p.Fatal(err)
	}
	return body
}

// post is answered; its mail is what next reads.
func (p *past) post(process *plugintest.Process, path, group string, alerts ...firing) plugintest.Response {
	p.Helper()
	return call(p.T, process, p.ds, plugintest.Signed(path, p.body(group, alerts...)))
}

// mailed posts a notification and returns the text of its mail, on one line, and
// the root of its thread.
func (p *past) mailed(process *plugintest.Process, group string, alerts ...firing) (text, root string) {
	p.Helper()
	if answer := p.post(process, "alerts", group, alerts...); answer.Status != 200 {
		p.Fatalf("%d %s", answer.Status, answer.Body)
	}
	return p.next()
}

// next is the mail that came since the last look.
func (p *past) next() (text, root string) {
	p.Helper()
	p.mails++
	mails := waitMails(p.T, p.relay, p.mails)
	if len(mails) != p.mails {
		p.Fatalf("%d mails, want %d", len(mails), p.mails)
	}
	data := mails[p.mails-1].Data
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		p.Fatal(err)
	}
	return strings.Join(strings.Fields(parts(p.T, data)["text/plain"]), " "), m.Header.Get("References") + m.Header.Get("Thread-Index")
}

// says fails where a text does not match, or where it does and is not to.
func (p *past) says(text string, want bool, pattern string) {
	p.Helper()
	if got := regexp.MustCompile(pattern).MatchString(text); got != want {
		p.Errorf("%q is in the mail: %t, want %t:\n%s", pattern, got, want, text)
	}
}

const hour, minute = time.Hour, time.Minute

// TestAnAlertThatComesBackIsToldSo: over days, and over a restart. Each incident is
// a thread of its own.
func TestAnAlertThatComesBackIsToldSo(t *testing.T) {
	file := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	p := newPast(t)
	process := start(t, file, nil)
	var roots []string
	mailed := func(f firing) string {
		text, root := p.mailed(process, "cpu", f)
		roots = append(roots, root)
		return text
	}
	p.says(mailed(firing{"web-1", 73 * hour, 0}), false, "Fired .* times")
	mailed(firing{"web-1", 73 * hour, 40 * minute})
	p.says(mailed(firing{"web-1", 26 * hour, 0}), true, "Fired 2 times in the last 7 days; previously .{3} .*, for 40m")
	mailed(firing{"web-1", 26 * hour, 12 * minute})
	process.Kill()
	process = start(t, file, nil)
	p.says(mailed(firing{"web-1", 5 * minute, 0}), true, "Fired 3 times in the last 7 days; previously .{3} .*, for 12m")
	p.says(mailed(firing{"web-1", 5 * minute, 0}), true, "Fired 3 times in the last 7 days") // Grafana repeats it
	p.says(mailed(firing{"web-1", 5 * minute, 2 * minute}), true, "Fired 3 times in the last 7 days")
	other, _ := p.mailed(process, "cpu", firing{"web-2", 5 * minute, 0})
	p.says(other, false, "Fired .* times")

	incidents := map[string]bool{}
	for i, incident := range []int{0, 0, 1, 1, 2, 2, 2} {
		if first := 2 * incident; roots[i] != roots[first] {
			t.Errorf("mail %d is of another thread than mail %d: %s", i, first, roots)
		}
		incidents[roots[i]] = true
	}
	if len(incidents) != 3 {
		t.Errorf("three incidents have %d threads", len(incidents))
	}
}

// TestAGroupIsToldWhatChangedSinceItsLastMail, and stays in one thread until all of
// it is over.
func TestAGroupIsToldWhatChangedSinceItsLastMail(t *testing.T) {
	p := newPast(t)
	process := start(t, "", nil)
	since := "Since the last mail: "
	var roots []string
	mailed := func(want string, alerts ...firing) {
		t.Helper()
		text, root := p.mailed(process, "cpu", alerts...)
		p.says(text, want != "", since+want)
		roots = append(roots, root)
	}
	a, b, c := firing{"a", hour, 0}, firing{"b", 50 * minute, 0}, firing{"c", 20 * minute, 0}
	over := func(f firing) firing { f.lasted = 15 * minute; return f }
	mailed("", a, b)
	mailed("2 still firing", a, b)
	mailed("1 new, 1 resolved, 1 still firing", over(a), b, c)
	mailed("2 still firing", b, c)
	mailed("1 resolved, 1 still firing", b, over(c))
	mailed("", over(b), over(c)) // all is over
	for i, root := range roots {
		if root != roots[0] {
			t.Errorf("mail %d is of another thread", i)
		}
	}
	mailed("", firing{"a", 5 * minute, 0}, firing{"b", 5 * minute, 0})
	mailed("1 new, 2 still firing", firing{"a", 5 * minute, 0}, firing{"b", 5 * minute, 0}, firing{"c", minute, 0})
	if roots[6] == roots[0] || roots[7] != roots[6] {
		t.Errorf("the next incident has %s, the one before %s", roots[6:], roots[0])
	}

	// Whoever else is mailed has not been told, and another group is another thread.
	if answer := p.post(process, "alerts?to=other@example.com", "cpu", firing{"a", 5 * minute, 0}, firing{"b", 5 * minute, 0}, firing{"c", minute, 0}); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	text, _ := p.next()
	p.says(text, false, since)
	text, root := p.mailed(process, "disk", a, b)
	if p.says(text, false, since); root == roots[0] {
		t.Error("two groups share a thread")
	}
}

// TestOnlyWhatSomebodyGotWasTold: not what was refused, nor a test mail; and a
// repeat that joins its delivery counts once.
func TestOnlyWhatSomebodyGotWasTold(t *testing.T) {
	p := newPast(t)
	process := start(t, "", nil)
	a, b := firing{"a", hour, 0}, firing{"b", hour, 0}
	end := p.relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Action: relaytest.Reply("550 5.1.1 no such user\r\n")})
	if answer := p.post(process, "alerts", "cpu", a, b); answer.Status == 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	end()
	text, _ := p.mailed(process, "cpu", a, b)
	p.says(text, false, "Since the last mail")
	text, _ = p.mailed(process, "cpu", a, b)
	p.says(text, true, "Since the last mail: 2 still firing")

	again := plugintest.Signed("alerts", p.body("disk", firing{"d", 30 * hour, 0}))
	for range 2 { // the second is the same request: it joins the delivery
		if answer := call(t, process, p.ds, again); answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
	_, _ = p.next()
	text, _ = p.mailed(process, "disk", firing{"d", minute, 0})
	p.says(text, true, "Fired 2 times in the last 7 days")

	for range 2 {
		if answer := call(t, process, p.ds, plugintest.Request{Path: "test", User: editor, Body: []byte(`{}`)}); answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		text, _ = p.next()
		p.says(text, false, "Fired .* times")
	}
}

// TestReplicasTellOfTheSamePast.
func TestReplicasTellOfTheSamePast(t *testing.T) {
	p := newPast(t)
	url := pgtest.Database(t)
	replicas := []*plugintest.Process{start(t, url, nil), start(t, url, nil)}
	var roots []string
	for i, want := range []struct {
		of   firing
		says string
	}{
		{firing{"a", 26 * hour, 0}, ""}, {firing{"a", 26 * hour, 12 * minute}, ""}, {firing{"a", hour, 0}, "Fired 2 times in the last 7 days; previously .*, for 12m"},
		{firing{"a", hour, 12 * minute}, "Fired 2 times"}, {firing{"a", minute, 0}, "Fired 3 times"},
	} {
		text, root := p.mailed(replicas[i%2], "cpu", want.of)
		if want.says != "" {
			p.says(text, true, want.says)
		}
		roots = append(roots, root)
	}
	if roots[0] != roots[1] || roots[2] != roots[3] || roots[1] == roots[2] || roots[3] == roots[4] {
		t.Errorf("%s", roots)
	}
	text, _ := p.mailed(replicas[0], "group", firing{"a", minute, 0}, firing{"b", minute, 0})
	p.says(text, false, "Since the last mail")
	text, _ = p.mailed(replicas[1], "group", firing{"a", minute, 0}, firing{"b", minute, 0}, firing{"c", minute, 0})
	p.says(text, true, "Since the last mail: 1 new, 2 still firing")
}

// TestOnlyTheSampleOfAPreviewHasAPast: of a payload it shows what would be mailed.
func TestOnlyTheSampleOfAPreviewHasAPast(t *testing.T) {
	p := newPast(t)
	process := start(t, "memory:", nil)
	for body, want := range map[string]bool{`{}`: true, `{"payload":` + string(p.body("cpu", firing{"a", hour, 0})) + `}`: false} {
		answer := call(t, process, p.ds, plugintest.Request{Path: "preview", User: editor, Body: []byte(body)})
		if answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		shown := object(t, answer.Body)
		p.says(strings.Join(strings.Fields(shown["text"].(string)), " "), want, "Fired 4 times in the last 7 days; previously .* for 12m")
		p.says(shown["html"].(string), want, "Fired 4 times in the last 7 days")
	}
}

// TestManyAlertsAreComparedToo.
func TestManyAlertsAreComparedToo(t *testing.T) {
	p := newPast(t)
	process := start(t, "", nil)
	var all []firing
	for i := range 300 {
		all = append(all, firing{fmt.Sprint("web-", i), hour, 0})
	}
	_, _ = p.mailed(process, "cpu", all...)
	text, _ := p.mailed(process, "cpu", append(all, firing{"web-301", minute, 0}, firing{"web-302", minute, 0})...)
	p.says(text, true, "Since the last mail: 2 new, 300 still firing")
	p.says(text, true, "Firing · New · web-301 .* Firing · New · web-302 .* Firing · web-0 ")
}
