package plugin

import (
	"context"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/httpclient"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// resultsWithin is how long a request to the service's API may take; 0: its default. A
// variable for the sake of its test.
var resultsWithin time.Duration

// resultsClient makes the client of the service's API, or none where it is not to be
// asked. It goes through Grafana's HTTP proxy or secure SOCKS proxy, as the SDK does.
func resultsClient(ctx context.Context, s backend.DataSourceInstanceSettings, set settings.Settings) (*api.Client, error) {
	if !set.ServiceResults {
		return nil, nil
	}
	proxy, err := s.ProxyOptionsFromContext(ctx)
	if err != nil {
		return nil, err
	}
	timeouts := httpclient.DefaultTimeoutOptions
	timeouts.MaxConnsPerHost, timeouts.IdleConnTimeout = 4, 30*time.Second
	client, err := httpclient.New(httpclient.Options{
		Timeouts: &timeouts, ProxyOptions: proxy,
		// Not the SDK's own: they write the URL, with the AppKey and addresses, into spans.
		Middlewares: []httpclient.Middleware{},
	})
	if err != nil {
		return nil, err
	}
	return api.New(api.Config{URL: set.ServiceURL, AppKey: set.AppKey, SecretKey: set.SecretKey, HTTP: client, Within: resultsWithin}), nil
}

// serviceOff is the answer to a question to the service where it is not to be asked: an
// empty frame that says so. It is no error, since the bundled dashboard asks always.
func serviceOff(name string) data.Frames {
	frame := data.NewFrame(name)
	remark(frame, failure.ServiceOff.With())
	return data.Frames{frame}
}

// remark adds a notice to a frame.
func remark(frame *data.Frame, hint failure.Hint) {
	sentence(frame, hint)
	frame.AppendNotices(data.Notice{Severity: data.NoticeSeverityInfo, Text: hint.English})
}

// sentence tells the page of a sentence in a frame that it has in other languages.
func sentence(frame *data.Frame, hint failure.Hint) {
	if hint.ID == "" {
		return
	}
	if frame.Meta == nil {
		frame.Meta = new(data.FrameMeta)
	}
	known, _ := frame.Meta.Custom.(sentences)
	for _, one := range known.Hints {
		if one.English == hint.English {
			return
		}
	}
	frame.Meta.Custom = sentences{append(known.Hints, hint)}
}

// sentences are the meta of a frame for the page.
type sentences struct {
	Hints []failure.Hint `json:"hints"`
}
