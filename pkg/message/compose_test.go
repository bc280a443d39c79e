package message

import (
	"bytes"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/clean"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

func compose(t testing.TB, h Header, c Content) []byte {
	t.Helper()
	data, err := Compose(h, c)
	if err != nil {
		t.Fatal(err)
	}
	checkWire(t, data)
	return data
}

var short = Content{Subject: "Disk full", Text: "text\n", HTML: "<p>html</p>\n"}

func TestComposeNamesRecipientsByMode(t *testing.T) {
	cc, err := address.Parse("boss@example.com")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name       string
		mode       settings.RecipientMode
		noTo       bool
		to, cc, id string
	}{
		{name: "single names everyone", mode: settings.Single,
			to: `<oncall@example.com>, "Kim" <kim@xn--vv4b11d.kr>`, cc: "<boss@example.com>", id: "<0192f0c1@example.com>"},
		{name: "single with everyone in Bcc names nobody", mode: settings.Single, noTo: true,
			to: "undisclosed-recipients:;", id: "<0192f0c1@example.com>"},
		{name: "undisclosed names nobody", mode: settings.Undisclosed,
			to: "undisclosed-recipients:;", id: "<0192f0c1@example.com>"},
		{name: "individual leaves To and Message-ID to Addressed", mode: settings.Individual},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := header(t)
			h.Mode = tt.mode
			h.Cc = []address.Address{cc}
			if tt.noTo {
				h.To, h.Cc = nil, nil
			}
			data := compose(t, h, short)
			p := parseMail(t, data)
			for name, want := range map[string]string{"To": tt.to, "Cc": tt.cc, "Message-Id": tt.id} {
				got := p.header.Get(name)
				if list, err := p.header.AddressList(name); err == nil && len(list) > 0 {
					var all []string
					for _, a := range list {
						all = append(all, a.String())
					}
					got = strings.Join(all, ", ")
				}
				if got != want {
					t.Errorf("%s is %q, want %q", name, got, want)
				}
			}
			if bytes.Contains(bytes.ToLower(data), []byte("\nbcc:")) {
				t.Error("the mail has a Bcc field")
			}
			if tt.mode != settings.Single && bytes.Contains(data, []byte("oncall@example.com")) {
				t.Error("the mail names a recipient")
			}
		})
	}
}

func TestAddressedCompletesAnIndividualMail(t *testing.T) {
	h := header(t)
	h.Mode = settings.Individual
	mail := compose(t, h, short)
	parts := Addressed(mail, h.To[1], "0192f0c1.2@example.com")
	if &parts[len(parts)-1][0] != &mail[0] {
		t.Error("the rendered mail was copied")
	}
	whole := bytes.Join(parts, nil)
	checkWire(t, whole)
	p := parseMail(t, whole)
	if list, err := p.header.AddressList("To"); err != nil || len(list) != 1 || list[0].Address != "kim@xn--vv4b11d.kr" || list[0].Name != "Kim" {
		t.Errorf("To is %v (%v)", list, err)
	}
	if got := p.header.Get("Message-Id"); got != "<0192f0c1.2@example.com>" {
		t.Errorf("Message-ID is %q", got)
	}
	if p.text != short.Text || p.html != short.HTML {
		t.Errorf("the bodies are %q and %q", p.text, p.html)
	}
}

func TestAddressesOfDotsAreQuotedInTheHeader(t *testing.T) {
	h := header(t)
	h.To, h.Cc = nil, nil
	for _, s := range []string{"a..b@docomo.ne.jp", `Kim <a.@docomo.ne.jp>`} {
		a, err := address.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		h.To = append(h.To, a)
	}
	odd, err := address.Parse(`当直\ <a..b@docomo.ne.jp>`)
	if err == nil {
		t.Fatalf("an unquoted backslash is read as %+v", odd)
	}
	h.Cc = []address.Address{{Name: `当直\`, Local: "a..b", Domain: "docomo.ne.jp"}}
	p := parseMail(t, compose(t, h, short))
	if got, want := p.header.Get("To"), `"a..b"@docomo.ne.jp, "Kim" <"a."@docomo.ne.jp>`; got != want {
		t.Errorf("To is %s, want %s", got, want)
	}
	if got := p.header.Get("Cc"); !strings.HasSuffix(got, ` <"a..b"@docomo.ne.jp>`) {
		t.Errorf("Cc is %s", got)
	}
	for _, field := range []string{"To", "Cc"} {
		list, err := p.header.AddressList(field)
		if err != nil || !slices.ContainsFunc(list, func(a *mail.Address) bool { return a.Address == "a..b@docomo.ne.jp" }) {
			t.Errorf("%s is read as %v (%v)", field, list, err)
		}
	}
}

func TestComposeHeader(t *testing.T) {
	h := header(t)
	reply, err := address.Parse("운영팀 <ops@example.com>")
	if err != nil {
		t.Fatal(err)
	}
	h.ReplyTo = &reply
	p := parseMail(t, compose(t, h, short))
	for name, want := range map[string]string{
		"Date":                     "Mon, 23 Nov 2026 17:20:00 +0900",
		"Subject":                  "Disk full",
		"From":                     "Grafana アラート <grafana@example.com>",
		"Reply-To":                 "운영팀 <ops@example.com>",
		"Auto-Submitted":           "auto-generated",
		"X-Auto-Response-Suppress": "All",
		"Mime-Version":             "1.0",
		"Importance":               "",
		"X-Priority":               "",
		"List-Unsubscribe":         "",
	} {
		if got := p.decoded(t, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

func TestComposeThread(t *testing.T) {
	root := func(thread, from string) string {
		h := header(t)
		h.Thread = thread
		a, err := address.Parse(from)
		if err != nil {
			t.Fatal(err)
		}
		h.From = a
		p := parseMail(t, compose(t, h, short))
		if p.header.Get("References") != p.header.Get("In-Reply-To") {
			t.Error("References and In-Reply-To differ")
		}
		return p.header.Get("References")
	}
	first := root("group", "a@example.com")
	if !strings.HasPrefix(first, "<thread.") || !strings.HasSuffix(first, "@example.com>") {
		t.Errorf("the root is %q", first)
	}
	if again := root("group", "b@example.com"); again != first {
		t.Errorf("the same group has the roots %q and %q", first, again)
	}
	if other := root("other", "a@example.com"); other == first {
		t.Error("two groups share a root")
	}
	if alone := root("", "a@example.com"); alone != "" {
		t.Errorf("a mail that stands alone answers to %q", alone)
	}
	if hostile := root("x>\r\nBcc: evil@example.com", "a@example.com"); strings.Contains(hostile, "evil") {
		t.Errorf("the root quotes the group key: %q", hostile)
	}
}

func TestComposeShowsPriority(t *testing.T) {
	for priority, want := range map[view.Priority][2]string{
		view.High: {"high", "1 (Highest)"}, view.Normal: {"", ""}, view.Low: {"low", "5 (Lowest)"},
	} {
		c := short
		c.Priority = priority
		p := parseMail(t, compose(t, header(t), c))
		if got := [2]string{p.header.Get("Importance"), p.header.Get("X-Priority")}; got != want {
			t.Errorf("priority %d gives %q, want %q", priority, got, want)
		}
	}
}

func TestComposeNeutralizesHostileHeaderText(t *testing.T) {
	tests := []struct{ name, subject, want string }{
		{"line breaks", "Disk\r\nBcc: evil@example.com\n\nbody", "Disk Bcc: evil@example.com body"},
		{"NUL and other controls", "Disk\x00 \x1b[31mfull\x7f", "Disk [31mfull"},
		{"Unicode line ends", "Disk\u2028Bcc: x\u2029y\u0085z\vw", "Disk Bcc: x y z w"},
		{"bidirectional overrides", "safe\u202egnp.exe\u2066\u200f", "safegnp.exe"},
		{"an encoded-word in ASCII", "=?utf-8?q?Bcc=3A?= x", "= ?utf-8?q?Bcc=3A?= x"},
		{"an encoded-word among other text", "é =?utf-8?q?Bcc=3A?= x", "é = ?utf-8?q?Bcc=3A?= x"},
		{"invalid UTF-8", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"Latin with a dot", "[FIRING:1] TestAlert · warning · Grafana · Test Folder", "[FIRING:1] TestAlert · warning · Grafana · Test Folder"},
		{"CJK", "【発生】高負荷 과부하", "【発生】高負荷 과부하"},
		{"a word of 900 letters", strings.Repeat("x", 900), strings.Repeat("x", 900)},
		{"CJK longer than many encoded-words", strings.Repeat("負荷", 400), strings.Repeat("負荷", 400)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := header(t)
			h.From.Name = tt.subject
			c := short
			c.Subject = tt.subject
			mail := compose(t, h, c)
			p := parseMail(t, mail)
			if bytes.Contains(mail, []byte("\r\nSubject:\r\n")) && !strings.Contains(tt.name, "900") {
				t.Error("the first line of the subject is empty")
			}
			if got := p.decoded(t, "Subject"); got != tt.want {
				t.Errorf("the subject is %q, want %q", got, tt.want)
			}
			from, err := p.header.AddressList("From")
			if err != nil || len(from) != 1 || from[0].Address != "grafana@example.com" {
				t.Fatalf("From is %v (%v)", from, err)
			}
			if want := clean.Cut(tt.want, maxName); from[0].Name != want {
				t.Errorf("the sender's name is %q, want %q", from[0].Name, want)
			}
			if _, ok := p.header["Bcc"]; ok {
				t.Error("a Bcc field was smuggled in")
			}
		})
	}
}

func TestComposeQuotesNames(t *testing.T) {
	for _, name := range []string{`Ops, "Team" <evil@example.com>`, `back\slash`, `운영\팀`, "a.b", "(comment)", "운영, 팀 @"} {
		h := header(t)
		h.To = slices.Clone(h.To)
		h.To[0].Name = name
		p := parseMail(t, compose(t, h, short))
		to, err := p.header.AddressList("To")
		if err != nil || len(to) != 2 || to[0].Name != name || to[0].Address != "oncall@example.com" {
			t.Errorf("name %q: To is %v (%v)", name, to, err)
		}
	}
}

func TestComposeFoldsManyRecipients(t *testing.T) {
	h := header(t)
	var want []string
	for range 300 {
		h.To = append(h.To, h.To[1])
	}
	for _, a := range h.To {
		want = append(want, a.Mailbox())
	}
	p := parseMail(t, compose(t, h, short))
	list, err := p.header.AddressList("To")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(list, want, func(a *mail.Address, b string) bool { return a.Address == b }) {
		t.Errorf("To has %d recipients, want %d", len(list), len(want))
	}
}

func TestComposeKeepsBodies(t *testing.T) {
	tests := map[string]string{
		"empty":                  "",
		"CJK":                    "高負荷 과부하\n",
		"mostly ASCII":           "naïve = yes\n",
		"a line of 3,000":        strings.Repeat("x", 3000) + "\n",
		"trailing spaces":        "a  \n\tb\t\n \n",
		"dots and boundaries":    ".\n..\n--\n--=_00\n",
		"no line end at the end": "last",
	}
	for name, body := range tests {
		t.Run(name, func(t *testing.T) {
			c := Content{Subject: "s", Text: body, HTML: body}
			p := parseMail(t, compose(t, header(t), c))
			if p.text != body || p.html != body {
				t.Errorf("the bodies are %q and %q, want %q", p.text, p.html, body)
			}
		})
	}
	t.Run("line ends of every kind", func(t *testing.T) {
		p := parseMail(t, compose(t, header(t), Content{Subject: "s", Text: "a\rb\r\nc\nd", HTML: "é\rб\r\nж\nз"}))
		if p.text != "a\nb\nc\nd" || p.html != "é\nб\nж\nз" {
			t.Errorf("the bodies are %q and %q", p.text, p.html)
		}
	})
}

func TestComposeEncodesByContent(t *testing.T) {
	data := string(compose(t, header(t), Content{Subject: "s", Text: strings.Repeat("高負荷", 50), HTML: strings.Repeat("<p>plain</p>", 50)}))
	if strings.Count(data, "Content-Transfer-Encoding: base64") != 1 || strings.Count(data, "Content-Transfer-Encoding: quoted-printable") != 1 {
		t.Errorf("CJK text is not in base64 and ASCII not in quoted-printable:\n%s", data)
	}
}

func TestComposeIsRepeatable(t *testing.T) {
	if a, b := compose(t, header(t), short), compose(t, header(t), short); !bytes.Equal(a, b) {
		t.Errorf("the same mail has two forms:\n%s\n%s", a, b)
	}
}

func TestComposeRefuses(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Header)
		want   string
	}{
		{"no sender", func(h *Header) { h.From = address.Address{} }, "fromAddress"},
		{"no date", func(h *Header) { h.Date = time.Time{} }, "no date"},
		{"no Message-ID", func(h *Header) { h.MessageID = "" }, "Message-ID"},
		{"a Message-ID with brackets", func(h *Header) { h.MessageID = "<a@b>" }, "Message-ID"},
		{"a Message-ID with a line break", func(h *Header) { h.MessageID = "a@b\r\nBcc: c" }, "Message-ID"},
		{"an unknown mode", func(h *Header) { h.Mode = "all" }, `"all"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := header(t)
			tt.change(&h)
			if _, err := Compose(h, short); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("the error is %v, want one about %s", err, tt.want)
			}
		})
	}
}
