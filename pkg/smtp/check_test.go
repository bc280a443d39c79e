package smtp

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func stageNames(report Report, outcome Outcome) string {
	var names []string
	for _, s := range report.Stages {
		if s.Outcome == outcome {
			names = append(names, string(s.Name))
		}
	}
	return strings.Join(names, " ")
}

func TestCheckReportsEveryStage(t *testing.T) {
	for mode, want := range map[nhncloud.PortMode]string{
		nhncloud.STARTTLS:   "dial greeting ehlo starttls tls ehlo_tls auth quit",
		nhncloud.TLSWrapper: "dial tls greeting ehlo auth quit",
	} {
		relay := startRelay(t, relaytest.Options{})
		report := Check(testContext(t), relayConfig(relay, mode))
		if report.Err != nil {
			t.Fatal(report.Err)
		}
		if got := stageNames(report, Passed); got != want {
			t.Errorf("%s: %s, want %s", mode, got, want)
		}
		for _, stage := range report.Stages {
			spoken := stage.Name != StageDial && stage.Name != StageTLS
			if (stage.Reply != "") != spoken || stage.DurationMs < 0 {
				t.Errorf("%s: %+v", mode, stage)
			}
		}
		if report.Mechanism != "PLAIN" || !slices.Contains(report.Capabilities, "PIPELINING") || slices.Contains(report.Capabilities, "STARTTLS") {
			t.Errorf("%s: mechanism %s, capabilities %q", mode, report.Mechanism, report.Capabilities)
		}
		certificate := report.TLS.Certificate
		if report.TLS.Version != "TLS 1.3" || report.TLS.CipherSuite == "" || !slices.Contains(certificate.DNSNames, nhncloud.Host) || certificate.NotAfter.IsZero() || certificate.Subject == "" || certificate.Issuer == "" {
			t.Errorf("%s: %+v", mode, report.TLS)
		}
		if open, _, _, _ := relay.Connections(); open != 0 {
			t.Errorf("%s: %d connections are open", mode, open)
		}
	}
}

func TestCheckReportsWhereItFailed(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.Password = "c4nary"
	report := Check(testContext(t), c)
	if report.Err == nil || report.Err.Reply.Code != 535 || report.Err.English == "" {
		t.Errorf("error %v", report.Err)
	}
	for outcome, want := range map[Outcome]string{Passed: "dial greeting ehlo starttls tls ehlo_tls", Failed: "auth", Skipped: "quit"} {
		if got := stageNames(report, outcome); got != want {
			t.Errorf("%s: %s, want %s", outcome, got, want)
		}
	}
	said, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(said), c.Password) {
		t.Errorf("the report tells the password: %s", said)
	}
}

func TestCheckShowsTheCertificateItRefuses(t *testing.T) {
	relay := startRelay(t, relaytest.Options{Certificate: relaytest.Expired})
	report := Check(testContext(t), relayConfig(relay, nhncloud.TLSWrapper))
	if report.Err == nil || report.TLS == nil || report.TLS.Version != "" || report.TLS.Certificate.NotAfter.IsZero() {
		t.Errorf("error %v, TLS %+v", report.Err, report.TLS)
	}
}

func TestCheckOfWrongPortMode(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})

	wrapper := relayConfig(relay, nhncloud.TLSWrapper)
	wrapper.Port = relay.STARTTLSPort()
	if report := Check(testContext(t), wrapper); report.Err == nil || report.Err.Code != failure.TLS || !strings.Contains(report.Err.English, "portMode to starttls") {
		t.Errorf("TLS wrapper at a STARTTLS port: %v, %q", report.Err, report.Err.Hint)
	}

	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	starttls := relayConfig(relay, nhncloud.STARTTLS)
	starttls.Port = relay.TLSWrapperPort()
	starttls.Timeout = time.Second
	if report := Check(ctx, starttls); report.Err == nil || report.Err.Stage != StageGreeting || report.Err.Code != failure.Timeout || !strings.Contains(report.Err.English, "portMode to tlsWrapper") {
		t.Errorf("STARTTLS at a TLS wrapper port: %v, %q", report.Err, report.Err.Hint)
	}
}

func TestCredentialsAreGoodEvenIfQUITFails(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.QUIT, Action: relaytest.Close()})
	report := Check(testContext(t), relayConfig(relay, nhncloud.STARTTLS))
	if report.Err != nil || stageNames(report, Failed) != "quit" {
		t.Errorf("error %v, failed: %s", report.Err, stageNames(report, Failed))
	}
}

func TestCredentialsAreNotGoodBecauseTheRelaySaysSoUnasked(t *testing.T) {
	report := Check(testContext(t), scripted(t, func(s *script) {
		s.say("220 relay ready\r\n")
		s.line()
		s.say("250-relay\r\n250 AUTH PLAIN LOGIN\r\n235 early\r\n")
		s.line()
		s.say("535 5.7.8 wrong\r\n")
	}))
	if report.Err == nil || report.Err.Stage != StageAuth || report.Err.Code != failure.Protocol {
		t.Errorf("error %v", report.Err)
	}
}
