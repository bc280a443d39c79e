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
		{"color css attr", view.Firing, "#b3261e"},
		{"color css attr", `red;background:url(x)`, ``},
		{"wordBreak css attr", `expression(1)`, `normal`},
		{"keyWrap css attr", `expression(1)`, `nowrap`},
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
			compileIn[span](parsed(source), "unsafe")
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
		a := &view.Alert{State: text, StateText: text, Name: text, Severity: text, Summary: text, Description: text, Reason: text, RuleURL: address, ImageURL: address}
		pairs := []view.Pair{{Name: text, Value: text}}
		card := view.Card{Alert: a, Facts: pairs, ImageAlt: text, Buttons: []view.Button{{Text: text, URL: address, Main: true}, {Text: text, URL: address}}}
		m := &view.Model{Language: text, Subject: text, State: view.Firing, StateText: text, Notice: text, Title: text, SharedLabels: pairs, ExternalURL: address}
		blocks := []block{{Kind: "paragraph", Lines: [][]span{{{Text: text}, {Text: text, URL: address, Break: true}}}},
			{Kind: "heading", Lines: [][]span{{{Text: text, Bold: true}}}}, {Kind: "list", Lines: [][]span{{{Text: text, Italic: true}}, {{Text: text, Code: true}}}}, {Kind: "code", Text: text}}
		compare(t, "mail", appendMail, page{View: &view.View{Model: m, Places: text, Preheader: text, Shared: text, OpenText: text, Footer: text,
			Advertiser: &view.Advertiser{Sender: text, Name: text, Address: text, Text: text, Link: address}}, Written: "<p>", Alerts: "<tr>"})
		compare(t, "card", appendCard, card)
		compare(t, "row", appendRow, row{a, text, text})
		compare(t, "list", appendList, list{text, "<tr>"})
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
	if !slices.Contains(slices.Collect(maps.Keys(used)), "card") {
		t.Error("no classes were found")
	}
}

// BenchmarkExecution is a card as it is mailed, and as html/template executes it.
func BenchmarkExecution(b *testing.B) {
	m := view.NewModel(view.Samples()[0], locale.Get("en"), time.UTC, view.SampleTime, false)
	card := view.New(m, nil).Cards[0]
	b.Run("compiled", func(b *testing.B) {
		var dst []byte
		for b.Loop() {
			dst = appendCard(dst[:0], &card)
		}
	})
	b.Run("html/template", func(b *testing.B) {
		var dst strings.Builder
		for b.Loop() {
			dst.Reset()
			if err := templates.ExecuteTemplate(&dst, "card", &card); err != nil {
				b.Fatal(err)
			}
		}
	})
}
