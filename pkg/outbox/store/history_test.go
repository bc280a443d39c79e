package store

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// recordsOf returns the records of alerts.
func (f *fixture) recordsOf(hashes ...int64) []EarlierRecord {
	f.Helper()
	records, err := f.History(f.Context(), hashes, 100)
	if err != nil {
		f.Fatal(err)
	}
	return records
}

// saying is a delivery whose mail says this of alerts.
func saying(conversation string, alerts ...AlertRecord) NewDelivery {
	n := mail(conversation)
	n.Alerts = alerts
	return n
}

// TestWhatMailToldIsKept: of each alert what each mail records, the latest first.
func TestWhatMailToldIsKept(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		start := f.clock.Add(-time.Hour)
		fires := AlertRecord{Hash: -1 << 63, StartsAt: start, Incident: start}
		ended := fires
		ended.EndsAt = start.Add(12 * time.Minute)
		other := AlertRecord{Hash: 1<<63 - 1, StartsAt: start, Incident: start}
		f.enqueue(saying("group", fires, other))
		f.enqueue(saying("group", ended))
		f.enqueue(saying("another", fires))

		var got []string
		for _, a := range f.recordsOf(fires.Hash) {
			got = append(got, fmt.Sprint(a.StartsAt.Equal(start), a.EndsAt.Sub(start).Minutes() == 12, a.Incident.Equal(start), " ", a.Conversation))
		}
		if want := []string{"true false true another", "true true true group", "true false true group"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		if got := f.recordsOf(other.Hash, 5); len(got) != 1 || got[0].Hash != other.Hash {
			t.Errorf("%+v", got)
		}
		if got := f.recordsOf(); len(got) != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// TestARepeatTellsNothing, and neither does mail that there is no room for.
func TestARepeatTellsNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := saying("group", AlertRecord{Hash: 1, StartsAt: f.clock})
		f.enqueue(n)
		again := saying("group", n.Alerts...)
		again.Identity = n.Identity
		if e := f.enqueue(again); !e.Joined {
			t.Fatalf("%+v", e)
		}
		full := saying("group", AlertRecord{Hash: 1, StartsAt: f.clock})
		full.Full = errors.New("there is no room")
		f.write(func(tx *Tx) error {
			_, err := tx.Enqueue(full)
			mustBe(t, err, full.Full)
			return nil
		})
		if got := f.recordsOf(1); len(got) != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestMailThatNobodyGotToldNothing, though its alert fired.
func TestMailThatNobodyGotToldNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		for i, status := range []Status{Sent, Failed, Expired, Cancelled} {
			n := saying("group", AlertRecord{Hash: int64(i), StartsAt: f.clock})
			d := f.enqueue(f.leased(n)).Delivery
			if records := f.recordsOf(int64(i)); len(records) != 1 || records[0].Missed {
				t.Errorf("on its way: %+v", records)
			}
			end := f.end(d, Failed)
			end.To.Status = status
			f.apply(end)
			f.advance(time.Second)
			if records := f.recordsOf(int64(i)); len(records) != 1 || records[0].Missed == (status == Sent) {
				t.Errorf("%s: %+v", status, records)
			}
		}
	})
}

// TestWhatMailToldGoesWithTheLog.
func TestWhatMailToldGoesWithTheLog(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		alert := AlertRecord{Hash: 1, StartsAt: f.clock}
		d := f.enqueue(f.leased(saying("group", alert, alert))).Delivery
		f.apply(f.end(d, Sent))
		f.advance(time.Hour)
		f.enqueue(saying("group", alert))
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
			n := saying("group", AlertRecord{Hash: 1, StartsAt: start})
			if i < 2 {
				n.Alerts = append(n.Alerts, AlertRecord{Hash: 2, StartsAt: start})
			}
			f.enqueue(n)
		}
		records, err := f.History(t.Context(), []int64{1, 2, 3}, 5)
		var got []string
		for _, a := range records {
			got = append(got, fmt.Sprint(a.Hash, " ", a.StartsAt.Sub(f.clock).Seconds()))
		}
		if want := "[1 19 1 18 1 17 1 16 1 15 2 1 2 0]"; err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v, %v, want %s", got, err, want)
		}
	})
}

// TestWhatMailToldIsReadByItsIndex: no mail waits for a look at all that was told.
func TestWhatMailToldIsReadByItsIndex(t *testing.T) {
	f := newFixture(t, backends[0])
	plan := strings.Join(f.plan(t, f.statements[qHistory].text), "\n")
	for _, want := range []string{"SEARCH a USING INDEX alert_hash", "SEARCH d USING INTEGER PRIMARY KEY", "SEARCH alert USING COVERING INDEX alert_hash"} {
		if !strings.Contains(plan, want) || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("the plan has no %q, or sorts:\n%s", want, plan)
		}
	}
}
