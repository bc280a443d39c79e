package alert_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// read is a payload of testdata.
func read(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func decode(t testing.TB, body []byte) *alert.Notification {
	t.Helper()
	n, err := alert.Decode(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// refused checks that err is a Refusal with a status, a reason and words in
// its message, and a hint.
func refused(t *testing.T, err error, status int, reason failure.Code, words string) {
	t.Helper()
	var r *failure.Error
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want a refusal with %q", err, words)
	}
	if r.HTTPStatus() != status || r.Code != reason || !strings.Contains(r.Message, words) {
		t.Errorf("got %d %s %q, want %d %s %q", r.HTTPStatus(), r.Code, r.Message, status, reason, words)
	}
	if r.English == "" || !strings.HasPrefix(r.Error(), r.Message) {
		t.Errorf("a refusal without a hint or words: %q", r.Error())
	}
}

func TestEveryPayloadIsRead(t *testing.T) {
	tests := []struct {
		name                                string
		status, title, groupKey             string
		kept, firing, resolved, omitted     int
		firstLabel, firstSummary, firstLink string
	}{
		{name: "grafana-12.3/firing-2.json", status: "firing", title: "[FIRING:2] Prod (oncall@example.com critical)", groupKey: `{}:{grafana_folder="Prod"}`,
			kept: 2, firing: 2, firstLabel: "High CPU 高負荷 과부하", firstSummary: "CPU usage is 95 on web-1", firstLink: "http://localhost:3300/alerting/grafana/r1/view?orgId=1"},
		{name: "grafana-12.3/mixed-1-1.json", status: "firing", title: "[FIRING:1, RESOLVED:1] Prod (oncall@example.com critical)", groupKey: `{}:{grafana_folder="Prod"}`,
			kept: 2, firing: 1, resolved: 1, firstLabel: "High CPU 高負荷 과부하", firstSummary: "CPU usage is 95 on web-1", firstLink: "http://localhost:3300/alerting/grafana/r1/view?orgId=1"},
		{name: "grafana-12.3/resolved-1.json", status: "resolved", title: "[RESOLVED] Prod (High CPU 高負荷 과부하 2 oncall@example.com critical)", groupKey: `{}:{grafana_folder="Prod"}`,
			kept: 1, resolved: 1, firstLabel: "High CPU 高負荷 과부하 2", firstSummary: "CPU usage is 95 on web-1", firstLink: "http://localhost:3300/alerting/grafana/r2/view?orgId=1"},
		{name: "grafana-12.3/firing-15-hostile-annotations.json", status: "firing", title: "[FIRING:15] Prod ", groupKey: `{}:{grafana_folder="Prod"}`,
			kept: 15, firing: 15, firstLabel: "Disk full", firstSummary: "Disk 1 on db-1 at 90.1%", firstLink: "http://localhost:3300/alerting/grafana/disk1/view?orgId=1"},
		{name: "grafana-12.3/mixed-2-firing-13-resolved.json", status: "firing", title: "[FIRING:2, RESOLVED:13] Prod ", groupKey: `{}:{grafana_folder="Prod"}`,
			kept: 15, firing: 2, resolved: 13, firstLabel: "Disk full", firstSummary: "Disk 1 on db-1 at 90.1%", firstLink: "http://localhost:3300/alerting/grafana/disk1/view?orgId=1"},
		{name: "grafana-12.3/test-button-custom-title.json", status: "firing", title: "firing custom title", groupKey: "t-326ea703b01f6100-1795415824",
			kept: 1, firing: 1, firstLabel: "TestAlert", firstSummary: "Notification test", firstLink: "?orgId=1"},
		{name: "alertmanager-v4/firing-truncated.json", status: "firing", groupKey: `{}/{severity="critical"}:{alertname="NodeFilesystemAlmostOutOfSpace"}`,
			kept: 2, firing: 1, resolved: 1, omitted: 5, firstLabel: "NodeFilesystemAlmostOutOfSpace", firstSummary: "Filesystem has less than 3% space left.", firstLink: "http://prometheus.example.com:9090/graph?g0.expr=node_filesystem_avail_bytes+%3C+3&g0.tab=1"},
		{name: "alertmanager-v4/resolved-mimir.json", status: "resolved", groupKey: "{}:{}",
			kept: 1, resolved: 1, firstLabel: "IngesterUnhealthy", firstLink: "/graph?g0.expr=up"},
		{name: "alertmanager-v4/bare.json", status: "firing", groupKey: `{}:{alertname="Down", service="db \"main\""}`,
			kept: 2, firing: 1, resolved: 1, firstLabel: "Down"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := decode(t, read(t, tt.name))
			if n.Status != tt.status || n.Title != tt.title || n.GroupKey != tt.groupKey {
				t.Errorf("status %q, title %q, group key %q", n.Status, n.Title, n.GroupKey)
			}
			if len(n.Alerts) != tt.kept || n.FiringCount != tt.firing || n.ResolvedCount != tt.resolved || n.Omitted != tt.omitted {
				t.Errorf("%d alerts, %d firing, %d resolved, %d omitted", len(n.Alerts), n.FiringCount, n.ResolvedCount, n.Omitted)
			}
			a := n.Alerts[0]
			if a.Labels["alertname"] != tt.firstLabel || a.Annotations["summary"] != tt.firstSummary || a.GeneratorURL != tt.firstLink {
				t.Errorf("first alert: %+v", a)
			}
			if len(n.Identity()) != 24 {
				t.Errorf("identity %q", n.Identity())
			}
		})
	}
	files, err := filepath.Glob("testdata/[ag]*/*.json")
	if err != nil || len(files) != len(tests) {
		t.Errorf("%d payloads in testdata, %d tested (%v)", len(files), len(tests), err)
	}
}

func TestGrafanaFieldsOfAnAlertAreRead(t *testing.T) {
	a := decode(t, read(t, "grafana-12.3/mixed-1-1.json")).Alerts
	if a[0].Status != alert.Resolved || a[0].EndsAt.UnixNano() != 1795415940004375723 || a[0].Values != nil {
		t.Errorf("resolved alert: %+v", a[0])
	}
	if a[1].Status != alert.Firing || !a[1].EndsAt.IsZero() || a[1].Values["B"] != 95 || a[1].OrgID != 1 ||
		a[1].ValueString == "" || a[1].SilenceURL == "" || a[1].DashboardURL == "" || a[1].PanelURL == "" || a[1].Fingerprint != "dcaa789c941111a1" {
		t.Errorf("firing alert: %+v", a[1])
	}
}

func TestDecodeRefuses(t *testing.T) {
	const alerts = `"alerts":[{"status":"firing"}]`
	tests := []struct {
		name, body string
		status     int
		words      string
	}{
		{"an empty body", "", 400, "the body is empty"},
		{"blank space", " \n", 400, "the body is empty"},
		{"text", "hello", 400, "the body is not JSON: invalid character 'h'"},
		{"a cut payload", `{"alerts":[{"status":"firing"}`, 400, "the body is not JSON: unexpected EOF, at octet 30"},
		{"trailing garbage", `{` + alerts + `} x`, 400, "invalid character 'x' after top-level value"},
		{"a second value", `{` + alerts + `}{}`, 400, "after top-level value"},
		{"a byte order mark", "\ufeff{" + alerts + "}", 400, "the body is not JSON"},
		{"invalid UTF-8", "{\"title\":\"\xff\"," + alerts + "}", 400, "the body is not UTF-8"},
		{"a bare control character", "{\"title\":\"a\nb\"," + alerts + "}", 400, "the body is not JSON"},
		{"an escape that there is not, in the message", `{"message":"a\x",` + alerts + "}", 400, "the body is not JSON"},
		{"an array", `[]`, 422, "the body is of the wrong type: array"},
		{"a string", `"x"`, 422, "the body is of the wrong type: string"},
		{"null", `null`, 422, "the notification has no alerts"},
		{"an empty object", `{}`, 422, "the notification has no alerts"},
		{"no alerts", `{"alerts":[]}`, 422, "the notification has no alerts"},
		{"null alerts", `{"alerts":null}`, 422, "the notification has no alerts"},
		{"alerts that are an object", `{"alerts":{}}`, 422, "alerts must be an array"},
		{"an alert that is a number", `{"alerts":[7]}`, 422, "alerts[0] is of the wrong type: number"},
		{"an alert that is null", `{"alerts":[null]}`, 422, `alerts[0].status is ""; it must be "firing" or "resolved"`},
		{"an alert without a status", `{"alerts":[{"status":"firing"},{"labels":{}}]}`, 422, `alerts[1].status is ""`},
		{"an unknown status of an alert", `{"alerts":[{"status":"pending"}]}`, 422, `alerts[0].status is "pending"; it must be "firing" or "resolved"`},
		{"an unknown status", `{"status":"ok",` + alerts + `}`, 422, `status is "ok"; it must be "firing" or "resolved"`},
		{"a label that is a number", `{"alerts":[{"status":"firing","labels":{"a":1}}]}`, 422, "alerts[0].labels is of the wrong type: number"},
		{"a value that is a string", `{"alerts":[{"status":"firing","values":{"B":"95"}}]}`, 422, "alerts[0].values is of the wrong type: string"},
		{"a start that is no time", `{"alerts":[{"status":"firing","startsAt":"yesterday"}]}`, 422, "alerts[0].startsAt is not a time"},
		{"a start that is a number", `{"alerts":[{"status":"firing","startsAt":1795412010}]}`, 422, "alerts[0].startsAt is not a time"},
		{"group labels that are a list", `{"groupLabels":["a"],` + alerts + `}`, 422, "groupLabels is of the wrong type: array"},
		{"a title that is a number", `{"title":1,` + alerts + `}`, 422, "title is of the wrong type: number"},
		{"too deep an object", `{"x":` + strings.Repeat(`{"x":`, alert.MaxDepth) + `1` + strings.Repeat(`}`, alert.MaxDepth) + `,` + alerts + `}`, 422, "nests deeper than 32 levels"},
		{"a million open brackets", strings.Repeat("[", 1_000_000), 422, "nests deeper"},
		{"too large a body", `{"title":"` + strings.Repeat("x", alert.MaxBody) + `",` + alerts + `}`, 413, "the body is larger than 16 MiB"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := alert.Decode(strings.NewReader(tt.body))
			refused(t, err, tt.status, failure.Body, tt.words)
			_, err = alert.Decode(strings.NewReader(inPieces(tt.body)))
			refused(t, err, tt.status, failure.Body, strings.TrimSuffix(tt.words, ", at octet 30"))
		})
	}
}

func TestDecodeAccepts(t *testing.T) {
	tests := []struct{ name, body string }{
		{"brackets and quotes inside strings", `{"title":"` + strings.Repeat(`[{\"\\`, 50) + `","alerts":[{"status":"firing"}]}`},
		{"unknown fields", `{"alerts":[{"status":"firing","extraData":[[1]]}],"orgName":"x"}`},
		{"the deepest nesting", `{"x":` + strings.Repeat("[", alert.MaxDepth-1) + strings.Repeat("]", alert.MaxDepth-1) + `,"alerts":[{"status":"firing"}]}`},
		{"a title of NUL and line breaks", `{"title":"a\u0000\r\nb","alerts":[{"status":"firing"}]}`},
		{"an absurd count of truncated alerts", `{"truncatedAlerts":9223372036854775807,"alerts":[{"status":"firing"}]}`},
		{"the largest body", `{"alerts":[{"status":"firing"}]}` + strings.Repeat(" ", alert.MaxBody-len(`{"alerts":[{"status":"firing"}]}`))},
		{"a negative count of truncated alerts", `{"truncatedAlerts":-9223372036854775808,"alerts":[{"status":"firing"}]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if n := decode(t, []byte(tt.body)); n.FiringCount != 1 || n.Omitted < 0 {
				t.Errorf("%+v", n)
			}
		})
	}
}

func TestOfADuplicateKeyTheLastCounts(t *testing.T) {
	n := decode(t, []byte(`{"alerts":[{"status":"firing"},{"status":"firing"}],"alerts":[{"status":"resolved"}]}`))
	if len(n.Alerts) != 1 || n.FiringCount != 0 || n.ResolvedCount != 1 || n.Status != alert.Resolved {
		t.Errorf("%+v", n)
	}
}

// many makes a payload of alerts with these statuses, each with its index as
// fingerprint.
func many(t testing.TB, statuses []string) []byte {
	t.Helper()
	type one struct {
		Status      string `json:"status"`
		Fingerprint string `json:"fingerprint"`
	}
	all := make([]one, len(statuses))
	for i, s := range statuses {
		all[i] = one{s, fmt.Sprint(i)}
	}
	body, err := json.Marshal(map[string]any{"alerts": all, "truncatedAlerts": 3})
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestBeyondMaxAlertsFiringOnesAreKeptFirst(t *testing.T) {
	resolved := slices.Repeat([]string{alert.Resolved}, 1200)
	firing := slices.Repeat([]string{alert.Firing}, 1200)
	tests := []struct {
		name         string
		statuses     []string
		firing       int // kept
		first, last  string
		total, fired int
	}{
		{"exactly as many", firing[:1000], 1000, "0", "999", 1000, 1000},
		{"one too many", firing[:1001], 1000, "0", "999", 1001, 1001},
		{"resolved before firing", slices.Concat(resolved, firing[:2]), 2, "0", "1201", 1202, 2},
		{"firing before resolved", slices.Concat(firing[:2], resolved), 2, "0", "999", 1202, 2},
		{"firing fill it all", slices.Concat(resolved, firing), 1000, "1200", "2199", 2400, 1200},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := decode(t, many(t, tt.statuses))
			kept := 0
			for _, a := range n.Alerts {
				if a.Status == alert.Firing {
					kept++
				}
			}
			if len(n.Alerts) != alert.MaxAlerts || kept != tt.firing {
				t.Errorf("kept %d, %d of them firing", len(n.Alerts), kept)
			}
			if first, last := n.Alerts[0].Fingerprint, n.Alerts[999].Fingerprint; first != tt.first || last != tt.last {
				t.Errorf("kept from %s to %s, want from %s to %s", first, last, tt.first, tt.last)
			}
			if n.FiringCount != tt.fired || n.FiringCount+n.ResolvedCount != tt.total || n.Omitted != tt.total-1000+3 {
				t.Errorf("%d firing, %d resolved, %d omitted", n.FiringCount, n.ResolvedCount, n.Omitted)
			}
		})
	}
}

func FuzzDecode(f *testing.F) {
	for _, name := range []string{"grafana-12.3/mixed-1-1.json", "grafana-12.3/test-button-custom-title.json", "alertmanager-v4/bare.json", "alertmanager-v4/firing-truncated.json"} {
		f.Add(read(f, name))
	}
	f.Add([]byte(storm{count: 3, resolved: 1, before: "😀\\\"", after: "x"}.body(f)))
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := alert.Decode(bytes.NewReader(body))
		if err != nil {
			var r *failure.Error
			if !errors.As(err, &r) || r.HTTPStatus() < 400 || r.HTTPStatus() > 499 || r.Code != failure.Body || r.Message == "" || r.English == "" {
				t.Fatalf("not a whole refusal: %#v", err)
			}
			return
		}
		if len(n.Alerts) == 0 || len(n.Alerts) > alert.MaxAlerts || n.GroupKey == "" || n.Omitted < 0 ||
			n.FiringCount+n.ResolvedCount < len(n.Alerts) || len(n.Identity()) != 24 || !utf8.ValidString(n.Message) {
			t.Fatalf("an incomplete notification: %+v", n)
		}
		again, err := alert.Decode(io.MultiReader(strings.NewReader(inPieces("")), iotest.OneByteReader(bytes.NewReader(body))))
		if err != nil || !reflect.DeepEqual(again, n) {
			t.Fatalf("read octet by octet it is %+v (%v), at once %+v", again, err, n)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	const small = `{"status":"firing"},`
	tests := []struct {
		name string
		body []byte
	}{
		{"two alerts", read(b, "grafana-12.3/firing-2.json")},
		{"fifteen alerts", read(b, "grafana-12.3/firing-15-hostile-annotations.json")},
		// Most alerts cost their identity and not a struct each.
		{"as many of the smallest alerts as may be", []byte(`{"alerts":[` + strings.Repeat(small, alert.MaxCounted-1) + small[:len(small)-1] + `]}`)},
		{"five thousand alerts of 11 MB", []byte(storm{count: 5000, resolved: 1000, padding: 800}.body(b))},
	}
	for _, tt := range tests {
		b.Run(tt.name, func(b *testing.B) {
			b.SetBytes(int64(len(tt.body)))
			b.ReportAllocs()
			for b.Loop() {
				decode(b, tt.body)
			}
		})
	}
}

// TestWhatGrafanaClosedIsCounted apart from what was resolved, kept or not.
func TestWhatGrafanaClosedIsCounted(t *testing.T) {
	one := func(i int, status, reason string) string {
		return fmt.Sprintf(`{"status":%q,"labels":{"alertname":"x","n":"%d"},"annotations":{"grafana_state_reason":%q}}`, status, i, reason)
	}
	alerts := []string{one(0, "firing", "Error, KeepLast"), one(1, "resolved", ""), one(2, "resolved", "MissingSeries")}
	for i := range alert.MaxAlerts + 10 {
		alerts = append(alerts, one(i+3, "resolved", "Paused"))
	}
	n, err := alert.Decode(strings.NewReader(`{"alerts":[` + strings.Join(alerts, ",") + `]}`))
	if err != nil {
		t.Fatal(err)
	}
	if n.FiringCount != 1 || n.ResolvedCount != alert.MaxAlerts+12 || n.ClosedCount != alert.MaxAlerts+11 {
		t.Errorf("%d fire, %d are resolved, %d of them closed", n.FiringCount, n.ResolvedCount, n.ClosedCount)
	}
	if got := n.Dropped[alert.Kind{Status: alert.Closed}]; got != 13 {
		t.Errorf("of those that are not kept %d are closed: %v", got, n.Dropped)
	}
}
