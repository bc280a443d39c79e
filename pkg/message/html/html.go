// Package html lays out a view as HTML: mail.html says how.
package html

import (
	"bytes"
	"html/template"
	"sync"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/transfer"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

const (
	// Gmail cuts a mail off ("message clipped") at 102 kB. Full alerts may fill
	// it to cardsUntil, the list of the others to rowsUntil, in octets as
	// transferred.
	cardsUntil = 72_000
	rowsUntil  = 96_000
	// maxWritten bounds the contact point's own message.
	maxWritten = 24_000
)

// What the templates of mail.html show.
type (
	page struct {
		*view.View
		Written template.HTML // the contact point's own message
		Alerts  template.HTML
	}
	row struct {
		*view.Alert
		Brief, Since string
	}
	list struct {
		Heading string
		Rows    template.HTML
	}
	rest struct{ Count, Kinds string }
)

var (
	appendMail   = compile[page]("mail")
	appendCard   = compile[view.Card]("card")
	appendRow    = compile[row]("row")
	appendList   = compile[list]("list")
	appendRest   = compile[rest]("rest")
	appendBlocks = compile[[]block]("blocks")
)

// hole is where the alerts go. It is no text: escaping replaces it.
const hole = "\x00"

// Render is the text/html part of the built-in mail: as many alerts in full as
// fit, then as many as fit in a list, then how many there are besides.
func Render(v *view.View) string {
	a := buffers.Get().(*alerts)
	defer buffers.Put(a)
	a.frame = appendMail(a.frame[:0], &page{v, written(v.Message), hole})
	top, bottom, _ := bytes.Cut(a.frame, []byte(hole))
	a.size = transfer.SizeOf(a.frame)
	a.html = append(a.html[:0], top...)

	next := 0
	for next < len(v.Cards) && (a.card(v.Cards[next]) || next == 0 && a.card(v.Cards[0].Shortened())) { // the first must be shown
		next++
	}
	next += a.list(v, next)
	if count, kinds := v.Rest(next); count != "" {
		a.html = appendRest(a.html, &rest{count, kinds})
	}
	a.html = append(a.html, bottom...)
	return string(a.html)
}

// alerts is HTML that is being filled with alerts.
type alerts struct {
	frame, html []byte
	size        transfer.Size // taken of what Gmail shows
}

// buffers are kept for the next mail. They stay small: see rowsUntil.
var buffers = sync.Pool{New: func() any { return new(alerts) }}

// card writes an alert in full if there is room for it.
func (a *alerts) card(c view.Card) bool {
	html := appendCard(a.html, &c)
	if !a.fits(html[len(a.html):], cardsUntil) {
		return false
	}
	a.html = html
	return true
}

// list writes the alerts from the next on for which there is room, and counts
// them.
func (a *alerts) list(v *view.View, next int) int {
	var rows []byte
	listed := 0
	for _, one := range v.Alerts[next:] {
		start := len(rows)
		rows = appendRow(rows, &row{one, v.Brief(one), one.Changed().String()})
		if !a.fits(rows[start:], rowsUntil) {
			rows = rows[:start]
			break
		}
		listed++
	}
	if listed > 0 {
		a.html = appendList(a.html, &list{v.More(listed), template.HTML(rows)}) //nolint:gosec // rows are of a template
	}
	return listed
}

// fits says whether there is room for a part up to a limit, and takes it.
func (a *alerts) fits(part []byte, limit int) bool {
	with := a.size.Plus(transfer.SizeOf(part))
	if with.Octets() > limit {
		return false
	}
	a.size = with
	return true
}

// written is the contact point's own message, shortened until it leaves room for
// the alerts.
func written(s string) template.HTML {
	if s == "" {
		return ""
	}
	for limit := view.MaxMessage / 2; ; limit /= 2 {
		blocks := markdown(s)
		html := appendBlocks(nil, &blocks)
		if transfer.SizeOf(html).Octets() <= maxWritten {
			return template.HTML(html) //nolint:gosec // it is of a template
		}
		s = clean.Cut(s, limit)
	}
}
