package settings

import (
	"strconv"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// The codes of mistakes in a template, by the kinds of package sandbox, which finds them.
// What has a place says it.
var (
	mistakes = map[string]Code{
		"syntax":    code("template", mistake),
		"long":      code("template-long", mistake),
		"nothing":   code("template-nothing", mistake),
		"slow":      code("template-slow", mistake),
		"large":     code("template-large", mistake),
		"recursive": code("template-recursive", mistake),
		"deep":      code("template-deep", mistake),
		"unsafe":    code("template-unsafe", mistake),
	}
	placed = map[string]Code{
		"syntax":   code("template-syntax", mistake),
		"field":    code("template-field", mistake),
		"function": code("template-function", mistake),
	}
)

const mistake = "{{key}}{{place}}: {{words}}"

// Mistake is what is wrong with the template of a setting.
type Mistake struct {
	Key, Kind    string
	Line, Column int    // 0: it has no one place
	Name         string // of the field or function that there is not
	Words        string
}

// maxWords is how many characters of the words are shown.
const maxWords = 300

// Problem returns the mistake as a problem of its setting.
func (m Mistake) Problem() Problem {
	words := []rune(failure.Printable(m.Words))
	params := []param{is("words", string(words[:min(len(words), maxWords)]))}
	c, isPlaced := placed[m.Kind]
	if m.Line == 0 || !isPlaced {
		if c = mistakes[m.Kind]; c == "" {
			c = mistakes["syntax"]
		}
		return NewProblem(m.Key, c, append(params, param{name: "place"})...)
	}
	line, column := number("line", m.Line), number("column", m.Column)
	place := param{name: "place", logged: ", line " + strconv.Itoa(m.Line) + ", column " + strconv.Itoa(m.Column)}
	return NewProblem(m.Key, c, append(params, is("name", plain(m.Name)), line, column, place)...)
}
