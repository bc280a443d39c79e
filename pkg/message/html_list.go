package message

var (
	listOpen = markup(`<tr><td class="section">
<p class="heading">{}</p>
<table role="presentation" class="rows">
`)
	listEnd = markup(`</table>
</td></tr>
`)
	omittedOpen  = markup(`<tr><td class="section"><p class="heading">{}</p>`)
	omittedKinds = markup(`<p class="foot">{}</p>`)
	omittedEnd   = markup(`</td></tr>
`)
	rowOpen  = markup(`<tr><td class="row"><b class="c-{}" style="color:{}">{}</b> `)
	rowLink  = markup(`<a class="link" href="{}">{}</a>`)
	rowBrief = markup(`<br>{}`)
	rowMuted = markup(`<br><span class="muted">{}</span>`)
	rowEnd   = markup(`</td></tr>
`)
)

// list is the alerts that are not shown in full, of which rows are written.
func (p *page) list(count int, rows page) {
	p.put(listOpen, p.words.say("heading.more", count))
	p.append(rows)
	p.put(listEnd)
}

// row is an alert in the list.
func (p *page) row(a *Alert) {
	p.put(rowOpen, a.State, stateColors[a.State], a.StateText)
	if a.RuleURL != "" {
		p.put(rowLink, a.RuleURL, a.Name)
	} else {
		p.text(a.Name)
	}
	p.putIf(rowBrief, p.words.brief(a))
	p.putIf(rowMuted, a.changed().String())
	p.putIf(rowMuted, a.Reason)
	p.put(rowEnd)
}
