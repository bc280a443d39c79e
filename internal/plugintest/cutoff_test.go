package plugintest_test

import (
	"bytes"
	"io"
	"net"
	"net/mail"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// messageID is the part of a mail's Message-ID that is the delivery's id.
func messageID(t *testing.T, data []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ := strings.Cut(strings.Trim(m.Header.Get("Message-ID"), "<>"), "@")
	return id
}

// link is the network between the plugin and PostgreSQL.
type link struct {
	listener net.Listener
	socket   string
	serving  sync.WaitGroup

	mu    sync.Mutex
	down  bool
	conns map[net.Conn]bool
}

func newLink(t *testing.T, database string) (l *link, viaLink string) {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	l = &link{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), conns: make(map[net.Conn]bool)}
	if l.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	l.serving.Go(l.accept)
	t.Cleanup(func() {
		_ = l.listener.Close()
		l.cut()
		l.serving.Wait()
	})
	u.Host, u.RawQuery = l.listener.Addr().String(), "sslmode=disable&connect_timeout=2"
	return l, u.String()
}

func (l *link) accept() {
	for {
		client, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("unix", l.socket)
		if err != nil || !l.add(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		for _, pair := range [][2]net.Conn{{client, server}, {server, client}} {
			l.serving.Go(func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = client.Close()
				_ = server.Close()
			})
		}
	}
}

func (l *link) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		l.conns[c] = true
	}
	return !l.down
}

// cut ends every connection at once, in the midst of whatever it carries.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.Close()
	}
	clear(l.conns)
}

func (l *link) setDown(down bool) {
	l.mu.Lock()
	l.down = down
	l.mu.Unlock()
	if down {
		l.cut()
	}
}

// TestPostgreSQLCutOffInMidFlightLosesNothing cuts the network to the database
// at every moment of a storm, and takes it away for a while.
func TestPostgreSQLCutOffInMidFlightLosesNothing(t *testing.T) {
	const callers, each = 8, 25
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	l, location := newLink(t, pgtest.Database(t))
	p := start(t, location, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 0))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	var (
		storm   sync.WaitGroup
		mu      sync.Mutex
		ids     = make(map[string]bool)
		refused int
	)
	progress := make(chan int, callers*each)
	for caller := range callers {
		storm.Go(func() {
			for n := range each {
				body := another(t, 1+caller*each+n)
				for { // as Grafana does, while the alert fires
					answer, err := p.Call(t.Context(), ds, plugintest.Signed("alerts", body))
					mu.Lock()
					taken := err == nil && (answer.Status == 200 || answer.Status == 202)
					switch {
					case taken:
						ids[idOf(answer.Body)] = true
					case err == nil && answer.Status == 503:
						refused++
					default:
						t.Errorf("%v %d %s", err, answer.Status, answer.Body)
						taken = true
					}
					mu.Unlock()
					if taken {
						break
					}
				}
				progress <- n
			}
		})
	}
	for n := range callers * each {
		<-progress
		switch {
		case n%10 == 0:
			l.cut()
		case n == callers*each/2:
			l.setDown(true)
			answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 100_000)))
			if answer.Status != 503 {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
			l.setDown(false)
		}
	}
	storm.Wait()
	await(t, func() bool {
		queue, _ := wake(t, p, ds)["queue"].(map[string]any)
		return queue != nil && queue["queued"] == 0.0 && queue["sending"] == 0.0
	})
	arrived := make(map[string]int)
	for _, m := range r.Mails() {
		arrived[messageID(t, m.Data)]++
	}
	twice := 0
	for id := range ids {
		if arrived[id] == 0 {
			t.Errorf("%s was acknowledged and has not arrived", id)
		}
		if arrived[id] > 1 {
			twice++
		}
	}
	t.Logf("%d acknowledged, %d mails, %d of them twice, %d times 503", len(ids), r.Taken(), twice, refused)
	if len(ids) != callers*each {
		t.Errorf("%d deliveries for %d notifications", len(ids), callers*each)
	}
}
