package delivery

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// How long Grafana may take from the start of its plugins until it answers, and how often
// it is asked meanwhile.
const (
	awakenWithin = 10 * time.Minute
	awakenFirst  = time.Second
	awakenMost   = 30 * time.Second
)

// awaken asks Grafana for the health of each data source that has mail waiting: the
// SecretKey comes with a call, and a restart would otherwise keep the mail until one
// happens to come. Grafana starts its plugins before it answers, so it is asked again
// until it does. Without a token that is known at the start there is nothing to ask with.
func (s *Service) awaken(ctx context.Context, box *outbox.Outbox) {
	ctx, cancel := context.WithTimeout(config.WithGrafanaConfig(ctx, config.NewGrafanaCfg(s.config.started)), awakenWithin)
	defer cancel()
	if !s.Access(ctx, "", new(settings.Settings)).Known() {
		return
	}
	done := make(map[string]bool) // Grafana was asked, or will not be
	for pause := awakenFirst; ; pause = min(2*pause, awakenMost) {
		waiting, err := box.Waiting(ctx)
		if err != nil {
			return // reportWaiting has told the like of it
		}
		unanswered := false
		for _, source := range slices.Sorted(maps.Keys(waiting)) {
			if !done[source] {
				done[source] = s.askHealth(ctx, source)
				unanswered = unanswered || !done[source]
			}
		}
		if !unanswered {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			if s.life.Err() == nil {
				s.log.Warn("Grafana has not answered: mail waits for the first call of its data source")
			}
			return
		}
	}
}

// askHealth asks for the health of one data source. It returns false where it is worth
// asking again.
func (s *Service) askHealth(ctx context.Context, source string) bool {
	_, uid, _ := strings.Cut(source, "/") // see Source
	err := s.grafana.Health(ctx, s.Access(ctx, source, new(settings.Settings)), uid)
	if err == nil {
		s.log.Info("mail has waited: Grafana was asked for the health of its data source", "source", source)
		return true
	}
	if f, ok := errors.AsType[*failure.Error](err); ok {
		switch f.Code {
		case failure.Refused, failure.NotFound, failure.Settings, failure.TLS, failure.Permanent:
			s.log.Warn("mail waits for the first call of its data source, for whose health Grafana cannot be asked", "source", source, "error", err.Error())
			return true
		}
	}
	s.log.Info("mail waits until Grafana answers", "source", source, "error", err.Error())
	return false
}
