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
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
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
	done := make(map[string]bool)    // Grafana was asked, or will not be
	refused := make(map[string]bool) // the organizations for which it does not take the token
	for pause := awakenFirst; ; pause = min(2*pause, awakenMost) {
		waiting, err := box.Waiting(ctx)
		if err != nil {
			return // reportWaiting has told the like of it
		}
		unanswered := false
		for _, source := range slices.Sorted(maps.Keys(waiting)) {
			org, _, _ := strings.Cut(source, "/") // see Source
			if !done[source] && !refused[org] {
				done[source], refused[org] = s.askHealth(ctx, source)
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

// askHealth asks for the health of one data source. done is false where it is worth asking
// again, and refused true where the token is no good for its organization.
func (s *Service) askHealth(ctx context.Context, source string) (done, refused bool) {
	_, uid, _ := strings.Cut(source, "/") // see Source
	err := s.grafana.Health(ctx, s.Access(ctx, source, new(settings.Settings)), uid)
	if err == nil {
		s.log.Info("mail has waited: Grafana was asked for the health of its data source", "source", source)
		return true, false
	}
	if f, ok := errors.AsType[*failure.Error](err); ok {
		switch f.Code {
		case failure.Refused, failure.NotFound, failure.Settings, failure.TLS, failure.Permanent:
			s.log.Warn("mail waits for the first call of its data source, for whose health Grafana cannot be asked", "source", source, "error", err.Error())
			return true, errors.Is(err, grafana.ErrToken)
		}
	}
	s.log.Info("mail waits until Grafana answers", "source", source, "error", err.Error())
	return false, false
}
