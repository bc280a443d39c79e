package plugintest_test

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// spans is a collector that keeps the names of what it gets.
type spans struct {
	collector.UnimplementedTraceServiceServer
	mu    sync.Mutex
	names []string
}

func (s *spans) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, resource := range r.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				s.names = append(s.names, span.GetName())
			}
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

func (s *spans) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Contains(s.names, name)
}

func TestTracesShowRequestRenderAndEveryStage(t *testing.T) {
	t.Parallel() // it waits
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	got := &spans{}
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, got)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)

	r := relay(t, relaytest.Options{})
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db")),
		"GF_INSTANCE_OTLP_ADDRESS=" + listener.Addr().String(), "GF_INSTANCE_OTLP_PROPAGATION=w3c",
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	if answer := call(t, p, plugintest.ForRelay(r, nhncloud.STARTTLS, nil), plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	for _, name := range []string{"alert", "render", "deliver", "smtp dial", "smtp tls", "smtp auth", "smtp mail", "smtp content"} {
		await(t, func() bool { return got.has(name) })
	}
}
