// Command gpx_nhncloud_email is the plugin process that Grafana starts.
package main

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	sdklog "github.com/grafana/grafana-plugin-sdk-go/backend/log"
	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/delivery"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/plugin"
)

// version is set when the plugin is built.
var version = "dev"

// Mail makes much short-lived garbage on a small heap: collecting it less often
// saves a tenth of the CPU of a storm, and the limit keeps memory in bounds.
// GOGC and GOMEMLIMIT in Grafana's environment win.
const (
	gcPercent   = 400
	memoryLimit = 96 << 20
)

// grace is what Grafana leaves a plugin between the request to stop and
// SIGKILL, less what it takes to close the database.
const grace = 1500 * time.Millisecond

func main() {
	keepToOwner()
	// Grafana reads hclog's JSON from standard error. It does not tell which levels it
	// shows, and the SMTP dialogue is not free: log_level asks for it.
	level := cmp.Or(hclog.LevelFromString(os.Getenv("GF_PLUGIN_LOG_LEVEL")), hclog.Info)
	log := hclog.New(&hclog.LoggerOptions{JSONFormat: true, Level: level})
	// The SDK's two lines a request would bury the one line an attempt; Grafana
	// writes them itself where log_backend_requests asks for them.
	backend.Logger = sdklog.NewWithLevel(sdklog.Warn)
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetGCPercent(gcPercent)
		debug.SetMemoryLimit(memoryLimit)
	}
	executable, err := os.Executable()
	if err != nil {
		log.Error("the plugin cannot tell where it is installed", "error", err.Error())
		os.Exit(1)
	}
	service := delivery.New(delivery.ConfigFromEnv(os.Getenv, executable), log)
	service.RegisterMetrics(prometheus.DefaultRegisterer)

	// Grafana stops a plugin by a call, which ends Serve. A service manager may
	// send SIGTERM to every process at once; by default that ends this one in the
	// midst of a mail.
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)
	served := make(chan error, 1)
	go func() {
		served <- plugin.Serve(service, version)
	}()
	select {
	case err = <-served:
	case <-terminated:
	}

	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if closing := service.Close(ctx); closing != nil {
		log.Warn("the outbox was not closed in good order", "error", closing.Error())
	}
	if err != nil {
		log.Error("the plugin stopped", "error", err.Error())
		os.Exit(1)
	}
}
