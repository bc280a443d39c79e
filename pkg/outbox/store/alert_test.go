package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// toldOf is what the store knows of alerts.
func (f *fixture) toldOf(fingerprints ...int64) []ToldAlert {
	f.Helper()
	told, err := f.Alerts(f.Context(), fingerprints, 100)
	if err != nil {
		f.Fatal(err)
	}
	return told
}

// telling is a delivery that tells of these alerts.
func telling(conversation string, alerts ...Alert) NewDelivery {
	n := mail(conversation)
	n.Alerts = alerts
	return n
}

// TestWhatMailToldIsKept: of each alert what each mail told, the latest first.
func TestWhatMailToldIsKept(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		start := f.clock.Add(-time.Hour)
		fires := Alert{Fingerprint: -1 << 63, StartsAt: start, Incident: start}
		ended := fires
		ended.EndsAt = start.Add(12 * time.Minute)
		other := Alert{Fingerprint: 1<<63 - 1, StartsAt: start, Incident: start}
		f.enqueue(telling("group", fires, other))
		f.enqueue(telling("group", ended))
		f.enqueue(telling("another", fires))

		var got []string
		for _, a := range f.toldOf(fires.Fingerprint) {
			got = append(got, fmt.Sprint(a.StartsAt.Equal(start), a.EndsAt.Sub(start).Minutes() == 12, a.Incident.Equal(start), " ", a.Conversation))
		}
		if want := []string{"true false true another", "true true true group", "true false true group"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := f.toldOf(other.Fingerprint, 5); len(got) != 1 || got[0].Fingerprint != other.Fingerprint {
			t.Errorf("%+v", got)
		}
		if got := f.toldOf(); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestARepeatTellsNothing, and neither does mail that there is no room for.
func TestARepeatTellsNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := telling("group", Alert{Fingerprint: 1, StartsAt: f.clock})
		f.enqueue(n)
		again := telling("group", n.Alerts...)
		again.Identity = n.Identity
		if e := f.enqueue(again); !e.Joined {
			t.Fatalf("%+v", e)
		}
		full := telling("group", Alert{Fingerprint: 1, StartsAt: f.clock})
		full.Full = errors.New("there is no room")
		f.write(func(tx *Tx) error {
			_, err := tx.Enqueue(full)
			mustBe(t, err, full.Full)
			return nil
		})
		if got := f.toldOf(1); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestMailThatNobodyGotToldNothing, though its alert fired.
func TestMailThatNobodyGotToldNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for i, status := range []Status{Sent, Failed, Expired, Cancelled} {
			n := telling("group", Alert{Fingerprint: int64(i), StartsAt: f.clock})
			d := f.enqueue(f.leased(n)).Delivery
			if told := f.toldOf(int64(i)); len(told) != 1 || told[0].Lost {
				t.Errorf("on its way: %+v", told)
			}
			end := f.end(d, Failed)
			end.To.Status = status
			f.apply(end)
			f.advance(time.Second)
			if told := f.toldOf(int64(i)); len(told) != 1 || told[0].Lost == (status == Sent) {
				t.Errorf("%s: %+v", status, told)
			}
		}
	})
}

// TestWhatMailToldGoesWithTheLog.
func TestWhatMailToldGoesWithTheLog(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		alert := Alert{Fingerprint: 1, StartsAt: f.clock}
		d := f.enqueue(f.leased(telling("group", alert, alert))).Delivery
		f.apply(f.end(d, Sent))
		f.advance(time.Hour)
		f.enqueue(telling("group", alert))
		f.write(func(tx *Tx) error { _, err := tx.RemoveFinal(f.clock.Add(-time.Minute), 100); return err })
		var rows int
		if err := f.reads.QueryRowContext(t.Context(), "SELECT count(*) FROM alert").Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%d rows are left, want 1; %v", rows, err)
		}
	})
}

// TestOfEachAlertTheLatestIsRead: one that flaps holds up no mail.
func TestOfEachAlertTheLatestIsRead(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for i := range 20 {
			start := f.clock.Add(time.Duration(i) * time.Second)
			n := telling("group", Alert{Fingerprint: 1, StartsAt: start})
			if i < 2 {
				n.Alerts = append(n.Alerts, Alert{Fingerprint: 2, StartsAt: start})
			}
			f.enqueue(n)
		}
		told, err := f.Alerts(t.Context(), []int64{1, 2, 3}, 5)
		var got []string
		for _, a := range told {
			got = append(got, fmt.Sprint(a.Fingerprint, " ", a.StartsAt.Sub(f.clock).Seconds()))
		}
		if want := "[1 19 1 18 1 17 1 16 1 15 2 1 2 0]"; err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	})
}

// TestWhatMailToldIsReadByItsIndex: no mail waits for a look at all that was told.
func TestWhatMailToldIsReadByItsIndex(t *testing.T) {
	f := newFixture(t, backends[0])
	plan := strings.Join(f.plan(t, f.told.text), "\n")
	for _, want := range []string{"SEARCH a USING INDEX alert_fingerprint", "SEARCH d USING INTEGER PRIMARY KEY", "SEARCH alert USING COVERING INDEX alert_fingerprint"} {
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("the plan has no %q, or sorts:\n%s", want, plan)
		}
	}
}
