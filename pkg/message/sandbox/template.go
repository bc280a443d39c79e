// Package sandbox runs the templates that users write: bounded in time and size,
// so that an alert goes out whatever a template does.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Bounds of a template of the user's, in octets and in time for one mail.
const (
	MaxSource         = 64 << 10
	maxTemplateOutput = 512 << 10
	MaxTemplateTime   = time.Second
	// MaxTime is for all templates of a mail, and for waiting for those of others: an
	// alert is answered in time, with the built-in mail if need be.
	MaxTime = 5 * time.Second
)

// Kind is what a mistake is, for those who read no English.
type Kind string

// The kinds.
const (
	Syntax    Kind = "syntax" // Message has Go's words
	Field     Kind = "field"
	Function  Kind = "function"
	Long      Kind = "long"
	Nothing   Kind = "nothing"
	Slow      Kind = "slow"
	Large     Kind = "large"
	Recursive Kind = "recursive"
	Deep      Kind = "deep"
	Unsafe    Kind = "unsafe"
)

// Error is a mistake in a template, found when it was parsed or run.
type Error struct {
	Template     string // the setting: subjectTemplate, textTemplate or htmlTemplate
	Line, Column int    // from 1; 0 where the mistake has no one place
	Kind         Kind
	Name         string // of the field or function that there is not
	Message      string
}

// Error says where the mistake is.
func (e *Error) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Template, e.Message)
	}
	return fmt.Sprintf("%s, line %d, column %d: %s", e.Template, e.Line, e.Column, e.Message)
}

// Template is one that somebody wrote.
type Template struct {
	name, source string
	html         bool
	// copies holds as many copies as can run at once, since a copy has a budget for
	// one execution; nil is one that is not parsed yet.
	copies chan *parsedTemplate
}

// parsedTemplate is a template for one execution at a time.
type parsedTemplate struct {
	write  func(io.Writer, any) error
	budget budget
}

// New parses the template of a setting and tries it on each of the samples, so
// that a field that does not exist is refused when the settings are saved. Its
// error is an *Error. Without a source there is no template.
func New(name, source string, html bool, samples ...any) (*Template, error) {
	if source == "" {
		return nil, nil //nolint:nilnil // a nil *Template runs as the built-in mail
	}
	t, err := newTemplate(name, source, html)
	if err != nil {
		return nil, err
	}
	for _, data := range samples {
		if _, err := t.execute(context.Background(), data); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func newTemplate(name, source string, html bool) (*Template, error) {
	if len(source) > MaxSource {
		return nil, &Error{Template: name, Kind: Long, Message: fmt.Sprintf("it has %d octets; at most %d are allowed", len(source), MaxSource)}
	}
	if html {
		source = hideConditionals(source)
	}
	t := &Template{name: name, source: source, html: html, copies: make(chan *parsedTemplate, runtime.GOMAXPROCS(0))}
	first, err := t.parse()
	if err != nil {
		return nil, err
	}
	t.copies <- first
	for len(t.copies) < cap(t.copies) {
		t.copies <- nil
	}
	return t, nil
}

// parse makes a copy of the template; its error is a *Error.
func (t *Template) parse() (*parsedTemplate, error) {
	p := new(parsedTemplate)
	trees, err := p.read(t.name, t.source, t.html)
	if err == nil {
		err = bound(trees)
	}
	if err == nil && t.html {
		err = escapable(trees)
	}
	if err != nil {
		return nil, t.located(err)
	}
	return p, nil
}

// read reads the source and lists the templates that it defines. A label that
// an alert does not have is empty.
func (p *parsedTemplate) read(name, source string, html bool) (trees []*parse.Tree, err error) {
	const missing = "missingkey=zero"
	if html {
		t, err := htmltemplate.New(name).Option(missing).Funcs(functions(&p.budget)).Parse(source)
		if err != nil {
			return nil, err
		}
		for _, defined := range t.Templates() {
			trees = append(trees, defined.Tree)
		}
		p.write = t.Execute
		return trees, nil
	}
	t, err := template.New(name).Option(missing).Funcs(functions(&p.budget)).Parse(source)
	if err != nil {
		return nil, err
	}
	for _, defined := range t.Templates() {
		trees = append(trees, defined.Tree)
	}
	p.write = t.Execute
	return trees, nil
}

// Run executes the template; where it fails, it adds a warning and reports
// that the built-in mail has to do. A nil template is the built-in one.
func (t *Template) Run(ctx context.Context, data any, warnings *[]string) (string, bool) {
	if t == nil {
		return "", false
	}
	s, err := t.execute(ctx, data)
	if err != nil {
		*warnings = append(*warnings, err.Error()+"; the built-in one was used")
		return "", false
	}
	return s, true
}

// execute runs the template within its bounds, and until ctx ends; its error is
// a *Error.
func (t *Template) execute(ctx context.Context, data any) (string, error) {
	p, err := t.acquire(ctx)
	if err != nil {
		return "", err
	}
	defer func() { t.copies <- p }()
	if p == nil {
		if p, err = t.parse(); err != nil {
			return "", err
		}
	}
	p.budget.start(ctx)
	var out limitedBuilder
	if err := p.write(&out, data); err != nil {
		return "", t.located(err)
	}
	s := out.String()
	if t.html {
		if s, err = finishHTML(s); err != nil {
			return "", t.located(err)
		}
	}
	s = clean.Text(s)
	if strings.TrimSpace(s) == "" {
		return "", &Error{Template: t.name, Kind: Nothing, Message: "it gives nothing"}
	}
	return s, nil
}

// acquire waits for a copy. Where the template is slow, those who wait in a storm
// give up together: each of them would find that its time is over.
func (t *Template) acquire(ctx context.Context) (*parsedTemplate, error) {
	if ctx.Err() == nil {
		select {
		case p := <-t.copies:
			return p, nil
		case <-ctx.Done():
		}
	}
	return nil, &Error{Template: t.name, Kind: Slow, Message: "there was no time left for it"}
}

var (
	// errorPlace is how both template packages begin their errors. Columns are
	// octets from 0, and missing from errors of parsing.
	errorPlace = regexp.MustCompile(`(?s)^(?:html/)?template: ?([^:]+):(\d+)(?::(\d+))?: (.*)$`)
	// errorPrefix is what execution puts before the error itself.
	errorPrefix = regexp.MustCompile(`(?s)^executing "[^"]*" at (.*)$`)
	// unknowns are the errors about a name that there is not.
	unknowns = map[Kind]*regexp.Regexp{
		Field:    regexp.MustCompile(`can't evaluate field (\S+) in type `),
		Function: regexp.MustCompile(`^function "([^"]+)" not defined$`),
	}
	// errorToken is what an error of parsing is about.
	errorToken = regexp.MustCompile(`function "([^"]+)"|unexpected "([^"]+)"|undefined variable "([^"]+)"|bad character U\+\w+ '(.)'|<([^>]+)>`)
)

// located makes an Error, with line and column, of an error of the template
// packages.
func (t *Template) located(err error) error {
	e := &Error{Template: t.name, Kind: Syntax, Message: err.Error()}
	if bounds, ok := errors.AsType[boundError](err); ok {
		e.Kind, e.Message = bounds.kind, bounds.message
		return e
	}
	m := errorPlace.FindStringSubmatch(e.Message)
	if m == nil {
		return e
	}
	e.Line, _ = strconv.Atoi(m[2])
	e.Message = m[4]
	if n := errorPrefix.FindStringSubmatch(e.Message); n != nil {
		e.Message = n[1]
	}
	for kind, unknown := range unknowns {
		if n := unknown.FindStringSubmatch(e.Message); n != nil {
			e.Kind, e.Name = kind, n[1]
		}
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
		octet = likelyOctet(line, e.Message)
	}
	e.Column = utf8.RuneCountInString(showConditionals(line[:min(octet, len(line))])) + 1
	return e
}

// likelyOctet finds where in a line an error probably is, of which only the line is
// known.
func likelyOctet(line, message string) int {
	if m := errorToken.FindStringSubmatch(message); m != nil {
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
		return 0, boundError{Large, fmt.Sprintf("it gives more than %d octets", maxTemplateOutput)}
	}
	return b.Builder.Write(p)
}
