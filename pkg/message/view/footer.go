package view

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
)

// maxNamed bounds how many recipients a mail names.
const maxNamed = 5

// footer says when, to whom and by whom, one line each.
func (m *Model) footer() []string {
	w := m.words
	var lines []string
	start, end := locale.Time{}, locale.Time{}
	if len(m.Alerts) == 1 && m.Omitted == 0 && m.gathered == 0 {
		start, end = m.Alerts[0].StartsAt, m.Alerts[0].EndsAt
	}
	switch {
	case start.IsZero():
		lines = append(lines, w.Say("footer.now", m.Now.Full()))
	case end.IsZero():
		lines = append(lines, w.Say("footer.since", start.Full()))
	default:
		lines = append(lines, w.Say("footer.period", start.String(), end.Full()))
	}
	if len(m.visible) > 1 {
		named := slices.Clone(m.visible[:min(len(m.visible), maxNamed)])
		for i := range named {
			named[i] = clean.Line(named[i])
		}
		if more := len(m.visible) - len(named); more > 0 {
			named = append(named, "+"+strconv.Itoa(more))
		}
		lines = append(lines, w.Say("footer.recipients", strings.Join(named, w.Say("list.join"))))
	}
	if m.Receiver == "" {
		return append(lines, w.Say("footer.mailer", Product))
	}
	return append(lines, w.Say("footer.sent", Product, m.Receiver))
}
