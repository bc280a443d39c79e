package store

import (
	"slices"
	"testing"
	"time"
)

func TestDeliveryIsStoredClaimedAndFinished(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		n := mail("group", "a@example.com", "b@example.com")
		e := f.enqueue(n)
		if e.Joined || e.Behind || e.Delivery.Status != Queued || !e.Delivery.DueAt.Equal(f.clock) || e.Delivery.Sequence == 0 {
			t.Fatalf("%+v", e)
		}
		c := f.claim()
		if len(c.Deliveries) != 1 || c.More || c.Blocked {
			t.Fatalf("%+v", c)
		}
		d := c.Deliveries[0]
		if d.Status != Sending || d.Attempt != 1 || d.Owner != "me" || string(d.Message) != string(n.Message) || len(d.Pending()) != 2 || d.Interrupted {
			t.Fatalf("%+v", d)
		}
		f.advance(1234 * time.Millisecond)
		if got := f.apply(f.end(d, Sent)); !slices.Equal(got, []bool{true}) {
			t.Fatal("the fence did not hold")
		}
		d = f.get(n.ID)
		if d.Status != Sent || !d.FinishedAt.Equal(f.clock) || d.Reason != "accepted" || len(d.Attempts) != 1 || d.Attempts[0].Outcome != "sent" ||
			d.Recipients[0].Status != Sent || d.Recipients[1].Address != "b@example.com" || d.Recipients[1].Code != 250 {
			t.Errorf("%+v", d)
		}
	})
}
