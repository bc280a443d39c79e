package smtp

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// listener hears dialogues.
type listener struct {
	mu    sync.Mutex
	lines []string
}

func (l *listener) hear(_ context.Context, _ int64, said Said, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(said)+" "+text)
}

func (l *listener) heard() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// TestDialogueIsToldWithoutCredentials: whatever the mechanism, and whatever a relay
// says of what it was told.
func TestDialogueIsToldWithoutCredentials(t *testing.T) {
	const appKey, userName, password = "AppKey", "AppKey#auth", "c4nary-secret"
	encoded := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	plain, login, user := encoded("\x00"+userName+"\x00"+password), encoded(password), encoded(userName)
	for _, mechanism := range []settings.AuthMechanism{settings.AuthPlain, settings.AuthLogin} {
		for name, echo := range map[string]string{
			"takes them": "",
			"echoes":     "535 5.7.8 " + plain + " " + login + " " + user + " " + userName + " " + password + " is wrong",
			"in lines":   "535-5.7.8 AUTH PLAIN " + strings.ToLower(plain) + "\r\n535-5.7.8 " + user + "\r\n535 5.7.8 " + strings.ToUpper(appKey),
			"garbles it": "what is " + plain + "?",
			"in pieces":  "535 5.7.8 " + plain[:len(plain)-4] + " " + user[:len(user)-2],
		} {
			t.Run(string(mechanism)+" "+name, func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{SecretKey: password})
				if echo != "" {
					relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply(echo + "\r\n")})
				}
				var l listener
				c := relayConfig(relay, nhncloud.STARTTLS)
				c.UserName, c.Password, c.Mechanism, c.Trace.Dialogue = userName, password, mechanism, l.hear
				pool := startPool(t, c)
				_, err := pool.Send(testContext(t), testMail())
				if err := pool.Close(testContext(t)); err != nil {
					t.Error(err)
				}
				all := strings.ToLower(strings.Join(l.heard(), "\n"))
				for _, secret := range []string{password, appKey, plain, login, user, encoded(appKey), plain[:len(plain)-4], user[:len(user)-2]} {
					if strings.Contains(all, strings.ToLower(strings.TrimRight(secret, "="))) {
						t.Errorf("%q is told:\n%s", secret, all)
					}
				}
				if !strings.Contains(all, "sent auth "+strings.ToLower(string(mechanism))) || !strings.Contains(all, redacted) {
					t.Errorf("there is no AUTH to tell:\n%s", all)
				}
				if (err == nil) != (echo == "") {
					t.Errorf("error %v", err)
				}
			})
		}
	}
}

// TestDialogueHasEveryLine in the order it was said, and of a mail only its size.
func TestDialogueHasEveryLine(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Times: 1, Action: relaytest.Reply("550 5.1.1 nobody\r\n")})
	var l listener
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.Trace.Dialogue = l.hear
	pool := startPool(t, c)
	if _, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com")); err != nil {
		t.Fatal(err)
	}
	if err := pool.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	heard := l.heard()
	for _, want := range []string{
		"event connected to ", "event TLS 1.3, ", "received 220 ", "sent EHLO client.example.com", "received 250 ", "sent AUTH PLAIN " + redacted, "received 235 ",
		"sent MAIL FROM:<grafana@example.com>", "sent RCPT TO:<a@example.com>", "sent RCPT TO:<b@example.com>", "sent DATA",
		"received 250 ", "received 550 5.1.1 nobody", "received 250 ", "received 354 ", "sent (content, ", "received 250 ", "sent QUIT", "received 221 ",
	} {
		i := slices.IndexFunc(heard, func(line string) bool { return strings.HasPrefix(line, want) })
		if i < 0 {
			t.Fatalf("%q is missing, or not in its place, in\n%s", want, strings.Join(l.heard(), "\n"))
		}
		heard = heard[i+1:]
	}
	if strings.Contains(strings.Join(l.heard(), "\n"), "Disk full") {
		t.Error("the content is told")
	}
}
