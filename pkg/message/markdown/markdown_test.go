package markdown

import (
	"reflect"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

func TestMarkdown(t *testing.T) {
	tests := []struct {
		name, source string
		want         []Block
	}{
		{"paragraphs", "a\nb\n\nc", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "a"}}, {{Text: "b", Break: true}}}},
			{Kind: "paragraph", Lines: [][]Span{{{Text: "c"}}}}}},
		{"headings and lists", "## h\n- a\n* b\ntext", []Block{
			{Kind: "heading", Lines: [][]Span{{{Text: "h"}}}},
			{Kind: "list", Lines: [][]Span{{{Text: "a"}}, {{Text: "b"}}}},
			{Kind: "paragraph", Lines: [][]Span{{{Text: "text"}}}}}},
		{"marks in a line", "x **b** `c` *i* [t](https://e.com/a) y", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "x "}, {Text: "b", Bold: true}, {Text: " "}, {Text: "c", Code: true}, {Text: " "},
				{Text: "i", Italic: true}, {Text: " "}, {Text: "t", URL: "https://e.com/a"}, {Text: " y"}}}}}},
		{"a bare address without the full stop", "see https://e.com/a?b=1.", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "see "}, {Text: "https://e.com/a?b=1", URL: "https://e.com/a?b=1"}, {Text: "."}}}}}},
		{"brackets of an address, and not those around it", "(see https://e.com/#/?t=(a:(b,c)))", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "(see "}, {Text: "https://e.com/#/?t=(a:(b,c))", URL: clean.URL("https://e.com/#/?t=(a:(b,c))")}, {Text: ")"}}}}}},
		{"brackets in a link", "[logs](https://e.com/#/?t=(a:(b,c)))", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "logs", URL: clean.URL("https://e.com/#/?t=(a:(b,c))")}}}}}},
		{"a link that may not be followed stays text", "[t](javascript:alert`1`)", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "[t](javascript:alert`1`)"}}}}}},
		{"marks that are none", "2 * 3 * 4 ** 5 snake_case_name #tag", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "2 * 3 * 4 ** 5 snake_case_name #tag"}}}}}},
		{"a cron line", "*/5 * * * * failed, 2 ** 3 ** 2", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "*/5 * * * * failed, 2 ** 3 ** 2"}}}}}},
		{"code on one line", "```kubectl drain node-7```\nThen call.", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "kubectl drain node-7", Code: true}}, {{Text: "Then call.", Break: true}}}}}},
		{"code, also without an end", "```\na **b**\n```\n```sql\nc", []Block{
			{Kind: "code", Text: "a **b**"}, {Kind: "code", Text: "c"}}},
		{"columns", "Top:\n\nPID   USER\n1     root\n\tnested\n  - item\n\nThen.", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "Top:"}}}},
			{Kind: "code", Text: "PID   USER\n1     root\n\tnested\n  - item"},
			{Kind: "paragraph", Lines: [][]Span{{{Text: "Then."}}}}}},
		{"two spaces behind a sentence are no column", "One.  Two.\nThree:  four.", []Block{
			{Kind: "paragraph", Lines: [][]Span{{{Text: "One.  Two."}}, {{Text: "Three:  four.", Break: true}}}}}},
		{"nothing", "", nil},
	}
	for _, tt := range tests {
		if got := Parse(tt.source); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", tt.name, got, tt.want)
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
		for _, s := range Spans(text) {
			if s.URL != "" {
				got = s.URL
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestPlainHasNoSigns(t *testing.T) {
	for source, want := range map[string]string{
		"CPU is high": "CPU is high",
		"**CPU** is `high`, see [w](https://e.com/a)": "CPU is high, see w",
		"# Steps\n- one\n- two\n\n```\ncode  x\n```":  "Steps one two code x",
		"a-b * c": "a-b * c",
	} {
		if got := Plain(source); got != want {
			t.Errorf("%q is %q, want %q", source, got, want)
		}
	}
}
