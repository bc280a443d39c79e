package sandbox

import (
	"context"
	"strings"
	"testing"
)

type values struct{ Text, URL string }

// TestOutlooksCommentsAreMailed: with what is between them made safe.
func TestOutlooksCommentsAreMailed(t *testing.T) {
	const source = `<!-- a note --><!--[if (gte mso 9)|(IE)]><table width="640"><tr><td>{{.Text}}<![endif]-->` +
		`<!--[if !mso]><!--><a href="{{.URL}}">x</a><!--<![endif]--><!--[if mso]></td></tr></table><![endif]-->`
	tmpl, err := New("htmlTemplate", source, true, values{"a", "https://e.com/"})
	if err != nil {
		t.Fatal(err)
	}
	var warnings []string
	got, ok := tmpl.Run(context.Background(), values{"<!--[if mso]><script>", "https://e.com/?a=1&b"}, &warnings)
	want := `<!--[if (gte mso 9)|(IE)]><table width="640"><tr><td>&lt;!--[if mso]&gt;&lt;script&gt;<![endif]-->` +
		`<!--[if !mso]><!--><a href="https://e.com/?a=1&amp;b">x</a><!--<![endif]--><!--[if mso]></td></tr></table><![endif]-->`
	if !ok || got != want {
		t.Errorf("%v\n got %s\nwant %s", warnings, got, want)
	}
}

func TestAMistakeBehindACommentIsAtItsColumn(t *testing.T) {
	_, err := New("htmlTemplate", "<p>\n<!--[if mso]>é{{.Gone}}<![endif]-->", true, values{})
	if err == nil || !strings.Contains(err.Error(), "line 2, column 17:") {
		t.Errorf("the error is %v", err)
	}
}

// TestTheMarkOfAnUnsafeValueIsNotMailed: where a sample has it, the template is
// refused; where only an alert has it, the built-in mail goes out and says why.
func TestTheMarkOfAnUnsafeValueIsNotMailed(t *testing.T) {
	const source = `<p style="color:{{.Text}}"><a href="{{.URL}}">x</a></p>`
	if _, err := New("htmlTemplate", source, true, values{"expression(1)", "https://e.com/"}); err == nil || !strings.Contains(err.Error(), "a style takes plain words") {
		t.Errorf("the error is %v", err)
	}
	tmpl, err := New("htmlTemplate", source, true, values{"red", "https://e.com/"})
	if err != nil {
		t.Fatal(err)
	}
	for _, data := range []values{{"url(x)", "https://e.com/"}, {"red", "javascript:alert(1)"}} {
		var warnings []string
		if got, ok := tmpl.Run(context.Background(), data, &warnings); ok || len(warnings) != 1 || !strings.Contains(warnings[0], "not safe in the place") {
			t.Errorf("%+v gives %q (%v), and the warnings %q", data, got, ok, warnings)
		}
	}
}
