package plugin

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/proxy"
	"github.com/grafana/grafana-plugin-sdk-go/config"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

// socksProxy is a SOCKS5 proxy (RFC 1928, 1929) that leads to one address,
// whatever it is asked for.
type socksProxy struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	asked []string // "user: host:port"
}

func startSOCKS(t *testing.T, to string) *socksProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &socksProxy{listener: l, to: to}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer func() { _ = client.Close() }()
				p.serve(client)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		serving.Wait()
	})
	return p
}

// serve speaks with a client that says no more than what it has to.
func (p *socksProxy) serve(client net.Conn) {
	sized := func() string { // a string behind its length
		b := make([]byte, 256)
		if _, err := io.ReadFull(client, b[:1]); err != nil {
			return ""
		}
		n, _ := io.ReadFull(client, b[1:1+int(b[0])])
		return string(b[1 : 1+n])
	}
	skip := func(n int64) { _, _ = io.CopyN(io.Discard, client, n) }
	skip(1)
	sized()                                // the methods
	_, _ = client.Write([]byte{5, 2})      // a user and a password
	skip(1)                                // the version
	user, _ := sized(), sized()            // the password is empty
	_, _ = client.Write([]byte{1, 0})      // they are right
	skip(4)                                // CONNECT to a name
	host, port := sized(), make([]byte, 2) // what an address would be does not come
	if _, err := io.ReadFull(client, port); err != nil {
		return
	}
	p.mu.Lock()
	p.asked = append(p.asked, fmt.Sprintf("%s: %s:%d", user, host, binary.BigEndian.Uint16(port)))
	p.mu.Unlock()
	relay, err := net.Dial("tcp", p.to)
	if err != nil {
		_, _ = client.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // refused
		return
	}
	defer func() { _ = relay.Close() }()
	_, _ = client.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(client, relay)
		_ = client.Close()
	})
	_, _ = io.Copy(relay, client)
	_ = relay.Close()
	back.Wait()
}

// behind is a data source whose relay has a name that only the proxy can resolve.
func behind(t *testing.T, p *socksProxy, relay *relaytest.Relay) *DataSource {
	t.Helper()
	keys := map[string]string{}
	if p != nil {
		keys[proxy.PluginSecureSocksProxyEnabled] = "true"
		keys[proxy.PluginSecureSocksProxyProxyAddress] = p.listener.Addr().String()
		keys[proxy.PluginSecureSocksProxyAllowInsecure] = "true"
	}
	ctx := config.WithGrafanaConfig(context.Background(), config.NewGrafanaCfg(keys))
	return instanceIn(ctx, t, func(s *backend.DataSourceInstanceSettings) {
		sendThrough(t, s, relay)
		s.JSONData = bytes.Replace(s.JSONData, []byte(`"host":"`+relay.Host()+`"`),
			[]byte(`"host":"relay.invalid","to":["oncall@example.com"],"enableSecureSocksProxy":true`), 1)
	})
}

// TestTheRelayIsReachedThroughGrafanasSOCKSProxy, which resolves its name and
// knows the data source.
func TestTheRelayIsReachedThroughGrafanasSOCKSProxy(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	p := startSOCKS(t, fmt.Sprintf("%s:%d", relay.Host(), relay.STARTTLSPort()))
	d := behind(t, p, relay)
	if got := checkHealth(t, d, "Admin"); got.Status != backend.HealthStatusOk || !strings.HasPrefix(got.Message, "The relay relay.invalid:") {
		t.Errorf("%v %s", got.Status, got.Message)
	}
	if got := ask(t, d, "Editor", postTo("alerts", oneAlert)); got.Status != http.StatusOK || len(relay.Mails()) != 1 {
		t.Errorf("%d %s, %d mails", got.Status, got.Body, len(relay.Mails()))
	}
	want := fmt.Sprintf("test: relay.invalid:%d", relay.STARTTLSPort())
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.asked) != 2 || p.asked[0] != want || p.asked[1] != want {
		t.Errorf("the proxy was asked for %q, want %q", p.asked, want)
	}
}

// TestASOCKSProxyThatDoesNotReachTheRelayIsTold: nothing goes around it.
func TestASOCKSProxyThatDoesNotReachTheRelayIsTold(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	p := startSOCKS(t, "127.0.0.1:1")
	d := behind(t, p, relay)
	if got := checkHealth(t, d, "Admin"); got.Status != backend.HealthStatusError || !strings.Contains(got.Message, "dial") || !strings.Contains(got.Message, "refused") {
		t.Errorf("%v %s", got.Status, got.Message)
	}
	if err := p.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if got := checkHealth(t, d, "Admin"); got.Status != backend.HealthStatusError || !strings.Contains(got.Message, p.listener.Addr().String()) {
		t.Errorf("without the proxy: %v %s", got.Status, got.Message)
	}
	if got := ask(t, d, "Editor", postTo("alerts", oneAlert)); got.Status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if _, _, total, _ := relay.Connections(); total > 0 {
		t.Errorf("%d connections went around the proxy", total)
	}
}

// TestAGrafanaWithoutASOCKSProxyIsTold: the relay is not dialed without it.
func TestAGrafanaWithoutASOCKSProxyIsTold(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	d := behind(t, nil, relay)
	const remedy = "set [secure_socks_datasource_proxy] in grafana.ini"
	if got := checkHealth(t, d, "Admin"); got.Status != backend.HealthStatusError || !strings.Contains(got.Message, remedy) {
		t.Errorf("%v %s", got.Status, got.Message)
	}
	if got := ask(t, d, "Editor", postTo("alerts", oneAlert)); got.Status != http.StatusInternalServerError || !bytes.Contains(got.Body, []byte(remedy)) {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if _, _, total, _ := relay.Connections(); total > 0 {
		t.Errorf("%d connections", total)
	}
}
