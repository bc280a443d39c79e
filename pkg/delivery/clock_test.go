package delivery

import (
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
)

// TestProfileWithAClockIsToldInItsDigest: what its alerts say waits for the time that the
// profile names, in its zone and words, and is from its sender; other mail goes at once.
func TestProfileWithAClockIsToldInItsDigest(t *testing.T) {
	m := startMailing(t, map[string]any{
		"to": []string{"oncall@example.com", "team@example.com"},
		"profiles": []map[string]any{{
			"name": "low", "to": []string{"team@example.com"}, "fromName": "Morning", "digest": "09:00", "timezone": "Asia/Seoul", "language": "ko",
			"headers": map[string]string{"X-Route": "low"},
		}},
	})
	first := m.accept(t, "disk", "profile=low").Delivery
	second := m.accept(t, "cpu", "profile=low").Delivery
	if other := m.accept(t, "disk", "to=team@example.com").Delivery; other.Status != outbox.Sent {
		t.Errorf("the same, of a contact point without a clock, is %s", other.Status)
	}
	if again := m.accept(t, "memory", "profile=LOW").Delivery; again.Recipients[0].Digest != first.Recipients[0].Digest {
		t.Errorf("a profile that is spelled otherwise has another digest: %+v", again)
	}
	if first.Status != outbox.Digested || second.Recipients[0].Digest != first.Recipients[0].Digest {
		t.Fatalf("%+v\n%+v", first, second)
	}
	box := m.outbox(t)
	digest, err := box.Get(t.Context(), "1/mail", first.Recipients[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	if due := digest.DueAt.In(m.settings.Profiles[0].Location); digest.Status != outbox.Collecting || due.Format("15:04") != "09:00" {
		t.Errorf("%s, due at %s", digest.Status, due)
	}
	if _, err := box.Retry(t.Context(), "1/mail", digest.ID); err != nil { // send it now
		t.Fatal(err)
	}
	mails, err := m.relay.WaitMails(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	mail := string(mails[1].Data)
	for _, want := range []string{"Morning", "X-Route: low", "team@example.com", "disk", "cpu"} {
		if !strings.Contains(mail, want) {
			t.Errorf("the digest has no %q:\n%s", want, mail)
		}
	}
}
