package smtp

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// TestEveryReplyAtEveryStage gives each stage each kind of answer, on every
// connection, and wants the right class, words and retry decision; no hang
// (the context), and nothing left (the leak check of TestMain).
func TestEveryReplyAtEveryStage(t *testing.T) {
	stages := []struct {
		at    relaytest.Stage
		stage Stage
		five  failure.Code // what 5yz means
		sent  bool         // the session is open: another connection may do better
	}{
		{relaytest.Greeting, StageGreeting, failure.Refused, false},
		{relaytest.EHLO, StageEHLO, failure.Refused, false},
		{relaytest.STARTTLS, StageSTARTTLS, failure.TLS, false},
		{relaytest.EHLO2, StageEHLOTLS, failure.Refused, false},
		{relaytest.Challenge, StageAuth, failure.Refused, false}, // of LOGIN
		{relaytest.AUTH, StageAuth, failure.Refused, false},
		{relaytest.MAIL, StageMail, failure.Permanent, true},
		{relaytest.RCPT, StageRcpt, failure.Permanent, true},
		{relaytest.DATA, StageData, failure.Permanent, true},
		{relaytest.EOM, StageContent, failure.Permanent, true},
	}
	const fiveYZ = failure.Code("5yz")
	answers := []struct {
		name     string
		action   relaytest.Action
		class    failure.Code
		code     int
		enhanced string
		words    string
		lost     bool // the connection ends: a mail in hand goes to another one
	}{
		{name: "4yz", action: relaytest.Reply("451 4.3.0 try later\r\n"), class: failure.Transient, code: 451, enhanced: "4.3.0", words: "try later"},
		{name: "5yz", action: relaytest.Reply("554 5.7.1 go away\r\n"), class: fiveYZ, code: 554, enhanced: "5.7.1", words: "go away"},
		{name: "421", action: relaytest.ReplyAndClose("421 4.3.2 shutting down\r\n"), class: failure.Closing, code: 421, enhanced: "4.3.2", words: "shutting down", lost: true},
		{name: "several lines", action: relaytest.Reply("554-5.7.1 go\r\n554 5.7.1 away\r\n"), class: fiveYZ, code: 554, enhanced: "5.7.1", words: "go away"},
		{name: "no enhanced code", action: relaytest.Reply("451 later\r\n"), class: failure.Transient, code: 451, words: "later"},
		{name: "wrong enhanced code", action: relaytest.Reply("451 5.1.1 later\r\n"), class: failure.Transient, code: 451, words: "5.1.1 later"},
		{name: "1yz", action: relaytest.Reply("150 hm\r\n"), class: failure.Protocol, code: 150, words: "hm"},
		{name: "a line of 2 MiB", action: relaytest.Reply("250 " + strings.Repeat("x", 2<<20) + "\r\n"), class: failure.Protocol},
		{name: "endless lines", action: relaytest.Flood("250-and more\r\n"), class: failure.Protocol},
		{name: "binary", action: relaytest.Reply("\x00\xff\x16\x03\x01\r\n"), class: failure.Protocol},
		{name: "half a line, then silence", action: relaytest.Partial("25"), class: failure.Timeout},
		{name: "silence", action: relaytest.Silence(), class: failure.Timeout},
		{name: "close", action: relaytest.Close(), class: failure.Network, lost: true},
		{name: "reset", action: relaytest.Reset(), class: failure.Network, lost: true},
	}
	for _, st := range stages {
		for _, answer := range answers {
			t.Run(string(st.at)+"/"+answer.name, func(t *testing.T) {
				t.Parallel()
				var (
					relay  *relaytest.Relay
					result Result
					e      *Error
				)
				send := func(timeout time.Duration) {
					relay = startRelay(t, relaytest.Options{})
					t.Cleanup(relay.Fault(relaytest.Fault{Stage: st.at, Action: answer.action}))
					c := relayConfig(relay, nhncloud.STARTTLS)
					c.Timeout, c.MessageTimeout = timeout, timeout
					if st.at == relaytest.Challenge {
						c.Mechanism = settings.AuthLogin
					}
					var err error
					result, err = startPool(t, c).Send(testContext(t), testMail())
					e = asError(t, err)
				}
				if answer.class != failure.Timeout {
					send(patience)
				} else if send(time.Second); e.Stage != st.stage {
					send(10 * time.Second) // a slow machine: it had not come so far
				}

				class := answer.class
				if class == fiveYZ {
					class = st.five
				}
				if e.Code != class || e.Reply.Code != answer.code || e.Reply.EnhancedCode != answer.enhanced || strings.ReplaceAll(e.Reply.Text, "\n", " ") != answer.words {
					t.Errorf("%s error %d %q %q (%v), want %s %d %q %q", e.Code, e.Reply.Code, e.Reply.EnhancedCode, e.Reply.Text, e, class, answer.code, answer.enhanced, answer.words)
				}
				// A reset may overtake what came before it.
				if e.Stage != st.stage && answer.name != "reset" {
					t.Errorf("at %s, want %s", e.Stage, st.stage)
				}
				if want := class != failure.Permanent && class != failure.Refused && class != failure.TLS; e.Temporary() != want || e.Sender() != (class == failure.Refused || class == failure.TLS) {
					t.Errorf("temporary %t, sender %t for %s", e.Temporary(), e.Sender(), class)
				}
				if want := !st.sent && e.Temporary(); Unreachable(e) != want {
					t.Errorf("unreachable is %t, want %t", Unreachable(e), want)
				}
				if want := st.at == relaytest.EOM && (class == failure.Network || class == failure.Timeout || class == failure.Protocol); e.Ambiguous != want {
					t.Errorf("ambiguous is %t, want %t", e.Ambiguous, want)
				}
				if result.Accepted() != 0 || relay.Taken() != 0 && !e.Ambiguous {
					t.Error("a mail was taken")
				}
				tries := 1
				if e.Sender() && st.stage != StageAuth {
					tries = 2 // it pauses the sender: that is worth a second look
				}
				if st.sent && answer.lost && !e.Ambiguous {
					tries = maxTries
				}
				if _, _, total, _ := relay.Connections(); total != tries {
					t.Errorf("%d connections, want %d", total, tries)
				}
			})
		}
	}
}

// TestEveryReplyAtTheSidelines is the same for commands that no mail depends
// on: whatever becomes of them, the mails arrive, each once.
func TestEveryReplyAtTheSidelines(t *testing.T) {
	answers := map[string]relaytest.Action{
		"4yz":                        relaytest.Reply("451 4.3.0 try later\r\n"),
		"5yz":                        relaytest.Reply("502 5.5.1 what\r\n"),
		"421":                        relaytest.ReplyAndClose("421 4.3.2 shutting down\r\n"),
		"several lines":              relaytest.Reply("250-a\r\n250 b\r\n"),
		"several lines of a refusal": relaytest.Reply("502-5.5.1 a\r\n502 5.5.1 b\r\n"),
		"no enhanced code":           relaytest.Reply("502 what\r\n"),
		"wrong enhanced code":        relaytest.Reply("250 5.1.1 fine\r\n"),
		"1yz":                        relaytest.Reply("150 hm\r\n"),
		"a line of 2 MiB":            relaytest.Reply("250 " + strings.Repeat("x", 2<<20) + "\r\n"),
		"endless lines":              relaytest.Flood("250-and more\r\n"),
		"binary":                     relaytest.Reply("\x00\xff\x16\x03\x01\r\n"),
		"half a line":                relaytest.Partial("25"),
		"silence":                    relaytest.Silence(),
		"close":                      relaytest.Close(),
		"reset":                      relaytest.Reset(),
	}
	for _, stage := range []relaytest.Stage{relaytest.RSET, relaytest.NOOP, relaytest.QUIT} {
		for name, action := range answers {
			t.Run(string(stage)+"/"+name, func(t *testing.T) {
				t.Parallel()
				relay := startRelay(t, relaytest.Options{})
				remove := relay.Fault(relaytest.Fault{Stage: stage, Times: 1, Action: action})
				defer remove()
				if stage == relaytest.RSET { // leave a transaction open
					relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Times: 1, Action: relaytest.Reply("451 later\r\n")})
				}
				c := relayConfig(relay, nhncloud.TLSWrapper)
				c.Timeout = patience
				if slices.Contains([]string{"silence", "half a line"}, name) {
					c.Timeout, c.MessageTimeout = 2*time.Second, 2*time.Second
				}
				pool := startPool(t, c)
				pool.pingAfter = 0 // probe each time
				if stage == relaytest.RSET {
					_, _ = pool.Send(testContext(t), testMail("first@example.com"))
					waitUntil(t, func() bool { return pool.Stats().Idle == 1 })
				}
				for range 2 {
					secondMailArrives(t, pool, relay)
					waitUntil(t, func() bool { return pool.Stats().Busy == 0 })
				}
				if err := pool.Close(testContext(t)); err != nil {
					t.Error(err)
				}
				if got := relay.Taken(); got != 2 {
					t.Errorf("%d mails arrived, want 2", got)
				}
			})
		}
	}
}
