// Package plugin is Grafana's side: instances of the data source, the health
// check, the resource API and queries. It is thin; package delivery does the
// work.
package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/proxy"
	"golang.org/x/time/rate"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// ID is the plugin's id, as in plugin.json.
const ID = "nhncloud-email-datasource"

// DataSource is one data source with the settings it was last saved with.
type DataSource struct {
	backend.CallResourceHandler

	service  *delivery.Service
	source   string
	version  string
	settings settings.Settings
	sender   *delivery.Sender
	results  *api.Client // nil: serviceResults is off
	limits   limits
	refused  rate.Sometimes              // spaces what the log says of refused alerts
	checked  atomic.Pointer[smtp.Report] // by the last health check
	missed   missedProfiles

	// jsonData is what settings came from, for a preview of settings that are
	// not saved yet.
	jsonData json.RawMessage

	// invalid is why there is no sender. The data source still exists, so that
	// its health check can say so.
	invalid error
}

var (
	_ backend.CheckHealthHandler    = (*DataSource)(nil)
	_ backend.CallResourceHandler   = (*DataSource)(nil)
	_ backend.QueryDataHandler      = (*DataSource)(nil)
	_ instancemgmt.InstanceDisposer = (*DataSource)(nil)
)

// NewFactory makes the SDK's constructor of data sources.
func NewFactory(service *delivery.Service, version string) datasource.InstanceFactoryFunc {
	return func(ctx context.Context, s backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
		org := backend.PluginConfigFromContext(ctx).OrgID //nolint:staticcheck // Grafana 12.3 leaves its successor, Namespace, empty
		d := &DataSource{
			service: service, version: version,
			source:   delivery.Source(org, s.UID),
			jsonData: s.JSONData, limits: newLimits(),
			refused: rate.Sometimes{Interval: 10 * time.Second},
		}
		d.CallResourceHandler = httpadapter.New(d.routes())
		if d.invalid = d.configure(ctx, s); d.invalid != nil {
			service.Log().Error("a data source's settings are not valid: its alerts are answered with 500",
				"source", d.source, "error", oneLine(d.invalid))
		}
		if wrong := d.settings.ProfileProblems; len(wrong) > 0 {
			service.Log().Error("what is wrong in a data source's profiles is not used: their alerts are mailed as the data source's own are",
				"source", d.source, "error", oneLine(&settings.Error{Problems: wrong}))
		}
		return d, nil
	}
}

// configure reads the settings and makes the sender. Its error says what is wrong
// with the settings.
func (d *DataSource) configure(ctx context.Context, s backend.DataSourceInstanceSettings) (err error) {
	if d.settings, err = settings.Load(s.JSONData, s.DecryptedSecureJSONData); err != nil {
		return err
	}
	dial, err := dialer(ctx, s, d.settings)
	if err != nil {
		return err
	}
	if d.sender, err = d.service.NewSender(ctx, d.source, d.settings, s.Updated, dial); err != nil {
		return err
	}
	d.results, err = resultsClient(ctx, s, d.settings)
	return err
}

// problems lists what is wrong with the saved settings.
func (d *DataSource) problems() []settings.Problem {
	if invalid, ok := errors.AsType[*settings.Error](d.invalid); ok {
		return invalid.Problems
	}
	return templateProblems(d.invalid, func(key string) string { return key })
}

// oneLine returns the message of an error that has a line for each problem, as one
// line.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// Dispose is called by the SDK some seconds after the settings have changed.
func (d *DataSource) Dispose() {
	if d.results != nil {
		d.results.Close()
	}
	if d.sender != nil {
		d.sender.Close()
	}
}

// validSender returns the sender, or a failure that says which setting is wrong.
func (d *DataSource) validSender() (*delivery.Sender, error) {
	if d.invalid != nil {
		return nil, failure.New(failure.Settings, "the data source's settings are not valid: "+d.invalid.Error(), failure.CorrectSettings.With())
	}
	return d.sender, nil
}

// dialer goes through Grafana's secure SOCKS proxy when the data source asks
// for it.
func dialer(ctx context.Context, s backend.DataSourceInstanceSettings, set settings.Settings) (delivery.Dialer, error) {
	if !set.SOCKSProxy {
		return nil, nil
	}
	client, err := s.ProxyClient(ctx)
	if err != nil {
		return nil, err
	}
	if !client.SecureSocksProxyEnabled() {
		return nil, &settings.Error{Problems: []settings.Problem{settings.NewProblem("enableSecureSocksProxy", settings.NoProxy)}}
	}
	d, err := client.NewSecureSocksProxyContextDialer()
	if err != nil {
		return nil, err
	}
	c, ok := d.(proxy.ContextDialer)
	if !ok {
		return nil, errors.New("the secure SOCKS proxy cannot be dialed with a deadline")
	}
	return c.DialContext, nil
}
