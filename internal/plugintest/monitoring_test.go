package plugintest_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

var metricName = regexp.MustCompile(`nhncloud_email_[a-z_]+[a-z]`)

// metrics is the name and help text of each metric of the plugin after an alert
// was mailed and another refused, and the sender's domain looked up.
func metrics(t *testing.T) map[string]string {
	t.Helper()
	p := startWith(t, nameServer(t), nil)
	ds := plugintest.ForRelay(relay(t, relaytest.Options{}), nhncloud.STARTTLS, nil)
	if _, err := p.CheckHealth(within(t), ds); err != nil {
		t.Fatal(err)
	}
	call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	call(t, p, ds, plugintest.Request{Path: "alerts", Body: []byte("{}"), User: viewer})
	page, err := p.Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	help := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^# HELP (nhncloud_email_\w+) ?(.*)$`).FindAllStringSubmatch(string(page), -1) {
		help[m[1]] = m[2]
	}
	return help
}

func TestMetricsAreExplainedDocumentedAndAlertedOnByTheirNames(t *testing.T) {
	help := metrics(t)
	for name, text := range help {
		if !strings.HasSuffix(text, ".") {
			t.Errorf("%s has the help text %q", name, text)
		}
	}
	names := slices.Sorted(maps.Keys(help))

	document, err := os.ReadFile("../../docs/monitoring.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(nhncloud_email_\\w+)").FindAllStringSubmatch(string(document), -1) {
		documented = append(documented, row[1])
	}
	slices.Sort(documented)
	if !slices.Equal(documented, names) {
		t.Errorf("docs/monitoring.md has\n  %s\nand the plugin\n  %s", documented, names)
	}

	rules, err := filepath.Glob("../../provisioning/prometheus/*.yaml")
	if err != nil || len(rules) == 0 {
		t.Fatal(rules, err)
	}
	for _, file := range rules {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var parsed struct {
			Groups []struct {
				Rules []struct {
					Alert, Expr string
					Annotations map[string]string
				}
			}
		}
		if err := yaml.Unmarshal(content, &parsed); err != nil {
			t.Fatal(err)
		}
		for _, group := range parsed.Groups {
			for _, rule := range group.Rules {
				used := metricName.FindAllString(rule.Expr, -1)
				if len(used) == 0 || rule.Annotations["summary"] == "" {
					t.Errorf("%s: it looks at nothing, or says nothing", rule.Alert)
				}
				for _, name := range used {
					if _, ok := help[strings.TrimSuffix(name, "_bucket")]; !ok {
						t.Errorf("%s: there is no metric %s", rule.Alert, name)
					}
				}
			}
		}
	}
}

// TestAlertsSeeTheFirstEvent: increase() is blind to the event with which a
// counter begins, so what a rule selects has to be there, at zero, before.
func TestAlertsSeeTheFirstEvent(t *testing.T) {
	page, err := start(t, "", nil).Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	rules, err := os.ReadFile("../../provisioning/prometheus/nhncloud-email.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`increase\((\w+)\{(\w+)=~"([^"]+)"`).FindAllStringSubmatch(string(rules), -1)
	if len(found) == 0 {
		t.Fatal("no rule has an increase")
	}
	for _, m := range found {
		for value := range strings.SplitSeq(m[3], "|") {
			series := regexp.MustCompile(`(?m)^` + m[1] + `\{[^}]*\b` + m[2] + `="` + value + `"[^}]*\} 0$`)
			if !series.Match(page) {
				t.Errorf("there is no %s{%s=%q} at the start", m[1], m[2], value)
			}
		}
	}
	// A contact point may be set to PUT, and have a content type of its own.
	for _, reason := range []string{"method", "content-type"} {
		if !strings.Contains(string(page), `nhncloud_email_rejected_requests_total{reason="`+reason+`"} 0`) {
			t.Errorf("there is no reason %q at the start", reason)
		}
	}
}

func TestEveryAttemptIsOneLineOfTheLog(t *testing.T) {
	var out log
	p := start(t, "", &out)
	r := relay(t, relaytest.Options{})
	r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Times: 1, Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	call(t, p, ds, plugintest.Signed("alerts", another(t, 2)))

	attempts := func() []map[string]any {
		var all []map[string]any
		for line := range strings.Lines(out.String()) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["@message"] == "attempt" {
				all = append(all, entry)
			}
		}
		return all
	}
	await(t, func() bool { return len(attempts()) == 2 })
	for i, want := range []map[string]any{
		{"@level": "warn", "outcome": "permanent", "code": "permanent", "reply": "550 5.1.1 No such user", "stage": "rcpt", "error": "rcpt: 550 5.1.1 No such user", "accepted": 0.0},
		{"@level": "info", "outcome": "sent", "code": nil, "error": nil, "stage": "content", "accepted": 1.0},
	} {
		got := attempts()[i]
		for _, key := range []string{"source", "delivery", "messageId", "attempt", "mailType", "recipients", "stage", "reply", "duration"} {
			if _, ok := got[key]; !ok {
				t.Errorf("attempt %d has no %s", i+1, key)
			}
		}
		for key, value := range want {
			if got[key] != value {
				t.Errorf("attempt %d: %s is %v, not %v", i+1, key, got[key], value)
			}
		}
	}
	if strings.Contains(out.String(), "oncall@example.com") {
		t.Error("a recipient is in the log")
	}
}

// TestRefusedAlertIsALineOfTheLog: Grafana shows the status of an answer and
// none of its words.
func TestRefusedAlertIsALineOfTheLog(t *testing.T) {
	var out log
	p := start(t, "", &out)
	ds := plugintest.ForRelay(relay(t, relaytest.Options{}), nhncloud.STARTTLS, nil)
	unsigned := plugintest.Request{Path: "alerts", Body: another(t, 1), User: viewer}
	for range 3 {
		call(t, p, ds, unsigned)
	}
	ds.UID = "another"
	call(t, p, ds, plugintest.Signed("alerts?to=stranger@example.net", another(t, 2)))

	refusals := func() []map[string]any {
		var all []map[string]any
		for line := range strings.Lines(out.String()) {
			var entry map[string]any
			if json.Unmarshal([]byte(line), &entry) == nil && entry["@message"] == "an alert was refused" {
				all = append(all, entry)
			}
		}
		return all
	}
	await(t, func() bool { return len(refusals()) >= 2 })
	all := refusals()
	if len(all) != 2 {
		t.Errorf("%d lines, want one for each data source", len(all))
	}
	for i, want := range []map[string]any{
		{"@level": "warn", "source": "1/nhncloud-email", "status": 401.0, "code": "signature"},
		{"@level": "warn", "source": "1/another", "status": 403.0, "code": "recipients"},
	} {
		for key, value := range want {
			if all[i][key] != value {
				t.Errorf("line %d: %s is %v, not %v", i+1, key, all[i][key], value)
			}
		}
		if all[i]["error"] == "" {
			t.Errorf("line %d does not say what to do", i+1)
		}
	}
	if strings.Contains(out.String(), "stranger@") {
		t.Error("an address is in the log")
	}
}
