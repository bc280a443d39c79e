package plugintest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestViewerCanNeitherSendNorReadMail: all that a Viewer can reach, while mail
// waits whose body holds a canary.
func TestViewerCanNeitherSendNorReadMail(t *testing.T) {
	const inBody, inSubject, recipient = "canary-of-the-body", "canary-of-the-title", "boss@secret.example.com"
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"bcc": []string{recipient}})
	remove := r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Reply("451 4.3.0 later\r\n")})
	defer remove()
	payload := strings.NewReplacer("[FIRING:2] Prod", inSubject+" ", "CPU usage is 95 on web-1", inBody).Replace(string(fixture(t, "firing-2.json")))
	answer := call(t, p, ds, plugintest.Signed("alerts", []byte(payload)))
	if answer.Status != 202 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	id := idOf(answer.Body)
	if stored := call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: viewer}); !strings.Contains(string(stored.Body), recipient) {
		t.Fatal("the log has lost its columns: the test tests nothing")
	}

	// The log shows recipients and subject: that is what it is for. Nothing
	// else does, and nothing shows the body.
	var log, other strings.Builder
	see := func(to *strings.Builder, v any) {
		encoded, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		to.Write(encoded)
	}
	health, err := p.CheckHealth(within(t), ds)
	if err != nil {
		t.Fatal(err)
	}
	see(&other, health)
	see(&other, string(health.JSONDetails))
	metrics, err := p.Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	see(&other, string(metrics))
	for _, request := range []plugintest.Request{
		{Path: "alerts", Body: []byte(payload)},
		{Path: "alerts?to=" + recipient, Body: []byte(payload)},
		{Path: "test"}, {Path: "test", Body: []byte(`{"to":"viewer@example.com"}`)},
		{Path: "preview"}, {Path: "preview", Body: []byte(`{"payload":` + payload + `}`)},
		{Path: "diagnose"},
		{Path: "deliveries/" + id + "/retry"}, {Path: "deliveries/" + id + "/cancel"},
	} {
		request.User = viewer
		answer := call(t, p, ds, request)
		if answer.Status != 401 && answer.Status != 403 {
			t.Errorf("%s: %d %s", request.Path, answer.Status, answer.Body)
		}
		see(&other, string(answer.Body))
	}
	see(&other, string(call(t, p, ds, plugintest.Request{Method: "GET", Path: "status", User: viewer}).Body))
	for _, model := range []string{`{}`, `{"measure":"latency"}`} {
		see(&other, query(t, p, ds, "stats", model))
	}
	see(&other, query(t, p, ds, "queue", `{}`))
	for _, path := range []string{"deliveries", "deliveries/" + id, "deliveries?text=" + inBody, "recipients"} {
		see(&log, string(call(t, p, ds, plugintest.Request{Method: "GET", Path: path, User: viewer}).Body))
	}
	for _, model := range []string{`{}`, `{"format":"logs"}`, `{"text":"` + inBody + `"}`} {
		see(&log, query(t, p, ds, "deliveries", model))
	}
	for _, canary := range []string{inBody, "multipart/alternative"} {
		if strings.Contains(strings.ReplaceAll(log.String(), `"text":"`+inBody, ""), canary) || strings.Contains(other.String(), canary) {
			t.Errorf("a Viewer reads %q", canary)
		}
	}
	for _, canary := range []string{recipient, "oncall@example.com", inSubject} {
		if strings.Contains(other.String(), canary) {
			t.Errorf("a Viewer learns %q from elsewhere than the log", canary)
		}
	}
	if r.Taken() != 0 {
		t.Error("a Viewer sent mail")
	}
	remove()
	if d := object(t, call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: viewer}).Body); d["status"] != "queued" {
		t.Errorf("a Viewer changed the delivery: %v", d["status"])
	}
}

// TestOrganizationsDoNotSeeEachOther: the UID alone names nothing.
func TestOrganizationsDoNotSeeEachOther(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ours := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	r.Stop()
	id := idOf(call(t, p, ours, plugintest.Signed("alerts", another(t, 1))).Body)
	theirs := ours
	theirs.OrgID, theirs.Updated = 2, time.Now()
	for _, request := range []plugintest.Request{
		{Method: "GET", Path: "deliveries/" + id}, {Path: "deliveries/" + id + "/retry"}, {Path: "deliveries/" + id + "/cancel"},
	} {
		request.User = admin
		if answer := call(t, p, theirs, request); answer.Status != 404 {
			t.Errorf("%s: %d %s", request.Path, answer.Status, answer.Body)
		}
	}
	if list := call(t, p, theirs, plugintest.Request{Method: "GET", Path: "deliveries", User: admin}); strings.Contains(string(list.Body), id) {
		t.Errorf("%s", list.Body)
	}
	if list := call(t, p, theirs, plugintest.Request{Method: "GET", Path: "recipients", User: admin}); string(list.Body) != `{"recipients":[]}` {
		t.Errorf("another organization's recipients: %s", list.Body)
	}
	if frames := query(t, p, theirs, "deliveries", `{}`).Frames; frames[0].Rows() != 0 {
		t.Error("another organization's log is read")
	}
	if queue := wake(t, p, theirs)["queue"].(map[string]any); queue["queued"] != 0.0 {
		t.Errorf("another organization's queue is counted: %v", queue)
	}
}

// TestAViewerLearnsNoPlaceOfTheOutbox: where it is, and as whom its database is
// used, is for those who can mend it.
func TestAViewerLearnsNoPlaceOfTheOutbox(t *testing.T) {
	r := relay(t, relaytest.Options{})
	folder := t.TempDir()
	broken := filepath.Join(folder, "canary-of-a-path.db")
	if err := os.WriteFile(broken, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		url      string
		canaries []string
		works    bool
	}{
		"a file":             {url: "sqlite://" + filepath.ToSlash(filepath.Join(folder, "canary-of-a-good-path.db")), canaries: []string{folder, "canary"}, works: true},
		"a broken file":      {url: "sqlite://" + filepath.ToSlash(broken), canaries: []string{folder, "canary"}},
		"an absent database": {url: "postgres://canary-user:x@127.0.0.1:1/canary-database?connect_timeout=1", canaries: []string{"127.0.0.1:1", "canary"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, tt.url, nil)
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			told := func(user plugintest.User) string {
				var all strings.Builder
				for _, path := range []string{"status", "deliveries", "deliveries/x", "recipients"} {
					answer := call(t, p, ds, plugintest.Request{Method: "GET", Path: path, User: user})
					if !tt.works && path != "status" && answer.Status != 503 {
						t.Errorf("%s: %d", path, answer.Status)
					}
					all.Write(answer.Body)
				}
				health, err := p.CheckHealthAs(within(t), ds, user)
				if err != nil {
					t.Fatal(err)
				}
				all.WriteString(health.Message + string(health.JSONDetails))
				for _, queryType := range []string{"deliveries", "delivery", "stats", "queue"} {
					answer, err := p.Query(within(t), ds, user, backend.DataQuery{RefID: "A", QueryType: queryType, JSON: []byte(`{}`)})
					if err != nil {
						t.Fatal(err)
					}
					if err := answer.Responses["A"].Error; err != nil {
						all.WriteString(err.Error())
					}
				}
				return all.String()
			}
			for _, user := range []plugintest.User{viewer, {}, {Login: "none", Role: "None"}} {
				got := told(user)
				for _, canary := range tt.canaries {
					if strings.Contains(got, canary) {
						t.Errorf("%q is told %q: %s", user.Role, canary, got)
					}
				}
				if !tt.works && !strings.Contains(got, "An Editor or Admin is told why") {
					t.Errorf("a Viewer is not told where to ask: %s", got)
				}
			}
			if got := told(editor); !strings.Contains(got, tt.canaries[0]) {
				t.Errorf("an Editor is not told the place: %s", got)
			}
		})
	}
}
