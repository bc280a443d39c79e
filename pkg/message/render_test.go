package message

import (
	"bytes"
	"context"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

var htmlDir = flag.String("html", "", "folder to write the rendered HTML of every payload and language to")

// renderTime is when the golden mails are rendered.
var renderTime = time.Date(2026, 11, 23, 8, 20, 0, 0, time.UTC)

var zones = map[string]string{"en": "Europe/London", "ja": "Asia/Tokyo", "ko": "Asia/Seoul"}

// payload decodes a file of testdata/payloads.
func payload(t testing.TB, name string) *alert.Notification {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "payloads", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// payloads names every file of testdata/payloads.
func payloads(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".json")
	}
	return files
}

// renderer is one with o, in its language's usual time zone.
func renderer(t testing.TB, o Options) *Renderer {
	t.Helper()
	if o.Language == "" {
		o.Language = "en"
	}
	if o.Location == nil {
		location, err := time.LoadLocation(zones[o.Language])
		if err != nil {
			t.Fatal(err)
		}
		o.Location = location
	}
	r, err := NewRenderer(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *Renderer, n *alert.Notification) Content {
	t.Helper()
	return r.Render(context.Background(), n, renderTime)
}

// caseOf decodes a file of testdata/cases.
func caseOf(t testing.TB, name string) *alert.Notification {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "cases", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// states are notifications in the states that a mail has to be readable in.
func states(t testing.TB) map[string]*alert.Notification {
	t.Helper()
	one := func(set func(*alert.Alert)) *alert.Notification {
		a := fires("alertname", "High CPU usage", "grafana_folder", "Production", "instance", "web-1", "severity", "critical", "team", "platform")
		a.StartsAt = renderTime.Add(-330 * time.Second)
		a.Annotations = alert.KV{"summary": "CPU usage is 95.3% on web-1", "description": "CPU on web-1 has been above 90% for 5 minutes.", "runbook_url": "https://runbooks.example.com/cpu"}
		a.Values = alert.Values{"A": 95.3412, "C": 1}
		a.GeneratorURL = "https://grafana.example.com/alerting/grafana/r1/view?orgId=1"
		a.SilenceURL = "https://grafana.example.com/alerting/silence/new?alertmanager=grafana&matcher=__alert_rule_uid__%3Dr1&matcher=instance%3Dweb-1&orgId=1"
		a.PanelURL = "https://grafana.example.com/d/d1?viewPanel=4"
		a.DashboardURL = "https://grafana.example.com/d/d1"
		set(&a)
		n := notification(a)
		n.Receiver, n.ExternalURL, n.Visible = "On-call (platform)", "https://grafana.example.com/", []string{"lee@example.com", "kim@example.com"}
		n.GroupKey = "{}:{}"
		n.GroupLabels = alert.KV{"alertname": a.Labels["alertname"], "grafana_folder": "Production"}
		return n
	}
	ends := func(reason string) func(*alert.Alert) {
		return func(a *alert.Alert) {
			a.Status, a.EndsAt, a.Values = alert.Resolved, renderTime.Add(-30*time.Second), nil
			if reason != "" {
				a.Annotations[alert.ReasonAnnotation] = reason
			}
		}
	}
	all := map[string]*alert.Notification{
		"one":      one(func(*alert.Alert) {}),
		"resolved": one(ends("")),
		"closed":   one(ends("MissingSeries")),
		"error": one(func(a *alert.Alert) {
			a.Labels["alertname"], a.Labels["rulename"], a.Labels["datasource_uid"], a.Labels["ref_id"] = "DatasourceError", "High CPU usage", "P8E80F9AEF21F6940", "A"
			a.Annotations["Error"], a.Values = `[sse.dataQueryError] failed to execute query [A]: Post "http://prometheus:9090/api/v1/query": dial tcp: lookup prometheus: no such host`, nil
		}),
		"arabic": one(func(a *alert.Alert) {
			a.Labels["alertname"], a.Labels["instance"] = "استخدام المعالج مرتفع", "خادم-1"
			a.Annotations["summary"], a.Annotations["description"] = "استخدام المعالج 95% على خادم-1", "تجاوز 90% لمدة خمس دقائق."
		}),
		"three-hundred": many(t, 300),

		"again":               withHistory(one(func(*alert.Alert) {})),
		"again-resolved":      withHistory(one(ends(""))),
		"flaps":               flapping(one(func(*alert.Alert) {})),
		"three-hundred-again": withHistory(many(t, 300)),
	}
	mixed := one(func(*alert.Alert) {})
	second, third := mixed.Alerts[0], one(ends("")).Alerts[0]
	second.Labels, third.Labels = maps.Clone(second.Labels), maps.Clone(third.Labels)
	second.Annotations, third.Annotations = maps.Clone(second.Annotations), maps.Clone(third.Annotations)
	second.Labels["instance"], second.Annotations["summary"], second.StartsAt = "web-3", "CPU usage is 91% on web-3", renderTime.Add(-time.Minute)
	second.Annotations["description"], third.Annotations["description"] = "CPU on web-3 has been above 90% for 5 minutes.", "CPU on web-2 has been above 90% for 5 minutes."
	second.Values = alert.Values{"A": 91.02, "C": 1}
	third.Labels["instance"], third.Annotations["summary"] = "web-2", "CPU usage is 95% on web-2"
	mixed.Alerts = append(mixed.Alerts, second, third)
	delete(mixed.CommonLabels, "instance")
	all["mixed"] = mixed
	again := *mixed
	again.Alerts = slices.Clone(mixed.Alerts)
	all["mixed-again"] = withHistory(&again)
	for _, name := range payloads(t) {
		all[name] = payload(t, name)
	}
	files, err := filepath.Glob("testdata/cases/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		all[name] = caseOf(t, name)
	}
	return all
}

// TestWriteHTML leaves the HTML of every state in every language in the folder of
// -html, for a validator or a browser to look at, and the mails for a filter.
func TestWriteHTML(t *testing.T) {
	if *htmlDir == "" {
		t.Skip("no -html folder given")
	}
	write := func(name, thread string, c Content) {
		h := header(t)
		h.Thread = thread
		for ext, text := range map[string]string{".html": c.HTML, ".txt": c.Subject + "\n\n" + c.Text, ".eml": string(compose(t, h, c))} {
			if err := os.WriteFile(filepath.Join(*htmlDir, name+ext), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, language := range settings.Languages() {
		r := renderer(t, Options{Language: language})
		for name, n := range states(t) {
			write(name+"."+language, n.GroupKey+name, render(t, r, n))
		}
		for name, d := range digests(t) {
			write("digest-"+name+"."+language, "", d.render(t, language))
		}
	}
}
