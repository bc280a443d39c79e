package delivery

import (
	"context"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
)

// beginTurn takes a turn for a mail that may have charts or pictures, and none for another.
func (s *Sender) beginTurn(ctx context.Context, n *alert.Notification, r *alert.Recipients) (turn context.Context, end func()) {
	pictured := func(a *alert.Alert) bool { return a.ImageURL != "" }
	if r.MailType.OneRecipient() || !s.mayHaveCharts(n, r) && !anyOf(n, pictured) {
		return ctx, func() {}
	}
	return s.service.turns.Begin(ctx)
}

// embed fetches the pictures that a mail shows and returns the mail that carries
// them. What it cannot carry stays a link, and a warning says why.
func (s *Sender) embed(ctx, turn context.Context, content message.Content, n *alert.Notification, r *alert.Recipients) message.Content {
	addresses := content.Shown(n)
	if len(addresses) == 0 || r.MailType.OneRecipient() {
		return content
	}
	content.Warnings = slices.Clip(content.Warnings)
	// Grafana's address is taken from Grafana: what a payload says may be anybody's.
	grafana, _ := config.GrafanaConfigFromContext(ctx).AppURL()
	fetched, failed := s.service.pictures.Fetch(turn, grafana, addresses)
	for i, p := range fetched {
		result, reason := "embedded", ""
		switch {
		case failed[i] != nil:
			result, reason = "linked", failed[i].Error()
		case !content.Embed(addresses[i], p.Type, p.Data):
			result, reason = "linked", "the mail would be too large"
		}
		pictures.WithLabelValues(result).Inc()
		if reason != "" {
			content.Warnings = append(content.Warnings, "a picture is linked, not embedded: "+reason)
		}
	}
	return content
}
