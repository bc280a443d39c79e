package delivery

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// TestANotificationIsMailedOnceAndARepeatIsToldSo.
func TestANotificationIsMailedOnceAndARepeatIsToldSo(t *testing.T) {
	m := startMailing(t, nil)
	first := m.accept(t, "disk", "")
	if first.Delivery.Status != outbox.Sent || first.Joined || first.Durable {
		t.Errorf("%+v", first)
	}
	if again := m.accept(t, "disk", ""); !again.Joined || again.Delivery.ID != first.Delivery.ID {
		t.Errorf("a repeat is %+v", again)
	}
	if other := m.accept(t, "cpu", ""); other.Joined || other.Delivery.Status != outbox.Sent {
		t.Errorf("another is %+v", other)
	}
	if n := len(m.relay.Mails()); n != 2 {
		t.Errorf("%d mails, want 2", n)
	}
	if status := m.service.Status(t.Context(), "1/mail", m.sender); !status.Outbox.Available || status.Outbox.Durable || status.Outbox.Warning == "" ||
		status.Queue == nil || status.Queue.Queued+status.Queue.Sending+status.Queue.Held != 0 || status.Connections.Idle+status.Connections.Busy != 1 {
		t.Errorf("%+v", status)
	}
}

// TestInModeIndividualNobodySeesTheOthers: each recipient has a mail of their own,
// and the one whom the relay refuses costs nobody theirs.
func TestInModeIndividualNobodySeesTheOthers(t *testing.T) {
	m := startMailing(t, map[string]any{"recipientMode": "individual", "to": []string{"one@example.com", "two@example.com"}, "cc": []string{"three@example.com"}})
	m.relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "two@example.com", Action: relaytest.Reply("550 5.1.1 no such user\r\n")})
	got := m.accept(t, "disk", "").Delivery
	told := map[string]string{}
	for _, r := range got.Recipients {
		told[r.Address] = fmt.Sprint(r.Status, " ", r.Code)
	}
	if want := map[string]string{"one@example.com": "sent 250", "two@example.com": "failed 550", "three@example.com": "sent 250"}; got.Status != outbox.Partial || !maps.Equal(told, want) {
		t.Errorf("%s %v", got.Status, told)
	}
	mails := m.relay.Mails()
	if len(mails) != 2 {
		t.Fatalf("%d mails", len(mails))
	}
	for _, mail := range mails {
		if len(mail.To) != 1 {
			t.Errorf("one mail is for %v", mail.To)
		}
		for _, other := range []string{"one@example.com", "two@example.com", "three@example.com"} {
			if mentioned := strings.Contains(string(mail.Data), other); mentioned != (other == mail.To[0]) {
				t.Errorf("the mail to %s: %s is in it: %t", mail.To[0], other, mentioned)
			}
		}
	}
}

// TestTheRequestsWordsReachTheMail: its mail type signs in as the service asks, and
// what was no address is noted.
func TestTheRequestsWordsReachTheMail(t *testing.T) {
	m := startMailing(t, map[string]any{"allowedRecipients": []string{"@example.com"}})
	got := m.accept(t, "disk", "type=auth&language=ko&to=team-db,lee@example.com&timezone=Asia/Seoul&replyTo=team@example.com").Delivery
	mails := m.relay.Mails()
	if len(mails) == 0 || mails[0].UserName != "AppKey#auth" || fmt.Sprint(mails[0].To) != "[lee@example.com]" || !strings.Contains(string(mails[0].Data), `lang=3D"ko"`) {
		t.Errorf("%d mails: %+v", len(mails), got.Recipients)
	}
	for _, field := range []string{"\r\nReply-To: team@example.com\r\n", " +0900\r\n"} {
		if len(mails) > 0 && !strings.Contains(string(mails[0].Data), field) {
			t.Errorf("the mail has no %q", field)
		}
	}
	if got.MailType != "auth" || !strings.Contains(got.Note, `"team-db"`) {
		t.Errorf("type %q, note %q", got.MailType, got.Note)
	}
}

// TestATemplateThatFailsIsNoted, and the built-in text has the alert.
func TestATemplateThatFailsIsNoted(t *testing.T) {
	m := startMailing(t, map[string]any{"subjectTemplate": `{{if eq .Headline "disk"}}{{index .Alerts 7}}{{else}}mine{{end}}`})
	if got := m.accept(t, "disk", "").Delivery; !strings.Contains(got.Note, "subjectTemplate") || !strings.Contains(got.Subject, "disk") {
		t.Errorf("note %q, subject %q", got.Note, got.Subject)
	}
	if got := m.accept(t, "cpu", "").Delivery; got.Note != "" || got.Subject != "mine" {
		t.Errorf("note %q, subject %q", got.Note, got.Subject)
	}
}

// TestMetricsTellWhatWaitsAndWhatBecame of mail, as Prometheus reads them.
func TestMetricsTellWhatWaitsAndWhatBecame(t *testing.T) {
	m := startMailing(t, nil)
	registry := prometheus.NewRegistry()
	m.service.RegisterMetrics(registry)
	registry.MustRegister(deliveries, attempts)
	value := func(line string) float64 { return metricOf(t, registry, line) }
	const sent, held, tried = "nhncloud_email_deliveries_total{normal,sent}", "nhncloud_email_outbox_depth{held}", "nhncloud_email_attempts_total{sent}"
	before := value(sent)
	m.accept(t, "disk", "")
	if got := value(sent) - before; got != 1 {
		t.Errorf("%v deliveries are counted", got)
	}
	if value(tried) < 1 || value(held) != 0 || value("nhncloud_email_outbox_oldest_age_seconds{}") != 0 {
		t.Errorf("%v attempts, %v held", value(tried), value(held))
	}
	m.relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 5.7.8 no\r\n")})
	if got := m.accept(t, "cpu", "type=auth").Delivery; got.Status != outbox.Held { // over a connection of its own
		t.Errorf("%+v", got.State)
	}
	if got := value(held); got != 1 {
		t.Errorf("%v held", got)
	}
}

// metricOf returns the value of a metric in a line such as name{value of a label}.
func metricOf(t *testing.T, registry *prometheus.Registry, line string) float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.Metric {
			var labels []string
			for _, l := range metric.Label {
				labels = append(labels, l.GetValue())
			}
			if line == family.GetName()+"{"+strings.Join(labels, ",")+"}" {
				return metric.GetCounter().GetValue() + metric.GetGauge().GetValue()
			}
		}
	}
	t.Fatalf("there is no %s", line)
	return 0
}
