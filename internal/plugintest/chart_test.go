package plugintest_test

import (
	"bytes"
	"fmt"
	"image/png"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-message"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// ofRule is a notification of an alert of the rule "cpu", in a group of that name.
func ofRule(group string) []byte {
	return fmt.Appendf(nil, `{"version":"1","groupKey":%q,"alerts":[{"status":"firing","fingerprint":%[1]q,"startsAt":%q,"generatorURL":"https://grafana.example.com/alerting/grafana/cpu/view?orgId=1","labels":{"alertname":"CPU","host":"web-1"}}]}`,
		group, time.Now().Add(-10*time.Minute).UTC().Format(time.RFC3339))
}

// TestAlertsOfAContactPointHaveCharts, with the token of grafana.ini; those that an Editor
// posts by hand have none, and Grafana is not asked for them.
func TestAlertsOfAContactPointHaveCharts(t *testing.T) {
	grafana := grafanatest.Start()
	t.Cleanup(grafana.Stop)
	grafana.AddRule("cpu", grafanatest.Rule("cpu", 90))
	grafana.Answer(func(q grafanatest.Query) data.Frames {
		return data.Frames{data.NewFrame("", data.NewField("time", nil, []time.Time{q.From, q.To}), data.NewField("value", data.Labels{"host": "web-1"}, []float64{41, 97}))}
	})
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=memory:", "GF_PLUGIN_GRAFANA_TOKEN=" + grafanatest.Token, "GF_PLUGIN_GRAFANA_URL=" + grafana.URL(),
	}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	r := relay(t, relaytest.Options{})
	byHand := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	byHand.UID, byHand.Secrets["webhookSecret"] = "by-hand", ""
	if answer := call(t, p, byHand, plugintest.Request{Path: "alerts", Body: ofRule("by hand"), User: editor}); answer.Status != 200 || len(grafana.Requests()) > 0 {
		t.Errorf("%d, and Grafana was asked %d times", answer.Status, len(grafana.Requests()))
	}
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", ofRule("signed"))); answer.Status != 200 {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	mails := r.Mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	if got := pictures(t, mails[0].Data); len(got) > 0 {
		t.Error("mail of an alert that was posted by hand has a picture")
	}
	got := pictures(t, mails[1].Data)
	if len(got) != 1 {
		t.Fatalf("%d pictures in\n%s", len(got), mails[1].Data)
	}
	if m, err := png.Decode(bytes.NewReader(got[0])); err != nil || m.Bounds().Dx() != 2*chart.Width {
		t.Error(err)
	}
	metrics, err := p.Metrics(within(t))
	if err != nil || !strings.Contains(string(metrics), `nhncloud_email_charts_total{result="drawn"} 1`) {
		t.Error(err, "the chart is not counted")
	}
}

// TestTwoReplicasMailEachChartOnce: both get each notification, and both draw; one mail goes
// out.
func TestTwoReplicasMailEachChartOnce(t *testing.T) {
	const notifications = 6
	grafana := grafanatest.Start()
	t.Cleanup(grafana.Stop)
	grafana.AddRule("cpu", grafanatest.Rule("cpu", 90))
	grafana.Answer(func(q grafanatest.Query) data.Frames {
		return data.Frames{data.NewFrame("", data.NewField("time", nil, []time.Time{q.From, q.To}), data.NewField("value", data.Labels{"host": "web-1"}, []float64{41, 97}))}
	})
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"grafanaUrl": grafana.URL()})
	ds.Secrets["grafanaToken"] = grafanatest.Token
	url := pgtest.Database(t)
	replicas := []*plugintest.Process{start(t, url, nil), start(t, url, nil)}
	for n := range notifications {
		body := ofRule(fmt.Sprint("group ", n))
		var posting sync.WaitGroup
		for _, p := range replicas {
			posting.Go(func() {
				if answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", body)); err != nil || answer.Status != 200 {
					t.Errorf("%v %d %s", err, answer.Status, answer.Body)
				}
			})
		}
		posting.Wait()
	}
	mails, charts := r.Mails(), 0
	for _, m := range mails {
		charts += len(pictures(t, m.Data))
	}
	if len(mails) != notifications || charts == 0 || charts > notifications { // on a slow machine some have none
		t.Errorf("%d mails with %d charts for %d notifications", len(mails), charts, notifications)
	}
}

// pictures lists the pictures that a mail carries.
func pictures(t *testing.T, data []byte) (all [][]byte) {
	t.Helper()
	entity, err := message.Read(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	err = entity.Walk(func(_ []int, part *message.Entity, err error) error {
		if err != nil {
			return err
		}
		if kind, _, _ := part.Header.ContentType(); kind == "image/png" {
			picture, err := io.ReadAll(part.Body)
			all = append(all, picture)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
