package message

import (
	"bytes"
	"html/template"
	"mime/quotedprintable"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestValuesAreMadeSafeForTheirPlace(t *testing.T) {
	for _, tt := range []struct{ source, value, want string }{
		{`<p>{}</p>`, `<b a="1" b='2'>+&` + "\x00", `<p>&lt;b a=&#34;1&#34; b=&#39;2&#39;&gt;&#43;&amp;` + "\ufffd</p>"},
		{`<img alt="{}">`, `"><script>`, `<img alt="&#34;&gt;&lt;script&gt;">`},
		{`<a href="{}">x</a>`, `https://e.com/?a=1&b='(2)%41%zz"+`, `<a href="https://e.com/?a=1&amp;b=%27%282%29%41%25zz%22&#43;">x</a>`},
		{`<a href="{}">x</a>`, `MAILTO:a@e.com`, `<a href="MAILTO:a@e.com">x</a>`},
		{`<a href="{}">x</a>`, `javascript:alert(1)`, `<a href="">x</a>`},
		{`<a href="{}">x</a>`, `/a`, `<a href="">x</a>`},
		{`<img src="{}">`, `data:text/html,x`, `<img src="">`},
		{`<p style="color:{}">x</p>`, `#b3261e`, `<p style="color:#b3261e">x</p>`},
		{`<p style="color:{}">x</p>`, `red;background:url(x)`, `<p style="color:">x</p>`},
		{`<p style="color:{}">x</p>`, `expression(1)`, `<p style="color:">x</p>`},
	} {
		if got := string(appendPiece(nil, markup(tt.source), []string{tt.value})); got != tt.want {
			t.Errorf("%s with %q is\n     %s\nwant %s", tt.source, tt.value, got, tt.want)
		}
	}
}

func TestAPieceHasNoUnsafeSlot(t *testing.T) {
	for _, source := range []string{
		`<p {}>`, `<{}>`, `<a href={}>`, `<a href="x" {}>`, `<a href="https://e.com/{}">`, `<p onclick="{}">`, `<p title='{}'>`, `<p class="x`, `<p`,
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is a piece", source)
				}
			}()
			markup(source)
		}()
	}
}

// TestQuotedPrintableIsTheLibrarys compares with the standard library's writer.
func TestQuotedPrintableIsTheLibrarys(t *testing.T) {
	for _, text := range []string{"", " ", "\t\n", "a \nb\t\n=é", "負荷 \n\n", strings.Repeat("word ", 40)} {
		for length := range 80 {
			text := strings.Repeat("x", length) + text + "\n" + strings.Repeat("é", length) + text
			var want bytes.Buffer
			w := quotedprintable.NewWriter(&want)
			if _, err := w.Write([]byte(text)); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if got := appendQuotedPrintable(nil, text); !bytes.Equal(got, want.Bytes()) {
				t.Errorf("%q becomes\n     %q\nwant %q", text, got, want.Bytes())
			}
		}
	}
}

// FuzzPieces compares with html/template, which knows every place: what it
// makes of a value in a text and in an attribute is what a piece makes of it,
// and a link or a color that a piece writes is one html/template lets pass.
func FuzzPieces(f *testing.F) {
	for _, value := range []string{"", `<b a="1" b='2'>+&` + "\x00", "https://e.com/?a=1&b='(2)%41%zz\"+é", "javascript:alert(1)", "MAILTO:a@e.com", "//e.com", "#b3261e", "keep-all", "red;background:url(x)", "\u2028`{{}}", "\xff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if !utf8.ValidString(value) {
			return // clean has replaced it before
		}
		for _, source := range []string{`<p>{}</p>`, `<img alt="{}">`, `<a href="{}">x</a>`, `<img src="{}">`, `<p style="color:{}">x</p>`} {
			piece := markup(source)
			got := string(appendPiece(nil, piece, []string{value}))
			var data any = value
			if piece.slots[0] == inStyle {
				data = template.CSS(value) // html/template lets no # pass
			}
			var want strings.Builder
			library := template.Must(template.New("").Parse(strings.Replace(source, slotMark, "{{.}}", 1)))
			if err := library.Execute(&want, data); err != nil {
				t.Fatal(err)
			}
			refused := string(appendPiece(nil, piece, []string{""}))
			if got != want.String() && (piece.slots[0] == inText || got != refused) {
				t.Errorf("%s with %q is\n     %s\nwant %s", source, value, got, want.String())
			}
		}
	})
}
