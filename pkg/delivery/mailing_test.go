package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// mailing is a data source with a relay and an outbox in memory.
type mailing struct {
	relay    *relaytest.Relay
	service  *Service
	settings settings.Settings
	sender   *Sender
}

func startMailing(t *testing.T, override map[string]any, adjust ...func(*Config)) mailing {
	t.Helper()
	relay, err := relaytest.Start(relaytest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(relay.Stop)
	ds := plugintest.ForRelay(relay, nhncloud.STARTTLS, override)
	m := mailing{relay: relay}
	if m.settings, err = settings.Load(ds.JSON, ds.Secrets); err != nil {
		t.Fatal(err)
	}
	config := ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": inMemory, "GF_PLUGIN_IMAGE_HOSTS": "127.0.0.1"}[key]
	}, "")
	for _, a := range adjust {
		a(&config)
	}
	m.service = New(config, hclog.NewNullLogger())
	t.Cleanup(func() {
		if err := m.service.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	m.sender = m.save(t)
	return m
}

// save is the sender of settings that are saved anew.
func (m mailing) save(t *testing.T) *Sender {
	t.Helper()
	saved := time.Now().Truncate(time.Millisecond) // as Grafana tells it
	sender, err := m.service.NewSender(t.Context(), "1/mail", m.settings, saved, nil)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func (m mailing) outbox(t *testing.T) *outbox.Outbox {
	t.Helper()
	box, err := m.service.Outbox(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return box
}

// counts is how many deliveries are not final, by state.
func counts(t *testing.T, box *outbox.Outbox) map[outbox.Status]int64 {
	t.Helper()
	depth, err := box.Depth(t.Context(), "1/mail")
	if err != nil {
		t.Fatal(err)
	}
	return depth.Count
}

// enqueue stores a mail with that number in its subject.
func (m mailing) enqueue(t *testing.T, n int) {
	t.Helper()
	_, err := m.outbox(t).Enqueue(t.Context(), newMail(n))
	if err != nil {
		t.Fatal(err)
	}
}

// accept has a notification mailed, of a group of that name.
func (m mailing) accept(t *testing.T, group, query string) *Receipt {
	t.Helper()
	q, err := alert.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	o, err := alert.ParseOverrides(q)
	if err != nil {
		t.Fatal(err)
	}
	recipients, err := alert.Resolve(o, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"groupKey": group, "alerts": []map[string]any{{"status": "firing", "labels": map[string]string{"alertname": group}}}})
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	receipt, err := m.sender.Accept(t.Context(), n, recipients)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func newMail(n int) outbox.NewDelivery {
	return outbox.NewDelivery{Delivery: outbox.Delivery{
		Source: "1/mail", From: "grafana@example.com", Message: fmt.Appendf(nil, "Subject: mail %d\r\n\r\n", n),
		Recipients: []outbox.Recipient{{Address: "oncall@example.com", Kind: outbox.To}},
	}}
}
