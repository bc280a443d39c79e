package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestReplyCodesAreClassified(t *testing.T) {
	everywhere := []Stage{StageGreeting, StageEHLO, StageSTARTTLS, StageEHLOTLS, StageAuth, StageMail, StageRcpt, StageData, StageContent, StageRset, StageNoop, StageQuit}
	transaction := []Stage{StageMail, StageRcpt, StageData, StageContent}
	tests := []struct {
		stages []Stage
		codes  []int
		want   failure.Code
	}{
		{everywhere, []int{421}, failure.Closing},
		{everywhere, []int{400, 432, 450, 451, 452, 454, 455, 499}, failure.Transient},
		{transaction, []int{503}, failure.Transient},
		{everywhere, []int{100, 220, 250, 299, 354}, failure.Protocol},
		{everywhere, []int{530, 534, 535, 538}, failure.Refused},
		{transaction, []int{500, 501, 502, 504, 550, 551, 553, 554, 555, 599}, failure.Permanent},
		{[]Stage{StageMail, StageData, StageContent}, []int{552}, failure.Permanent},
		{[]Stage{StageRcpt}, []int{552}, failure.Transient},
		{[]Stage{StageGreeting, StageEHLO, StageEHLOTLS, StageAuth}, []int{500, 502, 503, 504, 521, 550, 554}, failure.Refused},
		{[]Stage{StageSTARTTLS}, []int{500, 501, 502, 503, 554}, failure.TLS},
	}
	for _, tt := range tests {
		for _, stage := range tt.stages {
			for _, code := range tt.codes {
				if got := classify(stage, code); got != tt.want {
					t.Errorf("%d at %s is %s, want %s", code, stage, got, tt.want)
				}
			}
		}
	}
}

// TestVerdictIsOfTheErrorThatDecidesMost: in whatever order they come. That a
// mail may have arrived must not be lost among recipients whose mail did not.
func TestVerdictIsOfTheErrorThatDecidesMost(t *testing.T) {
	byWeight := []*Error{
		{Code: failure.Refused},
		{Code: failure.Cancelled, Ambiguous: true},
		{Code: failure.Transient},
		{Code: failure.Permanent},
	}
	for i, heavier := range byWeight {
		for _, lighter := range byWeight[i+1:] {
			for _, errs := range [][]*Error{{heavier, lighter}, {lighter, heavier}} {
				r := Result{Recipients: []RecipientResult{{Err: errs[0]}, {Err: errs[1]}}}
				if got := r.Verdict(); got != error(heavier) {
					t.Errorf("of %v and %v: %v", errs[0], errs[1], got)
				}
			}
		}
	}
	if err := (Result{Recipients: []RecipientResult{{Err: byWeight[0]}, {}}}).Verdict(); err != nil {
		t.Errorf("somebody has the mail: %v", err)
	}
}

func TestCausesAreClassified(t *testing.T) {
	for want, causes := range map[failure.Code][]error{
		failure.Network:   {io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, errors.New("anything else")},
		failure.Timeout:   {os.ErrDeadlineExceeded, context.DeadlineExceeded, fmt.Errorf("wrapped: %w", os.ErrDeadlineExceeded)},
		failure.Protocol:  {malformed{reason: "x"}, fmt.Errorf("wrapped: %w", malformed{reason: "x"})},
		failure.Cancelled: {context.Canceled, ErrClosed},
	} {
		for _, cause := range causes {
			e := asFailure(StageMail, cause)
			if e.Code != want || !errors.Is(e, cause) || !e.Temporary() {
				t.Errorf("%v is %s, want %s", cause, e.Code, want)
			}
		}
	}
}

func TestErrorSaysStageAndWords(t *testing.T) {
	for want, e := range map[string]*Error{
		"auth: 535 5.7.8 Authentication failed":           {Stage: StageAuth, Reply: Reply{Code: 535, EnhancedCode: "5.7.8", Text: "Authentication failed"}},
		"rcpt: 550 no such user":                          {Stage: StageRcpt, Reply: Reply{Code: 550, Text: "no\nsuch user"}},
		"content: EOF (the mail may have been delivered)": {Stage: StageContent, Err: io.EOF, Ambiguous: true},
		"data: 250 ok: the reply does not fit this stage": refusal(StageData, Reply{Code: 250, Text: "ok"}),
		"dial: a  b": {Stage: StageDial, Err: errors.New("a\r\nb")},
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestAdviceIsInSentences(t *testing.T) {
	for want, e := range map[string]*Error{
		"rcpt: 550 no such user": {Stage: StageRcpt, Reply: Reply{Code: 550, Text: "no such user"}},
		"auth: 535 no. Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project.":      {Stage: StageAuth, Reply: Reply{Code: 535, Text: "no"}, Hint: failure.Sender.With()},
		"auth: 535 Go away. Check fromAddress: the relay accepts no mail from this sender. Its domain may not be verified in the NHN Cloud console, or may be protected by another project.": {Stage: StageAuth, Reply: Reply{Code: 535, Text: "Go away."}, Hint: failure.Sender.With()},
	} {
		if got := e.Advice(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestStageIsSaidOnce: the libraries' errors name it, too. This is the one place
// that puts both together, for the health check, the log and the delivery.
func TestStageIsSaidOnce(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 587}
	refused := &net.OpError{Op: "dial", Net: "tcp", Addr: address, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	unknown := &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "relay.example.com", IsNotFound: true}}
	proxied := &net.OpError{Op: "socks connect", Net: "tcp", Addr: address, Err: refused}
	closing := func(text string) error { return &net.OpError{Op: "remote error", Err: errors.New("tls: " + text)} }
	for want, e := range map[string]*Error{
		"dial: 192.0.2.1:587: connect: connection refused":                                  asFailure(StageDial, refused),
		"dial: lookup relay.example.com: no such host":                                      asFailure(StageDial, unknown),
		"dial: socks connect tcp 192.0.2.1:587: 192.0.2.1:587: connect: connection refused": asFailure(StageDial, proxied),
		"tls: first record does not look like a TLS handshake":                              asFailure(StageTLS, tls.RecordHeaderError{Msg: "first record does not look like a TLS handshake"}),
		"tls: failed to verify certificate: x509: certificate signed by unknown authority":  asFailure(StageTLS, &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}),
		"tls: remote error: handshake failure":                                              asFailure(StageTLS, closing("handshake failure")),
		"ehlo_tls: remote error: tls: internal error":                                       asFailure(StageEHLOTLS, closing("internal error")),
		"auth: 535 no":              asFailure(StageAuth, &Error{Code: failure.Refused, Stage: StageAuth, Reply: Reply{Code: 535, Text: "no"}}),
		"content: message too long": asFailure(StageContent, errors.New("message too long")),
	} {
		if got := e.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestConfigIsPrintedWithoutThePassword(t *testing.T) {
	c := Config{Host: "relay.example.com", Port: 587, UserName: "AppKey", Password: "c4nary"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{c, &c, []Config{c}, NewPool(c)} {
			if said := fmt.Sprintf(verb, v); strings.Contains(said, c.Password) {
				t.Errorf("%s of %T: %s", verb, v, said)
			}
		}
	}
}

func TestHintsNameTheRemedy(t *testing.T) {
	starttls := &Config{Host: "relay.example.com", Port: 25, Mode: nhncloud.STARTTLS, TLS: tlsConfig(nil, "relay.example.com")}
	other := &Config{Host: "relay.example.com", Port: 587, Mode: nhncloud.STARTTLS, TLS: tlsConfig(nil, "relay.example.com")}
	wrapper := &Config{Host: "relay.example.com", Port: 587, Mode: nhncloud.TLSWrapper, TLS: tlsConfig(nil, "relay.example.com")}
	failed := func(class failure.Code, stage Stage, err error) *Error {
		return &Error{Code: class, Stage: stage, Err: err}
	}
	tests := []struct {
		name string
		c    *Config
		err  *Error
		want string
	}{
		{"timeout on port 25", starttls, failed(failure.Timeout, StageDial, os.ErrDeadlineExceeded), "may block port 25: try 587"},
		{"timeout on another port", other, failed(failure.Timeout, StageDial, os.ErrDeadlineExceeded), "port 587"},
		{"connection refused", other, failed(failure.Network, StageDial, syscall.ECONNREFUSED), "Nothing listens on relay.example.com:587"},
		{"unknown name", other, failed(failure.Network, StageDial, &net.DNSError{}), "DNS"},
		{"TLS wrapper port spoken to in the clear", other, failed(failure.Timeout, StageGreeting, os.ErrDeadlineExceeded), "set portMode to tlsWrapper"},
		{"STARTTLS port spoken to in TLS", wrapper, failed(failure.TLS, StageTLS, tls.RecordHeaderError{}), "Set portMode to starttls"},
		{"no TLS after STARTTLS", other, failed(failure.TLS, StageTLS, tls.RecordHeaderError{}), "firewall or proxy"},
		{"STARTTLS missing", other, failed(failure.TLS, StageSTARTTLS, io.EOF), "TLS wrapper port"},
		{"unknown authority", other, failed(failure.TLS, StageTLS, x509.UnknownAuthorityError{}), "tlsCACert"},
		{"wrong name", other, failed(failure.TLS, StageTLS, x509.HostnameError{Certificate: &x509.Certificate{DNSNames: []string{"mail.example.org"}}}), "serverName"},
		{"a name in the Common Name only", other, failed(failure.TLS, StageTLS, x509.HostnameError{Certificate: &x509.Certificate{}}), "issued again with relay.example.com as a SAN"},
		{"expired", other, failed(failure.TLS, StageTLS, x509.CertificateInvalidError{Reason: x509.Expired}), "expired"},
		{"old TLS", other, failed(failure.TLS, StageTLS, errors.New("remote error: tls: protocol version not supported")), "TLS 1.2"},
		{"stalled handshake", other, failed(failure.Timeout, StageTLS, os.ErrDeadlineExceeded), "did not complete the TLS handshake"},
		{"wrong credentials", other, &Error{Code: failure.Refused, Stage: StageAuth, Reply: Reply{Code: 535}}, "the AppKey of Email, not of another service"},
		{"RSA key exchange only", other, failed(failure.TLS, StageTLS, &net.OpError{Op: "remote error", Err: errors.New("tls: handshake failure")}), "ECDHE"},
		{"a cipher suite that was not offered", other, failed(failure.TLS, StageTLS, errors.New("tls: server chose an unconfigured cipher suite")), "ECDHE"},
		{"another alert", other, failed(failure.TLS, StageTLS, &net.OpError{Op: "remote error", Err: errors.New("tls: internal error")}), "its own log"},
		{"no certificate for this name", other, failed(failure.TLS, StageTLS, &net.OpError{Op: "remote error", Err: errors.New("tls: unrecognized name")}), "no certificate for relay.example.com"},
		{"EHLO refused", other, &Error{Code: failure.Refused, Stage: StageEHLO, Reply: Reply{Code: 550}}, "ehloName"},
		{"EHLO refused over TLS", other, &Error{Code: failure.Refused, Stage: StageEHLOTLS, Reply: Reply{Code: 504}}, "ehloName"},
		{"EHLO unknown", other, &Error{Code: failure.Refused, Stage: StageEHLO, Reply: Reply{Code: 500, Text: "unrecognized command EHLO"}}, "relay.example.com:587 does not know EHLO"},
		{"EHLO name refused for now", other, &Error{Code: failure.Transient, Stage: StageEHLO, Reply: Reply{Code: 450, Text: "<mon1>: Helo command rejected: Host not found"}}, "ehloName"},
		{"EHLO name refused at RCPT", other, &Error{Code: failure.Permanent, Stage: StageRcpt, Reply: Reply{Code: 504, Text: "<mon1>: Helo command rejected: need fully-qualified hostname"}}, "ehloName"},
		{"EHLO name refused at MAIL", other, &Error{Code: failure.Permanent, Stage: StageMail, Reply: Reply{Code: 550, Text: "invalid EHLO"}}, "ehloName"},
		{"mechanism refused", other, &Error{Code: failure.Refused, Stage: StageAuth, Reply: Reply{Code: 504}}, "authMechanism"},
		{"AUTH missing", other, failed(failure.Refused, StageAuth, io.EOF), "authMechanism"},
		{"relay serves us not", other, &Error{Code: failure.Refused, Stage: StageGreeting, Reply: Reply{Code: 554}}, "does not serve this client"},
		{"too many connections", other, &Error{Code: failure.Closing, Stage: StageGreeting, Reply: Reply{Code: 421}}, "maxConnections"},
		{"sender refused", other, &Error{Code: failure.Permanent, Stage: StageMail, Reply: Reply{Code: 553}}, "fromAddress"},
		{"credentials asked for at MAIL", other, &Error{Code: failure.Refused, Stage: StageMail, Reply: Reply{Code: 530}}, "AppKey and SecretKey"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := hint(tt.c, tt.err).English; !strings.Contains(got, tt.want) || strings.Contains(got, "{{") {
				t.Errorf("%q, want one with %q", got, tt.want)
			}
		})
	}
}
