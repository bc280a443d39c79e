// Package html lays out a view as HTML: mail.html says how.
package html

import (
	"bytes"
	"html/template"
	"sync"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/markdown"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/transfer"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

const (
	// Gmail cuts a mail off ("message clipped") at 102 kB. Alerts may fill it to
	// alertsUntil, those with everything that is known of them to detailsUntil, in
	// octets as transferred, and the heads of their sections to headsUntil.
	detailsUntil = 60_000
	headsUntil   = 66_000
	alertsUntil  = 86_000
	// maxWritten bounds the contact point's own message.
	maxWritten = 24_000
	// aLot of alerts push the buttons out of sight, so that they stand first.
	aLot = 5
)

// What the templates of mail.html show.
type (
	page struct {
		*view.View
		Written template.HTML // the contact point's own message
		Lead    *lead
		Alerts  template.HTML
		Long    bool
	}
	lead struct {
		*view.Card
		Text    template.HTML // the description
		Written []note
	}
	note struct {
		Name string
		Text template.HTML
	}
	section struct {
		*view.Section
		Text        template.HTML
		Rows, Brief template.HTML
		Others      string
	}
	row struct {
		view.Row
		Text    template.HTML
		Written []note
		More    bool // there is something below it
	}
	brief struct {
		view.Row
		Said string // value or summary
	}
	rest struct{ Count, Kinds string }
)

var (
	appendMail    = compile[page]("mail")
	appendLead    = compile[lead]("lead")
	appendSection = compile[section]("section")
	appendRow     = compile[row]("row")
	appendBrief   = compile[brief]("brief")
	appendRest    = compile[rest]("rest")
	appendBlocks  = compile[[]markdown.Block]("blocks")
)

// hole is where the alerts go. It is no text: escaping replaces it.
const hole = "\x00"

// Render is the text/html part of the built-in mail: as many alerts in detail as
// fit, then as many as fit in a line each, then how many there are besides.
func Render(v *view.View) string {
	b := buffers.Get().(*builder)
	defer buffers.Put(b)
	p := page{View: v, Written: written(v.Message), Alerts: hole, Long: len(v.Alerts) > aLot}
	if v.Lead != nil {
		p.Lead = newLead(v.Lead, false)
		if b.begin(&p); b.size.Octets()+leadSize(p.Lead) > alertsUntil {
			p.Lead = newLead(v.Lead, true)
		}
	}
	b.begin(&p)
	top, bottom, _ := bytes.Cut(b.frame, []byte(hole))
	b.html = append(b.html[:0], top...)
	if p.Lead != nil {
		b.html = appendLead(b.html, p.Lead)
	}
	listed := b.sections(v)
	if count, kinds := v.Rest(listed); count != "" {
		b.html = appendRest(b.html, &rest{count, kinds})
	}
	b.html = append(b.html, bottom...)
	return string(b.html)
}

// newLead is the only alert, shortened where it would not fit.
func newLead(c *view.Card, shortened bool) *lead {
	description, notes := c.Description, c.Notes
	if shortened {
		short := *c
		short.Facts, notes = cut(c.Facts), cut(c.Notes)
		c, description = &short, clean.Cut(description, shortText)
	}
	return &lead{c, formatted(description), notesOf(notes)}
}

func leadSize(l *lead) int { return transfer.SizeOf(appendLead(nil, l)).Octets() }

// shortText is how much is left of a long text where there is no room for it, in
// graphemes.
const shortText = 150

// cut shortens values.
func cut(pairs []view.Pair) []view.Pair {
	short := make([]view.Pair, len(pairs))
	for i, p := range pairs {
		short[i] = view.Pair{Name: p.Name, Value: clean.Cut(p.Value, shortText)}
	}
	return short
}

// builder is HTML that is being filled with alerts.
type builder struct {
	frame, html, rows, briefs []byte
	size                      transfer.Size // taken of what Gmail shows
}

// buffers are kept for the next mail. They stay small: see alertsUntil.
var buffers = sync.Pool{New: func() any { return new(builder) }}

func (b *builder) begin(p *page) {
	b.frame = appendMail(b.frame[:0], p)
	b.size = transfer.SizeOf(b.frame)
}

// sections writes the alerts, and returns how many sections are there.
func (b *builder) sections(v *view.View) int {
	detailed, ended := v.Detailed()
	heads := b.heads(v)
	for i, s := range v.Sections {
		if i == len(heads) {
			return i
		}
		limit := alertsUntil - heads[i].later
		b.size = b.size.Plus(heads[i].size)
		b.rows, b.briefs = b.rows[:0], b.briefs[:0]
		shown := 0
		for ; shown < s.Listed; shown++ {
			over := s.Alerts[shown].Ended()
			if detailed > 0 && (!over || ended > 0) && len(b.briefs) == 0 && b.row(v, s, shown, min(detailsUntil, limit)) {
				detailed--
				if over {
					ended--
				}
				continue
			}
			if !b.brief(v, s, shown, limit) {
				break
			}
		}
		part := &heads[i].part
		part.Rows, part.Brief = template.HTML(b.rows), template.HTML(b.briefs) //nolint:gosec // they are of templates
		if left := len(s.Alerts) - shown; left > 0 {
			part.Others = v.Others(left)
		}
		b.html = appendSection(b.html, part)
	}
	return len(v.Sections)
}

// head is a section without its alerts.
type head struct {
	part  section
	size  transfer.Size
	later int // octets of the heads that follow
}

// heads are those sections whose heads have room: they come before alerts, so that
// a rule with many does not hide the others.
func (b *builder) heads(v *view.View) []head {
	var all []head
	size := b.size
	for i, s := range v.Sections {
		h := head{part: section{Section: s, Text: formatted(s.Description)}}
		start := len(b.html)
		h.part.Rows, h.part.Brief, h.part.Others = "-", "-", v.Others(len(s.Alerts))
		h.size = transfer.SizeOf(appendSection(b.html, &h.part)[start:])
		if size = size.Plus(h.size); size.Octets() > headsUntil && i > 0 {
			break
		}
		h.part.Rows, h.part.Brief, h.part.Others = "", "", ""
		all = append(all, h)
	}
	for i := len(all) - 2; i >= 0; i-- {
		all[i].later = all[i+1].later + all[i+1].size.Octets()
	}
	return all
}

// row writes an alert in detail if there is room for it.
func (b *builder) row(v *view.View, s *view.Section, i, limit int) bool {
	r := v.Row(s, i, true)
	one := row{Row: r, Text: formatted(r.Description), Written: notesOf(r.Notes)}
	one.More = r.Reason+r.Summary+r.History+r.ImageURL != "" || r.Chart != nil || one.Text != "" || len(one.Written)+len(r.Facts) > 0
	start := len(b.rows)
	b.rows = appendRow(b.rows, &one)
	if b.fits(b.rows[start:], limit) {
		return true
	}
	b.rows = b.rows[:start]
	return false
}

// brief writes a line of an alert if there is room for it.
func (b *builder) brief(v *view.View, s *view.Section, i, limit int) bool {
	r := v.Row(s, i, false)
	one := brief{r, r.Value}
	if one.Said == "" {
		one.Said = r.Summary
	}
	start := len(b.briefs)
	b.briefs = appendBrief(b.briefs, &one)
	if b.fits(b.briefs[start:], limit) {
		return true
	}
	b.briefs = b.briefs[:start]
	return false
}

// fits says whether there is room for a part up to a limit, and takes it.
func (b *builder) fits(part []byte, limit int) bool {
	with := b.size.Plus(transfer.SizeOf(part))
	if with.Octets() > limit {
		return false
	}
	b.size = with
	return true
}

// formatted is Markdown as HTML.
func formatted(s string) template.HTML {
	if s == "" {
		return ""
	}
	blocks := markdown.Parse(s)
	return template.HTML(appendBlocks(nil, &blocks)) //nolint:gosec // it is of a template
}

func notesOf(pairs []view.Pair) []note {
	var notes []note
	for _, p := range pairs {
		notes = append(notes, note{p.Name, formatted(p.Value)})
	}
	return notes
}

// written is the contact point's own message, shortened until it leaves room for
// the alerts.
func written(s string) template.HTML {
	for limit := view.MaxMessage / 2; ; limit /= 2 {
		html := formatted(s)
		if transfer.SizeOf([]byte(html)).Octets() <= maxWritten {
			return html
		}
		s = clean.Cut(s, limit)
	}
}
