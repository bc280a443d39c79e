package delivery

import (
	"bytes"
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

// TestReplacedSenderFinishesWhatTheRelayIsLookingThrough: settings are saved
// while the relay takes long over the content of one mail, and another waits
// for the connection. The other goes out with the new settings, and the first
// is not sent again.
func TestReplacedSenderFinishesWhatTheRelayIsLookingThrough(t *testing.T) {
	defer func(before time.Duration) { drain = before }(drain)
	drain = 50 * time.Millisecond
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
	defer func() {
		if err := service.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	box, err := service.Outbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	newSender := func() *Sender {
		sender, err := service.NewSender(t.Context(), "1/mail", set, time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return sender
	}
	enqueue := func(n int) {
		_, err := box.Enqueue(t.Context(), outbox.NewDelivery{Delivery: outbox.Delivery{
			Source: "1/mail", From: "grafana@example.com", Message: fmt.Appendf(nil, "Subject: mail %d\r\n\r\n", n),
			Recipients: []outbox.Recipient{{Address: "oncall@example.com", Kind: outbox.To}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}

	replaced := newSender()
	enqueue(1)
	<-held
	enqueue(2)
	wait.Until(t, "the other waits", func() bool { return replaced.connections().Waiting > 0 })
	newSender()
	closed := make(chan struct{})
	go func() {
		replaced.Close()
		close(closed)
	}()
	if _, err := relay.WaitMails(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // what is cut off is sent again by now
	close(release)
	<-closed
	for depth, err := box.Depth(t.Context(), "1/mail"); depth.Count[outbox.Queued]+depth.Count[outbox.Sending] > 0 || err != nil; depth, err = box.Depth(t.Context(), "1/mail") {
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; n <= 2; n++ {
		times := 0
		for _, m := range relay.Mails() {
			if bytes.Contains(m.Data, fmt.Appendf(nil, "mail %d\r\n", n)) {
				times++
			}
		}
		if times != 1 {
			t.Errorf("mail %d came %d times", n, times)
		}
	}
}
