package plugintest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// The secrets of every data source in this package's tests.
const (
	canarySecretKey     = "CANARY-secret-key-4f1b"
	canaryWebhookSecret = "only-for-tests" // of plugintest.ForRelay
)

// canaries looks for secrets in all that any process of a whole run of this
// package's tests says: log lines, panics, answers, health details, frames and
// metrics (the tap), and spans (its own collector). TestMain reports.
var canaries = newWatch()

// watch is a writer that looks for words.
type watch struct {
	words [][]byte

	mu     sync.Mutex
	octets map[string]int64 // by kind
	hits   []string
	server *grpc.Server
	otlp   string // the collector's address
}

func newWatch() *watch {
	w := &watch{octets: make(map[string]int64)}
	encoded := base64.StdEncoding.EncodeToString
	for _, secret := range []string{canarySecretKey, canaryWebhookSecret, "CANARY"} {
		w.words = append(w.words, []byte(secret), []byte(encoded([]byte(secret))))
	}
	for _, mailType := range append(nhncloud.MailTypes(), nhncloud.Unset) {
		w.words = append(w.words, []byte(encoded([]byte("\x00"+nhncloud.UserName("AppKey", mailType)+"\x00"+canarySecretKey))))
	}
	return w
}

// of is a writer for one stream of one kind.
func (w *watch) of(kind string) io.Writer { return &stream{watch: w, kind: kind} }

type stream struct {
	*watch
	kind string
	tail []byte // of what came before: a word may come in two pieces
}

func (s *stream) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.octets[s.kind] += int64(len(p))
	text := append(s.tail, p...)
	for _, word := range s.words {
		if i := bytes.Index(text, word); i >= 0 && len(s.hits) < 20 {
			s.hits = append(s.hits, fmt.Sprintf("a secret is told in %s: %q", s.kind, text[max(0, i-300):min(len(text), i+300)]))
		}
	}
	s.tail = slices.Clone(text[max(0, len(text)-100):])
	return len(p), nil
}

// collect starts the collector of spans.
func (w *watch) collect() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	w.otlp = l.Addr().String()
	w.server = grpc.NewServer()
	collector.RegisterTraceServiceServer(w.server, &everySpan{to: w.of("a span")})
	go func() { _ = w.server.Serve(l) }() // ends with close
	return nil
}

type everySpan struct {
	collector.UnimplementedTraceServiceServer
	to io.Writer
}

func (s *everySpan) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	encoded, err := proto.Marshal(r)
	if err != nil {
		return nil, err
	}
	_, _ = s.to.Write(encoded)
	return &collector.ExportTraceServiceResponse{}, nil
}

func (w *watch) close() { w.server.Stop() }

func (w *watch) found() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.hits
}

func (w *watch) heard(kind string) int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.octets[kind]
}

// watched has a process's words looked into.
func watched(o plugintest.Options) plugintest.Options {
	if err := lookAtSource(); err != nil {
		panic(err) // the tests are not where the plugin is
	}
	log := canaries.of("the log")
	if o.Log == nil {
		o.Log = log
	} else {
		o.Log = io.MultiWriter(o.Log, log)
	}
	o.Tap = canaries.of("a message to Grafana")
	if !slices.ContainsFunc(o.Env, func(v string) bool { return strings.HasPrefix(v, "GF_INSTANCE_OTLP_ADDRESS=") }) {
		o.Env = append(o.Env, "GF_INSTANCE_OTLP_ADDRESS="+canaries.otlp, "GF_INSTANCE_OTLP_PROPAGATION=w3c")
	}
	return o
}

// TestTheCanaryWatchHears: the watch finds what it looks for, also in pieces,
// and each of its ears is open. SIGQUIT makes the process dump every goroutine
// as a panic would.
func TestTheCanaryWatchHears(t *testing.T) {
	trial := newWatch()
	ear := trial.of("trial")
	for _, piece := range []string{"x " + canarySecretKey[:9], canarySecretKey[9:] + " y"} {
		_, _ = io.WriteString(ear, piece)
	}
	if len(trial.found()) == 0 {
		t.Error("a secret in two pieces is not found")
	}

	r := relay(t, relaytest.Options{})
	var said log
	p := start(t, "", &said)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	for _, kind := range []string{"the log", "a message to Grafana", "a span"} {
		await(t, func() bool { return canaries.heard(kind) > 0 })
	}
	if err := syscall.Kill(p.PID(), syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return strings.Contains(said.String(), "goroutine 1 ") })
}
