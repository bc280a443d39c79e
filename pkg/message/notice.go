package message

import (
	"regexp"
	"strconv"
	"strings"
)

// maxReplaced bounds how many entries a notice names.
const maxReplaced = 5

// notice says for which entries of the request the default recipients stand in;
// empty where the mail goes where it was asked to.
func notice(replaced []string, w *words) string {
	if len(replaced) == 0 {
		return ""
	}
	var shown []string
	for _, entry := range replaced[:min(len(replaced), maxReplaced)] {
		shown = append(shown, cut(oneLine(entry), maxLabel))
	}
	if more := len(replaced) - len(shown); more > 0 {
		shown = append(shown, "+"+strconv.Itoa(more))
	}
	return w.say("notice.replaced", strings.Join(shown, w.say("list.join")))
}

// textWithNotice is what a template of the user's gave, with the notice before
// it unless the template shows it.
func textWithNotice(text, notice string) string {
	if notice == "" || strings.Contains(text, notice) {
		return text
	}
	return notice + "\n\n" + text
}

// bodyTag is where the content of a whole HTML document begins.
var bodyTag = regexp.MustCompile(`(?i)<body(?:\s[^>]*)?>`)

// htmlWithNotice is textWithNotice for HTML.
func htmlWithNotice(html, notice string) string {
	escaped := string(appendEscaped(nil, notice))
	if notice == "" || strings.Contains(html, escaped) {
		return html
	}
	start := 0
	if body := bodyTag.FindStringIndex(html); body != nil {
		start = body[1]
	}
	return html[:start] + "<p>" + escaped + "</p>" + html[start:]
}
