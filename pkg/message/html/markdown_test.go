package html

import (
	"reflect"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

func TestMarkdown(t *testing.T) {
	tests := []struct {
		name, source string
		want         []block
	}{
		{"paragraphs", "a\nb\n\nc", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "a"}}, {{Text: "b", Break: true}}}},
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
			{Kind: "paragraph", Lines: [][]span{{{Text: "(see "}, {Text: "https://e.com/#/?t=(a:(b,c))", URL: clean.URL("https://e.com/#/?t=(a:(b,c))")}, {Text: ")"}}}}}},
		{"brackets in a link", "[logs](https://e.com/#/?t=(a:(b,c)))", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "logs", URL: clean.URL("https://e.com/#/?t=(a:(b,c))")}}}}}},
		{"a link that may not be followed stays text", "[t](javascript:alert`1`)", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "[t](javascript:alert`1`)"}}}}}},
		{"marks that are none", "2 * 3 * 4 ** 5 snake_case_name #tag", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "2 * 3 * 4 ** 5 snake_case_name #tag"}}}}}},
		{"a cron line", "*/5 * * * * failed, 2 ** 3 ** 2", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "*/5 * * * * failed, 2 ** 3 ** 2"}}}}}},
		{"code on one line", "```kubectl drain node-7```\nThen call.", []block{
			{Kind: "paragraph", Lines: [][]span{{{Text: "kubectl drain node-7", Code: true}}, {{Text: "Then call.", Break: true}}}}}},
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
