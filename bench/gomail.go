package main

import (
	"context"

	mail "github.com/wneessen/go-mail"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// goMail mails with wneessen/go-mail over connections that it keeps.
type goMail struct {
	clients []*mail.Client
	n       notification
	open    func(context.Context) (*mail.Client, error)
}

func openGoMail(_ context.Context, r *relaytest.Relay, connections int, n notification) (client, error) {
	return &goMail{clients: make([]*mail.Client, connections), n: n, open: func(ctx context.Context) (*mail.Client, error) {
		c, err := mail.NewClient(r.Host(), mail.WithPort(r.STARTTLSPort()), mail.WithTLSConfig(tlsConfig(r)),
			mail.WithTLSPolicy(mail.TLSMandatory), mail.WithSMTPAuth(mail.SMTPAuthPlain),
			mail.WithUsername(user), mail.WithPassword(password))
		if err != nil {
			return nil, err
		}
		return c, c.DialWithContext(ctx)
	}}, nil
}

func (g *goMail) send(ctx context.Context, caller int, to []string) error {
	if g.clients[caller] == nil {
		c, err := g.open(ctx)
		if err != nil {
			return err
		}
		g.clients[caller] = c
	}
	m := mail.NewMsg()
	if err := m.From(sender); err != nil {
		return err
	}
	if err := m.To(to...); err != nil {
		return err
	}
	m.Subject(g.n.content.Subject)
	m.SetBodyString(mail.TypeTextPlain, g.n.content.Text)
	m.AddAlternativeString(mail.TypeTextHTML, g.n.content.HTML)
	return g.clients[caller].Send(m)
}

func (g *goMail) close() {
	for _, c := range g.clients {
		if c != nil {
			_ = c.Close() // the figures are taken
		}
	}
}
