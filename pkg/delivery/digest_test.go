package delivery

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// stepped is a clock that a test advances.
type stepped struct {
	mu  sync.Mutex
	now time.Time
}

func (c *stepped) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *stepped) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// startBraked is a data source that mails a recipient so often an hour, by the clock.
func startBraked(t *testing.T, budget int, clock *stepped) mailing {
	t.Helper()
	return startMailing(t, map[string]any{"maxPerRecipient": budget, "to": []string{"oncall@example.com"}}, func(c *Config) {
		c.options.Now, c.options.Poll = clock.Now, 10*time.Millisecond
	})
}

// notified is a notification of one alert.
func (m mailing) notified(t *testing.T, n int, status, severity string) outbox.Delivery {
	t.Helper()
	read, err := alert.Decode(strings.NewReader(fmt.Sprintf(`{"groupKey":"group %[1]d","alerts":[{"status":%[2]q,
		"labels":{"alertname":"Rule %[1]d","severity":%[3]q},"startsAt":"2026-03-01T11:00:00Z","fingerprint":"%[1]d"}]}`, n, status, severity)))
	if err != nil {
		t.Fatal(err)
	}
	to, err := alert.Resolve(&alert.Overrides{}, &m.settings)
	if err != nil {
		t.Fatal(err)
	}
	got, err := m.sender.Accept(t.Context(), read, to)
	if err != nil {
		t.Fatal(err)
	}
	return got.Delivery
}

// TestStormBecomesTheBudgetAndItsDigest: 1,000 notifications to one person in ten
// minutes, each of which is found in the log and, from there, in the digest.
func TestStormBecomesTheBudgetAndItsDigest(t *testing.T) {
	const storm, budget = 1000, 20
	clock := &stepped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := startBraked(t, budget, clock)
	box := m.outbox(t)
	accepted := map[string]outbox.Delivery{}
	for n := range storm {
		d := m.notified(t, n, "firing", "warning")
		accepted[d.ID] = d
		clock.advance(10 * time.Minute / storm)
	}
	if n := m.relay.Taken(); n != budget {
		t.Errorf("%d mails in the storm", n)
	}
	clock.advance(5 * time.Minute)
	mails, err := m.relay.WaitMails(t.Context(), budget+1)
	if err != nil {
		t.Fatal(err)
	}
	wait.Until(t, "nothing waits", func() bool {
		count := counts(t, box)
		return count[outbox.Collecting]+count[outbox.Queued]+count[outbox.Sending] == 0
	})
	if n := m.relay.Taken(); n != budget+1 {
		t.Errorf("%d mails for %d notifications", n, storm)
	}
	carried := map[string]string{} // by delivery, its digest
	for id := range accepted {
		d, err := box.Get(t.Context(), "1/mail", id)
		if err != nil {
			t.Fatal(err)
		}
		if d.Status == outbox.Digested {
			carried[id] = d.Recipients[0].Digest
		} else if d.Status != outbox.Sent {
			t.Errorf("one is %s", d.Status)
		}
	}
	if len(carried) != storm-budget {
		t.Errorf("%d are in a digest", len(carried))
	}
	for id, digest := range carried {
		if d, err := box.Get(t.Context(), "1/mail", digest); err != nil || d.Status != outbox.Sent || !d.Digest() || !strings.Contains(d.Subject, "980") {
			t.Fatalf("the digest of %s: %+v, %v", id, d, err)
		}
		page, err := box.List(t.Context(), outbox.Filter{Source: "1/mail", Digest: digest})
		if err != nil || len(page.Deliveries) != len(carried) {
			t.Errorf("the digest tells of %d, %v", len(page.Deliveries), err)
		}
		for _, d := range page.Deliveries {
			if carried[d.ID] != digest {
				t.Errorf("it tells of %s", d.ID)
			}
		}
		break // all have the same, as the counts say
	}
	if data := mails[budget].Data; !bytes.Contains(data, []byte("To: <oncall@example.com>")) && !bytes.Contains(data, []byte("To: oncall@example.com")) {
		t.Errorf("the digest is\n%.1000s", data)
	}
}

// TestCriticalAlertsAreMailedThroughTheBrake, and so is what resolves them; the digest
// tells their last state.
func TestCriticalAlertsAreMailedThroughTheBrake(t *testing.T) {
	clock := &stepped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := startBraked(t, 1, clock)
	for _, n := range []struct {
		rule             int
		status, severity string
		want             outbox.Status
	}{
		{1, "firing", "warning", outbox.Sent},
		{2, "firing", "warning", outbox.Digested},
		{3, "firing", "critical", outbox.Sent},
		{3, "resolved", "critical", outbox.Sent},
		{4, "firing", "P1", outbox.Sent},
		{5, "firing", "緊急", outbox.Sent},
		{6, "firing", "심각", outbox.Sent},
		{7, "firing", "info", outbox.Digested},
		{8, "firing", "", outbox.Digested},
	} {
		if d := m.notified(t, n.rule, n.status, n.severity); d.Status != n.want {
			t.Errorf("%s, %q: %s", n.status, n.severity, d.Status)
		}
	}
}

// TestDigestThatCannotBeMadeIsKeptAndSaysWhy: what it tells was acknowledged, and settings
// can be mended.
func TestDigestThatCannotBeMadeIsKeptAndSaysWhy(t *testing.T) {
	m := startMailing(t, nil)
	d := newMail(1).Delivery
	d.ClosesAt, d.Message = time.Now(), []byte("not what it is made with")
	out := m.sender.Deliver(t.Context(), outbox.Job{Delivery: d})
	if len(out.Results) != 1 || out.Results[0].Status != outbox.Queued || !strings.Contains(out.Text, "the digest cannot be made") {
		t.Errorf("%+v", out)
	}
}

// TestDigestIsTheSameInEveryAttempt: the relay may have one of which no answer came.
func TestDigestIsTheSameInEveryAttempt(t *testing.T) {
	clock := &stepped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := startBraked(t, 1, clock)
	m.notified(t, 1, "firing", "warning")
	told := m.notified(t, 2, "firing", "warning")
	box := m.outbox(t)
	digest, err := box.Get(t.Context(), "1/mail", told.Recipients[0].Digest)
	if err != nil || digest.Status != outbox.Collecting || digest.Subject != "Digest" {
		t.Fatalf("%+v, %v", digest, err)
	}
	make := func() []byte {
		d := digest
		d.Message = recipe{Language: "en", Timezone: "UTC", MaxPerHour: 1}.encoded()
		if subject, err := m.sender.makeDigest(context.Background(), &d); err != nil || subject == "" {
			t.Fatal(err)
		}
		return d.Message
	}
	first := make()
	clock.advance(time.Minute)
	if again := make(); !bytes.Equal(first, again) {
		t.Errorf("the first was\n%s\nand now it is\n%s", first, again)
	}
	if _, err := box.Retry(t.Context(), "1/mail", digest.ID); err != nil { // it is sent now
		t.Fatal(err)
	}
	if _, err := m.relay.WaitMails(t.Context(), 2); err != nil {
		t.Fatal(err)
	}
}

// TestDigestIsFromTheSenderOfItsEnvelope, which is that of its last note, whatever the
// settings say by now. The name is theirs.
func TestDigestIsFromTheSenderOfItsEnvelope(t *testing.T) {
	for _, noted := range []bool{false, true} {
		t.Run(fmt.Sprintf("a note after the change %t", noted), func(t *testing.T) {
			clock := &stepped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
			m := startBraked(t, 1, clock)
			from := m.settings.From.Mailbox()
			m.notified(t, 1, "firing", "warning")
			m.notified(t, 2, "firing", "warning")
			m.settings.From.Local, m.settings.From.Name = "new", "New name"
			m.sender.Close() // it would still send
			m.sender = m.save(t)
			if noted {
				from = m.settings.From.Mailbox()
				m.notified(t, 3, "firing", "warning")
			}
			clock.advance(time.Hour)
			mails, err := m.relay.WaitMails(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			digest := mails[1]
			if want := "From: \"New name\" <" + from + ">\r\n"; digest.From != from || !strings.Contains(string(digest.Data), want) {
				t.Errorf("the envelope is from %s, and the digest is\n%s", digest.From, digest.Data)
			}
		})
	}
}

// looked is a context that calls look where its end is waited for.
type looked struct {
	context.Context
	look func()
}

func (c looked) Done() <-chan struct{} {
	c.look()
	return c.Context.Done()
}

// TestOneDigestIsMadeAtATime in the process, whichever data sources they are of.
func TestOneDigestIsMadeAtATime(t *testing.T) {
	m := startMailing(t, nil)
	d := newMail(1).Delivery
	d.ClosesAt, d.MessageID, d.Message = time.Now(), "digest@example.com", recipe{Language: "en", Timezone: "UTC"}.encoded()
	reads := 0
	making := looked{context.Background(), func() {
		if reads++; m.service.digests.TryLock() {
			t.Error("another could be made meanwhile")
			m.service.digests.Unlock()
		}
	}}
	if _, err := m.sender.makeDigest(making, &d); err != nil || reads == 0 {
		t.Errorf("%d reads, %v", reads, err)
	}
	if !m.service.digests.TryLock() {
		t.Error("no other can be made")
	}
}

// TestClockOfAProfileGathersItsMail until then: as the profile has it, in its zone.
func TestClockOfAProfileGathersItsMail(t *testing.T) {
	clock := &stepped{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	m := startBraked(t, 0, clock)
	m.settings.Profiles = []*settings.Settings{new(m.settings)}
	profile := m.settings.Profiles[0]
	profile.ProfileName, profile.Language, profile.Location = "daily", "ko", time.FixedZone("", 9*60*60)
	profile.From.Local, profile.Digest = "digests", &settings.Digest{Hour: 9, Days: []time.Weekday{time.Monday}}
	m.sender = m.save(t)
	m.settings = *profile
	if d := m.notified(t, 1, "firing", "critical"); d.Status != outbox.Sent {
		t.Errorf("a critical one is %s", d.Status)
	}
	told := m.notified(t, 2, "firing", "warning")
	box := m.outbox(t)
	digest, err := box.Get(t.Context(), "1/mail", told.Recipients[0].Digest)
	if err != nil || digest.Status != outbox.Collecting || !digest.DueAt.Equal(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("%+v, %v", digest, err)
	}
	clock.advance(12 * time.Hour)
	mails, err := m.relay.WaitMails(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if mails[1].From != "digests@example.com" {
		t.Errorf("the digest is from %s", mails[1].From)
	}
	wait.Until(t, "it is stored", func() bool {
		digest, err = box.Get(t.Context(), "1/mail", digest.ID)
		return digest.Status == outbox.Sent
	})
	if err != nil || !strings.Contains(digest.Subject, "요약") {
		t.Errorf("%q, %v", digest.Subject, err)
	}
}

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

// TestNextAtIsOnceADayByTheClocksOfTheZone, also on days that have another hour or lack
// one.
func TestNextAtIsOnceADayByTheClocksOfTheZone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	weekdays := []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday}
	for name, tt := range map[string]struct {
		now          string
		hour, minute int
		days         []time.Weekday
		want         []string
	}{
		"today":          {"2026-03-02T08:59:59+01:00", 9, 0, nil, []string{"2026-03-02T09:00:00+01:00", "2026-03-03T09:00:00+01:00"}},
		"at the time":    {"2026-03-02T09:00:00+01:00", 9, 0, nil, []string{"2026-03-03T09:00:00+01:00"}},
		"over a weekend": {"2026-03-06T10:00:00+01:00", 9, 0, weekdays, []string{"2026-03-09T09:00:00+01:00"}},
		"into summer":    {"2026-03-28T10:00:00+01:00", 9, 0, nil, []string{"2026-03-29T09:00:00+02:00", "2026-03-30T09:00:00+02:00"}},
		"out of summer":  {"2026-10-24T10:00:00+02:00", 9, 0, nil, []string{"2026-10-25T09:00:00+01:00", "2026-10-26T09:00:00+01:00"}},
		"once a week":    {"2026-03-29T09:00:00+02:00", 9, 0, []time.Weekday{time.Sunday}, []string{"2026-04-05T09:00:00+02:00"}},
	} {
		now, err := time.Parse(time.RFC3339, tt.now)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.want {
			now = nextAt(now, tt.hour, tt.minute, tt.days, berlin)
			if got := now.Format(time.RFC3339); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	}
	for _, from := range []string{"2026-03-28T00:00:00+01:00", "2026-10-24T00:00:00+02:00"} { // 2:30 is skipped, and comes twice
		now, _ := time.Parse(time.RFC3339, from)
		for day := range 3 {
			next := nextAt(now, 2, 30, nil, berlin)
			if next.Day() != now.In(berlin).Day()+min(day, 1) || next.Sub(now) > 26*time.Hour {
				t.Errorf("after %s comes %s", now, next)
			}
			now = next
		}
	}
}
