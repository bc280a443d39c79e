package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// Outcome is how a stage of a check ended.
type Outcome string

// The outcomes of a stage.
const (
	Passed  Outcome = "passed"
	Failed  Outcome = "failed"
	Skipped Outcome = "skipped" // a stage before it failed
)

// Report is what a check found. It holds no secret.
type Report struct {
	Host string            `json:"host"`
	Port int               `json:"port"`
	Mode nhncloud.PortMode `json:"mode"`

	Stages       []StageReport `json:"stages"`
	TLS          *TLSReport    `json:"tls,omitempty"`
	Capabilities []string      `json:"capabilities,omitempty"` // of the last EHLO
	Mechanism    string        `json:"mechanism,omitempty"`    // SASL mechanism used

	// Err is nil when credentials and relay are good.
	Err *Error `json:"error,omitempty"`
}

// StageReport is one stage of a check.
type StageReport struct {
	Name       Stage   `json:"name"`
	DurationMs float64 `json:"durationMs"`
	Outcome    Outcome `json:"outcome"`
	Reply      string  `json:"reply,omitempty"` // the relay's words, on one line
}

// TLSReport is the TLS connection and the relay's certificate. Where the
// certificate was refused, there is only the certificate.
type TLSReport struct {
	Version     string      `json:"version,omitempty"`
	CipherSuite string      `json:"cipher,omitempty"`
	Certificate Certificate `json:"certificate"`
}

// Certificate is what a person wants to know of a certificate.
type Certificate struct {
	Subject   string    `json:"subject"`
	Issuer    string    `json:"issuer"`
	DNSNames  []string  `json:"dnsNames"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
}

// Check opens a session, authenticates and quits, and reports every stage. It
// ends when ctx does, and each stage within Config.Timeout.
func Check(ctx context.Context, c Config) Report {
	c = c.withDefaults()
	report := Report{Host: c.Host, Port: c.Port, Mode: c.Mode}
	observe := func(stage Stage, start time.Time, reply Reply, err *Error) {
		d := time.Since(start)
		done := StageReport{Name: stage, DurationMs: float64(d) / float64(time.Millisecond), Outcome: Passed}
		if reply.Code != 0 {
			done.Reply = reply.String()
		}
		if err != nil {
			done.Outcome = Failed
		}
		report.Stages = append(report.Stages, done)
		c.Trace.stage(ctx, stage, start, err)
	}

	s, err := open(ctx, &c, observe, nil)
	if s.hungUpOnPlain(err) {
		report.Stages = nil
		s, err = open(ctx, &c, observe, nil)
	}
	if err != nil {
		report.Err = err.Told()
	}
	report.Capabilities = s.caps.lines
	report.Mechanism = s.mechanism
	report.TLS = tlsReport(s.tls, err)
	if err == nil {
		s.listen()
		defer context.AfterFunc(ctx, func() { s.abort(context.Cause(ctx)) })()
		start := time.Now()
		reply, err := s.quit()
		observe(StageQuit, start, reply, err)
		return report
	}
	for _, stage := range append(plan(c.Mode), StageQuit)[len(report.Stages):] {
		report.Stages = append(report.Stages, StageReport{Name: stage, Outcome: Skipped})
	}
	return report
}

// tlsReport describes the TLS connection of a session, if it has one, or else the
// certificate for which err refused it.
func tlsReport(state *tls.ConnectionState, err error) *TLSReport {
	if state != nil {
		return &TLSReport{
			Version:     tls.VersionName(state.Version),
			CipherSuite: tls.CipherSuiteName(state.CipherSuite),
			Certificate: describe(state.PeerCertificates[0]),
		}
	}
	if refused, ok := errors.AsType[*tls.CertificateVerificationError](err); ok && len(refused.UnverifiedCertificates) > 0 {
		return &TLSReport{Certificate: describe(refused.UnverifiedCertificates[0])}
	}
	return nil
}

// maxNames is how many names of a certificate a report has.
const maxNames = 20

// describe tells what a certificate says of itself, within bounds: the relay
// wrote it.
func describe(c *x509.Certificate) Certificate {
	var names []string
	for _, name := range c.DNSNames[:min(len(c.DNSNames), maxNames)] {
		names = append(names, failure.Bounded(name))
	}
	if more := len(c.DNSNames) - len(names); more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return Certificate{
		Subject:   failure.Bounded(c.Subject.String()),
		Issuer:    failure.Bounded(c.Issuer.String()),
		DNSNames:  names,
		NotBefore: c.NotBefore,
		NotAfter:  c.NotAfter,
	}
}
