package message

import (
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/chart"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// charted is the mail of an alert with a chart.
func charted(t *testing.T, o Options, others int) (Content, *chart.Drawn) {
	t.Helper()
	a := fires("alertname", "High CPU", "instance", "web-1")
	drawn, err := chart.Sample(renderTime, renderTime.Add(-5*time.Minute)).Draw()
	if err != nil {
		t.Fatal(err)
	}
	a.Chart = drawn
	n := notification(a)
	for range others {
		n.Alerts = append(n.Alerts, fires("alertname", "High CPU", "instance", "web-2"))
	}
	return render(t, renderer(t, o), n), drawn
}

// TestAChartIsCarriedByTheMail, in the built-in HTML, alone and among others, and in a
// template of the user's; what it shows is told in words and characters.
func TestAChartIsCarriedByTheMail(t *testing.T) {
	for language, words := range map[string]string{
		"en": "High CPU · web-1, last 1h: 8.87 to 24.2, now 22; limit 20",
		"ja": "High CPU · web-1、直近 1時間: 8.87〜24.2、現在 22、しきい値 20",
		"ko": "High CPU · web-1, 최근 1시간: 8.87~24.2, 현재 22, 임곗값 20",
	} {
		for _, others := range []int{0, 3} {
			c, drawn := charted(t, Options{Language: language}, others)
			p := parseMail(t, compose(t, header(t), c))
			if p.pictures[view.ContentID(drawn.PNG)] != "image/png "+strings.ReplaceAll(string(drawn.PNG), "\r\n", "\n") || !strings.Contains(p.html, `src="cid:`+view.ContentID(drawn.PNG)+`" alt="`+words+`"`) {
				t.Errorf("%s: no chart in %s", language, p.html)
			}
			joined := func(s string) string { return strings.Join(strings.Fields(s), "") }
			if !strings.Contains(joined(c.Text), joined(words)) || !strings.Contains(c.Text, drawn.Sparkline(24)+"\n") {
				t.Errorf("%s: no chart in\n%s", language, c.Text)
			}
		}
	}
	c, drawn := charted(t, Options{
		HTMLTemplate: `mail {{range .Alerts}}{{with .Chart}}<img src="{{.URL}}" alt="{{.Text}}">{{end}}{{end}}`,
		TextTemplate: `mail {{range .Alerts}}{{with .Chart}}{{.Sparkline}} {{.Text}}{{end}}{{end}}`,
	}, 0)
	if len(c.Warnings) > 0 || len(c.Pictures) != 1 || !strings.Contains(c.HTML, `src="cid:`+view.ContentID(drawn.PNG)+`"`) || !strings.Contains(c.Text, " 24.2 High CPU") {
		t.Errorf("%v: %s\n%s", c.Warnings, c.HTML, c.Text)
	}
	if c, _ := charted(t, Options{HTMLTemplate: "none"}, 0); len(c.Pictures) > 0 {
		t.Error("a chart that no template shows is carried")
	}
}
