package delivery

import (
	"context"
	"strconv"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// Grafana returns the process's client of Grafana's API.
func (s *Service) Grafana() *grafana.Client { return s.grafana }

// TeamMembers returns the addresses of the members of a team of Grafana, and what is amiss
// with that.
func (s *Sender) TeamMembers(ctx context.Context, name string) (members []address.Address, note string) {
	return s.service.teams.Members(ctx, s.access, name)
}

// Access says how a data source reaches Grafana's API. Where its settings are not known
// yet, they are empty, and the operator's token is what there is.
func (s *Service) Access(ctx context.Context, source string, set *settings.Settings) grafana.Access {
	org, _, _ := strings.Cut(source, "/")
	id, _ := strconv.ParseInt(org, 10, 64) // see Source
	return grafana.Choose(set, s.config.grafana, config.GrafanaConfigFromContext(ctx), id)
}
