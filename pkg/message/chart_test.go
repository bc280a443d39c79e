package message

import (
	"bytes"
	"fmt"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
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
			if p.pictures[view.ContentID(drawn.PNG)] != "image/png "+strings.ReplaceAll(string(drawn.PNG), "\r\n", "\n") || !strings.Contains(p.html, `width="480" height="220" src="cid:`+view.ContentID(drawn.PNG)+`" alt="`+words+`"`) { // Outlook goes by the attributes
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

// TestTheSizeOfAChartIsThatOfItsPicture: Outlook for Windows draws a picture with other
// attributes in another shape, and one without them by its dots per inch.
func TestTheSizeOfAChartIsThatOfItsPicture(t *testing.T) {
	c, drawn := charted(t, Options{}, 0)
	size, err := png.DecodeConfig(bytes.NewReader(drawn.PNG))
	if err != nil {
		t.Fatal(err)
	}
	if attributes := fmt.Sprintf(`width="%d" height="%d"`, size.Width/2, size.Height/2); !strings.Contains(c.HTML, attributes) {
		t.Errorf("no %s in %s", attributes, c.HTML)
	}
}

// TestAMailHasRoomForItsCharts beside the largest text, and for fewer pictures then: those
// are what is left out of a mail of ten megabytes.
func TestAMailHasRoomForItsCharts(t *testing.T) {
	long := "{{range .Alerts}}" + `<img src="{{.ImageURL}}">{{with .Chart}}<img src="{{.URL}}">{{end}}{{end}}{{range .Alerts}}` + strings.Repeat("경", 20_000) + "{{end}}"
	var alerts []alert.Alert
	for i := range 8 {
		a := fires("alertname", "High CPU", "instance", fmt.Sprint("web-", i))
		a.ImageURL = fmt.Sprintf("https://grafana.example.com/%d.png", i)
		if i < 3 {
			c := chart.Sample(renderTime, renderTime.Add(-time.Duration(i)*time.Minute))
			drawn, err := c.Draw()
			if err != nil {
				t.Fatal(err)
			}
			a.Chart = drawn
		}
		alerts = append(alerts, a)
	}
	n := notification(alerts...)
	c := render(t, renderer(t, Options{HTMLTemplate: long, TextTemplate: long}), n)
	if len(c.Pictures) != 3 || len(c.Text) < 400_000 || len(c.HTML) < 400_000 {
		t.Fatalf("%d charts, %d octets of text and %d of HTML", len(c.Pictures), len(c.Text), len(c.HTML))
	}
	room := 0
	for i, address := range c.Shown(n) {
		if c.Embed(address, "image/png", bytes.Repeat([]byte{byte(i)}, 2<<20)) {
			room++
		}
	}
	p := parseMail(t, compose(t, header(t), c))
	if size := len(compose(t, header(t), c)); size > maxMail || room < 2 || room > 4 || len(p.pictures) != 3+room {
		t.Errorf("%d octets with %d pictures, %d embedded", size, len(p.pictures), room)
	}
}

// TestTheWordsOfAChartTellItFromOthers of the same rule, by whatever label they differ.
func TestTheWordsOfAChartTellItFromOthers(t *testing.T) {
	var alerts []alert.Alert
	for _, handler := range []string{"/metrics", "/한국어"} {
		a := fires("alertname", "Many requests", "handler", handler)
		drawn, err := chart.Sample(renderTime, renderTime).Draw()
		if err != nil {
			t.Fatal(err)
		}
		a.Chart = drawn
		alerts = append(alerts, a)
	}
	c := render(t, renderer(t, Options{}), notification(alerts...))
	for _, words := range []string{`alt="Many requests · /metrics, last 1h: `, `alt="Many requests · /한국어, last 1h: `} {
		if !strings.Contains(c.HTML, words) {
			t.Errorf("no %s in %s", words, c.HTML)
		}
	}
}
