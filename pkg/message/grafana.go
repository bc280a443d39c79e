package message

import (
	"fmt"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
)

// Grafana fills in title and message by its own templates unless the contact
// point has others. Ours say the same better, so only what somebody wrote is
// shown.

// customTitle is the payload's title where it is not Grafana's default.
func customTitle(n *alert.Notification, firing, resolved int) string {
	title := oneLine(n.Title)
	if title == "" || title == oneLine(defaultTitle(n, firing, resolved)) {
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

// sortedValues are the values of labels not in without, that of alertname
// first, the others by name.
func sortedValues(labels, without alert.KV) []string {
	var names, values []string
	for name := range labels {
		if _, ok := without[name]; !ok {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		switch {
		case a == nameLabel:
			return -1
		case b == nameLabel:
			return 1
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		values = append(values, labels[name])
	}
	return values
}

// customMessage is the payload's message where it is not Grafana's default,
// whose template "default.message" begins with one of two fixed headings and
// an alert's values and labels.
func customMessage(n *alert.Notification) string {
	message := strings.TrimSpace(clean(n.Message))
	for _, heading := range []string{"**Firing**\n\nValue: ", "**Resolved**\n\nValue: "} {
		if strings.HasPrefix(message, heading) && strings.Contains(message, "\nLabels:\n - ") {
			return ""
		}
	}
	return cut(message, maxMessage)
}
