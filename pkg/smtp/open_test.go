package smtp

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

func TestMailIsSentInEveryPortModeAndMechanism(t *testing.T) {
	wants := map[settings.AuthMechanism]string{
		settings.AuthAuto:  "PLAIN",
		settings.AuthPlain: "PLAIN",
		settings.AuthLogin: "LOGIN",
	}
	for _, mode := range nhncloud.PortModes() {
		for mechanism, want := range wants {
			for _, mailType := range append(nhncloud.MailTypes(), nhncloud.Unset) {
				user := nhncloud.UserName("AppKey", mailType)
				t.Run(string(mode)+"/"+string(mechanism)+"/"+user, func(t *testing.T) {
					relay := startRelay(t, relaytest.Options{})
					c := relayConfig(relay, mode)
					c.Mechanism, c.UserName = mechanism, user
					result, err := startPool(t, c).Send(testContext(t), testMail("a@example.com", "b@example.com"))
					if err != nil || result.Accepted() != 2 || result.Reply.Code != 250 {
						t.Fatalf("Send: %+v, %v", result, err)
					}
					mail := relay.Mails()[0]
					if !mail.TLS || mail.Mechanism != want || mail.UserName != user {
						t.Errorf("arrived by %s as %s, TLS %t", mail.Mechanism, mail.UserName, mail.TLS)
					}
					if mail.From != "grafana@example.com" || strings.Join(mail.To, " ") != "a@example.com b@example.com" || string(mail.Data) != testContent {
						t.Errorf("arrived as %q to %q: %q", mail.From, mail.To, mail.Data)
					}
					noViolations(t, relay)
				})
			}
		}
	}
}

func TestCredentialsAreOnTheWireAsInTheGuide(t *testing.T) {
	for mechanism, want := range map[settings.AuthMechanism]string{
		settings.AuthPlain: "AUTH PLAIN AEFwcEtleQBTZWNyZXRLZXk=\r\n",
		settings.AuthLogin: "AUTH LOGIN\r\nQXBwS2V5\r\nU2VjcmV0S2V5\r\n",
	} {
		relay := startRelay(t, relaytest.Options{})
		c := relayConfig(relay, nhncloud.STARTTLS)
		c.Mechanism = mechanism
		if report := Check(testContext(t), c); report.Err != nil {
			t.Fatal(report.Err)
		}
		session := relay.Sessions()[0]
		if got, want := string(session.Plain), "EHLO client.example.com\r\nSTARTTLS\r\n"; got != want {
			t.Errorf("before TLS: %q, want %q", got, want)
		}
		if got, want := string(session.Secure), "EHLO client.example.com\r\n"+want+"QUIT\r\n"; got != want {
			t.Errorf("after TLS: %q, want %q", got, want)
		}
	}
}

func TestMechanismFollowsTheOffer(t *testing.T) {
	tests := []struct {
		name  string
		offer []string
		want  settings.AuthMechanism
		used  string
		err   string
	}{
		{"auto prefers PLAIN", []string{"AUTH LOGIN PLAIN"}, settings.AuthAuto, "PLAIN", ""},
		{"auto takes LOGIN where it is alone", []string{"AUTH LOGIN"}, settings.AuthAuto, "LOGIN", ""},
		{"the AUTH= line counts where it is alone", []string{"AUTH=LOGIN PLAIN"}, settings.AuthAuto, "PLAIN", ""},
		{"the AUTH= line does not add to the AUTH line", []string{"AUTH LOGIN", "AUTH=PLAIN"}, settings.AuthAuto, "LOGIN", ""},
		{"the AUTH= line counts where the AUTH line has none of ours", []string{"AUTH GSSAPI NTLM", "AUTH=LOGIN"}, settings.AuthAuto, "LOGIN", ""},
		{"whichever comes first", []string{"AUTH=LOGIN", "AUTH GSSAPI NTLM"}, settings.AuthLogin, "LOGIN", ""},
		{"lower case is the same", []string{"auth plain"}, settings.AuthAuto, "PLAIN", ""},
		{"PLAIN is not replaced by LOGIN", []string{"AUTH LOGIN"}, settings.AuthPlain, "", "the relay offers AUTH LOGIN, not PLAIN"},
		{"LOGIN is not replaced by PLAIN", []string{"AUTH PLAIN"}, settings.AuthLogin, "", "the relay offers AUTH PLAIN, not LOGIN"},
		{"unknown mechanisms are no choice", []string{"AUTH CRAM-MD5"}, settings.AuthAuto, "", "the relay offers AUTH CRAM-MD5, not PLAIN or LOGIN"},
		{"no AUTH is an error", []string{"PIPELINING"}, settings.AuthAuto, "", "the relay offers no AUTH"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{CapabilitiesTLS: tt.offer})
			c := relayConfig(relay, nhncloud.TLSWrapper)
			c.Mechanism = tt.want
			report := Check(testContext(t), c)
			if report.Mechanism != tt.used {
				t.Errorf("used %q, want %q", report.Mechanism, tt.used)
			}
			if tt.err == "" {
				if report.Err != nil {
					t.Error(report.Err)
				}
				return
			}
			if report.Err == nil || report.Err.Code != failure.Refused || !report.Err.Sender() || report.Err.Err.Error() != tt.err || report.Err.English == "" {
				t.Errorf("error %v", report.Err)
			}
			noSecretsLeft(t, relay)
		})
	}
}

func TestAuthBearsWithRelaysThatAskAgain(t *testing.T) {
	t.Run("PLAIN whose initial response is passed over", func(t *testing.T) {
		answer := authDialogue(t, settings.AuthPlain, "334 \r\n")
		if want := "AEFwcEtleQBTZWNyZXRLZXk="; answer != want {
			t.Errorf("answered %q, want %q", answer, want)
		}
	})
	t.Run("LOGIN with prompts of its own", func(t *testing.T) {
		answer := authDialogue(t, settings.AuthLogin, "334 "+base64.StdEncoding.EncodeToString([]byte("User Name\x00"))+"\r\n")
		if want := "QXBwS2V5"; answer != want {
			t.Errorf("answered %q, want %q", answer, want)
		}
	})
	t.Run("LOGIN with prompts that are not base64", func(t *testing.T) {
		answer := authDialogue(t, settings.AuthLogin, "334 Username:\r\n")
		if want := "QXBwS2V5"; answer != want {
			t.Errorf("answered %q, want %q", answer, want)
		}
	})
}

// authDialogue is what the client says to a challenge in place of the reply to
// AUTH.
func authDialogue(t *testing.T, mechanism settings.AuthMechanism, challenge string) string {
	t.Helper()
	var answer string
	relay := scripted(t, func(s *script) {
		s.say("220 hello\r\n")
		s.line() // EHLO
		s.say("250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
		s.line() // AUTH
		s.say(challenge)
		answer = s.line()
		s.say("535 no\r\n")
	})
	relay.Mechanism = mechanism
	if report := Check(testContext(t), relay); report.Err == nil || report.Err.Reply.Code != 535 {
		t.Fatalf("error %v, want 535", report.Err)
	}
	return answer
}

func TestEndlessChallengesAreAnError(t *testing.T) {
	for _, mechanism := range []settings.AuthMechanism{settings.AuthPlain, settings.AuthLogin} {
		c := scripted(t, func(s *script) {
			s.say("220 hello\r\n")
			s.line()
			s.say("250-hello\r\n250 AUTH PLAIN LOGIN\r\n")
			for s.line() != "" {
				s.say("334 \r\n")
			}
		})
		c.Mechanism = mechanism
		if report := Check(testContext(t), c); report.Err == nil || report.Err.Code != failure.Protocol {
			t.Errorf("%s: error %v, want a protocol error", mechanism, report.Err)
		}
	}
}

func TestRelayThatQuotesTheCredentialsDoesNotGetThemIntoErrors(t *testing.T) {
	const secret = "cAnary-71b2"
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	response := base64.StdEncoding.EncodeToString([]byte("\x00AppKey\x00" + secret))
	for _, quoted := range []string{
		"535 5.7.8 no such user: AUTH PLAIN " + response + "\r\n",
		"535-5.7.8 wrong password\r\n535 5.7.8 " + secret + "\r\n",
		"454 4.7.0 cannot check " + encoded + " now\r\n",
		"AUTH PLAIN " + response + "\r\n",
		"535 5.7.8 cannot take \"AUTH PLAIN " + response[:len(response)-6] + "...\"\r\n",
		"535 5.7.8 unknown command " + strings.ToUpper(encoded[:10]) + "\r\n",
		"535 " + strings.Repeat("x", 500-5) + secret + "\r\n",
		"235 welcome, " + secret + "\r\n",
	} {
		relay := startRelay(t, relaytest.Options{SecretKey: secret})
		relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply(quoted)})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.Password = secret
		report := Check(testContext(t), c)
		said, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		if report.Err != nil {
			said = append(said, report.Err.Error()...)
		}
		for _, words := range []string{secret[:4], encoded[:4], response[:9]} {
			if bytes.Contains(bytes.ToLower(said), []byte(strings.ToLower(words))) {
				t.Errorf("%q: the report says %q in %s", quoted, words, said)
			}
		}
	}
}

func TestShortPasswordIsTakenOutOfAShortReply(t *testing.T) {
	const secret = "c4nary"
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 " + secret + "\r\n")})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.Password = secret
	if report := Check(testContext(t), c); report.Err == nil || strings.Contains(report.Err.Error(), secret) {
		t.Errorf("error %v", report.Err)
	}
}

// Nor do they get out by a relay that remembers them until another stage.
func TestRelayThatRepeatsTheCredentialsLaterDoesNotGetThemOut(t *testing.T) {
	const secret = "cAnary-71b2"
	encoded := base64.StdEncoding.EncodeToString([]byte(secret))
	said := func(t *testing.T, stage relaytest.Stage, words string) {
		relay := startRelay(t, relaytest.Options{SecretKey: secret})
		relay.Fault(relaytest.Fault{Stage: stage, Action: relaytest.Reply(words)})
		c := relayConfig(relay, nhncloud.STARTTLS)
		c.Password = secret
		var told []any
		c.Trace.Stage = func(_ context.Context, _ Stage, _ time.Time, _ time.Duration, err error) {
			if err != nil {
				told = append(told, err.Error())
			}
		}
		report := Check(testContext(t), c)
		c.Trace = Trace{}
		result, err := startPool(t, c).Send(testContext(t), testMail())
		out, marshalling := json.Marshal(append(told, report, result, fmt.Sprint(report.Err, err)))
		if marshalling != nil {
			t.Fatal(marshalling)
		}
		for _, credential := range []string{secret[2:], encoded[:9]} {
			if bytes.Contains(bytes.ToLower(out), []byte(strings.ToLower(credential))) {
				t.Errorf("%q gets out by %s", credential, out)
			}
		}
		if !bytes.Contains(out, []byte("thankyou")) {
			t.Errorf("the relay's other words are lost in %s", out)
		}
	}
	for _, stage := range []relaytest.Stage{
		relaytest.Greeting, relaytest.EHLO, relaytest.STARTTLS, relaytest.EHLO2, relaytest.MAIL, relaytest.RCPT,
		relaytest.DATA, relaytest.EOM, relaytest.Taken, relaytest.QUIT,
	} {
		for name, words := range map[string]string{
			"refused":   "451 4.7.1 thankyou for " + secret + " and " + encoded + "\r\n",
			"taken":     "250 2.0.0 thankyou for " + secret + " and " + encoded + "\r\n",
			"malformed": "thankyou for " + secret + " and " + encoded + "\r\n",
			"at length": "451 4.7.1 thankyou" + strings.Repeat("x", 500-len("thankyou")-5) + secret + "\r\n",
		} {
			if name == "taken" && (stage == relaytest.MAIL || stage == relaytest.RCPT) {
				continue // nobody hears of these
			}
			t.Run(string(stage)+"/"+name, func(t *testing.T) { said(t, stage, words) })
		}
	}
	for name, offer := range map[string]string{
		"capability": "250-hello\r\n250-STARTTLS\r\n250-thankyou " + secret + "\r\n250 AUTH " + encoded + "\r\n",
		"mechanism":  "250-hello\r\n250-STARTTLS\r\n250 AUTH thankyou " + secret + " " + encoded + "\r\n",
	} {
		t.Run(name, func(t *testing.T) { said(t, relaytest.EHLO2, offer) })
	}
}

// Of short credentials, and of those that stand right behind other letters.
func TestResponsesAreTakenOutWhateverTheirLengthAndPlace(t *testing.T) {
	for _, secret := range []string{"pass", "abc12", "cAnary-71b2"} {
		login := base64.StdEncoding.EncodeToString([]byte(secret))
		plain := base64.StdEncoding.EncodeToString([]byte("\x00AppKey\x00" + secret))
		redactor := newRedactor("AppKey", secret)
		for _, response := range []string{login, strings.TrimRight(login, "="), strings.ToUpper(login), plain} {
			for _, words := range []string{"cannot check " + response, "LOGIN/" + response} {
				if got := redactor.redact(words); strings.Contains(got, strings.TrimRight(response, "=")) {
					t.Errorf("%q gets out by %q", secret, got)
				}
			}
		}
	}
}

// noSecretsLeft asserts that the relay saw neither credentials nor an
// envelope, in the clear or not.
func noSecretsLeft(t *testing.T, relay *relaytest.Relay) {
	t.Helper()
	for _, session := range relay.Sessions() {
		for _, sent := range [][]byte{session.Plain, session.Handshake, session.Secure} {
			for _, secret := range []string{"AUTH", "AppKey", "SecretKey", "AEFwcEtleQBTZWNyZXRLZXk", "QXBwS2V5", "U2VjcmV0S2V5", "MAIL", "RCPT", "example.com>", "Disk"} {
				if bytes.Contains(sent, []byte(secret)) {
					t.Errorf("session %d has %q in %q", session.ID, secret, sent)
				}
			}
		}
	}
}

func TestRelayThatCannotBeTrustedGetsNothing(t *testing.T) {
	stripped := relaytest.Options{StripSTARTTLS: true}
	refusing := relaytest.Options{RefuseTLS: true}
	tests := []struct {
		name  string
		relay relaytest.Options
		fault *relaytest.Fault
		modes []nhncloud.PortMode
		class failure.Code
		stage Stage
		words string
	}{
		{"STARTTLS stripped", stripped, nil, starttlsOnly, failure.TLS, StageSTARTTLS, "does not offer STARTTLS"},
		{"STARTTLS refused for now", refusing, nil, starttlsOnly, failure.Transient, StageSTARTTLS, "454"},
		{"STARTTLS refused for good", relaytest.Options{}, replying(relaytest.STARTTLS, "502 5.5.1 no\r\n"), starttlsOnly, failure.TLS, StageSTARTTLS, "502"},
		{"STARTTLS answered with another 2yz", relaytest.Options{}, replying(relaytest.STARTTLS, "250 fine\r\n"), starttlsOnly, failure.Protocol, StageSTARTTLS, "250"},
		{"garbage behind the 220", relaytest.Options{}, replying(relaytest.STARTTLS, "220 go\r\ngarbage"), starttlsOnly, failure.TLS, StageSTARTTLS, "injecting"},
		{"replies in the clear behind the 220", relaytest.Options{}, replying(relaytest.STARTTLS, "220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n235 welcome\r\n"), starttlsOnly, failure.TLS, StageSTARTTLS, "injecting"},
		{"replies in place of the handshake", relaytest.Options{}, replying(relaytest.TLS, "250-evil\r\n250 AUTH PLAIN\r\n"), wrapperOnly, failure.TLS, StageTLS, "does not look like a TLS handshake"},
		{"TLS 1.1 only", relaytest.Options{MaxTLS: tls.VersionTLS11}, nil, nhncloud.PortModes(), failure.TLS, StageTLS, "protocol version"},
		{"expired certificate", relaytest.Options{Certificate: relaytest.Expired}, nil, nhncloud.PortModes(), failure.TLS, StageTLS, "expired"},
		{"certificate for another name", relaytest.Options{Certificate: relaytest.WrongName}, nil, nhncloud.PortModes(), failure.TLS, StageTLS, "not " + nhncloud.Host},
		{"unknown CA", relaytest.Options{Certificate: relaytest.UnknownCA}, nil, nhncloud.PortModes(), failure.TLS, StageTLS, "unknown authority"},
		{"self-signed certificate", relaytest.Options{Certificate: relaytest.SelfSigned}, nil, nhncloud.PortModes(), failure.TLS, StageTLS, "certificate"},
		{"handshake cut off", relaytest.Options{}, &relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Close()}, nhncloud.PortModes(), failure.Network, StageTLS, ""},
		{"handshake reset", relaytest.Options{}, &relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Reset()}, starttlsOnly, failure.Network, StageTLS, ""},
		{"handshake stalled", relaytest.Options{}, &relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Silence()}, nhncloud.PortModes(), failure.Timeout, StageTLS, "timeout"},
		{"AUTH gone after TLS", relaytest.Options{Capabilities: []string{"STARTTLS", "AUTH PLAIN LOGIN"}, CapabilitiesTLS: []string{"PIPELINING"}}, nil, nhncloud.PortModes(), failure.Refused, StageAuth, "no AUTH"},
	}
	for _, tt := range tests {
		for _, mode := range tt.modes {
			t.Run(tt.name+"/"+string(mode), func(t *testing.T) {
				relay := startRelay(t, tt.relay)
				if tt.fault != nil {
					t.Cleanup(relay.Fault(*tt.fault))
				}
				c := relayConfig(relay, mode)
				c.Timeout = patience
				if tt.words == "timeout" {
					c.Timeout = time.Second
				}
				result, err := startPool(t, c).Send(testContext(t), testMail())
				e := asError(t, err)
				if e.Code != tt.class || e.Stage != tt.stage || !strings.Contains(e.Error(), tt.words) {
					t.Errorf("error %v of class %s at %s, want %s at %s with %q", e, e.Code, e.Stage, tt.class, tt.stage, tt.words)
				}
				if e.English == "" {
					t.Errorf("no hint for %v", e)
				}
				if result.Accepted() != 0 || result.Recipients[0].Err == nil {
					t.Errorf("result %+v", result)
				}
				noSecretsLeft(t, relay)
			})
		}
	}
}

var (
	starttlsOnly = []nhncloud.PortMode{nhncloud.STARTTLS}
	wrapperOnly  = []nhncloud.PortMode{nhncloud.TLSWrapper}
)

func replying(stage relaytest.Stage, raw string) *relaytest.Fault {
	return &relaytest.Fault{Stage: stage, Action: relaytest.Reply(raw)}
}

func TestCapabilitiesFromBeforeTLSAreForgotten(t *testing.T) {
	relay := startRelay(t, relaytest.Options{
		Capabilities:    []string{"PIPELINING", "STARTTLS", "AUTH LOGIN"},
		CapabilitiesTLS: []string{"AUTH PLAIN"},
	})
	c := relayConfig(relay, nhncloud.STARTTLS)
	if _, err := startPool(t, c).Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}
	if got := relay.Mails()[0].Mechanism; got != "PLAIN" {
		t.Errorf("authenticated by %s, which is not offered any more", got)
	}
	noViolations(t, relay) // it counts commands sent ahead without PIPELINING
}

func TestCertificateIsNotVerifiedOnlyOnRequest(t *testing.T) {
	relay := startRelay(t, relaytest.Options{Certificate: relaytest.SelfSigned})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.TLS = &tls.Config{InsecureSkipVerify: true}
	if report := Check(testContext(t), c); report.Err != nil {
		t.Error(report.Err)
	}
	if c.TLS.MinVersion != 0 || c.TLS.ServerName != "" {
		t.Error("the caller's configuration was changed")
	}
}

func TestTLSVersionBelow12CannotBeConfigured(t *testing.T) {
	relay := startRelay(t, relaytest.Options{MaxTLS: tls.VersionTLS11})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.TLS.MinVersion = tls.VersionTLS10
	if report := Check(testContext(t), c); report.Err == nil || report.Err.Code != failure.TLS {
		t.Errorf("error %v", report.Err)
	}
}

func TestContextEndsTheOpeningAtEveryStage(t *testing.T) {
	for _, mode := range nhncloud.PortModes() {
		for _, stage := range []relaytest.Stage{relaytest.Greeting, relaytest.EHLO, relaytest.STARTTLS, relaytest.TLS, relaytest.EHLO2, relaytest.AUTH} {
			if mode == nhncloud.TLSWrapper && (stage == relaytest.STARTTLS || stage == relaytest.EHLO2) {
				continue
			}
			t.Run(string(mode)+"/"+string(stage), func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{})
				ctx, cancel := context.WithCancel(testContext(t))
				relay.Fault(relaytest.Fault{Stage: stage, Action: relaytest.Silence(), OnFire: cancel})
				c := relayConfig(relay, mode)
				c.Timeout = patience
				report := Check(ctx, c)
				if report.Err == nil || report.Err.Code != failure.Cancelled || !errors.Is(report.Err, context.Canceled) {
					t.Errorf("error %v", report.Err)
				}
			})
		}
	}
}

func TestEHLOName(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)

	c.EHLOName = ""
	if report := Check(testContext(t), c); report.Err != nil {
		t.Fatal(report.Err)
	}
	said := relay.Sessions()[0].Commands[0]
	if name := strings.TrimPrefix(said, "EHLO "); name != "[127.0.0.1]" && !qualified(name) {
		t.Errorf("said %q, which is neither a full name nor an address literal", said)
	}

	c.EHLOName = "a\r\nMAIL FROM:<x@example.com>"
	if report := Check(testContext(t), c); report.Err == nil || report.Err.Code != failure.Local {
		t.Errorf("a line break in the name: error %v", report.Err)
	}
	if _, _, total, _ := relay.Connections(); total != 1 {
		t.Errorf("%d connections, want 1", total)
	}
}

func TestQualifiedHostNames(t *testing.T) {
	for name, want := range map[string]bool{
		"mon1.example.com": true, "MON1.EXAMPLE.COM": true, "mon1": false, "localhost": false, "mon1.": false,
		"localhost.localdomain": false, "mon_1.example.com": false, "mon 1.example.com": false, "": false,
	} {
		if got := qualified(name); got != want {
			t.Errorf("qualified(%q) = %t", name, got)
		}
	}
}

// TestAutoTriesLOGINWhereTheRelayRefusesPLAIN: for what it is and not for the
// credentials; and does not try PLAIN again on the next connection.
func TestAutoTriesLOGINWhereTheRelayRefusesPLAIN(t *testing.T) {
	for reply, falls := range map[string]bool{
		"504 5.7.4 Unrecognized authentication type": true, "534 5.7.9 mechanism too weak": true, "553 no": true,
		"500 what": true, "501 5.5.4 syntax": true, "502 what": true,
		"535 5.7.8 no": false, "454 4.7.0 later": false, "550 no": false,
	} {
		for _, mechanism := range []settings.AuthMechanism{settings.AuthAuto, settings.AuthPlain} {
			for _, end := range []string{"goes on", "hangs up", "says 421"} { // behind the refusal
				t.Run(fmt.Sprintf("%s/%s/%s", reply, mechanism, end), func(t *testing.T) {
					var mu sync.Mutex
					var said []string
					c := scripted(t, func(s *script) {
						s.say("220 relay ready\r\n")
						s.line()
						s.say("250-relay\r\n250 AUTH PLAIN LOGIN\r\n")
						refused := false
						for {
							line := s.line()
							verb, _, _ := strings.Cut(line, " A")
							mu.Lock()
							said = append(said, verb)
							mu.Unlock()
							switch verb {
							case "AUTH PLAIN":
								if s.say(reply + "\r\n"); end == "hangs up" {
									return
								}
								refused = true
							case "AUTH LOGIN":
								if refused && end == "says 421" {
									s.say("421 4.7.0 too many errors\r\n")
									return
								}
								s.say("334 VXNlcm5hbWU6\r\n")
								s.line()
								s.say("334 UGFzc3dvcmQ6\r\n")
								s.line()
								s.say("235 ok\r\n")
							case "", "QUIT":
								return
							case "DATA":
								s.say("354 go\r\n")
								for s.line() != "." {
								}
								s.say("250 taken\r\n")
							default:
								s.say("250 ok\r\n")
							}
						}
					})
					c.Mechanism, c.MessagesPerConnection = mechanism, 1
					pool := startPool(t, c)
					auths := func() (n map[string]int) {
						mu.Lock()
						defer mu.Unlock()
						n = make(map[string]int)
						for _, verb := range said {
							n[verb]++
						}
						return n
					}
					if !falls || mechanism == settings.AuthPlain {
						_, err := pool.Send(testContext(t), testMail())
						if e := asError(t, err); e.Stage != StageAuth || e.Reply.Code == 0 {
							t.Errorf("error %v", err)
						}
						if got := auths(); got["AUTH PLAIN"] != 1 || got["AUTH LOGIN"] != 0 {
							t.Errorf("said %v", got)
						}
						return
					}
					for range 3 { // a connection each
						if _, err := pool.Send(testContext(t), testMail()); err != nil {
							t.Fatal(err)
						}
					}
					if got := auths(); got["AUTH PLAIN"] != 1 || got["AUTH LOGIN"] > 4 {
						t.Errorf("said %v", got)
					}
					if report := Check(testContext(t), c); report.Err != nil || report.Mechanism != "LOGIN" {
						t.Errorf("checked with %s: %v", report.Mechanism, report.Err)
					}
				})
			}
		}
	}
}

// TestAutoComesBackToPLAIN: a relay that refused it once may be set up anew, and
// then refuse LOGIN.
func TestAutoComesBackToPLAIN(t *testing.T) {
	var refuses atomic.Value
	refuses.Store("AUTH PLAIN")
	c := scripted(t, func(s *script) {
		s.say("220 relay ready\r\n")
		s.line()
		s.say("250-relay\r\n250 AUTH PLAIN LOGIN\r\n")
		for line := s.line(); line != "" && line != "QUIT"; line = s.line() {
			switch {
			case strings.HasPrefix(line, refuses.Load().(string)):
				s.say("504 5.7.4 Unrecognized authentication type\r\n")
			case line == "AUTH LOGIN":
				s.say("334 VXNlcm5hbWU6\r\n")
				s.line()
				s.say("334 UGFzc3dvcmQ6\r\n")
				s.line()
				s.say("235 ok\r\n")
			case line == "DATA":
				s.say("354 go\r\n")
				s.skip(".")
				s.say("250 taken\r\n")
			default:
				s.say("250 ok\r\n")
			}
		}
	})
	c.MessagesPerConnection = 1
	pool := startPool(t, c)
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}
	refuses.Store("AUTH LOGIN")
	if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Reply.Code != 504 { // that one is told
		t.Errorf("error %v", err)
	}
	pauseIsOver(pool)
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Errorf("with PLAIN again: %v", err)
	}
}

// TestSenderIsNotPausedForWhatOneConnectionMet: the next one is good.
func TestSenderIsNotPausedForWhatOneConnectionMet(t *testing.T) {
	const internalError = "\x15\x03\x03\x00\x02\x02\x50" // a fatal alert (RFC 8446 section 6)
	for name, tt := range map[string]struct {
		mode  nhncloud.PortMode
		fault relaytest.Fault
	}{
		"internal_error":              {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Reply(internalError)}},
		"internal_error, TLS wrapper": {nhncloud.TLSWrapper, relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Reply(internalError)}},
		"a plain line":                {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Reply("250 ok\r\n")}},
		"a plain line, TLS wrapper":   {nhncloud.TLSWrapper, relaytest.Fault{Stage: relaytest.TLS, Action: relaytest.Reply("554 no\r\n")}},
		"EHLO without STARTTLS":       {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.EHLO, Action: relaytest.Reply("250-relay\r\n250 PIPELINING\r\n")}},
		"STARTTLS refused":            {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.STARTTLS, Action: relaytest.Reply("502 5.5.1 what\r\n")}},
		"a greeting that refuses":     {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Reply("554 5.3.2 no service\r\n")}},
		"EHLO refused":                {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.EHLO2, Action: relaytest.Reply("550 5.7.1 no\r\n")}},
		"EHLO without AUTH":           {nhncloud.STARTTLS, relaytest.Fault{Stage: relaytest.EHLO2, Action: relaytest.Reply("250-relay\r\n250 PIPELINING\r\n")}},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			tt.fault.Times = 1
			relay.Fault(tt.fault)
			pool := startPool(t, relayConfig(relay, tt.mode))
			secondMailArrives(t, pool, relay)
			if _, _, total, _ := relay.Connections(); total != 2 {
				t.Errorf("%d connections", total)
			}
		})
	}
}

// TestWhatIsCertainIsNotAskedTwice: a certificate and a TLS version are the same
// on the next connection.
func TestWhatIsCertainIsNotAskedTwice(t *testing.T) {
	for name, o := range map[string]relaytest.Options{
		"expired": {Certificate: relaytest.Expired}, "wrong name": {Certificate: relaytest.WrongName}, "unknown CA": {Certificate: relaytest.UnknownCA},
		"TLS 1.1": {MaxTLS: tls.VersionTLS11}, "another SecretKey": {SecretKey: "another"},
	} {
		for _, mode := range nhncloud.PortModes() {
			t.Run(name+"/"+string(mode), func(t *testing.T) {
				relay := startRelay(t, o)
				_, err := startPool(t, relayConfig(relay, mode)).Send(testContext(t), testMail())
				if e := asError(t, err); !e.Sender() {
					t.Errorf("error %v", err)
				}
				if _, _, total, _ := relay.Connections(); total != 1 {
					t.Errorf("%d connections, want 1", total)
				}
			})
		}
	}
}
