package main

import (
	"context"

	mail "gopkg.in/mail.v2"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// grafana mails as Grafana's own email contact point does: gopkg.in/mail.v2,
// a connection for each recipient.
type grafana struct {
	dialer *mail.Dialer
	n      notification
}

func openGrafana(_ context.Context, r *relaytest.Relay, _ int, n notification) (client, error) {
	d := mail.NewDialer(r.Host(), r.STARTTLSPort(), user, password)
	d.TLSConfig = tlsConfig(r)
	d.StartTLSPolicy = mail.MandatoryStartTLS
	return &grafana{d, n}, nil
}

func (g *grafana) send(_ context.Context, _ int, to []string) error {
	for _, address := range to {
		m := mail.NewMessage()
		m.SetHeader("From", sender)
		m.SetHeader("To", address)
		m.SetHeader("Subject", g.n.content.Subject)
		m.SetBody("text/plain", g.n.content.Text)
		m.AddAlternative("text/html", g.n.content.HTML)
		if err := g.dialer.DialAndSend(m); err != nil {
			return err
		}
	}
	return nil
}

func (g *grafana) close() {}
