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

// written is what somebody wrote in a message that passes piece by piece.
type written struct {
	expected blocks
	text     []byte // what is not Grafana's
	mark     int    // where in text the latest block stood
	held     []byte // the beginning of a block, perhaps
}

// add takes in the next piece.
func (w *written) add(piece []byte) {
	if len(w.text) > maxWritten {
		w.held = nil
		return
	}
	w.held = append(w.held, piece...)
	w.sort(false)
}

// end takes the message for complete and gives what is not Grafana's.
func (w *written) end() string {
	w.sort(true)
	return string(w.text)
}

// sort tells the blocks in held from other text. Without the end it stops where
// more is needed to tell.
func (w *written) sort(end bool) {
	for {
		start := bytes.Index(w.held, blockStart)
		if start < 0 {
			sure := len(w.held)
			if !end {
				sure = max(0, sure-len(blockStart)+1)
			}
			w.keep(sure)
			return
		}
		w.keep(start)
		size, more := w.match()
		switch {
		case size > 0:
			w.dropHeading()
			w.held = w.held[size:]
		case more && !end:
			return
		default:
			w.keep(1)
		}
	}
}

// keep moves octets from held to text.
func (w *written) keep(n int) {
	w.text = append(w.text, w.held[:n]...)
	w.held = w.held[n:]
}

// match finds the block with which held begins. more says that a longer one than
// held may match.
func (w *written) match() (size int, more bool) {
	for i, list := range w.expected {
		for ahead, b := range list[:min(len(list), maxAhead)] {
			switch {
			case b.size > len(w.held):
				more = true
			case maphash.Bytes(blockSeed, w.held[:b.size]) == b.hash:
				w.expected[i] = list[ahead+1:]
				return b.size, false
			}
		}
	}
	return 0, more
}

// dropHeading takes Grafana's heading from the end of text, and what parts the
// resolved alerts from those that fire.
func (w *written) dropHeading() {
	for _, heading := range headings {
		text, found := bytes.CutSuffix(w.text, heading)
		if found && len(text) == w.mark+2 {
			text = bytes.TrimSuffix(text, []byte("\n\n"))
		}
		w.text = text
	}
	w.mark = len(w.text)
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

func (d *defaults) pairs(kv KV) {
	d.names = kv.appendNames(d.names[:0], nil)
	for _, name := range d.names {
		d.add(" - ", name, " = ", kv[name], "\n")
	}
}

func (d *defaults) add(parts ...string) {
	for _, s := range parts {
		d.text = append(d.text, s...)
	}
}
