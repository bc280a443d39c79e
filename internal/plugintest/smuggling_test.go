package plugintest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/mail"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// evil is the mail that must not come to be.
const evil = "MAIL FROM:<evil@evil.example>\r\nRCPT TO:<evil@evil.example>\r\nDATA\r\nX-Evil: yes\r\n\r\nevil\r\n.\r\n"

// hostile are the byte sequences that end a line, a header, a mail or a
// command for one reader and not for the other.
var hostile = map[string]string{
	"CRLF":             "a\r\nX-Evil: yes\r\nb",
	"bare CR":          "a\rX-Evil: yes\rb",
	"bare LF":          "a\nX-Evil: yes\nb",
	"CRLF dot CRLF":    "a\r\n.\r\n" + evil,
	"LF dot LF":        "a\n.\n" + evil,
	"LF dot CRLF":      "a\n.\r\n" + evil,
	"CRLF dot LF":      "a\r\n.\n" + evil,
	"CR dot CR":        "a\r.\r" + evil,
	"CRLF dot CR":      "a\r\n.\r" + evil,
	"CRLF NUL dot":     "a\r\n\x00.\r\n" + evil,
	"dots":             ".\r\n..\r\n.a\r\n...",
	"end of a header":  "a\r\n\r\n.\r\n" + evil,
	"NUL":              "a\x00b\x00",
	"8-bit":            "é 한 \u0085X-Evil: yes\u2028X-Evil: yes\u2029\ufeff\u202e",
	"encoded words":    "=?utf-8?q?a=0D=0AX-Evil:_yes?= =?utf-8?b?DQpYLUV2aWw6IHllcw==?=",
	"quoted-printable": "=0D=0A.=0D=0A=2E\r\n=",
	"escapes":          "\x1b[2J\x07\x7f\x9b",
	"a boundary":       "--\r\n--=\r\nContent-Type: text/html\r\n\r\n<script>",
	"a long line":      strings.Repeat("0123456789", 500) + "\r\n.\r\n" + evil,
}

// knownFields are the header fields that the plugin writes.
var knownFields = []string{
	"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "Importance", "In-Reply-To", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post",
	"Message-Id", "Mime-Version", "Precedence", "References", "Reply-To", "Subject", "Thread-Index", "Thread-Topic", "To", "X-Auto-Response-Suppress",
	"X-Grafana-Alert-Folder", "X-Grafana-Alert-Org", "X-Grafana-Alert-Rule", "X-Grafana-Alert-Severity", "X-Grafana-Alert-State", "X-Mailer", "X-Priority",
}

// oneHarmlessMail asserts on the emitted bytes of the mails that came since
// seen, and by a strict parser: count of them, for nobody but the on-call
// person.
func oneHarmlessMail(t *testing.T, r *relaytest.Relay, seen, count int) {
	t.Helper()
	mails, err := r.WaitMails(within(t), seen+count)
	if err != nil {
		t.Fatal(err)
	}
	if len(mails) != seen+count {
		t.Errorf("%d mails, want %d", len(mails)-seen, count)
	}
	for _, m := range mails[seen:] {
		if m.From != "grafana@example.com" || !slices.Equal(m.To, []string{"oncall@example.com"}) {
			t.Errorf("from %s to %v", m.From, m.To)
		}
		for line := range bytes.SplitSeq(m.Data, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n\x00") {
				t.Errorf("line %.200q", line)
			}
			if i := bytes.IndexFunc(line, func(c rune) bool { return c >= 0x7f || c < ' ' && c != '\t' }); i >= 0 {
				t.Errorf("octet %#x in %.200q", line[i], line)
			}
		}
		parsed, err := mail.ReadMessage(bytes.NewReader(m.Data))
		if err != nil {
			t.Errorf("not a mail: %v in %.300q", err, m.Data)
			continue
		}
		for name, values := range parsed.Header {
			if !slices.Contains(knownFields, textproto.CanonicalMIMEHeaderKey(name)) || len(values) != 1 {
				t.Errorf("header field %s: %q", name, values)
			}
		}
		for _, name := range []string{"From", "To", "Reply-To"} {
			if value := parsed.Header.Get(name); value != "" {
				if list, err := mail.ParseAddressList(value); err != nil || len(list) != 1 || strings.Contains(list[0].Address, "evil") {
					t.Errorf("%s: %s (%v)", name, value, err)
				}
			}
		}
		if rest, err := io.ReadAll(parsed.Body); err != nil || len(rest) == 0 {
			t.Errorf("no body: %v", err)
		}
	}
}

// onTheWire asserts that each mail has one end, and that no session heard of
// another sender.
func onTheWire(t *testing.T, r *relaytest.Relay) {
	t.Helper()
	for _, v := range r.Violations() {
		t.Error(v)
	}
	ends, mails := 0, 0
	for _, s := range r.Sessions() {
		ends += bytes.Count(s.Secure, []byte("\r\n.\r\n"))
		mails += s.Mails
		for _, command := range s.Commands {
			if strings.Contains(command, "evil") {
				t.Errorf("command %q", command)
			}
		}
	}
	if ends != mails {
		t.Errorf("%d ends of data for %d mails", ends, mails)
	}
}

// places calls visit with a copy of v for each string in it and each name of
// labels and annotations, that string being put in its place.
func places(v any, put string, visit func(place string, changed any)) {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			places(v[key], put, func(place string, changed any) {
				c := maps.Clone(v)
				c[key] = changed
				visit("."+key+place, c)
			})
			if _, text := v[key].(string); text {
				c := maps.Clone(v)
				c[put] = v[key]
				visit(".(a name beside "+key+")", c)
			}
		}
	case []any:
		for i := range v[:1] { // all elements are alike
			places(v[i], put, func(place string, changed any) {
				c := slices.Clone(v)
				c[i] = changed
				visit(fmt.Sprintf("[%d]%s", i, place), c)
			})
		}
	case string:
		visit("", put)
	}
}

// TestNoFieldOfAnAlertSmugglesMail puts every hostile sequence into every field
// of a payload.
func TestNoFieldOfAnAlertSmugglesMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	builtIn := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	// Templates that hand on what they get.
	own := plugintest.ForRelay(r, nhncloud.TLSWrapper, map[string]any{
		"subjectTemplate": `{{.Title}} {{.Receiver}} {{.CommonLabels}} {{range .Alerts}}{{.Name}} {{.Labels}}{{end}}`,
		"textTemplate":    `{{.Title}} {{.Message}} {{.ExternalURL}} {{range .Alerts}}{{.Summary}} {{.Description}} {{.Labels}} {{.Annotations}} {{.RuleURL}} {{.Fingerprint}}{{end}}`,
		"htmlTemplate":    `<p title="{{.Title}}">{{.Message}}</p>{{range .Alerts}}<a href="{{.RuleURL}}">{{.Summary}} {{.Labels}} {{.Annotations}}</a>{{end}}`,
	})
	own.UID = "own templates"
	var payload any
	if err := json.Unmarshal(fixture(t, "firing-2.json"), &payload); err != nil {
		t.Fatal(err)
	}
	sent, refused := 0, 0
	for name, sequence := range hostile {
		r.Drop("") // the relay logs the first 16 MiB of a session
		places(payload, sequence, func(place string, changed any) {
			body, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			// The second alert makes each a notification of its own.
			body = bytes.Replace(body, []byte("2026-11-23T06:34:00Z"), time.Unix(int64(sent+refused), 0).UTC().AppendFormat(nil, time.RFC3339), 1)
			for _, ds := range []plugintest.DataSource{builtIn, own} {
				answer := call(t, p, ds, plugintest.Signed("alerts", body))
				switch object(t, answer.Body)["status"] {
				case "sent":
					sent++
				default:
					if answer.Status != 422 {
						t.Errorf("%s in %s: %d %s", name, place, answer.Status, answer.Body)
					}
					refused++
				}
			}
		})
	}
	oneHarmlessMail(t, r, 0, sent)
	onTheWire(t, r)
	if sent < 300 || refused < 10 {
		t.Errorf("%d sent, %d refused: the test tests nothing", sent, refused)
	}
}

// TestNoSettingSmugglesMail does so with every setting there is: it is refused,
// or harmless.
func TestNoSettingSmugglesMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	common := map[string]any{
		"mailType": "ad", "adSenderName": "Example", "adSenderAddress": "1 Example Road", "unsubscribeUrl": "https://example.com/u", "unsubscribeAddress": "bye@example.com",
		"timeoutSeconds": 5,
	}
	named := func(s string) any { return []string{s + " <oncall@example.com>"} }
	forms := map[string][]func(string) any{ // beside the sequence alone
		"fromAddress":        {func(s string) any { return "grafana@example.com" + s }, func(s string) any { return s + " <grafana@example.com>" }},
		"replyTo":            {func(s string) any { return s + " <reply@example.com>" }},
		"to":                 {named},
		"cc":                 {named},
		"bcc":                {named},
		"allowedRecipients":  {func(s string) any { return []string{"@example.com" + s} }},
		"mailType":           {func(s string) any { return "normal" + s }},
		"unsubscribeUrl":     {func(s string) any { return "https://example.com/u?" + s }},
		"unsubscribeAddress": {func(s string) any { return "bye@example.com" + s }},
	}
	seen, refused := 0, 0
	for _, key := range append(settingsKeys(t), "secretKey") {
		for _, value := range append(forms[key], plain) {
			for name, sequence := range hostile {
				override := maps.Clone(common)
				if key != "secretKey" {
					override[key] = value(sequence)
				}
				ds := plugintest.ForRelay(r, nhncloud.STARTTLS, override)
				if key == "secretKey" {
					ds.Secrets[key] = strings.ToValidUTF8(sequence, "?") // gRPC carries no other
				}
				ds.UID = fmt.Sprint(key, " ", seen+refused)
				answer := call(t, p, ds, plugintest.Signed("alerts", another(t, seen)))
				switch answer.Status {
				case 200:
					oneHarmlessMail(t, r, seen, 1)
					seen++
				case 400, 422, 500, 502: // refused, or the relay knows no such AppKey
					refused++
				default:
					t.Errorf("%s in %s: %d %s", name, key, answer.Status, answer.Body)
				}
			}
		}
	}
	onTheWire(t, r)
	if seen < 20 || refused < 100 {
		t.Errorf("%d sent, %d refused: the test tests nothing", seen, refused)
	}
}

// settingsKeys is every key of jsonData.
func settingsKeys(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "pkg", "settings", "settings.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	jsonData := object(t, text)["properties"].(map[string]any)["jsonData"].(map[string]any)
	return slices.Sorted(maps.Keys(jsonData["properties"].(map[string]any)))
}

// TestNoParameterSmugglesMail does so with every parameter of the URL, which a
// contact point's template fills with labels.
func TestNoParameterSmugglesMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"adSenderName": "Example", "adSenderAddress": "1 Example Road", "unsubscribeUrl": "https://example.com/u"})
	forms := map[string]func(string) string{
		"alone":        func(s string) string { return s },
		"behind":       func(s string) string { return "oncall@example.com" + s },
		"as a name":    func(s string) string { return s + " <oncall@example.com>" },
		"quoted":       func(s string) string { return `"` + s + `" <oncall@example.com>` },
		"as a comment": func(s string) string { return "oncall@example.com (" + s + ")" },
		"as a type":    func(s string) string { return "normal" + s },
	}
	seen, refused := 0, 0
	for _, key := range []string{"to", "cc", "bcc", "type", "language", "mode"} {
		for form, write := range forms {
			for name, sequence := range hostile {
				answer := call(t, p, ds, plugintest.Signed("alerts?"+url.Values{key: {write(sequence)}}.Encode(), another(t, seen+refused)))
				switch answer.Status {
				case 200:
					oneHarmlessMail(t, r, seen, 1)
					seen++
				case 400, 403, 422:
					refused++
				default:
					t.Errorf("%s %s in %s: %d %s", name, form, key, answer.Status, answer.Body)
				}
			}
		}
	}
	onTheWire(t, r)
	if seen < 1 || refused < 100 {
		t.Errorf("%d sent, %d refused: the test tests nothing", seen, refused)
	}
}

func plain(s string) any { return s }
