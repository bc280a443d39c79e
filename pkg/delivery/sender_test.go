package delivery

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// TestReplacedSenderFinishesWhatTheRelayIsLookingThrough: settings are saved
// while the relay takes long over the content of one mail, and another waits
// for the connection. The other goes out with the new settings, and the first
// is not sent again.
func TestReplacedSenderFinishesWhatTheRelayIsLookingThrough(t *testing.T) {
	defer func(before time.Duration) { drain = before }(drain)
	drain = 50 * time.Millisecond
	m := startMailing(t, map[string]any{"maxConnections": 1, "timeoutSeconds": 2})
	release, held := make(chan struct{}), make(chan struct{})
	m.relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(held) }})
	m.enqueue(t, 1)
	<-held
	m.enqueue(t, 2)
	wait.Until(t, "the other waits", func() bool { return m.sender.connections().Waiting > 0 })
	m.save(t)
	closed := make(chan struct{})
	go func() {
		m.sender.Close()
		close(closed)
	}()
	wait.Until(t, "the sender is being closed", func() bool { return m.sender.connections() == smtp.Stats{} })
	// The new sender waits a second for room at the relay before it dials: a first
	// mail that is cut off after drain is back in the queue by then.
	if _, err := m.relay.WaitMails(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	close(release)
	<-closed
	box := m.outbox(t)
	wait.Until(t, "the queue is empty", func() bool {
		count := counts(t, box)
		return count[outbox.Queued]+count[outbox.Sending] == 0
	})
	for n := 1; n <= 2; n++ {
		times := 0
		for _, mail := range m.relay.Mails() {
			if bytes.Contains(mail.Data, fmt.Appendf(nil, "mail %d\r\n", n)) {
				times++
			}
		}
		if times != 1 {
			t.Errorf("mail %d came %d times", n, times)
		}
	}
}

// TestNothingIsSentOnceTheLeaseIsLost, of a mail to all or to each: it is given back,
// for another process may have it.
func TestNothingIsSentOnceTheLeaseIsLost(t *testing.T) {
	m := startMailing(t, nil)
	for _, individual := range []bool{false, true} {
		d := newMail(1).Delivery
		d.Individual, d.MessageID = individual, "id@example.com"
		d.Recipients = []outbox.Recipient{{Address: "a@example.com", Status: outbox.Queued}, {Address: "b@example.com", Status: outbox.Queued}}
		out := m.sender.Deliver(t.Context(), outbox.Job{Delivery: d, Begin: func() error { return context.Canceled }})
		if out.Verdict != outbox.Release {
			t.Errorf("individual %t: %+v", individual, out)
		}
	}
	if n := m.relay.Taken(); n != 0 {
		t.Errorf("%d mails", n)
	}
}

// TestHeldMailGoesOutAtOnceWhenTheRelayTakesTheSender: Save & test succeeds in the
// second after the refusal, when the relay is not to be dialed again.
func TestHeldMailGoesOutAtOnceWhenTheRelayTakesTheSender(t *testing.T) {
	m := startMailing(t, nil)
	m.relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Times: 1, Action: relaytest.Reply("535 5.7.8 authentication failed\r\n")})
	box := m.outbox(t)
	stored, outcome, err := box.EnqueueToAwait(t.Context(), new(newMail(1)))
	if err != nil {
		t.Fatal(err)
	}
	if d := outcome(t.Context()); d.Status != outbox.Held {
		t.Fatalf("%+v", d)
	}
	if report := m.sender.Check(t.Context()); report.Err != nil {
		t.Fatal(report.Err)
	}
	if _, err := m.relay.WaitMails(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	d, err := box.Get(t.Context(), "1/mail", stored.Delivery.ID)
	if err != nil || len(d.Attempts) > 2 {
		t.Errorf("%d attempts, %v", len(d.Attempts), err)
	}
}

// TestAMailDoesNotWaitForTheTemplatesOfOthers: they are tried when first they are used,
// which takes seconds where one is slow.
func TestAMailDoesNotWaitForTheTemplatesOfOthers(t *testing.T) {
	m := startMailing(t, nil)
	began, tried := make(chan struct{}), make(chan struct{})
	slow := m.settings
	slow.ProfileName = "slow"
	m.sender.renderers[renderKey{profile: "slow", language: "en"}] = func() (*message.Renderer, error) {
		close(began)
		<-tried
		return nil, nil
	}
	rendered := make(chan struct{})
	go func() {
		defer close(rendered)
		_, _ = m.sender.renderer(&slow, "en", "")
	}()
	<-began
	defer func() {
		close(tried)
		<-rendered
	}()
	sent := make(chan outbox.Delivery)
	go func() { sent <- m.notified(t, 1, "firing", "critical") }()
	if d := wait.For(t, "a mail of the data source", sent); d.Status != outbox.Sent {
		t.Errorf("%s: %s", d.Status, d.Reason)
	}
}
