package message

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

func TestTemplatesReplaceTheBuiltInMail(t *testing.T) {
	c := render(t, renderer(t, Options{
		Language:        "ko",
		SubjectTemplate: "{{.StateText}}: {{.Headline}}\n{{.Alerts | len}}",
		TextTemplate:    "{{range .Alerts}}{{.Name}} {{.Labels.severity}}{{.Labels.nothing}} {{.StartsAt}} {{.Duration}} {{.StartsAt.Format \"15:04\"}}\n{{end}}",
		HTMLTemplate:    `{{range .Alerts}}<a href="{{.RuleURL}}" title="{{.Description}}">{{.Summary}}</a>{{end}}`,
	}), payload(t, "firing-15-hostile-annotations"))
	if want := "발생 중 15건: High CPU 高負荷 과부하 외 3건 15"; c.Subject != want {
		t.Errorf("the subject is %q, want %q", c.Subject, want)
	}
	if want := "High CPU 高負荷 과부하 critical 2026년 11월 23일(월) 15:33:30 KST 1시간 46분 15:33\n"; !strings.HasPrefix(c.Text, want) {
		t.Errorf("the text is %q, want %q first", c.Text, want)
	}
	if strings.Contains(c.HTML, "<script") || !strings.Contains(c.HTML, `title="&lt;script&gt;alert(1)`) {
		t.Errorf("the payload is not escaped: %s", c.HTML)
	}
	if len(c.Warnings) != 0 {
		t.Errorf("warnings: %q", c.Warnings)
	}
}

func TestTemplateMistakesAreLocated(t *testing.T) {
	tests := []struct {
		source, want string
		line, column int
	}{
		{"a\nb {{.Nonsense}}", "can't evaluate field Nonsense", 2, 5},
		{"負荷 {{.Nonsense}}", "can't evaluate field Nonsense", 1, 6},
		{"{{range .Alerts}}\n  {{.Label.x}}\n{{end}}", "can't evaluate field Label", 2, 11},
		{"x\n{{nofunc .State}}", `function "nofunc" not defined`, 2, 3},
		{"x {{if .State}}", "unexpected EOF", 1, 3},
		{"a\n\n  {{.State}", "bad character", 3, 11},
		{"{{$x}}", "undefined variable", 1, 3},
		{`{{template "gone"}}`, `"gone"`, 1, 12},
		{"{{index .Alerts 99}}", "index", 1, 3},
		{"   \n", "it gives nothing", 0, 0},
		{"{{printf \"%2000d\" 1}}", "printf takes widths", 1, 3},
		{"{{printf \"%*d\" 9999 1}}", "printf takes widths", 1, 3},
		{"{{print .Alerts}}", "is not text", 1, 3},
		{"{{.StartsAt}}", "can't evaluate field StartsAt", 1, 3},
		{strings.Repeat("x", sandbox.MaxSource+1), "at most 65536 are allowed", 0, 0},
		{`{{define "a"}}{{template "b" .}}{{end}}{{define "b"}}{{if .}}{{template "a" .}}{{end}}{{end}}{{template "a" .}}`, "calls itself", 0, 0},
		{`{{define "a"}}x{{template "a"}}{{end}}{{template "a"}}`, "calls itself", 0, 0},
	}
	for _, tt := range tests {
		for name, o := range map[string]Options{
			"subjectTemplate": {Language: "en", SubjectTemplate: tt.source},
			"textTemplate":    {Language: "en", TextTemplate: tt.source},
			"htmlTemplate":    {Language: "en", HTMLTemplate: tt.source},
		} {
			_, err := NewRenderer(o)
			var mistake *sandbox.Error
			if !errors.As(err, &mistake) {
				t.Errorf("%s %.60q: the error is %v", name, tt.source, err)
				continue
			}
			if mistake.Template != name || !strings.Contains(mistake.Message, tt.want) {
				t.Errorf("%s %.60q: %v, want %q", name, tt.source, err, tt.want)
			}
			if mistake.Line != tt.line || mistake.Column != tt.column {
				t.Errorf("%s %.60q: line %d, column %d, want %d, %d: %v", name, tt.source, mistake.Line, mistake.Column, tt.line, tt.column, err)
			}
		}
	}
}

// TestTemplatesEnd runs templates that would not, or would fill the memory.
func TestTemplatesEnd(t *testing.T) {
	for name, source := range map[string]string{
		"a long empty loop":            "x{{range 9000000000000}}{{end}}",
		"loops in loops":               "x{{range 100000}}{{range 100000}}{{range 100000}}{{end}}{{end}}{{end}}",
		"a loop that writes":           "{{range 9000000000000}}xxxxxxxxxxxxxxxxxxxx{{end}}",
		"a string that doubles":        `{{$x := "ab"}}{{range 64}}{{$x = printf "%s%s" $x $x}}{{end}}x`,
		"print that doubles":           `{{$x := "ab"}}{{range 64}}{{$x = print $x $x}}{{end}}x`,
		"replace that multiplies":      `{{$x := "aaaaaaaaaa"}}{{range 64}}{{$x = replace "a" "aaaaaaaaaa" $x}}{{end}}x`,
		"js that doubles":              `{{$x := "\\"}}{{range 64}}{{$x = js $x}}{{end}}x`,
		"a format that repeats":        `{{$x := printf "%999d" 1}}{{range 6}}{{$x = printf "%s%s" $x $x}}{{end}}{{printf "%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s%[1]s" $x}}`,
		"a layout that grows":          `{{$x := "2"}}{{$t := (index .Alerts 0).StartsAt}}{{range 64}}{{$x = $t.Format $x}}{{$x = print $x "2 2"}}{{end}}x`,
		"templates that call two each": billionCalls(),
	} {
		_, err := NewRenderer(Options{Language: "en", TextTemplate: source})
		var mistake *sandbox.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// billionCalls defines thirty templates, each of which calls the next twice.
func billionCalls() string {
	var b strings.Builder
	name := func(i int) string { return string(rune('A' + i)) }
	for i := range 30 {
		b.WriteString(`{{define "` + name(i) + `"}}{{template "` + name(i+1) + `"}}{{template "` + name(i+1) + `"}}{{end}}`)
	}
	b.WriteString(`{{define "` + name(30) + `"}}{{end}}x{{template "A"}}`)
	return b.String()
}

func TestAFailingTemplateFallsBackToTheBuiltInMail(t *testing.T) {
	const source = `{{if gt (len .Alerts) 3}}{{index .Alerts 99}}{{end}}x`
	r := renderer(t, Options{SubjectTemplate: source, TextTemplate: source, HTMLTemplate: source})
	n := payload(t, "firing-15-hostile-annotations")
	c, want := render(t, r, n), render(t, renderer(t, Options{}), n)
	if c.Subject != want.Subject || c.Text != want.Text || c.HTML != want.HTML {
		t.Errorf("the mail is not the built-in one: %q", c.Subject)
	}
	if len(c.Warnings) != 3 || !strings.HasPrefix(c.Warnings[0], "subjectTemplate, line 1, column 28: ") || !strings.HasSuffix(c.Warnings[0], "; the built-in one was used") {
		t.Errorf("the warnings are %q", c.Warnings)
	}
}

const guide = "../../docs/templates.md"

func readGuide(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(guide)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestTheGuideNamesEverything ties docs/templates.md to the model.
func TestTheGuideNamesEverything(t *testing.T) {
	text := readGuide(t)
	names := map[string]bool{}
	for _, model := range []any{view.Model{}, view.Alert{}} {
		for _, field := range reflect.VisibleFields(reflect.TypeOf(model)) {
			if field.IsExported() {
				names["."+field.Name] = true
			}
		}
	}
	for _, name := range sandbox.Functions() {
		names[name] = true
	}
	for name, wanted := range names {
		if wanted && !strings.Contains(text, "`"+name) {
			t.Errorf("%s does not name `%s`", guide, name)
		}
	}
}

// TestTheGuidesExamplesWork saves each example and renders every payload.
func TestTheGuidesExamplesWork(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```gotemplate (subject|text|html)\n(.*?)```").FindAllStringSubmatch(readGuide(t), -1)
	if len(blocks) < 3 {
		t.Fatalf("%s has %d examples", guide, len(blocks))
	}
	for _, block := range blocks {
		o := Options{}
		switch block[1] {
		case "subject":
			o.SubjectTemplate = block[2]
		case "text":
			o.TextTemplate = block[2]
		case "html":
			o.HTMLTemplate = block[2]
		}
		r := renderer(t, o)
		for _, name := range payloads(t) {
			if c := render(t, r, payload(t, name)); len(c.Warnings) > 0 {
				t.Errorf("%s: %q\n%s", name, c.Warnings, block[2])
			}
		}
	}
}

func TestSamplesAreNotifications(t *testing.T) {
	for _, n := range view.Samples() {
		c := render(t, renderer(t, Options{}), n)
		if n.Status != alert.Firing && n.Status != alert.Resolved || c.Subject == "" {
			t.Errorf("the sample %+v gives %q", n, c.Subject)
		}
	}
}

func TestTimeThatIsNoneIsEmptyInEveryFormat(t *testing.T) {
	r := renderer(t, Options{TextTemplate: `x{{range .Alerts}}{{.EndsAt.Format "2006-01-02"}}{{end}}`})
	if c := render(t, r, notification(fires("alertname", "x"))); strings.Contains(c.Text, "0001") {
		t.Errorf("%q", c.Text)
	}
}

// TestTemplatesThatDoubleAreRefused: html/template looks twice into loops and
// into templates with a mistake, before any limit of time begins.
func TestTemplatesThatDoubleAreRefused(t *testing.T) {
	var chain strings.Builder
	for i := range 30 {
		fmt.Fprintf(&chain, `{{define "t%d"}}{{template "t%d" .}}{{end}}`, i, i+1)
	}
	chain.WriteString(`{{define "t30"}}{{if .State}}<a href="{{end}}{{end}}{{template "t0" .}}`)
	for _, source := range []string{
		strings.Repeat("{{range $.Alerts}}", 40) + "x" + strings.Repeat("{{end}}", 40),
		chain.String(),
	} {
		if _, err := NewRenderer(Options{Language: "en", HTMLTemplate: source}); err == nil || !strings.Contains(err.Error(), "nested too deep") {
			t.Errorf("error %v", err)
		}
	}
	nested := strings.Repeat("{{range $.Alerts}}", 5) + "x" + strings.Repeat("{{end}}", 5)
	if _, err := NewRenderer(Options{Language: "en", HTMLTemplate: nested}); err != nil {
		t.Errorf("five loops: %v", err)
	}
}

// TestTemplatesEndWithTheirRequest: a mail whose time is over is the built-in
// one, and says so.
func TestTemplatesEndWithTheirRequest(t *testing.T) {
	r := renderer(t, Options{SubjectTemplate: "mine", TextTemplate: "mine", HTMLTemplate: "<b>mine</b>"})
	ended, end := context.WithCancel(t.Context())
	end()
	c := r.Render(ended, view.Samples()[0], view.SampleTime)
	if len(c.Warnings) != 3 || !strings.Contains(c.Warnings[0], "no time left") || strings.Contains(c.Subject+c.Text+c.HTML, "mine") {
		t.Errorf("%+v", c)
	}
	if c = r.Render(t.Context(), view.Samples()[0], view.SampleTime); len(c.Warnings) != 0 || c.Subject != "mine" {
		t.Errorf("%+v", c)
	}
}
