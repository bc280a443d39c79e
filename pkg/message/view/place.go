package view

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// FolderLabel is the label of Grafana's folder.
const FolderLabel = "grafana_folder"

const (
	// maxWhere bounds one value that says where, in graphemes.
	maxWhere = 40
	// maxBoth is how long two values are that are both named.
	maxBoth = 50
)

// workloadLabels name what runs in Kubernetes, the most telling first. Where one
// of them is there, the instance is that of the exporter.
var workloadLabels = []string{"pod", "statefulset", "deployment", "daemonset", "replicaset", "cronjob", "job_name", "container"}

// placeLabels say where an alert is elsewhere, the most telling first.
var placeLabels = []string{"instance", "host", "hostname", "node", "nodename", "device", "mountpoint", "service", "namespace", "cluster"}

// routingLabels are there for whoever routes alerts, or for Prometheus itself:
// they do not say where something is.
var routingLabels = []string{
	alert.NameLabel, alert.RuleLabel, FolderLabel, "uid", "datasource_uid", "ref_id",
	"prometheus", "prometheus_replica", "replica", "monitor", "endpoint", "job", "alertgroup",
	"owner", "team", "squad", "contact", "contact_point", "receiver", "route", "routing_key", "channel", "slack_channel",
	"notify", "oncall", "on_call", "escalation",
}

// machineLabels are Grafana's own and say nothing to a person.
var machineLabels = []string{"datasource_uid", "ref_id", alert.RuleLabel}

// tells says whether a label of a list says anything to a person: Grafana's own
// do not, nor does the mark of those that were too many.
func tells(name string) bool { return name != clean.Ellipsis && !slices.Contains(machineLabels, name) }

// placed says whether a label may say where an alert is.
func placed(name, value string) bool {
	return value != "" && !private(name) && name != clean.Ellipsis && !slices.Contains(routingLabels, name) &&
		!slices.Contains(alert.SeverityLabels, name) && !strings.HasSuffix(name, "_uid") && !strings.Contains(value, "@")
}

// labelOrder ranks labels by how much they say: how severe, where, the rest,
// what is Grafana's own.
var labelOrder = slices.Concat(alert.SeverityLabels, workloadLabels, placeLabels)

func labelRank(name string) int {
	if i := slices.Index(labelOrder, name); i >= 0 {
		return i
	}
	if !tells(name) {
		return len(labelOrder) + 1
	}
	return len(labelOrder)
}

// placesOf are the values of labels that say where, the most telling first, each
// with the label that it is of.
func placesOf(labels alert.KV) []Pair {
	for _, name := range workloadLabels {
		if labels[name] == "" {
			continue
		}
		out := []Pair{{name, labels[name]}}
		if namespace := labels["namespace"]; namespace != "" {
			out[0].Value = namespace + "/" + out[0].Value
		}
		if cluster := labels["cluster"]; cluster != "" {
			out = append(out, Pair{"cluster", cluster})
		}
		return out
	}
	var out, addresses []Pair
	for _, name := range placeLabels {
		value := place(labels[name])
		if value == "" || strings.Contains(value, "@") {
			continue
		}
		switch same := func(p Pair) bool { return p.Value == value }; {
		case numeric(value):
			addresses = append(addresses, Pair{name, value})
		case !slices.ContainsFunc(out, same):
			out = append(out, Pair{name, value})
		}
	}
	return append(out, addresses...)
}

// PlaceLabels are the names of a few labels that say where an alert is, or else that
// may tell it from others of its rule.
func PlaceLabels(labels alert.KV) []string {
	const most = 4
	names := placeLabels
	if i := slices.IndexFunc(workloadLabels, func(name string) bool { return labels[name] != "" }); i >= 0 {
		names = []string{workloadLabels[i], "namespace", "cluster"}
	}
	var out []string
	for _, name := range names {
		if labels[name] != "" && len(out) < most {
			out = append(out, name)
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, name := range labels.Names(nil) {
		if placed(name, labels[name]) && len(out) < most {
			out = append(out, name)
		}
	}
	return out
}

// place is a value as a person names the place: of a URL, host and path.
func place(value string) string {
	if !strings.Contains(value, "://") {
		return value
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return value
	}
	return u.Host + strings.TrimSuffix(u.Path, "/")
}

// numeric says whether a value is an IP address, with or without a port.
func numeric(value string) bool {
	if c := value[0] | 0x20; c != '[' && c != ':' && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
		return false
	}
	if _, err := netip.ParseAddr(value); err == nil {
		return true
	}
	_, err := netip.ParseAddrPort(value)
	return err == nil
}

// where says in at most two values where the alerts are that count: what tells
// them apart, then what they share.
func (m *Model) where() []string {
	var out []string
	add := func(value string) {
		if value != "" && len(out) < 2 && !slices.Contains(out, value) {
			out = append(out, value)
		}
	}
	alerts := m.counting()
	apart := ""
	if len(alerts) > 1 {
		var values []string
		apart, values = tellApart(alerts)
		add(m.list(values))
	}
	if len(alerts) > 0 {
		for _, p := range alerts[0].places {
			if p.Name != apart && shared(alerts, p) {
				add(clean.CutMiddle(p.Value, maxWhere))
			}
		}
	}
	for _, name := range m.GroupLabels.Names(nil) {
		if value := m.GroupLabels[name]; name != apart && placed(name, value) && !m.shownAs(alerts, name) {
			add(clean.CutMiddle(place(value), maxWhere))
		}
	}
	if len(out) == 0 {
		add(clean.CutMiddle(m.Folder(), maxWhere))
	}
	return out
}

// shownAs says whether a label is part of what places already say.
func (m *Model) shownAs(alerts []*Alert, name string) bool {
	return len(alerts) > 0 && len(alerts[0].places) > 0 && slices.Contains(labelOrder, name)
}

// counting are the alerts of which the mail is: those that fire, or all where
// none does.
func (m *Model) counting() []*Alert {
	if firing := m.shownFiring(); firing > 0 {
		return m.Alerts[:firing]
	}
	return m.Alerts
}

// shownFiring is how many of Alerts fire; they are the first.
func (m *Model) shownFiring() int {
	n, _ := slices.BinarySearchFunc(m.Alerts, true, func(a *Alert, _ bool) int {
		if a.Ended() {
			return 0
		}
		return -1
	})
	return n
}

// tellApart finds the label that tells alerts of one rule apart, and its values.
func tellApart(alerts []*Alert) (label string, values []string) {
	first := alerts[0]
	if slices.ContainsFunc(alerts, func(a *Alert) bool { return a.Name != first.Name }) {
		return "", nil
	}
	for _, p := range first.places {
		if values = distinct(alerts, func(a *Alert) string { return a.at(p.Name) }); len(values) > 1 {
			return p.Name, values
		}
	}
	for _, name := range first.Labels.Names(nil) {
		if !placed(name, first.Labels[name]) || slices.Contains(labelOrder, name) {
			continue
		}
		if values = distinct(alerts, func(a *Alert) string { return a.Labels[name] }); len(values) > 1 {
			return name, values
		}
	}
	return "", nil
}

// at is the place that an alert has by a label.
func (a *Alert) at(label string) string {
	for _, p := range a.places {
		if p.Name == label {
			return p.Value
		}
	}
	return ""
}

func shared(alerts []*Alert, p Pair) bool {
	return !slices.ContainsFunc(alerts, func(a *Alert) bool { return a.at(p.Name) != p.Value })
}

// distinct are the values of alerts, each once, in order.
func distinct(alerts []*Alert, value func(*Alert) string) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, a := range alerts {
		if v := value(a); !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// list names one value or two, and counts the others: what is cut is a value,
// never the count.
func (m *Model) list(values []string) string {
	if len(values) == 0 {
		return ""
	}
	first := clean.CutMiddle(values[0], maxWhere)
	switch {
	case len(m.dropped) > 0: // there may be others among those
		return first + " " + clean.Ellipsis
	case len(values) == 1:
		return first
	case len(values) == 2 && len(values[0])+len(values[1]) <= maxBoth:
		return values[0] + m.words.Say("list.join") + values[1]
	}
	return first + " " + m.words.Say("more", len(values)-1)
}

// Folder is Grafana's folder, where all alerts are of one.
func (m *Model) Folder() string {
	if folder := m.GroupLabels[FolderLabel]; folder != "" {
		return folder
	}
	return m.CommonLabels[FolderLabel]
}
