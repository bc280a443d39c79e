package main

import (
	"context"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/alertmanager/alert"
	"github.com/prometheus/alertmanager/config"
	"github.com/prometheus/alertmanager/notify"
	"github.com/prometheus/alertmanager/notify/email"
	"github.com/prometheus/alertmanager/template"
	commoncfg "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// alertmanager mails with Alertmanager's email notifier: a connection for each
// notification.
type alertmanager struct {
	config   config.EmailConfig
	template *template.Template
	subject  string
}

func openAlertmanager(_ context.Context, r *relaytest.Relay, _ int, n notification) (client, error) {
	t, err := template.FromGlobs(nil)
	if err != nil {
		return nil, err
	}
	t.ExternalURL = &url.URL{Scheme: "http", Host: "localhost:9093"}
	requireTLS := true
	return &alertmanager{
		config: config.EmailConfig{
			From:         sender,
			Smarthost:    config.HostPort{Host: r.Host(), Port: strconv.Itoa(r.STARTTLSPort())},
			AuthUsername: user, AuthPassword: password,
			RequireTLS: &requireTLS,
			TLSConfig:  &commoncfg.TLSConfig{CA: string(r.CA()), ServerName: r.ServerName()},
			// The content holds no template actions: it is rendered to itself.
			Text: n.content.Text, HTML: n.content.HTML,
		},
		template: t,
		subject:  n.content.Subject,
	}, nil
}

func (a *alertmanager) send(ctx context.Context, _ int, to []string) error {
	c := a.config
	c.To = strings.Join(to, ", ")
	c.Headers = map[string]string{"Subject": a.subject}
	ctx = notify.WithReceiverName(ctx, "bench")
	ctx = notify.WithGroupKey(ctx, "bench")
	ctx = notify.WithGroupLabels(ctx, model.LabelSet{"alertname": "bench"})
	ctx = notify.WithNotificationReason(ctx, notify.ReasonFirstNotification)
	_, err := email.New(&c, a.template, slog.New(slog.DiscardHandler)).Notify(ctx, &alert.Alert{
		Alert: model.Alert{Labels: model.LabelSet{"alertname": "bench"}, StartsAt: time.Now()},
	})
	return err
}

func (a *alertmanager) close() {}
