package plugin

import (
	"context"
	"time"

	"github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/recovery"
	goplugin "github.com/hashicorp/go-plugin"
	clientprometheus "github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/google.golang.org/grpc/otelgrpc"
	"go.opentelemetry.io/otel"
	"golang.org/x/sync/semaphore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	grpcstatus "google.golang.org/grpc/status"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/datasource"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
)

// Serve answers Grafana's calls until Grafana stops the plugin. It does what the
// SDK's datasource.Manage does, with one difference: the SDK has every request in
// memory at once, and here the large ones take turns (see intake).
func Serve(service *delivery.Service, version string) error {
	backend.SetupPluginEnvironment(ID)
	if err := backend.SetupTracer(ID, tracing.Opts{}); err != nil {
		return err
	}
	defer stopTracing()
	handler := instances{datasource.NewInstanceManager(NewFactory(service, version))}
	served, err := backend.GRPCServeOpts(backend.ServeOpts{
		CheckHealthHandler: handler, CallResourceHandler: handler, QueryDataHandler: handler,
		HandlerMiddlewares: []backend.HandlerMiddleware{
			backend.NewTracingMiddleware(tracing.DefaultTracer()),
			backend.NewMetricsMiddleware(clientprometheus.DefaultRegisterer, "grafana", false),
			backend.NewLoggerMiddleware(backend.Logger, nil),
			backend.NewErrorSourceMiddleware(),
		},
	})
	if err != nil {
		return err
	}
	turns := semaphore.NewWeighted(largeAtOnce)
	served.ExtraPlugins = goplugin.PluginSet{
		"resource": &intake{turns: turns, service: pluginv2.Resource_ServiceDesc, server: served.ResourceServer},
		"data":     &intake{turns: turns, service: pluginv2.Data_ServiceDesc, server: served.DataServer},
	}
	served.ResourceServer, served.DataServer = nil, nil
	served.GRPCServer = newServer
	return grpcplugin.Serve(served)
}

// newServer makes the server that the SDK would make, but with small windows: of a
// request that no handler receives yet, no more than a window is in memory.
func newServer(options []grpc.ServerOption) *grpc.Server {
	metrics := prometheus.NewServerMetrics(prometheus.WithServerHandlingTimeHistogram())
	clientprometheus.MustRegister(metrics)
	recovered := recovery.WithRecoveryHandler(func(p any) error {
		backend.Logger.Error("a call panicked", "error", p)
		return grpcstatus.Error(codes.Unknown, "the plugin met an error of its own")
	})
	return grpc.NewServer(append([]grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxRequest),
		grpc.InitialWindowSize(window),
		grpc.InitialConnWindowSize(16 * window),
		grpc.StatsHandler(otelgrpc.NewServerHandler()),
		grpc.ChainUnaryInterceptor(metrics.UnaryServerInterceptor(), recovery.UnaryServerInterceptor(recovered)),
		grpc.ChainStreamInterceptor(metrics.StreamServerInterceptor(), recovery.StreamServerInterceptor(recovered)),
	}, options...)...)
}

// stopTracing sends the spans that were not sent yet.
func stopTracing() {
	provider, ok := otel.GetTracerProvider().(interface{ Shutdown(context.Context) error })
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := provider.Shutdown(ctx); err != nil {
		backend.Logger.Error("the last spans were not sent", "error", err)
	}
}

// instances passes each call to its data source.
type instances struct{ instancemgmt.InstanceManager }

func (i instances) of(ctx context.Context, call backend.PluginContext) (*DataSource, error) {
	found, err := i.Get(ctx, call)
	if err != nil {
		return nil, err
	}
	return found.(*DataSource), nil
}

// CheckHealth implements backend.CheckHealthHandler.
func (i instances) CheckHealth(ctx context.Context, r *backend.CheckHealthRequest) (*backend.CheckHealthResult, error) {
	d, err := i.of(ctx, r.PluginContext)
	if err != nil {
		return nil, err
	}
	return d.CheckHealth(ctx, r)
}

// CallResource implements backend.CallResourceHandler.
func (i instances) CallResource(ctx context.Context, r *backend.CallResourceRequest, sender backend.CallResourceResponseSender) error {
	d, err := i.of(ctx, r.PluginContext)
	if err != nil {
		return err
	}
	return d.CallResource(ctx, r, sender)
}

// QueryData implements backend.QueryDataHandler.
func (i instances) QueryData(ctx context.Context, r *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	d, err := i.of(ctx, r.PluginContext)
	if err != nil {
		return nil, err
	}
	return d.QueryData(ctx, r)
}
