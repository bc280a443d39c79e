package delivery

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// TestAHistoryThatCannotBeReadDelaysNoMail: it goes without, in the thread that the
// alert itself tells of, and the log says so once.
func TestAHistoryThatCannotBeReadDelaysNoMail(t *testing.T) {
	m := startMailing(t, map[string]any{"dedupeSeconds": 0})
	var said bytes.Buffer
	m.sender.log = hclog.New(&hclog.LoggerOptions{Output: &said})
	read := readHistory
	defer func() { readHistory = read }()
	broken := func(*outbox.Outbox, context.Context, []int64) (outbox.History, error) {
		return outbox.History{}, errors.New("disk I/O error")
	}

	began := time.Now().Add(-5 * time.Minute).Truncate(time.Second)
	roots := map[string]bool{}
	send := func(status string, alerts ...string) string {
		t.Helper()
		var all []string
		for _, instance := range alerts {
			end := ""
			if status == "resolved" {
				end = `,"endsAt":"` + time.Now().Format(time.RFC3339) + `"`
			}
			all = append(all, fmt.Sprintf(`{"status":%q,"labels":{"alertname":"CPU","instance":%q},"startsAt":%q%s}`, status, instance, began.Format(time.RFC3339), end))
		}
		n, err := alert.Decode(strings.NewReader(`{"groupKey":"cpu","alerts":[` + strings.Join(all, ",") + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		recipients, err := alert.Resolve(&alert.Overrides{}, &m.settings)
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.sender.Accept(t.Context(), n, recipients)
		if err != nil || got.Delivery.Status != outbox.Sent {
			t.Fatalf("%+v, %v", got, err)
		}
		mails := m.relay.Mails()
		data := string(mails[len(mails)-1].Data)
		message, err := mail.ReadMessage(strings.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		roots[message.Header.Get("References")] = true
		return strings.NewReplacer("=\r\n", "", "=C2=A0", " ").Replace(data)
	}
	send("firing", "a", "b")
	readHistory = broken
	for range 3 {
		if text := send("firing", "a", "b"); strings.Contains(text, "Since the last") {
			t.Errorf("the mail says what is not known:\n%s", text)
		}
	}
	readHistory = read
	if text := send("firing", "a", "b", "c"); !strings.Contains(text, "Since the last mail: 1 new, 2 still") {
		t.Errorf("the history is there again, and the mail does not tell:\n%s", text)
	}
	readHistory = broken
	send("resolved", "a", "b", "c")
	if len(roots) != 1 {
		t.Errorf("one incident has the threads %v", roots)
	}
	if n := strings.Count(said.String(), "the history of alerts cannot be read"); n != 1 || !strings.Contains(said.String(), "disk I/O error") {
		t.Errorf("told %d times:\n%s", n, said.String())
	}
}

// TestWhatIsForgottenIsNotTakenForNew: the log may be shorter than an alert is long.
func TestWhatIsForgottenIsNotTakenForNew(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	starts := func(ago ...time.Duration) *alert.Notification {
		n := &alert.Notification{FiringCount: len(ago)}
		for _, d := range ago {
			a := alert.Alert{Status: alert.Firing}
			if d > 0 {
				a.StartsAt = now.Add(-d)
			}
			n.Alerts = append(n.Alerts, a)
		}
		return n
	}
	known := outbox.History{Limit: 2, ByAlert: map[int64][]outbox.EarlierRecord{0: {{AlertRecord: outbox.AlertRecord{StartsAt: now.Add(-time.Hour), Incident: now.Add(-2 * time.Hour)}, Conversation: "here"}}}}
	for name, tt := range map[string]struct {
		n        *alert.Notification
		compared bool
	}{
		"the other is new":                        {starts(time.Hour, time.Minute), true},
		"the other is older than the log":         {starts(time.Hour, 26*time.Hour), false},
		"nobody knows when the other began":       {starts(time.Hour, 0), false},
		"the only one that is known is another's": {starts(2 * time.Hour), false},
	} {
		compare(tt.n, []int64{0, 1}, "here", known, now.Add(-24*time.Hour))
		if tt.n.History.Compared != tt.compared {
			t.Errorf("%s: compared %t", name, tt.n.History.Compared)
		}
	}
	truncated := starts(time.Hour, time.Minute)
	truncated.Omitted = 1
	if compare(truncated, []int64{0, 1}, "here", known, now.Add(-24*time.Hour)); truncated.History.Compared || !truncated.History.Incident.Equal(now.Add(-2*time.Hour)) {
		t.Errorf("some are left out: %+v", truncated.History)
	}
}

// TestWhatIsNotLookedAtIsNotTakenForNew: the mails of other recipients may have told
// of an alert more often than is looked at.
func TestWhatIsNotLookedAtIsNotTakenForNew(t *testing.T) {
	now := time.Now().Truncate(time.Second)
	n := &alert.Notification{FiringCount: 2, Alerts: []alert.Alert{
		{Status: alert.Firing, StartsAt: now.Add(-time.Hour)}, {Status: alert.Firing, StartsAt: now.Add(-time.Minute)},
	}}
	row := func(start time.Time, conversation string) []outbox.EarlierRecord {
		return []outbox.EarlierRecord{{AlertRecord: outbox.AlertRecord{StartsAt: start, Incident: n.Alerts[0].StartsAt}, Conversation: conversation}}
	}
	told := outbox.History{Limit: 1, ByAlert: map[int64][]outbox.EarlierRecord{
		0: row(n.Alerts[0].StartsAt, "here"), 1: row(n.Alerts[1].StartsAt, "there"),
	}}
	if compare(n, []int64{0, 1}, "here", told, now.Add(-24*time.Hour)); n.History.Compared {
		t.Error("an alert is new that an earlier mail may have told of")
	}
	told.Limit = 2
	if compare(n, []int64{0, 1}, "here", told, now.Add(-24*time.Hour)); !n.History.Compared {
		t.Error("all is known, and nothing is compared")
	}
	told.Limit, told.ByAlert[1] = 1, row(n.Alerts[1].StartsAt.Add(-time.Minute), "there")
	if compare(n, []int64{0, 1}, "here", told, now.Add(-24*time.Hour)); !n.History.Compared {
		t.Error("what was told last is of the firing before, and nothing is compared")
	}
}
