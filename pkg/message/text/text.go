// Package text lays out a view as plain text.
package text

import (
	"strings"

	"github.com/clipperhouse/displaywidth"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// Render is the text/plain part of the built-in mail: the rule in the first line.
func Render(v *view.View) string {
	t := &writer{}
	t.Grow(4 << 10)
	for _, s := range []string{v.Headline, v.Kicker, v.Where, v.SinceLastMail} {
		t.paragraph(s)
	}
	t.blank()
	t.paragraph(v.Reason)
	t.paragraph(v.Cause)
	t.blank()
	for _, s := range []string{v.Notice, v.Title, v.Message} {
		t.paragraph(s)
		t.blank()
	}
	if v.Lead != nil {
		t.card(v.Lead)
	}
	t.sections(v)
	t.links(v.Buttons)
	t.links(v.Links)
	t.blank()
	if v.Lead != nil {
		t.facts(v.Lead.Notes)
		t.blank()
		t.labels(v.Lead.Heading, v.Lead.Facts)
	}
	t.labels(v.Shared, v.Common)
	t.rule("=")
	if v.ExternalURL != "" {
		t.link(v.OpenText, v.ExternalURL)
	}
	for _, line := range v.Footer {
		t.paragraph(line)
	}
	if ad := v.Advertiser; ad != nil {
		t.blank()
		t.paragraph(ad.Sender + ": " + ad.Name)
		t.paragraph(ad.Address)
		t.link(ad.Text, ad.Link)
	}
	return t.String()
}

// card is the only alert: what people wrote, the values, the picture.
func (t *writer) card(c *view.Card) {
	t.paragraph(c.Summary)
	t.paragraph(c.Description)
	t.blank()
	for _, v := range c.Values {
		t.paragraph(v.Name + " = " + v.Value)
	}
	t.blank()
	t.chart(c.Chart)
	t.paragraph(c.History)
	t.blank()
	if c.ImageURL != "" {
		t.link(c.ImageAlt, c.ImageURL)
	}
}

// sections are several alerts by rule and severity.
func (t *writer) sections(v *view.View) {
	detailed, ended := v.Detailed()
	for _, s := range v.Sections {
		t.rule("-")
		t.paragraph(s.Name)
		t.paragraph(s.Kind)
		t.blank()
		for _, text := range []string{s.Reason, s.Cause, s.Summary, s.Description} {
			t.paragraph(text)
		}
		t.links(s.Links)
		t.blank()
		briefly := false // so are those that follow
		for i, a := range s.Alerts[:s.Listed] {
			briefly = briefly || detailed == 0 || a.Ended() && ended == 0
			r := v.Row(s, i, !briefly)
			t.line("* " + cutWidth(view.Join(r.StateText, r.Where), columns-2))
			t.indented(r.Value, r.Since)
			if briefly {
				continue
			}
			detailed--
			if a.Ended() {
				ended--
			}
			t.row(r)
		}
		if left := len(s.Alerts) - s.Listed; left > 0 {
			t.paragraph(v.Others(left))
		}
		t.blank()
	}
	if count, kinds := v.Rest(len(v.Sections)); count != "" {
		t.rule("-")
		t.paragraph(count)
		t.paragraph(kinds)
		t.blank()
	}
}

// indented is two short texts in a line, or each on its own where there is no room.
func (t *writer) indented(texts ...string) {
	if both := view.Join(texts...); cutWidth(both, columns-2) == both {
		texts = []string{both}
	}
	for _, s := range texts {
		if s != "" {
			wrap(s, columns-2, func(line string) { t.line("  " + line) })
		}
	}
}

// row is what is known of one of several alerts besides its line.
func (t *writer) row(r view.Row) {
	for _, text := range []string{r.Reason, r.Cause, r.Summary, r.Description, r.History} {
		t.paragraph(text)
	}
	t.facts(r.Facts)
	t.facts(r.Notes)
	t.chart(r.Chart)
	t.links(r.Links)
	if r.ImageURL != "" {
		t.link(r.ImageAlt, r.ImageURL)
	}
	t.blank()
}

// chart is what a chart shows, in characters and in words.
func (t *writer) chart(c *view.Chart) {
	if c == nil {
		return
	}
	t.blank()
	t.line(c.Sparkline)
	t.paragraph(c.Text)
	t.blank()
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

func (t *writer) links(all []view.Button) {
	for _, b := range all {
		t.link(b.Text, b.URL)
	}
}

// labels are pairs under a heading.
func (t *writer) labels(heading string, list []view.Pair) {
	if len(list) > 0 {
		t.paragraph(heading)
		t.facts(list)
		t.blank()
	}
}

// facts are names and values, one a line where there is room.
func (t *writer) facts(list []view.Pair) {
	for _, p := range list {
		t.paragraph(p.Name + ": " + p.Value)
	}
}

// cutWidth shortens s to width columns.
func cutWidth(s string, width int) string {
	if len(s) <= width { // no character has more columns than octets
		return s
	}
	return displaywidth.TruncateString(s, width, clean.Ellipsis)
}
