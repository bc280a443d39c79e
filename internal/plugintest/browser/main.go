// Command browser serves the built frontend to a browser and answers its calls
// with the plugin process, at the addresses where Grafana does both. The tests
// in e2e/ use it where there is no Grafana.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/dnstest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dist := flag.String("dist", "dist", "the `folder` of the built frontend")
	page := flag.String("page", "", "the `folder` of the page that loads it")
	flag.Parse()
	if err := run(ctx, *dist, *page); err != nil {
		fmt.Fprintln(os.Stderr, "browser:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends.
func run(ctx context.Context, dist, page string) error {
	if _, err := os.Stat(filepath.Join(dist, "module.js")); err != nil {
		return fmt.Errorf("the frontend is not built (npm run build): %w", err)
	}
	folder, err := os.MkdirTemp("", "nhncloud-email-browser-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is in the temporary folder
	executable, err := plugintest.Build(ctx, folder)
	if err != nil {
		return err
	}
	dns, err := nameServer()
	if err != nil {
		return err
	}
	defer dns.Stop()
	process, err := plugintest.Start(plugintest.Options{
		Executable: executable,
		Env: []string{
			"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(filepath.Join(folder, "outbox.db")),
			"GF_PLUGIN_DNS_SERVER=" + dns.Address(),
		},
	})
	if err != nil {
		return err
	}
	defer process.Stop()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: routes(&grafana{process: process}, dist, page), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() }) // it is over: nobody waits for an answer
	fmt.Printf("serving on http://%s/\n", listener.Addr())
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// nameServer starts a DNS server that has correct records for example.com, and wrong and
// missing ones for example.net.
func nameServer() (*dnstest.Server, error) {
	dns, err := dnstest.Start()
	if err != nil {
		return nil, err
	}
	const include = "v=spf1 include:_spfblocka.toast.com ~all"
	dns.TXT("_spfblocka.toast.com", "v=spf1 ip4:192.0.2.0/24 ~all")
	dns.TXT("example.com", include)
	dns.TXT("toast._domainkey.example.com", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=")
	dns.TXT("_dmarc.example.com", "v=DMARC1; p=none; fo=1; rua=mailto:dmarc@example.com")
	dns.TXT("example.net", include, "v=spf1 mx ip4:203.0.113.0/24 include:_spf.example.org -all")
	dns.TXT("_spf.example.org", "v=spf1 ip4:198.51.100.0/24 -all")
	dns.TXT("toast._domainkey.example.net", "v=DKIM1; k=rsa; p=")
	return dns, nil
}

func routes(g *grafana, dist, page string) http.Handler {
	mux := http.NewServeMux()
	for _, address := range []string{"GET /connections/datasources/edit/{uid}", "GET /explore"} {
		mux.HandleFunc(address, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFile(w, r, filepath.Join(page, "index.html"))
		})
	}
	mux.Handle("GET /page/", http.StripPrefix("/page", http.FileServer(http.Dir(page))))
	mux.Handle("GET /public/plugins/"+plugintest.PluginID+"/",
		http.StripPrefix("/public/plugins/"+plugintest.PluginID, http.FileServer(http.Dir(dist))))
	mux.HandleFunc("GET /public/build/img/icons/", blankIcon)
	mux.HandleFunc("GET /api/health", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"database": "ok"})
	})
	mux.HandleFunc("POST /api/datasources", g.createDataSource)
	mux.HandleFunc("GET /api/datasources/uid/{uid}", g.getDataSource)
	mux.HandleFunc("PUT /api/datasources/uid/{uid}", g.saveDataSource)
	mux.HandleFunc("GET /api/datasources/uid/{uid}/health", g.checkHealth)
	mux.HandleFunc("/api/datasources/uid/{uid}/resources/{path...}", g.callResource)
	mux.HandleFunc("POST /api/ds/query", g.query)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		message(w, http.StatusNotImplemented, r.Method+" "+r.URL.Path+" is Grafana's own and was not recorded")
	})
	return mux
}

// blankIcon stands for Grafana's icons, which are not in its packages.
func blankIcon(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, ".svg") {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"></svg>`)
}
