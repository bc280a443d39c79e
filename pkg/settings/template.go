package settings

import (
	"strconv"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// The codes of problems with a template, by the kinds of package sandbox, which finds them.
// What has a place says it.
var (
	unplaced = map[string]Code{
		"syntax":    code("template", templateEnglish),
		"long":      code("template-long", templateEnglish),
		"nothing":   code("template-nothing", templateEnglish),
		"slow":      code("template-slow", templateEnglish),
		"large":     code("template-large", templateEnglish),
		"recursive": code("template-recursive", templateEnglish),
		"deep":      code("template-deep", templateEnglish),
		"unsafe":    code("template-unsafe", templateEnglish),
	}
	placed = map[string]Code{
		"syntax":   code("template-syntax", templateEnglish),
		"field":    code("template-field", templateEnglish),
		"function": code("template-function", templateEnglish),
	}
)

const templateEnglish = "{{key}}{{place}}: {{words}}"

// TemplateProblem is what is wrong with the template of a setting.
type TemplateProblem struct {
	Key, Kind    string
	Line, Column int    // 0: it has no one place
	Name         string // of the field or function that there is not
	Words        string
}

// maxWords is how many characters of the words are shown.
const maxWords = 300

// Problem returns it as a problem of its setting.
func (t TemplateProblem) Problem() Problem {
	words := []rune(failure.Printable(t.Words))
	params := []param{is("words", string(words[:min(len(words), maxWords)]))}
	c, isPlaced := placed[t.Kind]
	if t.Line == 0 || !isPlaced {
		if c = unplaced[t.Kind]; c == "" {
			c = unplaced["syntax"]
		}
		return NewProblem(t.Key, c, append(params, param{name: "place"})...)
	}
	line, column := number("line", t.Line), number("column", t.Column)
	place := param{name: "place", logged: ", line " + strconv.Itoa(t.Line) + ", column " + strconv.Itoa(t.Column)}
	return NewProblem(t.Key, c, append(params, is("name", plain(t.Name)), line, column, place)...)
}
