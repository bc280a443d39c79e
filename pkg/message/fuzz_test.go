package message

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/sandbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// FuzzRender makes notifications of any text, turns them into mails in every
// language and checks what a relay and a reader's program rely on.
func FuzzRender(f *testing.F) {
	for _, name := range payloads(f) {
		n := payload(f, name)
		a := n.Alerts[0]
		f.Add(n.Title, n.Message, a.Labels[alert.NameLabel], a.Annotations["summary"], a.Annotations["description"],
			a.Annotations["grafana_state_reason"], n.GroupKey, a.GeneratorURL, a.StartsAt.Unix(), len(n.Alerts), n.ResolvedCount)
	}
	f.Add("\u202e", "- **a** `b` [c](d) *e*\n```\n", "👩‍👩‍👧", strings.Repeat("高負荷。", 900), "<br>\n\n&", "Error, KeepLast", "", "javascript:x", int64(-1), 30, 15)
	renderers := make([]*Renderer, 0, len(settings.Languages()))
	for _, language := range settings.Languages() {
		renderers = append(renderers, renderer(f, Options{Language: language}))
	}
	h := header(f)
	f.Fuzz(func(t *testing.T, title, message, name, summary, description, reason, label, url string, start int64, count, resolved int) {
		if count < 1 || count > 40 {
			t.Skip()
		}
		n := &alert.Notification{Receiver: label, Status: alert.Firing, Title: title, Message: message, ExternalURL: url, GroupKey: label,
			GroupLabels: alert.KV{label: name}, CommonLabels: alert.KV{label: name, reason: title}, Omitted: max(resolved, 0)}
		for i := range count {
			a := alert.Alert{
				Status:      alert.Firing,
				Labels:      alert.KV{alert.NameLabel: name, label: name, reason: summary, "severity": reason, "n": strings.Repeat("x", i)},
				Annotations: alert.KV{"summary": summary, "description": description, "grafana_state_reason": reason, label: description, "runbook_url": url},
				StartsAt:    time.Unix(start, 0), GeneratorURL: url, SilenceURL: url, ImageURL: url,
				Values: map[string]float64{label: float64(start) / 7},
			}
			if i < resolved {
				a.Status, a.EndsAt = alert.Resolved, renderTime
			}
			n.Alerts = append(n.Alerts, a)
		}
		for _, r := range renderers {
			c := render(t, r, n)
			if c.Subject == "" || strings.ContainsAny(c.Subject, "\r\n") || len(c.Subject) > clean.OctetsEach*view.MaxSubject {
				t.Errorf("the subject is %q", c.Subject)
			}
			for _, s := range []string{c.Subject, c.Text, c.HTML} {
				if !utf8.ValidString(s) || clean.Text(s) != s {
					t.Errorf("not clean: %q", s)
				}
			}
			checkText(t, c.Text)
			checkMarkup(t, c.HTML)

			h.Thread = n.GroupKey
			data := compose(t, h, c)
			if got := parseMail(t, data); got.text != c.Text || got.html != c.HTML || got.decoded(t, "Subject") != c.Subject {
				t.Errorf("the mail says something else: %q", got.decoded(t, "Subject"))
			}
			if start := bytes.Index(data, []byte("Content-Type: text/html")); len(data)-start > 102*1000 {
				t.Errorf("the HTML part has %d octets; Gmail clips at 102 kB", len(data)-start)
			}
		}
	})
}

// checkMarkup fails on elements and addresses that the built-in mail has not.
func checkMarkup(t testing.TB, page string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			switch token.Data {
			case "html", "head", "meta", "title", "style", "body", "div", "table", "tr", "td", "h1", "h2", "p", "a", "img",
				"span", "b", "i", "br", "ul", "li", "pre", "code":
			default:
				t.Fatalf("the HTML has an element %q", token.Data)
			}
			for _, attribute := range token.Attr {
				switch attribute.Key {
				case "href", "src":
					if clean.URL(attribute.Val) == "" {
						t.Fatalf("the HTML leads to %q", attribute.Val)
					}
				case "lang", "dir", "charset", "name", "content", "class", "style", "role", "alt", "width", "align", "cellpadding", "cellspacing", "colspan":
				default:
					t.Fatalf("the HTML has an attribute %q", attribute.Key)
				}
			}
		}
	}
}

// FuzzCompose puts anything into the header.
func FuzzCompose(f *testing.F) {
	f.Add("Disk full", "Ops", "group", "text\r\n", "<p>\n")
	f.Add("【発生】\r\nBcc: x", "운영\x00팀, \"a\" <b@c>", "{}:{}", "\r\r\n.\n", "=?utf-8?q?x?=")
	f.Add(strings.Repeat("\u0301", 500), "=?utf-8?b?QQ==?=", " ", "\u2028", "é")
	f.Fuzz(func(t *testing.T, subject, name, thread, text, markup string) {
		h := header(t)
		h.From.Name, h.Thread, h.Mode = name, thread, settings.Individual
		mail := compose(t, h, Content{Subject: finishSubject(subject, ""), Text: text, HTML: markup})
		h.To[0].Name = name
		whole := bytes.Join(Addressed(mail, h.To[0], "a@example.com"), nil)
		checkWire(t, whole)
		p := parseMail(t, whole)
		for field, want := range map[string]string{"From": "grafana@example.com", "To": "oncall@example.com"} {
			list, err := p.header.AddressList(field)
			if err != nil || len(list) != 1 || list[0].Address != want {
				t.Errorf("%s is %v (%v)", field, list, err)
			}
		}
		if len(p.header) > 14 {
			t.Errorf("the header has grown: %v", p.header)
		}
	})
}

// FuzzTemplate saves any template and, if it passes, renders with it in time.
func FuzzTemplate(f *testing.F) {
	f.Add("{{range .Alerts}}{{.Name}}{{end}}", true)
	f.Add(`{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, false)
	f.Add(`<a href="{{.ExternalURL}}" onclick="f({{.}})">{{range 99999999}}{{end}}</a>`, true)
	f.Add(`{{$x := "ab"}}{{range 64}}{{$x = print $x $x}}{{end}}`, false)
	n := view.Samples()[1]
	f.Fuzz(func(t *testing.T, source string, markup bool) {
		o := Options{Language: "en", TextTemplate: source}
		if markup {
			o = Options{Language: "en", HTMLTemplate: source}
		}
		start := time.Now()
		r, err := NewRenderer(o)
		if mistake := (*sandbox.Error)(nil); err != nil && !errors.As(err, &mistake) {
			t.Errorf("the error has no place: %v", err)
		}
		if took := time.Since(start); took > 20*sandbox.MaxTemplateTime {
			t.Errorf("it took %v", took)
		}
		if err == nil {
			compose(t, header(t), render(t, r, n))
		}
	})
}
