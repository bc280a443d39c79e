package text

import (
	"reflect"
	"testing"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		name, text string
		width      int
		want       []string
	}{
		{"at spaces", "one two three", 8, []string{"one two", "three"}},
		{"keeps lines and indents", "  a\n\nb", 8, []string{"  a", "", "b"}},
		{"between ideographs, two columns each", "高負荷が続いています", 8, []string{"高負荷が", "続いてい", "ます"}},
		{"no closing punctuation at the start of a line", "高負荷。低負荷", 6, []string{"高負", "荷。低", "負荷"}},
		{"no opening punctuation at the end of a line", "高負「荷」", 6, []string{"高負", "「荷」"}},
		{"Korean at spaces", "과부하 상태가 계속", 8, []string{"과부하", "상태가", "계속"}},
		{"Korean words longer than a line", "과부하상태", 6, []string{"과부하", "상태"}},
		{"long words anywhere", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"addresses stay whole", "see https://example.com/a", 8, []string{"see", "https://example.com/a"}},
		{"nothing", "", 8, []string{""}},
	}
	for _, tt := range tests {
		var got []string
		wrap(tt.text, tt.width, func(line string) { got = append(got, line) })
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
