package delivery

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
)

// maxCharts is how many alerts of a mail have a chart.
const maxCharts = 3

// addCharts gives the first alerts of a notification that fire their charts. It returns
// why one has none, for the note of the delivery: an alert never fails for its chart.
//
// Only a notification that proved to be the contact point's gets charts. Somebody who
// posts one by hand could name any rule, and would have the data of it mailed.
func (s *Sender) addCharts(ctx context.Context, n *alert.Notification, r *alert.Recipients) (warnings []string) {
	if !n.Signed || !s.drawsCharts(r) {
		return nil
	}
	alerts := charted(n)
	if len(alerts) == 0 {
		return nil
	}
	drawn, failed := s.service.charts.Charts(ctx, s.access, alerts, r.Location, time.Now())
	for i, a := range alerts {
		if failed[i] == nil {
			a.Chart = drawn[i]
			charts.WithLabelValues("drawn").Inc()
			continue
		}
		charts.WithLabelValues("failed").Inc()
		if warning := "no chart: " + failed[i].Error(); !slices.Contains(warnings, warning) {
			warnings = append(warnings, warning)
		}
		s.service.uncharted.Do(func() {
			s.log.Warn("mail goes without a chart", "error", failed[i].Error())
		})
	}
	return warnings
}

// drawsCharts says whether mail to these recipients has charts. Mail of type auth carries
// no pictures.
func (s *Sender) drawsCharts(r *alert.Recipients) bool {
	return drawsCharts(s.access, r)
}

func drawsCharts(a grafana.Access, r *alert.Recipients) bool {
	return r.Settings.Charts && a.Known() && !r.MailType.OneRecipient()
}

// charted lists the alerts that have a chart: the first of those that fire and have no
// picture, in the order of the mail.
func charted(n *alert.Notification) []*alert.Alert {
	var all []*alert.Alert
	for i := range n.Alerts {
		a := &n.Alerts[i]
		_, failed := a.Labels[alert.RuleLabel] // it has no data, or its query failed
		if a.Status == alert.Firing && a.ImageURL == "" && !failed && n.Version != "4" {
			all = append(all, a)
		}
	}
	slices.SortStableFunc(all, func(a, b *alert.Alert) int {
		unchanged := map[bool]int{true: 1}
		return cmp.Or(alert.SeverityRank(a.Labels.Severity())-alert.SeverityRank(b.Labels.Severity()), unchanged[a.Past.Unchanged]-unchanged[b.Past.Unchanged])
	})
	return all[:min(len(all), maxCharts)]
}

// dropCharts takes the charts of a notification away.
func dropCharts(n *alert.Notification) {
	for i := range n.Alerts {
		n.Alerts[i].Chart = nil
	}
}

// addSampleChart gives the first alert a chart of made-up values, where mail has charts.
func addSampleChart(n *alert.Notification, location *time.Location, now time.Time) {
	if len(n.Alerts) == 0 || n.Alerts[0].Status != alert.Firing {
		return
	}
	if drawn, err := chart.Sample(now.In(location), n.Alerts[0].StartsAt).Draw(); err == nil {
		n.Alerts[0].Chart = drawn
	}
}
