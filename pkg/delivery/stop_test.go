package delivery

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// TestStopBeginsNoMoreMail: Grafana stops among a backlog. What is being sent may
// end in what is left of the time; nothing more is begun, which would be cut off.
func TestStopBeginsNoMoreMail(t *testing.T) {
	relay, err := relaytest.Start(relaytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	release, held := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(held) }})
	ds := plugintest.ForRelay(relay, nhncloud.STARTTLS, map[string]any{"maxConnections": 1})
	set, err := settings.Load(ds.JSON, ds.Secrets)
	if err != nil {
		t.Fatal(err)
	}
	service := New(ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": inMemory}[key]
	}, ""), hclog.NewNullLogger())
	box, err := service.Outbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sender, err := service.NewSender(t.Context(), "1/mail", set, time.Now(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for n := range 5 {
		_, err := box.Enqueue(t.Context(), outbox.NewDelivery{Delivery: outbox.Delivery{
			Source: "1/mail", From: "grafana@example.com", Message: fmt.Appendf(nil, "Subject: mail %d\r\n\r\n", n),
			Recipients: []outbox.Recipient{{Address: "oncall@example.com", Kind: outbox.To}},
		}})
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			<-held
		}
	}
	wait.Until(t, "all others wait", func() bool { return sender.connections().Waiting == 4 })
	closed := make(chan error, 1)
	stop, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() { closed <- service.Close(stop) }()
	for depth, err := box.Depth(t.Context(), "1/mail"); depth.Count[outbox.Queued] < 4; depth, err = box.Depth(t.Context(), "1/mail") {
		if err != nil {
			t.Fatal(err)
		}
	}
	if left, ok := stop.Deadline(); !ok || time.Until(left) < 5*time.Second {
		t.Error("what is not begun is handed back too late")
	}
	close(release)
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if n := relay.Taken(); n != 1 {
		t.Errorf("%d mails are begun", n)
	}
}
