package delivery

import (
	"context"
	"crypto/tls"
	"net"
	"slices"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// Dialer makes the connection to the relay; nil dials directly.
type Dialer func(ctx context.Context, network, addr string) (net.Conn, error)

// relayConfig is how the settings reach their relay as the sender of type t.
func relayConfig(s *settings.Settings, t nhncloud.MailType, dial Dialer) smtp.Config {
	return smtp.Config{
		Host: s.Host,
		Port: s.Port,
		Mode: s.PortMode,
		TLS: &tls.Config{
			MinVersion:         tls.VersionTLS12,
			ServerName:         s.ServerName,
			RootCAs:            s.RootCAs,
			InsecureSkipVerify: s.TLSSkipVerify, //nolint:gosec // the operator's explicit choice, warned of by the health check
		},
		EHLOName:              s.EHLOName,
		UserName:              s.UserName(t),
		Password:              s.SecretKey.Reveal(),
		Mechanism:             s.AuthMechanism,
		Timeout:               s.Timeout,
		MaxConnections:        s.MaxConnections,
		MessagesPerConnection: s.MessagesPerConnection,
		MessagesPerMinute:     s.MessagesPerMinute,
		Dial:                  dial,
	}
}

// relay is how this sender reaches its relay as the sender of type t.
func (s *Sender) relay(set *settings.Settings, t nhncloud.MailType) smtp.Config {
	config := relayConfig(set, t, s.dial)
	config.Trace = trace(s.log)
	return config
}

// Check runs a real handshake against the configured endpoint, as the sender
// of the configured mail type. When the relay takes the credentials, mail that
// a refusal held back goes out.
func (s *Sender) Check(ctx context.Context) smtp.Report {
	report := smtp.Check(ctx, s.relay(&s.settings, s.settings.MailType))
	if report.Err == nil {
		s.resume(ctx, s.settings.MailType)
	}
	return report
}

// CheckEndpoint runs the handshake against another endpoint of the configured host.
func (s *Sender) CheckEndpoint(ctx context.Context, e nhncloud.Endpoint) smtp.Report {
	set := s.settings
	set.PortMode, set.Port = e.Mode, e.Port
	return smtp.Check(ctx, s.relay(&set, set.MailType))
}

// Endpoints lists what CheckEndpoint may be asked for: the service's ports,
// and the configured one.
func (s *Sender) Endpoints() []nhncloud.Endpoint {
	own := nhncloud.Endpoint{Mode: s.settings.PortMode, Port: s.settings.Port}
	all := nhncloud.Endpoints()
	if slices.Contains(all, own) {
		return all
	}
	return append([]nhncloud.Endpoint{own}, all...)
}
