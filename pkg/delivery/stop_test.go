package delivery

import (
	"context"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// TestStopBeginsNoMoreMail: Grafana stops among a backlog. What is being sent may
// end in what is left of the time; nothing more is begun, which would be cut off.
func TestStopBeginsNoMoreMail(t *testing.T) {
	m := startMailing(t, map[string]any{"maxConnections": 1})
	release, held := make(chan struct{}), make(chan struct{})
	m.relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(held) }})
	m.enqueue(t, 0)
	<-held
	for n := range 4 {
		m.enqueue(t, 1+n)
	}
	wait.Until(t, "all others wait", func() bool { return m.sender.connections().Waiting == 4 })
	box := m.outbox(t)
	closed := make(chan error, 1)
	stop, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { closed <- m.service.Close(stop) }()
	wait.Until(t, "what is not begun is handed back", func() bool { return counts(t, box)[outbox.Queued] == 4 })
	if left, ok := stop.Deadline(); !ok || time.Until(left) < 5*time.Second {
		t.Error("what is not begun is handed back too late")
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := m.relay.Taken(); n != 1 {
		t.Errorf("%d mails are begun", n)
	}
}
