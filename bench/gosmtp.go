package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// goSMTP mails with go-smtp's client over connections that it keeps.
type goSMTP struct {
	clients []*smtp.Client
	n       notification
	open    func() (*smtp.Client, error)
}

func openGoSMTP(_ context.Context, r *relaytest.Relay, connections int, n notification) (client, error) {
	return &goSMTP{clients: make([]*smtp.Client, connections), n: n, open: func() (*smtp.Client, error) {
		c, err := smtp.DialStartTLS(fmt.Sprintf("%s:%d", r.Host(), r.STARTTLSPort()), tlsConfig(r))
		if err != nil {
			return nil, err
		}
		return c, c.Auth(sasl.NewPlainClient("", user, password))
	}}, nil
}

func (g *goSMTP) send(_ context.Context, caller int, to []string) error {
	if g.clients[caller] == nil {
		c, err := g.open()
		if err != nil {
			return err
		}
		g.clients[caller] = c
	}
	mail, err := g.n.mail(to)
	if err != nil {
		return err
	}
	return g.clients[caller].SendMail(sender, to, bytes.NewReader(mail))
}

func (g *goSMTP) close() {
	for _, c := range g.clients {
		if c != nil {
			_ = c.Close() // the figures are taken
		}
	}
}
