package html

import (
	"html/template"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/markdown"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

func TestValuesAreMadeSafeForTheirPlace(t *testing.T) {
	for _, tt := range []struct{ place, value, want string }{
		{"html", `<b a="1" b='2'>+&` + "\x00", "&lt;b a=&#34;1&#34; b=&#39;2&#39;&gt;&#43;&amp;\ufffd"},
		{"attr", `"><script>`, `&#34;&gt;&lt;script&gt;`},
		{"lines html", "<a>\nb", "&lt;a&gt;<br>b"},
		{"url url attr", `https://e.com/?a=1&b='(2)%41%zz"+`, `https://e.com/?a=1&amp;b=%27%282%29%41%25zz%22&#43;`},
		{"url url attr", `MAILTO:a@e.com`, `MAILTO:a@e.com`},
		{"url url attr", `javascript:alert(1)`, ``},
		{"url url attr", `/a`, ``},
		{"url url attr", `data:text/html,x`, ``},
		{"color css attr", view.Critical, "#b3261e"},
		{"color css attr", `red;background:url(x)`, ``},
		{"wordBreak css attr", `expression(1)`, `normal`},
	} {
		if got := string(writers[tt.place](nil, tt.value)); got != tt.want {
			t.Errorf("%q in %s is\n     %s\nwant %s", tt.value, tt.place, got, tt.want)
		}
	}
}

// TestAValueInAnUnsafePlaceStopsTheProgram: mail.html cannot have one.
func TestAValueInAnUnsafePlaceStopsTheProgram(t *testing.T) {
	for _, source := range []string{
		`<p {{.Text}}>`, `<a href={{.Text}}>`, `<a href="x" {{.Text}}>`, `<a href="https://e.com/{{.Text}}">`,
		`<p onclick="{{.Text}}">`, `<p style="color:{{.Text}}">`, `<script>{{.Text}}</script>`, `<style>{{.Text}}</style>`,
		`<p class="x`, `<p`, `{{.Nothing}}`, `{{.Text | print}}`,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is a template", source)
				}
			}()
			compileIn[markdown.Span](parsed(source), "unsafe")
		}()
	}
}

// parsed is a template called unsafe.
func parsed(source string) *template.Template {
	return escapedTemplates(`{{define "unsafe"}}` + source + `{{end}}`)
}

// FuzzExecution compares with html/template, which executes the same templates:
// what it makes of a text is what is mailed, and what it makes of an address,
// unless that is refused.
func FuzzExecution(f *testing.F) {
	for _, value := range []string{"", `<b a="1" b='2'>+&` + "\x00", "https://e.com/?a=1&b='(2)%41%zz\"+é", "javascript:alert(1)", "MAILTO:a@e.com", "//e.com", "#b3261e", "keep-all", "red;background:url(x)", "\u2028`{{}}", "\xff", "a\nb"} {
		f.Add(value, value)
	}
	f.Fuzz(func(t *testing.T, text, address string) {
		if !utf8.ValidString(text + address) {
			return // clean has replaced it before
		}
		if address = clean.URL(address); strings.ContainsAny(text, "[]") {
			return // what hides Outlook's comments
		}
		a := &view.Alert{State: text, StateText: text, Name: text, Severity: text, Summary: text, Description: text, Reason: text, Cause: text,
			RuleURL: address, ImageURL: address, Values: []view.Value{{Name: text, Value: text}, {Name: text, Value: text, Condition: true}}}
		pairs := []view.Pair{{Name: text, Value: text}}
		buttons := []view.Button{{Text: text, URL: address, Main: true}, {Text: text, URL: address}}
		notes := []note{{text, "<p>"}, {text, ""}}
		m := &view.Model{Language: text, Subject: text, Headline: text, Notice: text, Title: text, ExternalURL: address}
		v := &view.View{Model: m, Tone: view.Critical, Kicker: text, Where: text, Preheader: text, Reason: text, Cause: text, Common: pairs, Shared: text, OpenText: text, Footer: []string{text, text},
			Buttons: buttons, Links: buttons, Advertiser: &view.Advertiser{Sender: text, Name: text, Address: text, Text: text, Link: address}}
		only := lead{&view.Card{Alert: a, Facts: pairs, ImageAlt: text}, "<p>", notes}
		s := &view.Section{Name: text, Kind: text, Tone: view.Info, Reason: text, Cause: text, Summary: text, Links: buttons}
		r := view.Row{Alert: a, StateText: text, Stated: true, Tone: view.Over, Where: text, Since: text, Reason: text, Cause: text, Summary: text, Value: text, Links: buttons, Facts: pairs, ImageAlt: text}
		blocks := []markdown.Block{{Kind: "paragraph", Lines: [][]markdown.Span{{{Text: text}, {Text: text, URL: address, Break: true}}}},
			{Kind: "heading", Lines: [][]markdown.Span{{{Text: text, Bold: true}}}}, {Kind: "list", Lines: [][]markdown.Span{{{Text: text, Italic: true}}, {{Text: text, Code: true}}}}, {Kind: "code", Text: text}}
		compare(t, "mail", appendMail, page{View: v, Written: "<p>", Alerts: "<tr>", Lead: &only})
		compare(t, "mail", appendMail, page{View: v, Alerts: "<tr>", Long: true})
		compare(t, "lead", appendLead, only)
		compare(t, "section", appendSection, section{s, "<p>", "<tr>", "<tr>", text})
		compare(t, "row", appendRow, row{r, "<p>", notes, true})
		compare(t, "row", appendRow, row{r, "", nil, false})
		compare(t, "brief", appendBrief, brief{r, text})
		compare(t, "rest", appendRest, rest{text, text})
		compare(t, "blocks", appendBlocks, blocks)
	})
}

func compare[T any](t *testing.T, name string, run func([]byte, *T) []byte, data T) {
	t.Helper()
	var want strings.Builder
	if err := templates.ExecuteTemplate(&want, name, &data); err != nil {
		t.Fatal(err)
	}
	if got := string(run(nil, &data)); got != showComments.Replace(want.String()) {
		t.Errorf("%s is\n     %s\nwant %s", name, got, want.String())
	}
}

// TestEveryClassHasAStyle: a typing error in mail.html would show nothing.
func TestEveryClassHasAStyle(t *testing.T) {
	used := map[string]bool{}
	for _, m := range classAttr.FindAllStringSubmatch(source, -1) {
		for class := range strings.FieldsSeq(m[1]) {
			used[class] = true
		}
	}
	for class := range maps.Keys(used) {
		if !strings.Contains(class, "{{") && !strings.Contains(source, "."+class+" {") {
			t.Errorf("no sheet has class %q", class)
		}
	}
	if !slices.Contains(slices.Collect(maps.Keys(used)), "cell") {
		t.Error("no classes were found")
	}
}

// BenchmarkExecution is a card as it is mailed, and as html/template executes it.
func BenchmarkExecution(b *testing.B) {
	m := view.NewModel(view.Samples()[0], locale.Get("en"), time.UTC, view.SampleTime, false)
	card := newLead(view.New(m, nil).Lead, false)
	b.Run("compiled", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = appendLead(dst[:0], card)
		}
	})
	b.Run("html/template", func(b *testing.B) {
		var dst strings.Builder
		for b.Loop() {
			dst.Reset()
			if err := templates.ExecuteTemplate(&dst, "lead", card); err != nil {
				b.Fatal(err)
			}
		}
	})
}
