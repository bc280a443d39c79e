package message

import (
	"html"
	"strings"
	"testing"

	messagehtml "github.com/nhncloud/nhncloud-email-datasource/pkg/message/html"
)

// TestAMailThatGoesToTheDefaultRecipientsSaysSo in both parts, in every language
// and whether or not a template of the user's has a place for it.
func TestAMailThatGoesToTheDefaultRecipientsSaysSo(t *testing.T) {
	own := Options{TextTemplate: "{{.Headline}}", HTMLTemplate: `<html><BODY class="x"><h1>{{.Headline}}</h1></BODY></html>`}
	placed := Options{TextTemplate: "{{.Headline}}\n{{.Notice}}", HTMLTemplate: `<p>{{.Headline}}</p><p>{{.Notice}}</p>`}
	for language, want := range map[string]string{
		"en": "“team-db, <b>x</b>” is not a mail address, so this email went to the default recipients.",
		"ja": "「team-db、<b>x</b>」はメールアドレスではないため、このメールは既定の受信者に送信されました。",
		"ko": "‘team-db, <b>x</b>’은(는) 메일 주소가 아니므로 이 메일은 기본 수신자에게 보냈습니다.",
	} {
		for name, o := range map[string]Options{"built in": {}, "a template": own, "a template with a place for it": placed} {
			t.Run(language+" "+name, func(t *testing.T) {
				o.Language = language
				r := renderer(t, o)
				n := notification(fires("alertname", "High CPU"))
				if c := render(t, r, n); strings.Contains(c.Text+c.HTML, want[len(want)-60:]) {
					t.Errorf("a mail to whom it was meant for says:\n%s", c.Text)
				}
				n.Replaced = []string{"team-db", "<b>x</b>\u202e"}
				c := render(t, r, n)
				if squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }; strings.Count(squeeze(c.Text), squeeze(want)) != 1 {
					t.Errorf("the text lacks %q, or has it twice:\n%s", want, c.Text)
				}
				if strings.Count(c.HTML, messagehtml.Escape(want)) != 1 || !strings.Contains(html.UnescapeString(c.HTML), want) {
					t.Errorf("the HTML lacks %q, or has it twice:\n%s", want, c.HTML)
				}
				if body := strings.Index(c.HTML, `<BODY class="x">`); body > strings.Index(c.HTML, "team-db") {
					t.Errorf("the notice stands before the body:\n%s", c.HTML)
				}
			})
		}
	}
}

func TestANoticeIsBounded(t *testing.T) {
	n := notification(fires())
	for range 1000 {
		n.Replaced = append(n.Replaced, strings.Repeat("x", 1000))
	}
	c := render(t, renderer(t, Options{}), n)
	if !strings.Contains(c.Text, "+995") || len(c.Text) > 4000 {
		t.Errorf("the text has %d octets:\n%.2000s", len(c.Text), c.Text)
	}
}
