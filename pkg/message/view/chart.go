package view

import (
	"crypto/sha256"
	"encoding/hex"
	"html/template"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// Chart is the chart of what an alert's rule measures.
type Chart struct {
	URL       template.URL // of the picture, which the mail carries
	Text      string       // what it shows, in a sentence
	Sparkline string       // the same as block characters on one line
}

// sparkline is how many characters a sparkline has.
const sparkline = 24

// newChart describes the chart of an alert.
func newChart(a *alert.Alert, v *Alert, w *locale.Words) *Chart {
	if a.Chart == nil {
		return nil
	}
	span, ok := a.Chart.Span()
	if !ok {
		return nil
	}
	name := v.Name
	if where := append(v.places[:len(v.places):len(v.places)], v.OwnLabels...); len(where) > 0 { // what tells it from others
		name = Join(name, where[0].Value)
	}
	text := w.Say("chart.text", clean.Cut(name, maxLabel), w.Span(a.Chart.To.Sub(a.Chart.From)).String(),
		a.Chart.Number(span.Min), a.Chart.Number(span.Max), a.Chart.Number(span.Last))
	switch limits := a.Chart.Limit.Values; len(limits) {
	case 1:
		text = w.Say("chart.limit", text, a.Chart.Number(limits[0]))
	case 2:
		text = w.Say("chart.limits", text, a.Chart.Number(limits[0]), a.Chart.Number(limits[1]))
	}
	return &Chart{
		URL:  template.URL("cid:" + ContentID(a.Chart.PNG)), //nolint:gosec // it is a hash
		Text: text, Sparkline: a.Chart.Sparkline(sparkline),
	}
}

// ContentID returns the Content-ID of a picture that a mail carries, without angle brackets:
// the same for the same picture.
func ContentID(picture []byte) string {
	sum := sha256.Sum256(picture)
	return hex.EncodeToString(sum[:12]) + "@picture"
}
