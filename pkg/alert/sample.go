package alert

import (
	"fmt"
	"strings"
	"time"
)

// The samples: what a test mail and a preview may show.
const (
	SampleFiring   = "firing"   // two alerts fire, and one is resolved
	SampleResolved = "resolved" // all three are resolved
	SampleStorm    = "storm"    // more alerts than a mail shows one by one
)

// SampleKinds lists the samples, the default first.
var SampleKinds = []string{SampleFiring, SampleResolved, SampleStorm}

// stormSize is how many alerts the storm has.
const stormSize = 120

// Sample is a notification like those that Grafana posts, made up for the test mail
// and the preview. Its links lead into the Grafana at url, if there is one.
func Sample(kind string, now time.Time, url string) *Notification {
	hosts := []string{"db-1", "db-2", "web-1"}
	firing := 2
	switch kind {
	case SampleResolved:
		firing = 0
	case SampleStorm:
		firing = stormSize
		hosts = nil
		for i := range stormSize {
			hosts = append(hosts, fmt.Sprintf("web-%03d", i+1))
		}
	}
	common := KV{"alertname": "Test: disk almost full", "grafana_folder": "Test", "severity": "critical"}
	n := &Notification{
		Receiver:     "test",
		Status:       Resolved,
		GroupLabels:  KV{"alertname": common["alertname"], "grafana_folder": common["grafana_folder"]},
		CommonLabels: common,
		CommonAnnotations: KV{
			"description": "This is a test and shows how alerts look. Nothing is wrong.",
			"runbook_url": "https://grafana.com/docs/grafana/latest/alerting/",
		},
		ExternalURL:   url,
		Version:       "1",
		GroupKey:      "test-" + kind + "-" + now.UTC().Format(time.RFC3339Nano),
		FiringCount:   firing,
		ResolvedCount: len(hosts) - firing,
	}
	var state []string
	if n.FiringCount > 0 {
		n.Status = Firing
		state = append(state, fmt.Sprintf("FIRING:%d", n.FiringCount))
	}
	if n.ResolvedCount > 0 {
		state = append(state, fmt.Sprintf("RESOLVED:%d", n.ResolvedCount))
	}
	n.Title = fmt.Sprintf("[%s] %s Test (critical)", strings.Join(state, ", "), common["alertname"])
	var marks []mark
	for i, host := range hosts {
		a := sampleAlert(n, host, i, now)
		if i >= firing {
			a.Status, a.EndsAt = Resolved, now.Add(-time.Minute)
		}
		n.Alerts = append(n.Alerts, a)
		marks = append(marks, markOf(&a))
	}
	n.identity = identity(n.GroupKey, 0, marks)
	return n
}

// sampleAlert is the alert of a host, which fires.
func sampleAlert(n *Notification, host string, i int, now time.Time) Alert {
	used := 98 - float64(i%9)
	a := Alert{
		Status:      Firing,
		Labels:      KV{"instance": host},
		Annotations: KV{"summary": fmt.Sprintf("/var on %s is %.0f %% full", host, used)},
		StartsAt:    now.Add(-time.Duration(12-i%7) * time.Minute),
		Fingerprint: fmt.Sprintf("57c6d9296de2%04x", i),
		Values:      map[string]float64{"B": used, "C": 1},
	}
	for name, value := range n.CommonLabels {
		a.Labels[name] = value
	}
	for name, value := range n.CommonAnnotations {
		a.Annotations[name] = value
	}
	if n.ExternalURL != "" {
		root := strings.TrimSuffix(n.ExternalURL, "/")
		a.GeneratorURL = root + "/alerting/list"
		a.SilenceURL = root + "/alerting/silence/new?alertmanager=grafana&matcher=instance%3D" + host
		a.DashboardURL = root + "/dashboards"
	}
	return a
}
