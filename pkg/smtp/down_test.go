package smtp

import (
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestRelayThatEndsSessionsAtTheirFirstMailIsDialedAsOneThatIsGone: each time that
// it is asked again it gets one connection, however many mails wait, until it takes
// one of them.
func TestRelayThatEndsSessionsAtTheirFirstMailIsDialedAsOneThatIsGone(t *testing.T) {
	for name, action := range map[string]relaytest.Action{
		"421": relaytest.ReplyAndClose("421 4.3.2 no mail now\r\n"), "hangs up": relaytest.Close(),
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
			takesMail := relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: action})
			const n = 20
			connections := func() int { _, _, total, _ := relay.Connections(); return total }
			backlog := func(least int, failure bool) (dials int) {
				t.Helper()
				before := connections()
				release := make(chan struct{}) // when all mails are there
				defer relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Hold(release)})()
				errs := beginMany(t, pool, n)
				waitUntil(t, func() bool { return pool.Stats().Waiting == n && connections() >= before+least })
				close(release)
				for range n {
					if err := <-errs; failure && !asError(t, err).Temporary() || !failure && err != nil {
						t.Errorf("error %v", err)
					}
				}
				return connections() - before
			}
			again := func() {
				t.Helper()
				waitUntil(t, func() bool { return pool.Stats() == Stats{} })
				pauseIsOver(pool)
				pool.mu.Lock()
				pool.notBefore = time.Time{}
				pool.mu.Unlock()
			}
			backlog(1, true) // as many as it takes to know the relay
			for range 3 {
				again()
				if dials := backlog(1, true); dials != 1 {
					t.Errorf("%d dials for a backlog", dials)
				}
			}
			again()
			takesMail()
			// Once it takes mail a backlog has more connections.
			release := occupy(t, pool, relay)
			if err := release(); err != nil {
				t.Error(err)
			}
			release = occupy(t, pool, relay)
			if dials := backlog(3, false); dials != 3 {
				t.Errorf("%d dials beside the connection that stands", dials)
			}
			if err := release(); err != nil {
				t.Error(err)
			}
		})
	}
}
