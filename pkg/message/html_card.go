package message

var (
	cardOpen = markup(`<tr><td class="section">
<table role="presentation" class="card e-{}" style="border-left-color:{}"><tr><td class="inside">
<p class="state c-{}" style="color:{}">{}`)
	cardSeverity = markup(` <span class="weight">· {}</span>`)
	cardName     = markup(`</p>
<h2 class="name">{}</h2>`)
	cardSummary = markup(`
<p class="summary">{}</p>`)
	cardText = markup(`
<p class="text">`)
	cardTextEnd = markup(`</p>`)
	cardReason  = markup(`
<p class="reason">{}</p>`)
	cardFacts = markup(`
<table role="presentation" class="facts">`)
	cardFactsEnd = markup(`
</table>`)
	cardImage = markup(`
<img class="shot" src="{}" alt="{}">`)
	cardButtons = markup(`
<p class="buttons">`)
	cardMainButton = markup(`
<a class="button main" href="{}">{}</a>`)
	cardButton = markup(`
<a class="button" href="{}">{}</a>`)
	cardEnd = markup(`
</p>
</td></tr></table>
</td></tr>
`)
)

// card is an alert in full.
func (p *page) card(c *card) {
	color := stateColors[c.State]
	p.put(cardOpen, c.State, color, c.State, color, c.StateText)
	p.putIf(cardSeverity, c.Severity)
	p.put(cardName, c.Name)
	p.putIf(cardSummary, c.Summary)
	if c.Description != "" {
		p.put(cardText)
		p.lines(c.Description)
		p.put(cardTextEnd)
	}
	p.putIf(cardReason, c.Reason)
	if len(c.facts) > 0 {
		p.put(cardFacts)
		p.facts(c.facts)
		p.put(cardFactsEnd)
	}
	if c.ImageURL != "" {
		p.put(cardImage, c.ImageURL, p.words.say("image.alt", c.Name))
	}
	p.put(cardButtons)
	for i, b := range c.buttons {
		if i == 0 {
			p.put(cardMainButton, b.URL, b.Text)
		} else {
			p.put(cardButton, b.URL, b.Text)
		}
	}
	p.put(cardEnd)
}

// shortened is the card with its names and values cut.
func (c *card) shortened() *card {
	short := *c
	short.facts = nil
	for _, f := range c.facts {
		short.facts = append(short.facts, Pair{f.Name, cut(f.Value, maxLabel)})
	}
	return &short
}

var (
	fact = markup(`
<tr><td class="key" style="white-space:{}">{}</td><td class="value">`)
	factEnd = markup(`</td></tr>`)
)

// facts are the rows of a table of names and values.
func (p *page) facts(list []Pair) {
	for _, f := range list {
		p.put(fact, keyWrap(f.Name), f.Name)
		p.lines(f.Value)
		p.put(factEnd)
	}
}
