package html

import (
	"regexp"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// toneColors are dark enough for white text on them, and to be read on white
// (WCAG AA, 4.5:1).
var toneColors = map[string]string{
	view.Critical: "#b3261e",
	view.Warning:  "#9a5b00",
	view.Info:     "#0b5cad",
	view.Over:     "#1a7a41",
	view.Unsure:   "#4b5a6b",
	view.Blind:    "#6b3fa0",
}

// wordBreak is where words of a language may be broken: Korean is read by
// words, like Latin script.
func wordBreak(language string) string {
	if language == "ko" {
		return "keep-all"
	}
	return "normal"
}

var (
	inlineSheet = regexp.MustCompile(`(?s)<style id="inline">.*?</style>\n`)
	cssRule     = regexp.MustCompile(`(?m)^\.([a-z-]+) \{ ([^}]*) \}`)
	classAttr   = regexp.MustCompile(`class="([^"]*)"(?: style="([^"]*)")?`)
	cssSpacing  = strings.NewReplacer("; ", ";", ": ", ":")
)

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

// inlineStyles takes out the style sheet that is to be inlined, and gives every
// element the declarations of its classes as a style attribute, before what it
// has of its own. Classes of the other sheet alone stay as they are.
func inlineStyles(source string) string {
	declarations := make(map[string]string)
	for _, m := range cssRule.FindAllStringSubmatch(inlineSheet.FindString(source), -1) {
		declarations[m[1]] = strings.TrimSuffix(cssSpacing.Replace(m[2]), ";")
	}
	return classAttr.ReplaceAllStringFunc(inlineSheet.ReplaceAllString(source, ""), func(attr string) string {
		m := classAttr.FindStringSubmatch(attr)
		var all []string
		for class := range strings.FieldsSeq(m[1]) {
			all = append(all, declarations[class])
		}
		all = slices.DeleteFunc(append(all, m[2]), func(s string) bool { return s == "" })
		if len(all) == 0 {
			return attr
		}
		return `class="` + m[1] + `" style="` + lastOfEach(strings.Join(all, ";")) + `"`
	})
}
