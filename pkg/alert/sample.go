package alert

import "time"

// Sample is a notification like Grafana's own test of a contact point, for the
// test mail and the preview.
func Sample(now time.Time) *Notification {
	labels := KV{"alertname": "TestAlert", "grafana_folder": "Test Folder", "instance": "Grafana", "severity": "warning"}
	annotations := KV{"summary": "Notification test", "description": "This mail shows that alerts reach you. Nothing is wrong."}
	n := &Notification{
		Receiver:          "test",
		Status:            Firing,
		GroupLabels:       KV{"alertname": "TestAlert", "grafana_folder": "Test Folder"},
		CommonLabels:      labels,
		CommonAnnotations: annotations,
		Version:           "1",
		GroupKey:          "test-" + now.UTC().Format(time.RFC3339Nano),
		Title:             "[FIRING:1] TestAlert Test Folder (Grafana warning)",
		Alerts: []Alert{{
			Status: Firing, Labels: labels, Annotations: annotations,
			StartsAt: now.Add(-5 * time.Minute), Fingerprint: "57c6d9296de2ad39",
			Values: map[string]float64{"B": 22, "C": 1},
		}},
		FiringCount: 1,
	}
	n.identity = identity(n.GroupKey, 0, []mark{markOf(&n.Alerts[0])})
	return n
}
