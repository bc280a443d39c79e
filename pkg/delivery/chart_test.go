package delivery

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// chartMailing is a data source that has a token for a Grafana with a rule of CPU.
func chartMailing(t *testing.T, override map[string]any) (mailing, *grafanatest.Grafana) {
	t.Helper()
	g := grafanatest.Start()
	t.Cleanup(g.Stop)
	g.AddRule("cpu", grafanatest.Rule("cpu", 90))
	g.Answer(func(q grafanatest.Query) data.Frames {
		return data.Frames{data.NewFrame("", data.NewField("time", nil, []time.Time{q.From, q.To}), data.NewField("value", data.Labels{"host": "web-1"}, []float64{41, 97}))}
	})
	m := startMailing(t, override)
	m.settings.GrafanaURL, m.settings.GrafanaToken = g.URL(), settings.NewSecret(grafanatest.Token)
	m.sender = m.save(t)
	return m, g
}

// chartNotification is a signed notification of an alert of that rule.
func chartNotification(t *testing.T, group, more string) *alert.Notification {
	t.Helper()
	n, err := alert.Decode(strings.NewReader(fmt.Sprintf(`{"version":"1","groupKey":%q,"alerts":[{"status":"firing","fingerprint":%[1]q,"startsAt":%q,"ruleUID":"cpu","labels":{"alertname":"CPU","host":"web-1"}%s}]}`,
		group, time.Now().Add(-time.Minute).Format(time.RFC3339), more)))
	if err != nil {
		t.Fatal(err)
	}
	n.Signed = true
	return n
}

func (m mailing) acceptNotification(t *testing.T, n *alert.Notification, o alert.Overrides) (note, mail string) {
	t.Helper()
	recipients, err := alert.Resolve(&o, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.sender.Accept(t.Context(), n, recipients)
	if err != nil {
		t.Fatal(err)
	}
	mails := m.relay.Mails()
	return got.Delivery.Note, strings.ReplaceAll(string(mails[len(mails)-1].Data), "=\r\n", "")
}

// TestAMailShowsTheChartOfItsAlert and says what it shows.
func TestAMailShowsTheChartOfItsAlert(t *testing.T) {
	m, _ := chartMailing(t, nil)
	note, mail := m.acceptNotification(t, chartNotification(t, "cpu", ""), alert.Overrides{})
	for _, part := range []string{"multipart/related", "Content-Type: image/png", "Content-ID: <", "src=3D\"cid:", "last 1h: 41 to 97, now 97; limit 90"} {
		if !strings.Contains(mail, part) {
			t.Errorf("%q is not in the mail:\n%s", part, mail)
		}
	}
	if note != "" {
		t.Error(note)
	}
	if strings.Contains(mail, grafanatest.Token) {
		t.Error("the token is in the mail")
	}
}

// TestAChartIsDrawnForTheContactPointOnly: somebody who posts an alert by hand must not
// get the data of a rule that they may not read.
func TestAChartIsDrawnForTheContactPointOnly(t *testing.T) {
	for name, tt := range map[string]struct {
		override map[string]any
		change   func(*mailing, *alert.Notification, *alert.Overrides)
	}{
		"not signed":      {nil, func(_ *mailing, n *alert.Notification, _ *alert.Overrides) { n.Signed = false }},
		"turned off":      {map[string]any{"charts": false}, nil},
		"resolved":        {nil, func(_ *mailing, n *alert.Notification, _ *alert.Overrides) { n.Alerts[0].Status = alert.Resolved }},
		"of Alertmanager": {nil, func(_ *mailing, n *alert.Notification, _ *alert.Overrides) { n.Version = "4" }},
		"without data": {nil, func(_ *mailing, n *alert.Notification, _ *alert.Overrides) {
			n.Alerts[0].Labels[alert.RuleLabel] = "CPU"
		}},
		"mail of type auth": {nil, func(_ *mailing, _ *alert.Notification, o *alert.Overrides) { o.MailType = nhncloud.Auth }},
		"has a picture": {nil, func(_ *mailing, n *alert.Notification, _ *alert.Overrides) {
			n.Alerts[0].ImageURL = "https://images.example.com/a.png"
		}},
		"no token": {nil, func(m *mailing, _ *alert.Notification, _ *alert.Overrides) {
			m.settings.GrafanaToken = settings.Secret{}
			m.sender = m.save(t)
		}},
	} {
		m, g := chartMailing(t, tt.override)
		n, o := chartNotification(t, name, ""), alert.Overrides{}
		if tt.change != nil {
			tt.change(&m, n, &o)
		}
		note, mail := m.acceptNotification(t, n, o)
		if strings.Contains(mail, "image/png") || strings.Contains(note, "no chart") || len(g.Requests()) > 0 {
			t.Errorf("%s: %d requests, note %q", name, len(g.Requests()), note)
		}
	}
}

// TestMailGoesWithoutTheChartThatFails, and its note says why; none is lost.
func TestMailGoesWithoutTheChartThatFails(t *testing.T) {
	m, g := chartMailing(t, nil)
	var log strings.Builder
	m.sender.log = hclog.New(&hclog.LoggerOptions{Output: &log})
	for i, fault := range []struct {
		order http.HandlerFunc
		note  string
	}{
		{grafanatest.Status(403), "no chart: Grafana answers 403"},
		{grafanatest.Status(500), "no chart: Grafana answers 500"},
		{grafanatest.Garbage, "no chart: what answers at Grafana's address"},
		{grafanatest.Huge, "no chart: Grafana's answer is larger than"},
	} {
		g.Order(fault.order)
		note, mail := m.acceptNotification(t, chartNotification(t, fmt.Sprint("cpu", i), ""), alert.Overrides{})
		if !strings.Contains(note, fault.note) || strings.Contains(mail, "image/png") || strings.Contains(note, grafanatest.Token) {
			t.Errorf("%q, not %q", note, fault.note)
		}
	}
	if got := len(m.relay.Mails()); got != 4 {
		t.Errorf("%d mails", got)
	}
	if got := strings.Count(log.String(), "mail goes without a chart"); got != 1 || strings.Contains(log.String(), grafanatest.Token) {
		t.Errorf("the log says so %d times: %s", got, log.String())
	}
}

// TestTheGravestAlertsHaveCharts, three of them.
func TestTheGravestAlertsHaveCharts(t *testing.T) {
	n := &alert.Notification{Version: "1"}
	for _, severity := range []string{"info", "warning", "critical", "", "critical"} {
		n.Alerts = append(n.Alerts, alert.Alert{Status: alert.Firing, Fingerprint: severity, Labels: alert.KV{"severity": severity}})
	}
	n.Alerts[2].Past.Unchanged = true
	got := charted(n)
	want := []*alert.Alert{&n.Alerts[4], &n.Alerts[2], &n.Alerts[1]}
	if !slices.Equal(got, want) {
		t.Error(got)
	}
}

// TestTheTestMailShowsASample where mail has charts, and asks Grafana nothing.
func TestTheTestMailShowsASample(t *testing.T) {
	m, g := chartMailing(t, nil)
	recipients, err := alert.Resolve(&alert.Overrides{}, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.sender.SendNow(t.Context(), alert.Sample(alert.SampleFiring, time.Now(), ""), recipients); err != nil {
		t.Fatal(err)
	}
	if mail := string(m.relay.Mails()[0].Data); !strings.Contains(mail, "image/png") || len(g.Requests()) > 0 {
		t.Errorf("%d requests, and the mail is\n%.3000s", len(g.Requests()), mail)
	}
	content, _, err := m.service.Preview(t.Context(), "1/mail", alert.Sample(alert.SampleFiring, time.Now(), ""), recipients)
	if page := content.Inline(); err != nil || !strings.Contains(page, `src="data:image/png;base64,`) || strings.Contains(page, "cid:") {
		t.Errorf("%v: the preview shows no chart:\n%.3000s", err, page)
	}
}
