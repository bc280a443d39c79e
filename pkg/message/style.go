package message

import (
	"embed"
	"regexp"
	"slices"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

//go:embed styles
var styleFiles embed.FS

// stateColors are dark enough for white text on them (WCAG AA, 4.5:1).
var stateColors = map[string]string{
	stateFiring:   "#b3261e",
	stateResolved: "#1a7a41",
	stateMixed:    "#a84a00",
	stateNoData:   "#4b5a6b",
	stateError:    "#7b2fa8",
}

// wordBreak is where words of a language may be broken: Korean is read by
// words, like Latin script.
func wordBreak(language string) string {
	if language == "ko" {
		return "keep-all"
	}
	return "normal"
}

// keyWrap keeps short names on one line; a long one may break, so that it
// does not push the mail wider than the screen.
func keyWrap(name string) string {
	if displaywidth.String(name) <= 16 {
		return "nowrap"
	}
	return "normal"
}

func styleFile(name string) string {
	data, err := styleFiles.ReadFile("styles/" + name)
	if err != nil {
		panic(err)
	}
	return string(data)
}

var (
	cssRule    = regexp.MustCompile(`\.([a-z-]+) \{ ([^}]*) \}`)
	classAttr  = regexp.MustCompile(`class="([^"]*)"(?: style="([^"]*)")?`)
	cssSpacing = strings.NewReplacer("; ", ";", ": ", ":")
)

// declarations are those of each class of the light design.
var declarations = func() map[string]string {
	rules := make(map[string]string)
	for _, m := range cssRule.FindAllStringSubmatch(styleFile("mail.css"), -1) {
		rules[m[1]] = strings.TrimSuffix(cssSpacing.Replace(m[2]), ";")
	}
	return rules
}()

// lastOfEach leaves out the declarations that a later one of the same property
// overrules.
func lastOfEach(style string) string {
	all := strings.Split(style, ";")
	var kept []string
	for i, declaration := range all {
		property, _, _ := strings.Cut(declaration, ":")
		if !slices.ContainsFunc(all[i+1:], func(later string) bool { return strings.HasPrefix(later, property+":") }) {
			kept = append(kept, declaration)
		}
	}
	return strings.Join(kept, ";")
}

// inlineStyles gives every element the declarations of its classes as a style
// attribute, before what it has of its own. Classes of the style sheet alone
// stay as they are.
func inlineStyles(source string) string {
	return classAttr.ReplaceAllStringFunc(source, func(attr string) string {
		m := classAttr.FindStringSubmatch(attr)
		var all []string
		for class := range strings.FieldsSeq(m[1]) {
			all = append(all, declarations[class])
		}
		all = nonEmpty(append(all, m[2])...)
		if len(all) == 0 {
			return attr
		}
		return `class="` + m[1] + `" style="` + lastOfEach(strings.Join(all, ";")) + `"`
	})
}
