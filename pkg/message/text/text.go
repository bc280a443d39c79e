// Package text lays out a view as plain text.
package text

import (
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// Render is the text/plain part of the built-in mail.
func Render(v *view.View) string {
	t := &writer{}
	t.Grow(4 << 10)
	t.paragraph(v.StateText)
	t.paragraph(v.Places)
	t.blank()
	for _, s := range []string{v.Notice, v.Title, v.Message} {
		t.paragraph(s)
		t.blank()
	}
	for i := range v.Cards {
		t.rule("-")
		t.card(&v.Cards[i])
	}
	t.list(v)
	if len(v.SharedLabels) > 0 {
		t.rule("-")
		t.paragraph(v.Shared)
		t.blank()
		t.facts(v.SharedLabels)
		t.blank()
	}
	t.rule("=")
	if v.ExternalURL != "" {
		t.link(v.OpenText, v.ExternalURL)
		t.blank()
	}
	t.paragraph(v.Footer)
	if ad := v.Advertiser; ad != nil {
		t.blank()
		t.paragraph(ad.Sender + ": " + ad.Name)
		t.paragraph(ad.Address)
		t.link(ad.Text, ad.Link)
	}
	return t.String()
}

// card is one alert in full.
func (t *writer) card(c *view.Card) {
	t.paragraph(view.Join(c.StateText, c.Severity))
	t.paragraph(c.Name)
	t.blank()
	t.paragraph(c.Summary)
	t.paragraph(c.Description)
	t.blank()
	t.paragraph(c.Reason)
	t.blank()
	t.facts(c.Facts)
	t.blank()
	for _, b := range c.Buttons {
		t.link(b.Text, b.URL)
	}
	if c.ImageURL != "" {
		t.link(c.ImageAlt, c.ImageURL)
	}
	t.blank()
}

// list is the alerts that are not shown in full, and how many more there are.
func (t *writer) list(v *view.View) {
	if rest := v.Alerts[len(v.Cards):]; len(rest) > 0 {
		t.rule("-")
		t.paragraph(v.More(len(rest)))
		t.blank()
		for _, a := range rest {
			t.line("* " + cutWidth(view.Join(a.StateText, a.Name, v.Brief(a)), columns-2))
			if a.Reason != "" {
				t.line("  " + cutWidth(a.Reason, columns-2))
			}
		}
		t.blank()
	}
	if count, kinds := v.Rest(len(v.Alerts)); count != "" {
		t.rule("-")
		t.paragraph(count)
		t.paragraph(kinds)
		t.blank()
	}
}

// writer lays out plain text.
type writer struct {
	strings.Builder
	blanks int // blank lines at the end
}

func (t *writer) line(s string) {
	s = strings.TrimRight(s, " ")
	if s == "" {
		t.blank()
		return
	}
	t.WriteString(s)
	t.WriteByte('\n')
	t.blanks = 0
}

// blank ends a paragraph; several in a row are one.
func (t *writer) blank() {
	if t.blanks == 0 && t.Len() > 0 {
		t.WriteByte('\n')
		t.blanks++
	}
}

func (t *writer) paragraph(s string) {
	if s != "" {
		wrap(s, columns, t.line)
	}
}

func (t *writer) rule(with string) { t.line(strings.Repeat(with, columns)) }

// link puts the address on a line of its own, for readers that make links of
// whole lines only.
func (t *writer) link(text, url string) {
	t.paragraph(text + ":")
	t.line("  " + url)
}

// facts aligns names and values.
func (t *writer) facts(list []view.Pair) {
	const most = 24
	width := 0
	for _, p := range list {
		if w := displaywidth.String(p.Name); w <= most {
			width = max(width, w)
		}
	}
	indent := strings.Repeat(" ", width+2)
	for _, p := range list {
		before := p.Name + ":"
		if w := displaywidth.String(before); w > width+1 {
			wrap(before, columns, t.line)
			before = indent
		} else {
			before += indent[w:]
		}
		wrap(p.Value, columns-len(indent), func(line string) {
			t.line(before + line)
			before = indent
		})
	}
}

// cutWidth shortens s to width columns.
func cutWidth(s string, width int) string {
	return displaywidth.TruncateString(s, width, clean.Ellipsis)
}
