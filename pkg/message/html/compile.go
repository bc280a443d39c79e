package html

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"reflect"
	"regexp"
	"strings"
	"text/template/parse"
)

//go:embed mail.html
var source string

// templates is mail.html as html/template parses it. That decides how each value
// is made safe for its place; only the execution is not the library's, which
// takes several times as long: see BenchmarkExecution.
var templates = escapedTemplates(inlineStyles(source))

func escapedTemplates(source string) *template.Template {
	// html/template drops comments, of which Outlook reads some.
	t := template.Must(template.New("").Funcs(functions).Parse(hideComments.Replace(source)))
	for _, defined := range t.Templates() {
		_ = defined.Execute(io.Discard, nil) // escapes it; that nothing is there to show is no mistake
	}
	return t
}

var (
	hideComments = strings.NewReplacer("<!--[if mso]>", "[[if mso", "<![endif]-->", "endif]]")
	showComments = strings.NewReplacer("[[if mso", "<!--[if mso]>", "endif]]", "<![endif]-->")
)

// functions are those of mail.html.
var functions = template.FuncMap{
	"lines":     func(s string) template.HTML { return template.HTML(appendLines(nil, s)) }, //nolint:gosec // it is escaped
	"color":     func(tone string) template.CSS { return template.CSS(toneColors[tone]) },
	"wordBreak": func(language string) template.CSS { return template.CSS(wordBreak(language)) },
}

// writers write a value for each place where mail.html has one, by what
// html/template puts it through there. A place that is missing here, such as a
// script, stops the program when it starts.
var writers = map[string]func(dst []byte, s string) []byte{
	"html":               appendEscaped,
	"rcdata":             appendEscaped,
	"attr":               appendEscaped,
	"url url attr":       appendLink,
	"lines html":         appendLines,
	"color css attr":     func(dst []byte, s string) []byte { return append(dst, toneColors[s]...) },
	"wordBreak css attr": func(dst []byte, s string) []byte { return append(dst, wordBreak(s)...) },
}

// escaperName shortens the name of a function that html/template inserts.
var escaperName = regexp.MustCompile(`^_html_template_(?:(html|rcdata|attr)escaper|(url)(?:filter|normalizer)|(css)valuefilter)$`)

// step is a part of a template: it writes what it makes of the data.
type step func(dst []byte, data reflect.Value) []byte

// compile makes one of the templates of mail.html for data of type T.
func compile[T any](name string) func(dst []byte, data *T) []byte {
	return compileIn[T](templates, name)
}

func compileIn[T any](all *template.Template, name string) func(dst []byte, data *T) []byte {
	run := compiler{all}.named(name, reflect.TypeFor[T]())
	return func(dst []byte, data *T) []byte { return run(dst, reflect.ValueOf(data).Elem()) }
}

// compiler knows what mail.html uses, and no more of templates.
type compiler struct{ all *template.Template }

func (c compiler) named(name string, t reflect.Type) step {
	return c.list(c.all.Lookup(name).Tree.Root, t)
}

func (c compiler) list(list *parse.ListNode, t reflect.Type) step {
	var steps []step
	if list != nil {
		for _, node := range list.Nodes {
			steps = append(steps, c.node(node, t))
		}
	}
	return func(dst []byte, data reflect.Value) []byte {
		for _, run := range steps {
			dst = run(dst, data)
		}
		return dst
	}
}

func (c compiler) node(node parse.Node, t reflect.Type) step {
	switch n := node.(type) {
	case *parse.TextNode:
		text := showComments.Replace(string(n.Text))
		return func(dst []byte, _ reflect.Value) []byte { return append(dst, text...) }
	case *parse.ActionNode:
		return compileValue(n.Pipe, t)
	case *parse.TemplateNode:
		arg := compileArg(n.Pipe.Cmds[0].Args[0], t)
		run := c.named(n.Name, arg.result)
		return func(dst []byte, data reflect.Value) []byte { return run(dst, arg.of(data)) }
	case *parse.RangeNode:
		list := compileArg(n.Pipe.Cmds[0].Args[0], t)
		run := c.list(n.List, list.result.Elem())
		return func(dst []byte, data reflect.Value) []byte {
			items := list.of(data)
			for i := range items.Len() {
				dst = run(dst, items.Index(i))
			}
			return dst
		}
	case *parse.IfNode:
		holds, then, otherwise := compileCondition(n.Pipe.Cmds[0].Args, t), c.list(n.List, t), c.list(n.ElseList, t)
		return func(dst []byte, data reflect.Value) []byte {
			if holds(data) {
				return then(dst, data)
			}
			return otherwise(dst, data)
		}
	case *parse.WithNode:
		arg := compileArg(n.Pipe.Cmds[0].Args[0], t)
		run := c.list(n.List, arg.result.Elem())
		return func(dst []byte, data reflect.Value) []byte {
			if p := arg.of(data); !p.IsNil() {
				return run(dst, p.Elem())
			}
			return dst
		}
	}
	panic(fmt.Sprintf("mail.html: %s is not known here", node))
}

// compileValue is a value made safe.
func compileValue(pipe *parse.PipeNode, t reflect.Type) step {
	var names []string
	var value argument
	for i, command := range pipe.Cmds {
		last := command.Args[len(command.Args)-1]
		if i == 0 {
			value = compileArg(last, t)
		}
		if name, ok := command.Args[0].(*parse.IdentifierNode); ok {
			names = append(names, escaperName.ReplaceAllString(name.Ident, "$1$2$3"))
		}
	}
	place := strings.Join(names, " ")
	write, ok := writers[place]
	if value.result == reflect.TypeFor[template.HTML]() && place == "html" {
		write = func(dst []byte, s string) []byte { return append(dst, s...) }
	}
	if !ok {
		panic(fmt.Sprintf("mail.html: no value is safe in %s", pipe))
	}
	return func(dst []byte, data reflect.Value) []byte { return write(dst, value.of(data).String()) }
}

// compileCondition is true for what is not empty, and for eq.
func compileCondition(args []parse.Node, t reflect.Type) func(data reflect.Value) bool {
	if len(args) == 3 {
		value, want := compileArg(args[1], t), args[2].(*parse.StringNode).Text
		return func(data reflect.Value) bool { return value.of(data).String() == want }
	}
	value := compileArg(args[0], t)
	if value.result.Kind() == reflect.Slice {
		return func(data reflect.Value) bool { return value.of(data).Len() > 0 }
	}
	return func(data reflect.Value) bool { return !value.of(data).IsZero() }
}

// argument is the dot or a field of it.
type argument struct {
	of     func(data reflect.Value) reflect.Value
	result reflect.Type
}

func compileArg(node parse.Node, t reflect.Type) argument {
	field, ok := node.(*parse.FieldNode)
	if !ok {
		return argument{func(data reflect.Value) reflect.Value { return data }, t}
	}
	f, ok := t.FieldByName(field.Ident[0])
	if !ok || len(field.Ident) > 1 {
		panic(fmt.Sprintf("mail.html: %s has no field %s", t, field))
	}
	return argument{func(data reflect.Value) reflect.Value { return data.FieldByIndex(f.Index) }, f.Type}
}
