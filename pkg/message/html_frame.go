package message

import "strings"

// Outlook for Windows ignores max-width; a table of fixed width that only it
// sees does the same.
const (
	outlookOpen  = `<!--[if mso]><table role="presentation" width="640" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`
	outlookClose = `<!--[if mso]></td></tr></table><![endif]-->`
)

var (
	topHead = markup(strings.NewReplacer("@dark.css@", styleFile("dark.css"), "@outlook@", outlookOpen).Replace(
		`<!DOCTYPE html>
<html lang="{}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<title>{}</title>
<style>
@dark.css@</style>
</head>
<body class="body">
<div class="preheader">{}</div>
<table role="presentation" class="canvas"><tr><td class="margin">
@outlook@
<table role="presentation" class="mail" style="word-break:{}">
<tr><td class="band" style="background-color:{}">
<h1 class="band-state">{}</h1>`))
	topPlaces = markup(`
<p class="band-place">{}</p>`)
	topBandEnd = markup(`
</td></tr>`)
	topNotice = markup(`
<tr><td class="section"><p class="reason" style="margin:0">{}</p></td></tr>`)
	topTitle = markup(`
<tr><td class="section"><h2 class="title">{}</h2></td></tr>`)
	topEnd = markup(`
`)
)

// top is all before the alerts.
func (p *page) top(v *view) {
	p.put(topHead, v.Language, v.Subject, v.Preheader, wordBreak(v.Language), stateColors[v.State], v.StateText)
	p.putIf(topPlaces, v.Places)
	p.put(topBandEnd)
	p.putIf(topNotice, v.Notice)
	p.putIf(topTitle, v.Title)
	p.message(v.Message)
	p.put(topEnd)
}

var (
	sharedOpen = markup(`
<tr><td class="section">
<p class="heading">{}</p>
<table role="presentation" class="facts" style="margin:4px 0 0">`)
	sharedEnd = markup(`
</table>
</td></tr>`)
	footOpen = markup(`
<tr><td class="footer">`)
	footLink = markup(`
<p class="foot"><a class="link" href="{}">{}</a></p>`)
	footText = markup(`
<p class="foot">{}</p>`)
	footSender = markup(`
<p class="foot">{}: {}<br>`)
	footSenderEnd = markup(`</p>`)
	bottomEnd     = markup(strings.ReplaceAll(`
</td></tr>
</table>
@outlook@
</td></tr></table>
</body>
</html>
`, "@outlook@", outlookClose))
)

// bottom is all behind the alerts.
func (p *page) bottom(v *view) {
	w := p.words
	if len(v.SharedLabels) > 0 {
		p.put(sharedOpen, w.say("heading.common"))
		p.facts(v.SharedLabels)
		p.put(sharedEnd)
	}
	p.put(footOpen)
	if v.ExternalURL != "" {
		p.put(footLink, v.ExternalURL, w.openText(v.Grafana))
	}
	p.put(footText, v.Footer)
	if ad := v.Advertiser; ad != nil {
		p.put(footSender, w.say("ad.sender"), ad.Name)
		p.lines(ad.Address)
		p.put(footSenderEnd)
		p.put(footLink, ad.Link, w.say("ad.unsubscribe"))
	}
	p.put(bottomEnd)
}
