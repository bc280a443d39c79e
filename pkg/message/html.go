package message

import (
	"bytes"
	"embed"
	"html/template"
	"regexp"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

//go:embed templates
var templateFiles embed.FS

const (
	// Gmail cuts a mail off ("message clipped") at 102 kB. Full alerts may fill
	// it to cardsUntil, the list of the others to rowsUntil, in octets as
	// transferred.
	cardsUntil = 72_000
	rowsUntil  = 96_000
	// maxMessageHTML bounds the contact point's own message.
	maxMessageHTML = 24_000
)

// stateColors are dark enough for white text on them (WCAG AA, 4.5:1).
var stateColors = map[string]template.CSS{
	stateFiring:   "#b3261e",
	stateResolved: "#1a7a41",
	stateMixed:    "#a84a00",
	stateNoData:   "#4b5a6b",
	stateError:    "#7b2fa8",
}

// Outlook for Windows ignores max-width; a table of fixed width that only it
// sees does the same.
var outlookTable = map[string]template.HTML{
	"open":  `<!--[if mso]><table role="presentation" width="640" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->`,
	"close": `<!--[if mso]></td></tr></table><![endif]-->`,
}

// htmlMails are the built-in templates by language.
var htmlMails = func() map[string]*template.Template {
	all := make(map[string]*template.Template)
	source := strings.ReplaceAll(templateFile("mail.html.tmpl"), "@dark.css@", templateFile("dark.css"))
	source = inlineStyles(source, templateFile("mail.css"))
	for name, w := range languages {
		wordBreak := template.CSS("normal")
		if name == "ko" { // Korean is read by words, like Latin script
			wordBreak = "keep-all"
		}
		all[name] = template.Must(template.New(name).Funcs(template.FuncMap{
			"t":         w.say,
			"color":     func(state string) template.CSS { return stateColors[state] },
			"outlook":   func(part string) template.HTML { return outlookTable[part] },
			"wordBreak": func() template.CSS { return wordBreak },
			"keyWrap":   keyWrap,
			"lines":     func(s string) []string { return strings.Split(s, "\n") },
			"facts":     func(a htmlAlert) []Pair { return w.facts(a.Alert) },
			"brief":     func(a htmlAlert) string { return w.brief(a.Alert) },
			"changed":   changed,
			"buttons":   func(a htmlAlert) []button { return w.buttons(a.Alert, a.grafana) },
		}).Parse(source))
	}
	return all
}()

// keyWrap keeps short names on one line; a long one may break, so that it
// does not push the mail wider than the screen.
func keyWrap(name string) template.CSS {
	if displaywidth.String(name) <= 16 {
		return "nowrap"
	}
	return "normal"
}

func templateFile(name string) string {
	data, err := templateFiles.ReadFile("templates/" + name)
	if err != nil {
		panic(err)
	}
	return string(data)
}

var (
	cssRule    = regexp.MustCompile(`\.([a-z-]+) \{ ([^}]*) \}`)
	classAttr  = regexp.MustCompile(`class="([^"]*)"(?: style="([^"]*)")?`)
	cssSpacing = strings.NewReplacer("; ", ";", ": ", ":")
)

// inlineStyles gives every element the declarations of its classes as a style
// attribute, before what it has of its own. Classes of the style sheet alone
// stay as they are; it is done once, on the template.
func inlineStyles(source, css string) string {
	rules := make(map[string]string)
	for _, m := range cssRule.FindAllStringSubmatch(css, -1) {
		rules[m[1]] = strings.TrimSuffix(cssSpacing.Replace(m[2]), ";")
	}
	return classAttr.ReplaceAllStringFunc(source, func(attr string) string {
		m := classAttr.FindStringSubmatch(attr)
		var declarations []string
		for class := range strings.FieldsSeq(m[1]) {
			declarations = append(declarations, rules[class])
		}
		declarations = nonEmpty(append(declarations, m[2])...)
		if len(declarations) == 0 {
			return attr
		}
		return `class="` + m[1] + `" style="` + strings.Join(declarations, ";") + `"`
	})
}

// htmlAlert is an alert as the templates see it.
type htmlAlert struct {
	*Alert
	grafana bool
}

// html is the built-in HTML part: as many alerts in full as fit, then as many
// as fit in a list, then how many there are besides.
func (v *view) html() (string, error) {
	p := &pageWriter{templates: htmlMails[v.Language]}
	p.Grow(16 << 10) // what two alerts take
	p.scratch.Grow(8 << 10)
	v.MessageHTML = p.message(v.Message)
	top, bottom := p.execute("top", v), p.execute("bottom", v)
	p.size = sizeOf(top).plus(sizeOf(bottom))

	p.WriteString(top)
	next := 0
	for ; next < v.inFull(); next++ {
		card := p.execute("card", htmlAlert{v.Alerts[next], v.Grafana})
		if !p.fits(card, cardsUntil) {
			break
		}
		p.WriteString(card)
	}
	var rows []template.HTML
	for ; next < len(v.Alerts); next++ {
		row := p.execute("row", htmlAlert{v.Alerts[next], v.Grafana})
		if !p.fits(row, rowsUntil) {
			break
		}
		rows = append(rows, template.HTML(row)) // a template of ours escaped it
	}
	if len(rows) > 0 {
		p.WriteString(p.execute("list", rows))
	}
	if unlisted := v.Omitted + len(v.Alerts) - next; unlisted > 0 {
		p.WriteString(p.execute("omitted", unlisted))
	}
	p.WriteString(bottom)
	return p.String(), p.err
}

// pageWriter puts the parts of a page together and keeps count of its size.
type pageWriter struct {
	strings.Builder
	templates *template.Template
	scratch   bytes.Buffer
	size      size
	err       error // the first
}

// execute runs one of our own templates.
func (p *pageWriter) execute(name string, data any) string {
	p.scratch.Reset()
	if err := p.templates.ExecuteTemplate(&p.scratch, name, data); err != nil && p.err == nil {
		p.err = err
	}
	return p.scratch.String()
}

// fits says whether there is room for s up to a limit, and takes it.
func (p *pageWriter) fits(s string, limit int) bool {
	with := p.size.plus(sizeOf(s))
	if with.transferred() > limit {
		return false
	}
	p.size = with
	return true
}

// message is the contact point's own, shortened until it leaves room for the
// alerts.
func (p *pageWriter) message(s string) template.HTML {
	for limit := maxMessage / 2; ; limit /= 2 {
		out := p.execute("message", markdown(s))
		if sizeOf(out).transferred() <= maxMessageHTML {
			return template.HTML(out) // a template of ours escaped it
		}
		s = cut(s, limit)
	}
}
