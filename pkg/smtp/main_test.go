package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds what a test waits for; nothing is measured against it.
const patience = 30 * time.Second

func testContext(t testing.TB) context.Context {
	t.Helper()
	// The cause is no timeout: a hang must not pass for one.
	ctx, cancel := context.WithTimeoutCause(context.Background(), patience, errors.New("it hangs"))
	t.Cleanup(cancel)
	return ctx
}

func startRelay(t testing.TB, o relaytest.Options) *relaytest.Relay {
	t.Helper()
	relay, err := relaytest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// By now the pools are closed: a connection that stays was forgotten.
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := relay.WaitFor(ctx, func() bool { open, _, _, _ := relay.Connections(); return open == 0 }); err != nil {
			open, _, _, _ := relay.Connections()
			t.Errorf("%d connections were left open", open)
		}
		relay.Stop()
	})
	return relay
}

// relayConfig is how to reach the relay with its own CA and the guide's
// credentials.
func relayConfig(relay *relaytest.Relay, mode nhncloud.PortMode) Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(relay.CA())
	port := relay.STARTTLSPort()
	if mode == nhncloud.TLSWrapper {
		port = relay.TLSWrapperPort()
	}
	return Config{
		Host:     relay.Host(),
		Port:     port,
		Mode:     mode,
		TLS:      &tls.Config{RootCAs: roots, ServerName: relay.ServerName()},
		EHLOName: "client.example.com",
		UserName: "AppKey",
		Password: "SecretKey",
		Timeout:  5 * time.Second,
	}
}

func startPool(t testing.TB, c Config) *Pool {
	t.Helper()
	p := NewPool(c)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := p.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return p
}

const testContent = "Subject: Disk full\r\n\r\nDisk full on db1.\r\n"

func testMail(to ...string) Mail {
	if len(to) == 0 {
		to = []string{"ops@example.com"}
	}
	return Mail{From: "grafana@example.com", To: to, Data: [][]byte{[]byte(testContent)}}
}

func asError(t testing.TB, err error) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v (%T), not an *Error", err, err)
	}
	return e
}

func noViolations(t testing.TB, relay *relaytest.Relay) {
	t.Helper()
	for _, v := range relay.Violations() {
		t.Errorf("the relay objects: %s", v)
	}
}
