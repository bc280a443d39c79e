package view

import (
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
)

// SampleTime is when the samples are rendered.
var SampleTime = time.Date(2026, 11, 23, 6, 45, 0, 0, time.UTC)

// Samples are notifications on which a template is tried: one alert that
// fires, several in both states, and one that was resolved.
func Samples() []*alert.Notification {
	fires := alert.Alert{
		Status:       alert.Firing,
		Labels:       alert.KV{"alertname": "High CPU", "instance": "web-1", "severity": "critical"},
		Annotations:  alert.KV{"summary": "CPU usage is 95 on web-1", "description": "Above 90 for 5 minutes", "runbook_url": "https://runbooks.example.com/cpu"},
		StartsAt:     SampleTime.Add(-10 * time.Minute),
		GeneratorURL: "https://grafana.example.com/alerting/grafana/r1/view",
		SilenceURL:   "https://grafana.example.com/alerting/silence/new",
		DashboardURL: "https://grafana.example.com/d/d1",
		PanelURL:     "https://grafana.example.com/d/d1?viewPanel=4",
		ImageURL:     "https://grafana.example.com/image.png",
		Fingerprint:  "864ff650e216f708",
		Values:       map[string]float64{"B": 95, "C": 1},
	}
	fires.Chart = &chart.Drawn{Chart: chart.Sample(SampleTime, fires.StartsAt)}
	ended := fires
	ended.Status = alert.Resolved
	ended.EndsAt = SampleTime
	ended.Values, ended.Chart = nil, nil
	bare := alert.Alert{Status: alert.Firing}

	notification := func(status string, alerts ...alert.Alert) *alert.Notification {
		return &alert.Notification{
			Receiver: "on-call", Status: status, Alerts: alerts,
			GroupLabels:       alert.KV{"alertname": "High CPU"},
			CommonLabels:      alert.KV{"alertname": "High CPU", "severity": "critical"},
			CommonAnnotations: alert.KV{},
			ExternalURL:       "https://grafana.example.com/", Version: "1", OrgID: 1,
			GroupKey: `{}:{alertname="High CPU"}`,
		}
	}
	return []*alert.Notification{
		notification(alert.Firing, fires),
		notification(alert.Firing, fires, ended, bare),
		notification(alert.Resolved, ended),
	}
}
