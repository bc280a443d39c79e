package alert

import (
	"bytes"
	"fmt"
	"hash/maphash"
	"maps"
	"slices"
)

// Grafana fills in a notification's message by its template "default.message"
// unless the contact point has another, or one around it. The mail says the same
// better, so only what somebody wrote is kept: exactly the default text is left
// out, alert by alert, for people also write between the alerts of a copy of the
// template.

const (
	// maxBlock bounds the text of one alert that is recognized, in octets.
	maxBlock = 64 << 10
	// maxWritten is how much of the message is kept, more than a mail shows.
	maxWritten = 64 << 10
	// maxAhead is how many alerts may be missing from the message in a row.
	maxAhead = 8
)

// blockStart begins the text of every alert.
var blockStart = []byte("\nValue: ")

// headings stand before the alerts that fire and before those that are resolved.
var headings = [2][]byte{[]byte("**Firing**\n"), []byte("**Resolved**\n")}

// block is the default text of one alert, as a size and a hash: the texts of
// thousands of alerts would take the memory that reading in a stream saves.
type block struct {
	size int
	hash uint64
}

var blockSeed = maphash.MakeSeed()

// blocks are those of the alerts that fire and of those that are resolved.
type blocks [2][]block

// defaults gathers the default texts of alerts.
type defaults struct {
	blocks blocks
	text   []byte   // of the latest alert
	names  []string // of its latest labels
}

// expect adds an alert, as it was sent.
func (d *defaults) expect(a *Alert) {
	d.text = d.text[:0]
	d.write(a)
	if len(d.text) <= maxBlock {
		list := &d.blocks[0]
		if a.Status == Resolved {
			list = &d.blocks[1]
		}
		*list = append(*list, block{len(d.text), maphash.Bytes(blockSeed, d.text)})
	}
}

// ownText gathers what somebody wrote in a message that comes piece by piece.
type ownText struct {
	expected blocks
	text     []byte // what is not Grafana's
	mark     int    // where in text the latest block stood
	pending  []byte // it may be the beginning of a block
}

// add takes the next piece.
func (o *ownText) add(piece []byte) {
	if len(o.text) > maxWritten {
		o.pending = nil
		return
	}
	o.pending = append(o.pending, piece...)
	o.separate(false)
}

// end returns what is not Grafana's of the whole message.
func (o *ownText) end() string {
	o.separate(true)
	return string(o.text)
}

// separate drops the blocks in pending and keeps other text. Before the end of the
// message it stops where it takes more octets to tell them apart.
func (o *ownText) separate(end bool) {
	for {
		start := bytes.Index(o.pending, blockStart)
		if start < 0 {
			sure := len(o.pending)
			if !end {
				sure = max(0, sure-len(blockStart)+1)
			}
			o.keep(sure)
			return
		}
		o.keep(start)
		size, more := o.match()
		switch {
		case size > 0:
			o.dropHeading()
			o.pending = o.pending[size:]
		case more && !end:
			return
		default:
			o.keep(1)
		}
	}
}

// keep moves octets from pending to text.
func (o *ownText) keep(n int) {
	o.text = append(o.text, o.pending[:n]...)
	o.pending = o.pending[n:]
}

// match returns the size of the block that pending begins with. more says that one
// longer than pending may match.
func (o *ownText) match() (size int, more bool) {
	for i, list := range o.expected {
		for ahead, b := range list[:min(len(list), maxAhead)] {
			switch {
			case b.size > len(o.pending):
				more = true
			case maphash.Bytes(blockSeed, o.pending[:b.size]) == b.hash:
				o.expected[i] = list[ahead+1:]
				return b.size, false
			}
		}
	}
	return 0, more
}

// dropHeading takes Grafana's heading from the end of text, and what parts the
// resolved alerts from those that fire.
func (o *ownText) dropHeading() {
	for _, heading := range headings {
		text, found := bytes.CutSuffix(o.text, heading)
		if found && len(text) == o.mark+2 {
			text = bytes.TrimSuffix(text, []byte("\n\n"))
		}
		o.text = text
	}
	o.mark = len(o.text)
}

// write adds one alert to text as Grafana's template "__text_alert_list" does.
func (d *defaults) write(a *Alert) {
	d.add(string(blockStart))
	d.names = slices.AppendSeq(d.names[:0], maps.Keys(a.Values))
	slices.Sort(d.names)
	for i, name := range d.names {
		if i > 0 {
			d.add(", ")
		}
		d.add(name, "=")
		d.text = fmt.Append(d.text, a.Values[name])
	}
	if len(a.Values) == 0 {
		d.add("[no value]")
	}
	d.add("\nLabels:\n")
	d.pairs(a.Labels)
	d.add("Annotations:\n")
	d.pairs(a.Annotations)
	for _, link := range [...][2]string{{"Source: ", a.GeneratorURL}, {"Silence: ", a.SilenceURL}, {"Dashboard: ", a.DashboardURL}, {"Panel: ", a.PanelURL}} {
		if link[1] != "" {
			d.add(link[0], link[1], "\n")
		}
	}
}

// pairs adds labels or annotations to text.
func (d *defaults) pairs(kv KV) {
	d.names = kv.appendNames(d.names[:0], nil)
	for _, name := range d.names {
		d.add(" - ", name, " = ", kv[name], "\n")
	}
}

// add adds strings to text.
func (d *defaults) add(parts ...string) {
	for _, s := range parts {
		d.text = append(d.text, s...)
	}
}
