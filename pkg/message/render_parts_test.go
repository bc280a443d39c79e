package message

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func TestMarkdown(t *testing.T) {
	tests := []struct {
		name, source string
		want         []block
	}{
		{"paragraphs", "a\nb\n\nc", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "a"}}, {{Text: "b"}}}},
			{Kind: "paragraph", Lines: [][]span{{{Text: "c"}}}}}},
		{"headings and lists", "## h\n- a\n* b\ntext", []block{
			{Kind: "heading", Lines: [][]span{{{Text: "h"}}}},
			{Kind: "list", Lines: [][]span{{{Text: "a"}}, {{Text: "b"}}}},
			{Kind: "paragraph", Lines: [][]span{{{Text: "text"}}}}}},
		{"marks in a line", "x **b** `c` *i* [t](https://e.com/a) y", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "x "}, {Text: "b", Bold: true}, {Text: " "}, {Text: "c", Code: true}, {Text: " "},
				{Text: "i", Italic: true}, {Text: " "}, {Text: "t", URL: "https://e.com/a"}, {Text: " y"}}}}}},
		{"a bare address without the full stop", "see https://e.com/a?b=1.", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "see "}, {Text: "https://e.com/a?b=1", URL: "https://e.com/a?b=1"}, {Text: "."}}}}}},
		{"brackets of an address, and not those around it", "(see https://e.com/#/?t=(a:(b,c)))", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "(see "}, {Text: "https://e.com/#/?t=(a:(b,c))", URL: link("https://e.com/#/?t=(a:(b,c))")}, {Text: ")"}}}}}},
		{"brackets in a link", "[logs](https://e.com/#/?t=(a:(b,c)))", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "logs", URL: link("https://e.com/#/?t=(a:(b,c))")}}}}}},
		{"a link that may not be followed stays text", "[t](javascript:alert`1`)", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "[t](javascript:alert`1`)"}}}}}},
		{"marks that are none", "2 * 3 * 4 ** 5 snake_case_name #tag", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "2 * 3 * 4 ** 5 snake_case_name #tag"}}}}}},
		{"a cron line", "*/5 * * * * failed, 2 ** 3 ** 2", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "*/5 * * * * failed, 2 ** 3 ** 2"}}}}}},
		{"code on one line", "```kubectl drain node-7```\nThen call.", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "kubectl drain node-7", Code: true}}, {{Text: "Then call."}}}}}},
		{"code, also without an end", "```\na **b**\n```\n```sql\nc", []block{
			{Kind: "code", Text: "a **b**"}, {Kind: "code", Text: "c"}}},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		if got := markdown(tt.source); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
		}
	}
}

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

func TestLink(t *testing.T) {
	for address, want := range map[string]string{
		"https://example.com/a?b=%20c&d=é#f": "https://example.com/a?b=%20c&d=%C3%A9#f",
		" http://localhost:3000/ ":           "http://localhost:3000/",
		"HTTPS://EXAMPLE.COM":                "HTTPS://EXAMPLE.COM",
		"mailto:ops@example.com":             "mailto:ops@example.com",
		"http://[::1]:3000/":                 "http://[::1]:3000/",
		"https://e.com/\"><script>":          "https://e.com/%22%3E%3Cscript%3E",
		"javascript:alert(1)":                "",
		"JaVaScRiPt:alert(1)":                "",
		" javascript:alert(1)":               "",
		"java\nscript:alert(1)":              "",
		"data:text/html,x":                   "",
		"vbscript:x":                         "",
		"file:///etc/passwd":                 "",
		"?orgId=1":                           "",
		"/a":                                 "",
		"//example.com/a":                    "",
		"http://":                            "",
		"https:///a":                         "",
		"https://e.com/\x00":                 "",
		"":                                   "",
		"https://e.com/" + strings.Repeat("a", maxURL): "",
	} {
		if got := link(address); got != want {
			t.Errorf("link(%.60q) is %q, want %q", address, got, want)
		}
	}
	if got := webLink("mailto:ops@example.com"); got != "" {
		t.Errorf("a mailbox is a picture: %q", got)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{
		95: "95", 90.11: "90.11", 0.1 + 0.2: "0.3", 1234567: "1234567", 0: "0", -2.5: "-2.5", 100: "100",
		0.000123: "0.000123", 0.0000123: "1.23e-05", 1e18: "1e+18", 1.0 / 3: "0.333333", 1000.0 / 3: "333.3333",
	} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}

func TestCleanKeepsWhatPeopleWrite(t *testing.T) {
	for s, want := range map[string]string{
		"a\tb\nc":          "a\tb\nc",
		"a\r\nb\rc":        "a\nb\nc",
		"👩‍🚒 é 한글 العربية": "👩‍🚒 é 한글 العربية",
		"\ufeffx\ufffe":    "x",
		"a\xc3":            "a\ufffd",
		"\u200eA\u202eB":   "AB",
	} {
		if got := clean(s); got != want {
			t.Errorf("%q becomes %q, want %q", s, got, want)
		}
	}
}

// TestStatesAreReadable checks white text on each state's color (WCAG 2
// contrast, level AA).
func TestStatesAreReadable(t *testing.T) {
	for state, color := range stateColors {
		luminance := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			octet, err := strconv.ParseUint(string(color[1+2*i:3+2*i]), 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			c := float64(octet) / 255
			if c <= 0.04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+0.055)/1.055, 2.4)
			}
			luminance += weight * c
		}
		if contrast := 1.05 / (luminance + 0.05); contrast < 4.5 {
			t.Errorf("white on the color of %s has a contrast of %.1f", state, contrast)
		}
	}
}

// TestAddressesInATextWithoutSpaces: Japanese and Korean write on behind them.
func TestAddressesInATextWithoutSpaces(t *testing.T) {
	for text, want := range map[string]string{
		"手順書: https://w.example/cpu。":            "https://w.example/cpu",
		"（https://w.example/a）を参照":               "https://w.example/a",
		"https://w.example/c를 확인하세요":             "https://w.example/c",
		"詳細はhttps://w.example/bを参照":              "https://w.example/b",
		"[https://w.example/e]":                  "https://w.example/e",
		"https://w.example/d?var-host=서버1&x=1 끝": "https://w.example/d?var-host=%EC%84%9C%EB%B2%841&x=1",
		"https://w.example/운영/cpu":               "https://w.example/%EC%9A%B4%EC%98%81/cpu",
		"https://w.example/x?y[0]=1 z":           "https://w.example/x?y[0]=1",
	} {
		got := ""
		for _, s := range spans(text) {
			if s.URL != "" {
				got = s.URL
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
