package plugintest_test

import (
	"bytes"
	"database/sql"
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

// allArrived fails a test in which something acknowledged has not arrived, and
// counts what came twice.
func allArrived(t *testing.T, r *relaytest.Relay, acknowledged map[string]bool) (twice int) {
	t.Helper()
	arrived := make(map[string]int)
	for _, m := range r.Mails() {
		arrived[messageID(t, m.Data)]++
	}
	for id := range acknowledged {
		switch arrived[id] {
		case 0:
			t.Errorf("%s was acknowledged and has not arrived", id)
		case 1:
		default:
			twice++
		}
	}
	return twice
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
	query := u.Query()
	query.Del("host") // the socket's
	query.Set("sslmode", "disable")
	query.Set("connect_timeout", "2")
	u.Host, u.RawQuery = l.listener.Addr().String(), query.Encode()
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
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	l, location := newLink(t, pgtest.Database(t))
	p := start(t, location, nil)
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 0))); answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	losesNothing(t, p, ds, r, func(n int) {
		switch {
		case n%10 == 0:
			l.cut()
		case n == stormCallers*stormEach/2:
			l.setDown(true)
			answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 100_000)))
			if answer.Status != 503 {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
			l.setDown(false)
		}
	})
}

// TestPostgreSQLThatEndsSessionsLosesNothing: an administrator ends them at every
// moment of a storm.
func TestPostgreSQLThatEndsSessionsLosesNothing(t *testing.T) {
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	location := pgtest.Database(t)
	p := start(t, location+"&application_name=storm", nil)
	administrator, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = administrator.Close() })
	ended := 0
	losesNothing(t, p, ds, r, func(n int) {
		if n%5 != 0 {
			return
		}
		var sessions int
		err := administrator.QueryRowContext(t.Context(),
			`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'storm'`).Scan(&sessions)
		if err != nil {
			t.Error(err)
		}
		ended += sessions
	})
	if ended == 0 {
		t.Error("no session was there to be ended")
	}
}

const stormCallers, stormEach = 8, 25

// losesNothing posts notifications as Grafana does while their alerts fire, from
// several callers at once, disturbs the plugin after each, and sees that what was
// acknowledged arrives.
func losesNothing(t *testing.T, p *plugintest.Process, ds plugintest.DataSource, r *relaytest.Relay, disturb func(n int)) {
	t.Helper()
	var (
		storm   sync.WaitGroup
		mu      sync.Mutex
		ids     = make(map[string]bool)
		refused int
	)
	progress := make(chan int, stormCallers*stormEach)
	for caller := range stormCallers {
		storm.Go(func() {
			for n := range stormEach {
				body := another(t, 1+caller*stormEach+n)
				for {
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
	for n := range stormCallers * stormEach {
		<-progress
		disturb(n)
	}
	storm.Wait()
	await(t, func() bool {
		queue, _ := wake(t, p, ds)["queue"].(map[string]any)
		return queue != nil && queue["queued"] == 0.0 && queue["sending"] == 0.0
	})
	twice := allArrived(t, r, ids)
	t.Logf("%d acknowledged, %d mails, %d of them twice, %d times 503", len(ids), r.Taken(), twice, refused)
	if len(ids) != stormCallers*stormEach {
		t.Errorf("%d deliveries for %d notifications", len(ids), stormCallers*stormEach)
	}
}
