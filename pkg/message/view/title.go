package view

import (
	"fmt"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Grafana fills in the title by a template of its own unless the contact point
// has another. Ours says the same better, so only what somebody wrote is shown.

// customTitle is the payload's title where it is not Grafana's default.
func customTitle(n *alert.Notification, firing, resolved int) string {
	title := clean.Line(n.Title)
	if title == "" || title == clean.Line(defaultTitle(n, firing, resolved)) {
		return ""
	}
	return title
}

// defaultTitle is what Grafana's template "default.title" gives.
func defaultTitle(n *alert.Notification, firing, resolved int) string {
	var b strings.Builder
	b.WriteString("[" + strings.ToUpper(n.Status))
	if n.Status == alert.Firing {
		fmt.Fprintf(&b, ":%d", firing)
		if resolved > 0 {
			fmt.Fprintf(&b, ", RESOLVED:%d", resolved)
		}
	}
	b.WriteString("] " + strings.Join(sortedValues(n.GroupLabels, nil), " "))
	if len(n.CommonLabels) > len(n.GroupLabels) {
		b.WriteString(" (" + strings.Join(sortedValues(n.CommonLabels, n.GroupLabels), " ") + ")")
	}
	return b.String()
}

// sortedValues are the values of labels that are not in without, by name.
func sortedValues(labels, without alert.KV) []string {
	var values []string
	for _, name := range labels.Names(without) {
		values = append(values, labels[name])
	}
	return values
}
