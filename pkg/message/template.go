package message

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"
)

// Bounds of a template of the user's, in octets and in time for one mail.
const (
	maxTemplateSource = 64 << 10
	maxTemplateOutput = 512 << 10
	maxTemplateTime   = time.Second
)

// TemplateError is a mistake in a template, found when it was parsed or run.
type TemplateError struct {
	Template     string // the setting: subjectTemplate, textTemplate or htmlTemplate
	Line, Column int    // from 1; 0 where the mistake has no one place
	Message      string
}

// Error says where the mistake is.
func (e *TemplateError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Template, e.Message)
	}
	return fmt.Sprintf("%s, line %d, column %d: %s", e.Template, e.Line, e.Column, e.Message)
}

// userTemplate is a template that somebody wrote, bounded in time and size.
type userTemplate struct {
	name, source string
	write        func(io.Writer, any) error

	mu     sync.Mutex // one execution at a time: it owns the budget
	budget budget
}

func newUserTemplate(name, source string, html bool) (*userTemplate, error) {
	t := &userTemplate{name: name, source: source}
	if len(source) > maxTemplateSource {
		return nil, &TemplateError{Template: name, Message: fmt.Sprintf("it has %d octets; it may have %d", len(source), maxTemplateSource)}
	}
	trees, err := t.parse(html)
	if err == nil {
		err = bound(trees)
	}
	if err == nil && html {
		err = escapable(trees)
	}
	if err != nil {
		return nil, t.located(err)
	}
	return t, nil
}

// parse reads the source and lists the templates that it defines. A label that
// an alert does not have is empty.
func (t *userTemplate) parse(html bool) (trees []*parse.Tree, err error) {
	const missing = "missingkey=zero"
	if html {
		p, err := htmltemplate.New(t.name).Option(missing).Funcs(functions(&t.budget)).Parse(t.source)
		if err != nil {
			return nil, err
		}
		for _, defined := range p.Templates() {
			trees = append(trees, defined.Tree)
		}
		t.write = p.Execute
		return trees, nil
	}
	p, err := template.New(t.name).Option(missing).Funcs(functions(&t.budget)).Parse(t.source)
	if err != nil {
		return nil, err
	}
	for _, defined := range p.Templates() {
		trees = append(trees, defined.Tree)
	}
	t.write = p.Execute
	return trees, nil
}

// run executes the template; where it fails, it adds a warning and reports
// that the built-in mail has to do. A nil template is the built-in one.
func (t *userTemplate) run(m *Model, warnings *[]string) (string, bool) {
	if t == nil {
		return "", false
	}
	s, err := t.execute(m)
	if err != nil {
		*warnings = append(*warnings, err.Error()+"; the built-in one was used")
		return "", false
	}
	return s, true
}

// execute runs the template within its bounds; its error is a *TemplateError.
func (t *userTemplate) execute(m *Model) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.budget.start()
	var out limitedBuilder
	if err := t.write(&out, m); err != nil {
		return "", t.located(err)
	}
	s := clean(out.String())
	if strings.TrimSpace(s) == "" {
		return "", &TemplateError{Template: t.name, Message: "it gives nothing"}
	}
	return s, nil
}

var (
	// place is how both template packages begin their errors. Columns are
	// octets from 0, and missing from errors of parsing.
	place = regexp.MustCompile(`(?s)^(?:html/)?template: ?([^:]+):(\d+)(?::(\d+))?: (.*)$`)
	// noise is what execution puts before the error itself.
	noise = regexp.MustCompile(`(?s)^executing "[^"]*" at (.*)$`)
	// token is what an error of parsing is about.
	token = regexp.MustCompile(`function "([^"]+)"|unexpected "([^"]+)"|undefined variable "([^"]+)"|bad character U\+\w+ '(.)'|<([^>]+)>`)
)

// located finds line and column in an error of the template packages.
func (t *userTemplate) located(err error) error {
	e := &TemplateError{Template: t.name, Message: err.Error()}
	if bounds := boundError(""); errors.As(err, &bounds) {
		e.Message = bounds.Error()
		return e
	}
	m := place.FindStringSubmatch(e.Message)
	if m == nil {
		return e
	}
	e.Line, _ = strconv.Atoi(m[2])
	e.Message = m[4]
	if n := noise.FindStringSubmatch(e.Message); n != nil {
		e.Message = n[1]
	}
	lines := strings.Split(t.source, "\n")
	if e.Line < 1 || e.Line > len(lines) {
		e.Line = 0
		return e
	}
	line := lines[e.Line-1]
	octet := 0
	if m[3] != "" {
		octet, _ = strconv.Atoi(m[3])
	} else {
		octet = suspect(line, e.Message)
	}
	e.Column = utf8.RuneCountInString(line[:min(octet, len(line))]) + 1
	return e
}

// suspect is the likely octet of an error that has only a line.
func suspect(line, message string) int {
	if m := token.FindStringSubmatch(message); m != nil {
		if i := strings.LastIndex(line, strings.Join(m[1:], "")); i >= 0 {
			return i
		}
	}
	return max(strings.LastIndex(line, "{{"), 0)
}

// limitedBuilder refuses to grow without end.
type limitedBuilder struct{ strings.Builder }

func (b *limitedBuilder) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxTemplateOutput {
		return 0, boundError(fmt.Sprintf("it gives more than %d octets", maxTemplateOutput))
	}
	return b.Builder.Write(p)
}
