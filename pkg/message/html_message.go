package message

var (
	messageOpen = markup(`
<tr><td class="section">
`)
	messageEnd = markup(`</td></tr>`)

	blockText    = markup(`<p class="block">`)
	blockTextEnd = markup(`</p>
`)
	blockHeading    = markup(`<p class="block"><b>`)
	blockHeadingEnd = markup(`</b></p>
`)
	blockList    = markup(`<ul class="list">`)
	blockListEnd = markup(`</ul>
`)
	blockItem    = markup(`<li>`)
	blockItemEnd = markup(`</li>`)
	blockCode    = markup(`<pre class="pre">{}</pre>
`)

	spanLink   = markup(`<a class="link" href="{}">{}</a>`)
	spanCode   = markup(`<code class="code">{}</code>`)
	spanBold   = markup(`<b>{}</b>`)
	spanItalic = markup(`<i>{}</i>`)
)

// message is the contact point's own, shortened until it leaves room for the
// alerts.
func (p *page) message(s string) {
	if s == "" {
		return
	}
	start := len(p.html)
	for limit := maxMessage / 2; ; limit /= 2 {
		p.put(messageOpen)
		from := len(p.html)
		p.blocks(markdown(s))
		if sizeOf(p.html[from:]).transferred() <= maxMessageHTML {
			p.put(messageEnd)
			return
		}
		p.html = p.html[:start]
		s = cut(s, limit)
	}
}

// blocks are paragraphs of Markdown.
func (p *page) blocks(list []block) {
	for _, b := range list {
		switch b.Kind {
		case "heading":
			p.put(blockHeading)
			p.spanLines(b.Lines)
			p.put(blockHeadingEnd)
		case "list":
			p.put(blockList)
			for _, line := range b.Lines {
				p.put(blockItem)
				p.spans(line)
				p.put(blockItemEnd)
			}
			p.put(blockListEnd)
		case "code":
			p.put(blockCode, b.Text)
		default:
			p.put(blockText)
			p.spanLines(b.Lines)
			p.put(blockTextEnd)
		}
	}
}

func (p *page) spanLines(lines [][]span) {
	for i, line := range lines {
		if i > 0 {
			p.put(lineBreak)
		}
		p.spans(line)
	}
}

// spans are the runs of one line.
func (p *page) spans(line []span) {
	for _, s := range line {
		switch {
		case s.URL != "":
			p.put(spanLink, s.URL, s.Text)
		case s.Code:
			p.put(spanCode, s.Text)
		case s.Bold:
			p.put(spanBold, s.Text)
		case s.Italic:
			p.put(spanItalic, s.Text)
		default:
			p.text(s.Text)
		}
	}
}
