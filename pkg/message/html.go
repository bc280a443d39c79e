package message

import (
	"strings"
	"sync"
)

const (
	// Gmail cuts a mail off ("message clipped") at 102 kB. Full alerts may fill
	// it to cardsUntil, the list of the others to rowsUntil, in octets as
	// transferred.
	cardsUntil = 72_000
	rowsUntil  = 96_000
	// maxMessageHTML bounds the contact point's own message.
	maxMessageHTML = 24_000
)

// html is the built-in HTML part: as many alerts in full as fit, then as many
// as fit in a list, then how many there are besides.
func (v *view) html() string {
	p := pages.Get().(*page)
	defer pages.Put(p)
	p.reset(v.words)

	bottom := page{words: v.words, html: make([]byte, 0, 2<<10)}
	bottom.bottom(v)
	p.top(v)
	p.size = sizeOf(p.html).plus(sizeOf(bottom.html))

	next := 0
	for ; next < len(v.cards); next++ {
		c := &v.cards[next]
		if !p.tryCard(c) && (next > 0 || !p.tryCard(c.shortened())) { // the first must be shown
			break
		}
	}
	rows, listed := page{words: v.words}, 0
	for ; next < len(v.Alerts); next++ {
		start := len(rows.html)
		rows.row(v.Alerts[next])
		if !p.fits(rows.html[start:], rowsUntil) {
			rows.html = rows.html[:start]
			break
		}
		listed++
	}
	if listed > 0 {
		p.list(listed, rows)
	}
	if count, kinds := v.omitted(next); count != "" {
		p.put(omittedOpen, count)
		p.putIf(omittedKinds, kinds)
		p.put(omittedEnd)
	}
	p.append(bottom)
	return string(p.html)
}

// pages keeps buffers for the next mail. They stay small: see rowsUntil.
var pages = sync.Pool{New: func() any { return &page{html: make([]byte, 0, 16<<10)} }}

// page is HTML that is being written. Only pieces and other pages get into it
// as they are; everything else goes through the slot of a piece, or text.
type page struct {
	words *words
	html  []byte
	size  size // taken of what Gmail shows
}

func (p *page) reset(w *words) { *p = page{words: w, html: p.html[:0]} }

// put writes a piece with a value for each of its slots.
func (p *page) put(piece *piece, values ...string) { p.html = appendPiece(p.html, piece, values) }

// putIf writes a piece of one slot, if there is a value for it.
func (p *page) putIf(piece *piece, value string) {
	if value != "" {
		p.put(piece, value)
	}
}

// text writes a value on its own.
func (p *page) text(s string) { p.html = appendEscaped(p.html, s) }

var lineBreak = markup(`<br>`)

// lines writes a value with its line breaks.
func (p *page) lines(s string) {
	first := true
	for line := range strings.SplitSeq(s, "\n") {
		if !first {
			p.put(lineBreak)
		}
		p.text(line)
		first = false
	}
}

// append writes what another page holds.
func (p *page) append(other page) { p.html = append(p.html, other.html...) }

// tryCard writes a card if there is room for it.
func (p *page) tryCard(c *card) bool {
	start := len(p.html)
	p.card(c)
	if p.fits(p.html[start:], cardsUntil) {
		return true
	}
	p.html = p.html[:start]
	return false
}

// fits says whether there is room for a part up to a limit, and takes it.
func (p *page) fits(part []byte, limit int) bool {
	with := p.size.plus(sizeOf(part))
	if with.transferred() > limit {
		return false
	}
	p.size = with
	return true
}
