// Package plugintest runs the plugin as Grafana does: its own process, the
// go-plugin handshake, gRPC. The tests, the demo and the benchmarks drive the
// plugin through it and through nothing else.
package plugintest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/grpcplugin"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

// PluginID is the plugin's id, as in plugin.json.
const PluginID = "nhncloud-email-datasource"

// Options of a process.
type Options struct {
	// Executable is the plugin's binary (see Build).
	Executable string
	// Env is added to the little that Grafana hands on: the keys of
	// [plugin.nhncloud-email-datasource] arrive as GF_PLUGIN_<KEY>.
	Env []string
	// Log receives the plugin's log, one JSON object a line; nil discards it.
	Log io.Writer
	// Tap receives every message that the plugin sends to Grafana, as it is on
	// the wire; nil for none.
	Tap io.Writer
	// Prepare, when set, may change how the process is started, as another
	// user for one.
	Prepare func(*exec.Cmd)
}

// Process is a running plugin.
type Process struct {
	client      *goplugin.Client
	cmd         *exec.Cmd
	diagnostics grpcplugin.DiagnosticsClient
	resource    grpcplugin.ResourceClient
	data        grpcplugin.DataClient
}

// DataSource is one data source as Grafana would send it with every call.
type DataSource struct {
	OrgID   int64
	UID     string
	JSON    []byte
	Secrets map[string]string
	// Updated is when the settings were last saved.
	Updated time.Time
}

// User is who calls. The zero User is nobody.
type User struct {
	Login string
	Role  string // Viewer, Editor, Admin
}

// Request is one call of a resource route.
type Request struct {
	Method string // default POST
	Path   string // with its query string: "alerts?to=a@example.com"
	Header http.Header
	Body   []byte
	User   User
}

// Response is the answer of a resource route.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Build compiles the plugin into dir and returns the binary's path.
func Build(ctx context.Context, dir string, flags ...string) (string, error) {
	path := filepath.Join(dir, "gpx_nhncloud_email")
	args := append([]string{"build", "-o", path}, flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, "github.com/nhncloud/nhncloud-email-datasource/pkg")...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
}

// noDNS is where nothing listens: what DNS has of a sender's domain on the machine of
// the tests is nothing that they may depend on.
const noDNS = "127.0.0.1:1"

// Start launches the process and completes the handshake.
func Start(o Options) (*Process, error) {
	cmd := exec.Command(o.Executable)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "GF_VERSION=12.3.0", "GF_PLUGIN_DNS_SERVER=" + noDNS}, o.Env...)
	if o.Prepare != nil {
		o.Prepare(cmd)
	}
	log := o.Log
	if log == nil {
		log = io.Discard
	}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion:  grpcplugin.ProtocolVersion,
			MagicCookieKey:   grpcplugin.MagicCookieKey,
			MagicCookieValue: grpcplugin.MagicCookieValue,
		},
		VersionedPlugins: map[int]goplugin.PluginSet{grpcplugin.ProtocolVersion: {
			"diagnostics": &grpcplugin.DiagnosticsGRPCPlugin{},
			"resource":    &grpcplugin.ResourceGRPCPlugin{},
			"data":        &grpcplugin.DataGRPCPlugin{},
		}},
		Cmd:              cmd,
		SkipHostEnv:      true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
		Stderr:           log,
		GRPCDialOptions:  tap(o.Tap),
	})
	p := &Process{client: client, cmd: cmd}
	if err := p.dispense(); err != nil {
		client.Kill()
		return nil, fmt.Errorf("start %s: %w", o.Executable, err)
	}
	return p, nil
}

func (p *Process) dispense() error {
	rpc, err := p.client.Client()
	if err != nil {
		return err
	}
	return errors.Join(
		dispense(rpc, "diagnostics", &p.diagnostics),
		dispense(rpc, "resource", &p.resource),
		dispense(rpc, "data", &p.data),
	)
}

func dispense[T any](rpc goplugin.ClientProtocol, name string, service *T) error {
	raw, err := rpc.Dispense(name)
	var ok bool
	if *service, ok = raw.(T); !ok && err == nil {
		err = errors.New("the plugin does not serve " + name)
	}
	return err
}

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Exited says whether the process is gone.
func (p *Process) Exited() bool { return p.client.Exited() }

// Stop ends the process as Grafana does: a shutdown call, a grace of about two
// seconds, then SIGKILL.
func (p *Process) Stop() { p.client.Kill() }

// Kill is the plug being pulled: SIGKILL.
func (p *Process) Kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	p.client.Kill()
}

// CheckHealth is "Save & test".
func (p *Process) CheckHealth(ctx context.Context, ds DataSource) (*backend.CheckHealthResult, error) {
	return p.CheckHealthAs(ctx, ds, User{Login: "admin", Role: "Admin"})
}

// CheckHealthAs is CheckHealth by somebody else.
func (p *Process) CheckHealthAs(ctx context.Context, ds DataSource, user User) (*backend.CheckHealthResult, error) {
	res, err := p.diagnostics.CheckHealth(ctx, &pluginv2.CheckHealthRequest{PluginContext: ds.context(user)})
	if err != nil {
		return nil, err
	}
	return backend.FromProto().CheckHealthResponse(res), nil
}

// Metrics is the process's /metrics page.
func (p *Process) Metrics(ctx context.Context) ([]byte, error) {
	res, err := p.diagnostics.CollectMetrics(ctx, &pluginv2.CollectMetricsRequest{})
	if err != nil {
		return nil, err
	}
	return res.GetMetrics().GetPrometheus(), nil
}

// Call calls a resource route.
func (p *Process) Call(ctx context.Context, ds DataSource, r Request) (Response, error) {
	if r.Method == "" {
		r.Method = http.MethodPost
	}
	path, _, _ := strings.Cut(r.Path, "?")
	req := &pluginv2.CallResourceRequest{
		PluginContext: ds.context(r.User),
		Method:        r.Method,
		Path:          path,
		Url:           r.Path,
		Body:          r.Body,
		Headers:       make(map[string]*pluginv2.StringList, len(r.Header)),
	}
	for key, values := range r.Header {
		req.Headers[key] = &pluginv2.StringList{Values: values}
	}
	stream, err := p.resource.CallResource(ctx, req)
	if err != nil {
		return Response{}, err
	}
	var out Response
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return Response{}, err
		}
		if out.Status == 0 {
			out.Status = int(part.GetCode())
			out.Header = make(http.Header)
			for key, values := range part.GetHeaders() {
				out.Header[http.CanonicalHeaderKey(key)] = values.GetValues()
			}
		}
		out.Body = append(out.Body, part.GetBody()...)
	}
}

// Query runs queries, each the JSON of a query model.
func (p *Process) Query(ctx context.Context, ds DataSource, user User, queries ...backend.DataQuery) (*backend.QueryDataResponse, error) {
	req := &backend.QueryDataRequest{Queries: queries}
	proto := backend.ToProto().QueryDataRequest(req)
	proto.PluginContext = ds.context(user)
	res, err := p.data.QueryData(ctx, proto)
	if err != nil {
		return nil, err
	}
	return backend.FromProto().QueryDataResponse(res)
}

func (ds DataSource) context(u User) *pluginv2.PluginContext {
	if ds.OrgID == 0 {
		ds.OrgID = 1
	}
	ctx := backend.PluginContext{
		OrgID:    ds.OrgID, //nolint:staticcheck // as Grafana 12.3 does, without a Namespace
		PluginID: PluginID,
		DataSourceInstanceSettings: &backend.DataSourceInstanceSettings{
			UID: ds.UID, Name: ds.UID, Type: PluginID,
			JSONData: ds.JSON, DecryptedSecureJSONData: ds.Secrets, Updated: ds.Updated,
		},
	}
	if u != (User{}) {
		ctx.User = &backend.User{Login: u.Login, Role: u.Role}
	}
	return backend.ToProto().PluginContext(ctx)
}
