package view

import (
	"net/url"
	"slices"
	"strings"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
)

// Button is a link of an alert or of a mail; the main one is the one to press
// first.
type Button struct {
	Text, URL string
	Main      bool
}

// links are those of the only alert: what to do as buttons, the first of them
// the main one, and where to look further as links.
func (m *Model) links(a *Alert) (buttons, links []Button) {
	return m.arrange(a, a.SilenceURL, m.words.Say("button.silence"))
}

// sharedLinks are those that all alerts that count share, and one that silences
// them.
func (m *Model) sharedLinks() (buttons, links []Button) {
	all := m.counting()
	same := &Alert{
		RunbookURL:   common(all, func(a *Alert) string { return a.RunbookURL }),
		PanelURL:     common(all, func(a *Alert) string { return a.PanelURL }),
		DashboardURL: common(all, func(a *Alert) string { return a.DashboardURL }),
	}
	if m.Grafana { // elsewhere it leads to the query of one alert
		same.RuleURL = common(all, func(a *Alert) string { return a.RuleURL })
	}
	return m.arrange(same, m.silenceAll(all), m.words.Say("button.silence.all"))
}

// arrange puts the links of an alert in order.
func (m *Model) arrange(a *Alert, silence, silenceText string) (buttons, links []Button) {
	w := m.words
	rule, ruleLink := w.Say("button.source"), w.Say("link.source")
	if m.Grafana {
		rule, ruleLink = w.Say("button.rule"), w.Say("link.rule")
	}
	add := func(text, url string) {
		if url != "" {
			buttons = append(buttons, Button{text, url, len(buttons) == 0})
		}
	}
	add(w.Say("button.runbook"), a.RunbookURL)
	add(w.Say("button.panel"), a.PanelURL)
	dashboard, source := a.DashboardURL, a.RuleURL
	if len(buttons) == 0 { // something leads on
		if dashboard != "" {
			add(w.Say("button.dashboard"), dashboard)
			dashboard = ""
		} else {
			add(rule, source)
			source = ""
		}
	}
	if silence != "" { // never the one to press first
		buttons = append(buttons, Button{silenceText, silence, false})
	}
	for _, b := range []Button{{w.Say("link.dashboard"), dashboard, false}, {ruleLink, source, false}} {
		if b.URL != "" {
			links = append(links, b)
		}
	}
	return buttons, links
}

// rowLinks are those of an alert that its section and the mail have not.
func (m *Model) rowLinks(s *Section, a *Alert) []Button {
	w := m.words
	var out []Button
	add := func(key, url string) bool {
		if url != "" {
			out = append(out, Button{w.Say(key), url, false})
		}
		return url != ""
	}
	if !s.runbook {
		add("link.runbook", a.RunbookURL)
	}
	if !add("link.panel", a.PanelURL) && !add("link.dashboard", a.DashboardURL) && !s.rule {
		rule := "link.source"
		if m.Grafana {
			rule = "link.rule"
		}
		add(rule, a.RuleURL)
	}
	add("link.silence", a.SilenceURL)
	return out
}

// silenceAll is where Grafana silences all alerts of the group that fire: the form
// of the first of them, with the labels of the group instead of its own.
func (m *Model) silenceAll(all []*Alert) string {
	if len(all) < 2 || all[0].SilenceURL == "" || len(m.GroupLabels) == 0 || m.labelsCut {
		return ""
	}
	u, err := url.Parse(all[0].SilenceURL)
	if err != nil {
		return ""
	}
	query := strings.Split(u.RawQuery, "&")
	query = slices.DeleteFunc(query, func(pair string) bool { return strings.HasPrefix(pair, "matcher=") })
	for _, name := range m.GroupLabels.Names(nil) {
		query = append(query, "matcher="+url.QueryEscape(name+"="+m.GroupLabels[name]))
	}
	u.RawQuery = strings.Join(query, "&")
	return clean.WebURL(u.String())
}

// hasURL says whether the buttons or links of a mail lead to url.
func hasURL(v *View, url string) bool {
	leads := func(b Button) bool { return b.URL == url }
	return url != "" && (slices.ContainsFunc(v.Buttons, leads) || slices.ContainsFunc(v.Links, leads))
}
