// Package markdown reads the Markdown that people write for a mail: in a contact
// point's message, in descriptions and in other annotations.
package markdown

import (
	"regexp"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Block is a paragraph.
type Block struct {
	Kind  string   // paragraph, heading, list or code
	Lines [][]Span // the items of a list
	Text  string   // of a code block
}

// Span is a run of text in one style.
type Span struct {
	Break        bool // a new line begins with it
	Text         string
	URL          string
	Bold, Italic bool
	Code         bool
}

// inline finds the marks inside a line. An address may hold brackets in pairs,
// two deep, as Kibana's do; bold and italic hug what they mark, so that the
// asterisks of a cron line stay.
var inline = regexp.MustCompile(strings.Join([]string{
	`\*\*([^*\s](?:[^*]*[^*\s])?)\*\*`, // bold
	"`+([^`]+)`+",                      // code
	`\[([^\]]+)\]\(((?:[^()\s]|\((?:[^()\s]|\([^()\s]*\))*\))+)\)`, // link
	`(` + clean.BareURL.String() + `)`,                             // bare URL
	`\*([^*\s](?:[^*]*[^*\s])?)\*`,                                 // italic
}, "|"))

// Parse reads the basics that notification templates use: paragraphs,
// headings, bullet lists, fenced code, bold, italic, code and links. All else
// is text; what comes out holds no markup, only text to be escaped. Lines that are
// set in columns are code, for they stay readable only there.
func Parse(s string) []Block {
	var blocks []Block
	open := false // the last block takes further lines
	add := func(kind, line string) {
		if !open || blocks[len(blocks)-1].Kind != kind {
			blocks = append(blocks, Block{Kind: kind})
			open = true
		}
		b := &blocks[len(blocks)-1]
		b.Lines = append(b.Lines, Spans(line))
		if n := len(b.Lines); kind == "paragraph" && n > 1 {
			b.Lines[n-1][0].Break = true
		}
	}
	lines := strings.Split(s, "\n")
	for i := 0; i < len(lines); i++ {
		line := strings.TrimSpace(lines[i])
		bullet := strings.HasPrefix(line, "- ") || strings.HasPrefix(line, "* ")
		heading := strings.TrimLeft(line, "#")
		switch {
		case line == "":
			open = false
		case strings.HasPrefix(line, "```") && !strings.Contains(line[3:], "```"):
			end := i + 1
			for end < len(lines) && !strings.HasPrefix(strings.TrimSpace(lines[end]), "```") {
				end++
			}
			blocks = append(blocks, Block{Kind: "code", Text: strings.Join(lines[i+1:end], "\n")})
			i, open = end, false
		case !open && inColumns(lines[i:]):
			end := i + paragraph(lines[i:])
			blocks = append(blocks, Block{Kind: "code", Text: strings.Join(lines[i:end], "\n")})
			i, open = end-1, false
		case heading != line && strings.HasPrefix(heading, " "):
			add("heading", strings.TrimSpace(heading))
			open = false
		case bullet:
			add("list", line[2:])
		default:
			add("paragraph", line)
		}
	}
	return blocks
}

// paragraph is how many lines there are before an empty one.
func paragraph(lines []string) int {
	for i, line := range lines {
		if strings.TrimSpace(line) == "" || i > 0 && strings.HasPrefix(strings.TrimSpace(line), "```") {
			return i
		}
	}
	return len(lines)
}

// column is a gap that nobody leaves between two words.
var column = regexp.MustCompile(`[^\s.!?:;,](?: {2,}|\t)\s*\S`)

// inColumns says whether a paragraph is set in columns: two of its lines have
// gaps. A line alone may have been aligned with nothing.
func inColumns(lines []string) bool {
	gaps := 0
	for _, line := range lines[:paragraph(lines)] {
		if (strings.Contains(line, "  ") || strings.Contains(line, "\t")) && column.MatchString(line) {
			gaps++
		}
	}
	return gaps > 1
}

// Plain is a text without the signs of Markdown, on one line.
func Plain(s string) string {
	if !strings.ContainsAny(s, "*`[]#\n-") {
		return s
	}
	var b strings.Builder
	write := func(text string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
	}
	for _, block := range Parse(s) {
		if block.Kind == "code" {
			write(block.Text)
		}
		for _, line := range block.Lines {
			var text strings.Builder
			for _, span := range line {
				text.WriteString(span.Text)
			}
			write(text.String())
		}
	}
	return clean.Line(b.String())
}

// maxMarks bounds the marks of a line: the search for each may go on to the
// line's end, for one that opens before it and never closes.
const maxMarks = 100

// Spans splits a line at its marks.
func Spans(line string) []Span {
	var out []Span
	if !marked(line) {
		return []Span{{Text: line}}
	}
	text := func(s string) {
		if s != "" {
			out = append(out, Span{Text: s})
		}
	}
	at := 0
	for _, m := range inline.FindAllStringSubmatchIndex(line, maxMarks) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return line[m[2*i]:m[2*i+1]]
		}
		end := m[1]
		var s Span
		switch {
		case group(1) != "":
			s = Span{Text: group(1), Bold: true}
		case group(2) != "":
			s = Span{Text: group(2), Code: true}
		case group(3) != "":
			s = Span{Text: group(3), URL: clean.URL(group(4))}
			if s.URL == "" {
				s.Text = line[m[0]:m[1]]
			}
		case group(5) != "":
			address := clean.TrimSentence(group(5))
			end = m[10] + len(address)
			s = Span{Text: address, URL: clean.URL(address)}
		default:
			s = Span{Text: group(6), Italic: true}
		}
		text(line[at:m[0]])
		out = append(out, s)
		at = end
	}
	text(line[at:])
	return out
}

// marked says whether a line may have marks: most have none.
func marked(line string) bool {
	return strings.ContainsAny(line, "*`[") || strings.Contains(line, "://")
}
