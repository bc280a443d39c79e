package html

import (
	"regexp"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// block is a paragraph of Markdown.
type block struct {
	Kind  string   // paragraph, heading, list or code
	Lines [][]span // the items of a list
	Text  string   // of a code block
}

// span is a run of text in one style.
type span struct {
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

// markdown reads the basics that notification templates use: paragraphs,
// headings, bullet lists, fenced code, bold, italic, code and links. All else
// is text; what comes out holds no markup, only text to be escaped.
func markdown(s string) []block {
	var blocks []block
	open := false // the last block takes further lines
	add := func(kind, line string) {
		if !open || blocks[len(blocks)-1].Kind != kind {
			blocks = append(blocks, block{Kind: kind})
			open = true
		}
		b := &blocks[len(blocks)-1]
		b.Lines = append(b.Lines, spans(line))
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
			blocks = append(blocks, block{Kind: "code", Text: strings.Join(lines[i+1:end], "\n")})
			i, open = end, false
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

// maxMarks bounds the marks of a line: the search for each may go on to the
// line's end, for one that opens before it and never closes.
const maxMarks = 100

// spans splits a line at its marks.
func spans(line string) []span {
	var out []span
	text := func(s string) {
		if s != "" {
			out = append(out, span{Text: s})
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
		var s span
		switch {
		case group(1) != "":
			s = span{Text: group(1), Bold: true}
		case group(2) != "":
			s = span{Text: group(2), Code: true}
		case group(3) != "":
			s = span{Text: group(3), URL: clean.URL(group(4))}
			if s.URL == "" {
				s.Text = line[m[0]:m[1]]
			}
		case group(5) != "":
			address := clean.TrimSentence(group(5))
			end = m[10] + len(address)
			s = span{Text: address, URL: clean.URL(address)}
		default:
			s = span{Text: group(6), Italic: true}
		}
		text(line[at:m[0]])
		out = append(out, s)
		at = end
	}
	text(line[at:])
	return out
}
