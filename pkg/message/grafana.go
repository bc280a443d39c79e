package message

import (
	"fmt"
	"maps"
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

// sortedNames are those of labels not in without, alertname first, the others
// in order.
func sortedNames(labels, without alert.KV) []string {
	names := make([]string, 0, len(labels))
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
	return names
}

// sortedValues are the values of sortedNames.
func sortedValues(labels, without alert.KV) []string {
	var values []string
	for _, name := range sortedNames(labels, without) {
		values = append(values, labels[name])
	}
	return values
}

// customMessage is what somebody wrote in the payload's message, around
// Grafana's default or in place of it. The default of another version of Grafana
// is told by how it begins: one of two fixed headings and an alert's values and
// labels.
func customMessage(n *alert.Notification) string {
	if n.Message == "" {
		return ""
	}
	before, after, found := strings.Cut(n.Message, defaultMessage(n))
	message := strings.TrimSpace(clean(before + after))
	for _, heading := range []string{"**Firing**\n\nValue: ", "**Resolved**\n\nValue: "} {
		if !found && strings.HasPrefix(message, heading) && strings.Contains(message, "\nLabels:\n - ") {
			return ""
		}
	}
	return cut(message, maxMessage)
}

// defaultMessage is what Grafana's template "default.message" gives.
func defaultMessage(n *alert.Notification) string {
	var b strings.Builder
	b.Grow(len(n.Message))
	for _, list := range []struct{ status, heading string }{{alert.Firing, "**Firing**\n"}, {alert.Resolved, "**Resolved**\n"}} {
		first := true
		for i := range n.Alerts {
			a := &n.Alerts[i]
			if a.Status != list.status {
				continue
			}
			if first && b.Len() > 0 {
				b.WriteString("\n\n")
			}
			if first {
				b.WriteString(list.heading)
			}
			first = false
			writeDefault(&b, a)
		}
	}
	return b.String()
}

// writeDefault writes one alert as Grafana's template "__text_alert_list" does.
func writeDefault(b *strings.Builder, a *alert.Alert) {
	b.WriteString("\nValue: ")
	for i, name := range slices.Sorted(maps.Keys(a.Values)) {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprint(b, name, "=", a.Values[name])
	}
	if len(a.Values) == 0 {
		b.WriteString("[no value]")
	}
	b.WriteString("\nLabels:\n")
	for _, kv := range []struct {
		of   alert.KV
		then string
	}{{a.Labels, "Annotations:\n"}, {a.Annotations, ""}} {
		for _, name := range sortedNames(kv.of, nil) {
			for _, part := range []string{" - ", name, " = ", kv.of[name], "\n"} {
				b.WriteString(part)
			}
		}
		b.WriteString(kv.then)
	}
	for _, link := range [][2]string{{"Source", a.GeneratorURL}, {"Silence", a.SilenceURL}, {"Dashboard", a.DashboardURL}, {"Panel", a.PanelURL}} {
		if link[1] != "" {
			b.WriteString(link[0] + ": " + link[1] + "\n")
		}
	}
}
