package delivery

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

const namespace = "nhncloud_email"

var (
	deliveries = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "deliveries_total",
		Help: "Deliveries that reached a final state, by state and mail type.",
	}, []string{"status", "mail_type"})
	attempts = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "attempts_total",
		Help: "Attempts at a delivery, by outcome: sent, or the class of the failure.",
	}, []string{"outcome"})
	deliveryDuration = promauto.NewHistogram(prometheus.HistogramOpts{
		Namespace: namespace, Name: "delivery_duration_seconds",
		Help:    "Time from acceptance to the final state, of deliveries that are sent or partial.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200, 43200},
	})
	stageDuration = promauto.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: "smtp_stage_duration_seconds",
		Help:    "Duration of each stage of an SMTP session.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"stage"})
	pictures = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "pictures_total",
		Help: "Pictures of alerts, by result: embedded in the mail, or linked because they could not be fetched or the mail would be too large.",
	}, []string{"result"})
	charts = promauto.NewCounterVec(prometheus.CounterOpts{
		Namespace: namespace, Name: "charts_total",
		Help: "Charts of alerts, by result: drawn, or failed because Grafana did not give the data in time.",
	}, []string{"result"})
	connections = promauto.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: namespace, Name: "connections",
		Help: "SMTP connections, by state.",
	}, []string{"state"})
)

// finished counts a delivery that became final.
func finished(d outbox.Delivery) {
	deliveries.WithLabelValues(string(d.Status), string(nhncloud.MailType(d.MailType).TakenAs())).Inc()
	if d.Status == outbox.Sent || d.Status == outbox.Partial {
		deliveryDuration.Observe(d.FinishedAt.Sub(d.WaitsSince()).Seconds())
	}
}

// attemptLabel sorts an attempt for the metric and the log.
func attemptLabel(o outbox.Outcome, err error) string {
	if err != nil {
		return string(failure.Of(err).Code)
	}
	for _, r := range o.Results {
		if r.Status != outbox.Sent {
			return "partial"
		}
	}
	return "sent"
}

// collectTimeout keeps a slow database from holding up /metrics.
const collectTimeout = time.Second

// depth is read from the outbox when the metrics are collected.
type depth struct{ service *Service }

var (
	depthDesc = prometheus.NewDesc(namespace+"_outbox_depth", "Mails in the outbox that are not final, by state.", []string{"state"}, nil)
	ageDesc   = prometheus.NewDesc(namespace+"_outbox_oldest_age_seconds", "Age of the oldest mail that is not final.", nil, nil)
)

// RegisterMetrics has the service's queue collected with the process's metrics.
func (s *Service) RegisterMetrics(r prometheus.Registerer) {
	r.MustRegister(depth{s}, domainStates{s})
	// A counter that is absent until its first event hides that event from
	// increase(), which alerts are made of.
	for _, result := range []string{"embedded", "linked"} {
		pictures.WithLabelValues(result)
	}
	for _, result := range []string{"drawn", "failed"} {
		charts.WithLabelValues(result)
	}
	for _, status := range outbox.Statuses() {
		if !status.Final() {
			continue
		}
		for _, t := range nhncloud.MailTypes() {
			deliveries.WithLabelValues(string(status), string(t))
		}
	}
}

func (depth) Describe(ch chan<- *prometheus.Desc) {
	ch <- depthDesc
	ch <- ageDesc
}

func (d depth) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), collectTimeout)
	defer cancel()
	box, err := d.service.Outbox(ctx)
	if err != nil {
		return // no outbox: absent, not zero
	}
	now, err := box.Depth(ctx, "")
	if err != nil {
		return
	}
	for _, state := range []outbox.Status{outbox.Collecting, outbox.Queued, outbox.Sending, outbox.Held} {
		ch <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(now.Count[state]), string(state))
	}
	ch <- prometheus.MustNewConstMetric(ageDesc, prometheus.GaugeValue, now.Oldest.Seconds())
}
