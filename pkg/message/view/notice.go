package view

import (
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// MaxReplaced bounds how many entries a notice names.
const MaxReplaced = 5

// notice says for what in the request the default recipients stand in; empty where the
// mail goes where it was asked to.
func notice(n *alert.Notification, w *locale.Words) string {
	replaced := n.Replaced
	switch {
	case n.NoProfile != "":
		return w.Say("notice.profile", clean.Cut(clean.Line(n.NoProfile), maxLabel))
	case len(replaced) == 0:
		return ""
	}
	var shown []string
	for _, entry := range replaced[:min(len(replaced), MaxReplaced)] {
		shown = append(shown, clean.Cut(clean.Line(entry), maxLabel))
	}
	if more := len(replaced) - len(shown); more > 0 {
		shown = append(shown, "+"+strconv.Itoa(more))
	}
	return w.Say("notice.replaced", strings.Join(shown, w.Say("list.join")))
}
