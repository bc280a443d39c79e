package plugintest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// executable is the plugin, built once for all tests.
var executable string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "nhncloud-email-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(folder) }()
		if executable, err = plugintest.Build(context.Background(), folder); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if err := canaries.collect(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		code := pgtest.Run(m, canaries.close)
		for _, found := range canaries.found() {
			fmt.Fprintln(os.Stderr, found)
			code = 1
		}
		return code
	}())
}

// lookAtSource looks at what the plugin is built from: go test takes a cached
// result as long as the files are the same that its tests have looked at.
var lookAtSource = sync.OnceValue(func() error {
	_, err := os.Stat("../../go.sum")
	return errors.Join(err, filepath.WalkDir("../../pkg", func(_ string, _ fs.DirEntry, err error) error { return err }))
})

// admin and viewer are two people of an organization.
var (
	admin  = plugintest.User{Login: "admin", Role: "Admin"}
	editor = plugintest.User{Login: "editor", Role: "Editor"}
	viewer = plugintest.User{Login: "viewer", Role: "Viewer"}
)

// within bounds a whole test, not its speed.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func relay(t *testing.T, o relaytest.Options) *relaytest.Relay {
	t.Helper()
	if o.SecretKey == "" {
		o.SecretKey = canarySecretKey
	}
	r, err := relaytest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r
}

// waitMails waits until the relay has n mails, and returns them.
func waitMails(t *testing.T, r *relaytest.Relay, n int) []relaytest.Mail {
	t.Helper()
	mails, err := r.WaitMails(within(t), n)
	if err != nil {
		t.Fatal(err)
	}
	return mails
}

// noViolations fails a test in which the plugin broke the rules of SMTP.
func noViolations(t *testing.T, r *relaytest.Relay) {
	t.Helper()
	for _, v := range r.Violations() {
		t.Errorf("the relay objects: %s", v)
	}
}

// log keeps what a process logs.
type log struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the plugin with an outbox: "" is a file of the test's own.
func start(t *testing.T, outboxURL string, out io.Writer) *plugintest.Process {
	t.Helper()
	if outboxURL == "" {
		outboxURL = "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	}
	p, err := plugintest.Start(watched(plugintest.Options{
		Executable: executable, Log: out, Env: []string{"GF_PLUGIN_OUTBOX_URL=" + outboxURL},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func call(t *testing.T, p *plugintest.Process, ds plugintest.DataSource, r plugintest.Request) plugintest.Response {
	t.Helper()
	answer, err := p.Call(within(t), ds, r)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

// object decodes a JSON body.
func object(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func fixture(t *testing.T, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("..", "..", "pkg", "alert", "testdata", "grafana-12.3", name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func fixtures(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "pkg", "alert", "testdata", "*", "*.json"))
	if err != nil || len(paths) < 6 {
		t.Fatal("the fixtures are missing", err)
	}
	return paths
}

var modes = []nhncloud.PortMode{nhncloud.STARTTLS, nhncloud.TLSWrapper}
