package message

import (
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// text is the built-in plain text part.
func (v *view) text() string {
	t := &textWriter{}
	t.Grow(4 << 10)
	t.paragraph(v.StateText)
	t.paragraph(v.Places)
	t.blank()
	t.paragraph(v.Notice)
	t.blank()
	t.paragraph(v.Title)
	t.blank()
	t.paragraph(v.Message)
	t.blank()

	for i := range v.cards {
		t.rule("-")
		t.alert(v.words, &v.cards[i])
	}
	if rest := v.Alerts[len(v.cards):]; len(rest) > 0 {
		t.rule("-")
		t.paragraph(v.words.say("heading.more", len(rest)))
		t.blank()
		for _, a := range rest {
			t.line("* " + cutWidth(strings.Join(nonEmpty(a.StateText, a.Name, v.words.brief(a)), subjectJoin), columns-2))
			if a.Reason != "" {
				t.line("  " + cutWidth(a.Reason, columns-2))
			}
		}
		t.blank()
	}
	if count, kinds := v.omitted(len(v.Alerts)); count != "" {
		t.rule("-")
		t.paragraph(count)
		t.paragraph(kinds)
		t.blank()
	}
	if len(v.SharedLabels) > 0 {
		t.rule("-")
		t.paragraph(v.words.say("heading.common"))
		t.blank()
		t.facts(v.SharedLabels)
		t.blank()
	}
	t.rule("=")
	if v.ExternalURL != "" {
		t.link(v.words.openText(v.Grafana), v.ExternalURL)
		t.blank()
	}
	t.paragraph(v.Footer)
	if ad := v.Advertiser; ad != nil {
		t.blank()
		t.paragraph(v.words.say("ad.sender") + ": " + ad.Name)
		t.paragraph(ad.Address)
		t.link(v.words.say("ad.unsubscribe"), ad.Link)
	}
	return t.String()
}

// alert is one alert in full.
func (t *textWriter) alert(w *words, a *card) {
	t.paragraph(strings.Join(nonEmpty(a.StateText, a.Severity), subjectJoin))
	t.paragraph(a.Name)
	t.blank()
	t.paragraph(a.Summary)
	t.paragraph(a.Description)
	t.blank()
	t.paragraph(a.Reason)
	t.blank()
	t.facts(a.facts)
	t.blank()
	for _, b := range a.buttons {
		t.link(b.Text, b.URL)
	}
	if a.ImageURL != "" {
		t.link(w.say("image.alt", a.Name), a.ImageURL)
	}
	t.blank()
}

// textWriter lays out plain text.
type textWriter struct {
	strings.Builder
	blanks int // blank lines at the end
}

func (t *textWriter) line(s string) {
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
func (t *textWriter) blank() {
	if t.blanks == 0 && t.Len() > 0 {
		t.WriteByte('\n')
		t.blanks++
	}
}

func (t *textWriter) paragraph(s string) {
	if s != "" {
		wrap(s, columns, t.line)
	}
}

func (t *textWriter) rule(with string) { t.line(strings.Repeat(with, columns)) }

// link puts the address on a line of its own, for readers that make links of
// whole lines only.
func (t *textWriter) link(text, url string) {
	t.paragraph(text + ":")
	t.line("  " + url)
}

// facts aligns names and values.
func (t *textWriter) facts(list []Pair) {
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
func cutWidth(s string, width int) string { return displaywidth.TruncateString(s, width, ellipsis) }

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
