package plugintest_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestRelayThatRefusesASessionTakesEveryAlert: each alert is answered with 200,
// whatever a session is refused with after some mails.
func TestRelayThatRefusesASessionTakesEveryAlert(t *testing.T) {
	const alerts = 12
	for name, fault := range map[string]relaytest.Fault{
		"a limit of mails": {Stage: relaytest.MAIL, Skip: 3, Action: relaytest.Reply("452 4.4.5 maximum number of messages per session exceeded\r\n")},
		"at DATA":          {Stage: relaytest.DATA, Skip: 3, Action: relaytest.Reply("451 4.4.5 too many messages\r\n")},
		"forgets who":      {Stage: relaytest.MAIL, Skip: 1, Action: relaytest.Reply("530 5.7.0 authentication required\r\n")},
		"order":            {Stage: relaytest.MAIL, Skip: 1, Action: relaytest.Reply("503 5.5.1 issue a reset first\r\n")},
		"for good":         {Stage: relaytest.MAIL, Skip: 2, Action: relaytest.Reply("554 5.7.1 no more in this session\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			r := relay(t, relaytest.Options{})
			fault.PerSession = true
			r.Fault(fault)
			p := start(t, "memory:", nil)
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			for n := range alerts {
				answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
				if got := object(t, answer.Body); answer.Status != 200 || got["status"] != "sent" {
					t.Errorf("alert %d: %d %s", n, answer.Status, answer.Body)
				}
			}
			if got := r.Taken(); got != alerts {
				t.Errorf("%d mails arrived, want %d", got, alerts)
			}
			if v := r.Violations(); len(v) > 0 {
				t.Error(v)
			}
		})
	}
}

func TestSixtyRecipientsPassARelayThatTakesTenAtATime(t *testing.T) {
	r := relay(t, relaytest.Options{MaxRecipients: 10})
	p := start(t, "memory:", nil)
	var to []string
	for i := range 60 {
		to = append(to, fmt.Sprintf("person%d@example.com", i))
	}
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"to": to})
	answer := call(t, p, ds, plugintest.Signed("alerts", fixture(t, "firing-2.json")))
	if got, _ := object(t, answer.Body)["accepted"].([]any); answer.Status != 200 || len(got) != 60 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	var reached []string
	for _, mail := range r.Mails() {
		reached = append(reached, mail.To...)
	}
	slices.Sort(to)
	if slices.Sort(reached); !slices.Equal(reached, to) {
		t.Errorf("%q have the mail", reached)
	}
}

func TestConnectionIsReplacedAfterMessagesPerConnection(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"messagesPerConnection": 2})
	for n := range 6 {
		if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n))); answer.Status != 200 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
	}
	if _, _, total, _ := r.Connections(); total != 3 {
		t.Errorf("%d connections for 6 alerts, want 3", total)
	}
}

// TestRelayThatRefusesPLAINIsOfferedLOGIN: by the health check and by alerts.
func TestRelayThatRefusesPLAINIsOfferedLOGIN(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	refuse := relaytest.Fault{Stage: relaytest.AUTH, Times: 1, Action: relaytest.Reply("504 5.7.4 Unrecognized authentication type\r\n")}
	r.Fault(refuse)
	if health, err := p.CheckHealth(within(t), ds); err != nil || health.Status.String() != "OK" {
		t.Fatal(err, health)
	}
	r.Fault(refuse)
	answer := call(t, p, ds, plugintest.Signed("alerts", fixture(t, "firing-2.json")))
	if answer.Status != 200 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	if got := r.Mails()[0].Mechanism; got != "LOGIN" {
		t.Errorf("authenticated by %s", got)
	}
}

// TestNobodyWaitsForARelayThatTakesItsTimeOverAContent: it may take ten minutes.
// The alert is answered, others are mailed, and the process stops.
func TestNobodyWaitsForARelayThatTakesItsTimeOverAContent(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	held, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	r.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(held) }})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"maxConnections": 2, "timeoutSeconds": 3})
	slow := make(chan plugintest.Response, 1)
	go func() {
		answer, err := p.Call(within(t), ds, plugintest.Signed("alerts", another(t, 0)))
		if err != nil {
			t.Error(err)
		}
		slow <- answer
	}()
	<-held
	for n := 1; n <= 3; n++ {
		if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n))); answer.Status != 200 {
			t.Errorf("alert %d: %d %s", n, answer.Status, answer.Body)
		}
	}
	if answer := <-slow; answer.Status != 202 || !strings.Contains(string(answer.Body), `"queued"`) {
		t.Errorf("the slow one: %d %s", answer.Status, answer.Body)
	}
	p.Stop()
	if got := r.Taken(); got != 3 {
		t.Errorf("%d mails arrived", got)
	}
}
