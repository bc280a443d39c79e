package store

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestConversationKeepsItsOrder: mail of one conversation goes out one after the
// other, whatever becomes of the earlier, and others pass it.
func TestConversationKeepsItsOrder(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		first := f.enqueue(f.leased(mail("group"))).Delivery
		second := f.enqueue(f.leased(mail("group")))
		third := f.enqueue(f.leased(mail("group")))
		if !second.Behind || second.Delivery.Status != Queued || second.Delivery.Attempt != 0 || !second.Delivery.DueAt.Equal(f.clock) || !third.Behind {
			t.Fatalf("%+v", second)
		}
		other := f.enqueue(f.leased(mail("another group")))
		alone := f.enqueue(f.leased(mail("")))
		if other.Delivery.Status != Sending || alone.Delivery.Status != Sending || alone.Behind {
			t.Fatalf("independent mail waits: %+v", other)
		}
		if c := f.claim(); len(c.Deliveries) != 0 || !c.Blocked {
			t.Fatalf("claimed %v", ids(c.Deliveries))
		}
		f.apply(f.end(first, Queued)) // deferred: it is due in a minute
		if c := f.claim(); len(c.Deliveries) != 0 || !c.Blocked || !c.NextDue.Equal(f.clock.Add(lease)) {
			t.Fatalf("claimed %v, next %v", ids(c.Deliveries), c.NextDue)
		}
		f.advance(time.Minute)
		c := f.claim(func(c *Claim) { c.InHand = []string{other.Delivery.ID, alone.Delivery.ID} })
		if got := ids(c.Deliveries); !slices.Equal(got, []string{first.ID}) {
			t.Fatalf("claimed %v, want the first", got)
		}
		f.apply(f.end(c.Deliveries[0], Failed)) // for good: the next may go
		c = f.claim(func(c *Claim) { c.InHand = []string{other.Delivery.ID, alone.Delivery.ID} })
		if got := ids(c.Deliveries); !slices.Equal(got, []string{second.Delivery.ID}) {
			t.Fatalf("claimed %v, want the second", got)
		}
		// A person takes the third back, and a fourth comes.
		fourth := f.enqueue(f.leased(mail("group"))).Delivery
		f.apply(Transition{Of: third.Delivery, To: State{Status: Cancelled, FinishedAt: f.clock}})
		f.apply(f.end(c.Deliveries[0], Sent))
		c = f.claim(func(c *Claim) { c.InHand = []string{other.Delivery.ID, alone.Delivery.ID} })
		if got := ids(c.Deliveries); !slices.Equal(got, []string{fourth.ID}) {
			t.Fatalf("claimed %v, want the fourth", got)
		}
	})
}

// TestFreshMailMakesTheEarlierDue, so that nobody waits for a pause.
func TestFreshMailMakesTheEarlierDue(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		first := f.enqueue(f.leased(mail("group"))).Delivery
		f.apply(f.end(first, Queued))
		second := f.enqueue(f.leased(mail("group")))
		if !second.Behind {
			t.Fatalf("%+v", second)
		}
		c := f.claim()
		if got := ids(c.Deliveries); !slices.Equal(got, []string{first.ID}) {
			t.Fatalf("claimed %v, want the first", got)
		}
		f.apply(f.end(c.Deliveries[0], Sent))
		if got := ids(f.claim().Deliveries); !slices.Equal(got, []string{second.Delivery.ID}) {
			t.Fatalf("claimed %v, want the second", got)
		}
	})
}

// TestFreshMailMakesAllOfTheEarlierDue: one waits for a recipient, the next for another.
func TestFreshMailMakesAllOfTheEarlierDue(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		group := func() NewDelivery { return mail("group", "a@example.com", "b@example.com") }
		first := f.enqueue(f.leased(group())).Delivery
		f.apply(f.end(first, Queued, Sent))
		second := f.enqueue(group()).Delivery
		want := []string{first.ID, second.ID}
		c := f.claim()
		if got := ids(c.Deliveries); !slices.Equal(got, want) {
			t.Fatalf("claimed %v", got)
		}
		f.apply(f.end(c.Deliveries[0], Queued), f.end(c.Deliveries[1], Queued))
		if got := ids(f.claim().Deliveries); len(got) != 0 {
			t.Fatalf("claimed %v before their time", got)
		}
		f.enqueue(group())
		if got := ids(f.claim().Deliveries); !slices.Equal(got, want) {
			t.Errorf("claimed %v, want both", got)
		}
	})
}

// TestDeferredRecipientDoesNotDelayTheOthers, and keeps its own order.
func TestDeferredRecipientDoesNotDelayTheOthers(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		first := f.enqueue(f.leased(mail("group", "a@example.com", "gray@example.com"))).Delivery
		second := f.enqueue(mail("group", "a@example.com", "gray@example.com")).Delivery
		third := f.enqueue(mail("group", "a@example.com", "gray@example.com")).Delivery
		f.apply(f.end(first, Sent, Queued))

		reached := func(d Delivery) (all []string) {
			for _, r := range d.Pending() {
				all = append(all, r.Address)
			}
			return all
		}
		next := func(want Delivery, addresses ...string) Delivery {
			t.Helper()
			c := f.claim()
			if len(c.Deliveries) != 1 || c.Deliveries[0].ID != want.ID || !slices.Equal(reached(c.Deliveries[0]), addresses) {
				t.Fatalf("claimed %+v, want %s for %v", c.Deliveries, want.ID, addresses)
			}
			return c.Deliveries[0]
		}
		f.apply(f.end(next(second, "a@example.com"), Sent))
		f.apply(f.end(next(third, "a@example.com"), Sent))
		fresh := mail("group", "a@example.com", "gray@example.com")
		if e := f.enqueue(f.leased(fresh)); !e.Behind || e.Delivery.Status != Queued {
			t.Fatalf("%+v", e)
		}
		// It made the deferred one due, and reaches the other at the same time.
		c := f.claim()
		if got := ids(c.Deliveries); !slices.Equal(got, []string{first.ID, fresh.ID}) || !slices.Equal(reached(c.Deliveries[0]), []string{"gray@example.com"}) ||
			!slices.Equal(reached(c.Deliveries[1]), []string{"a@example.com"}) {
			t.Fatalf("claimed %+v", c.Deliveries)
		}
		f.apply(f.end(c.Deliveries[0], Queued), f.end(c.Deliveries[1], Sent)) // the one is deferred again
		if c := f.claim(); len(c.Deliveries) != 0 {
			t.Fatalf("%v overtook the deferred mail", ids(c.Deliveries))
		}
		f.advance(time.Minute)
		f.apply(f.end(next(first, "gray@example.com"), Sent))
		f.apply(f.end(next(second, "gray@example.com"), Sent))
		f.apply(f.end(next(third, "gray@example.com"), Sent))
		f.apply(f.end(next(Delivery{ID: fresh.ID}, "gray@example.com"), Sent))
		for _, d := range []Delivery{first, second, third} {
			if got := f.get(d.ID); got.Status != Sent {
				t.Errorf("%+v", got)
			}
		}
	})
}

// TestTurnThatTwoProcessesMissedIsFound: one stores a mail behind another that
// the other process finishes in the same moment.
func TestTurnThatTwoProcessesMissedIsFound(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, f *fixture) {
		if !f.server {
			t.Skip("only one process writes")
		}
		other := f.open()
		first := f.enqueue(f.leased(mail("group"))).Delivery
		n := mail("group")
		err := f.Write(t.Context(), func(tx *Tx) error {
			e, err := tx.Enqueue(n)
			if err != nil || !e.Behind {
				return fmt.Errorf("%+v, %w", e, err)
			}
			return other.Write(context.Background(), func(tx *Tx) error {
				_, err := tx.Apply(f.end(first, Sent))
				return err
			})
		})
		if err != nil {
			t.Fatal(err)
		}
		found := append(f.claim().Deliveries, f.claim().Deliveries...)
		if got := ids(found); !slices.Equal(got, []string{n.ID}) {
			t.Errorf("claimed %v", got)
		}
	})
}

// TestClaimLooksAtNothingThatIsNotInTurn: 1,000 mails wait behind one, or for a
// paused sender, and the other mail is found all the same at once.
func TestClaimLooksAtNothingThatIsNotInTurn(t *testing.T) {
	f := newFixture(t, backends[0])
	first := f.enqueue(f.leased(mail("group"))).Delivery
	f.write(func(tx *Tx) error {
		for range 1000 {
			if _, err := tx.Enqueue(mail("group")); err != nil {
				return err
			}
			n := mail("")
			n.MailType = "ad"
			if _, err := tx.Enqueue(n); err != nil {
				return err
			}
		}
		return tx.SetPause(Pause{Sender: Sender{src, "ad"}, Since: f.clock, SettingsAt: f.clock})
	})
	f.advance(time.Second)
	last := f.enqueue(mail("")).Delivery
	if got := ids(f.claim(func(c *Claim) { c.Due, c.Fresh, c.Early = 1, 1, 1 }).Deliveries); !slices.Equal(got, []string{last.ID}) {
		t.Errorf("claimed %v", got)
	}
	f.apply(f.end(first, Sent))
	if got := f.claim(func(c *Claim) { c.Due = 1 }).Deliveries; len(got) != 1 || got[0].Sequence < first.Sequence {
		t.Errorf("claimed %v", ids(got))
	}
}

// TestEveryStatementReadsByAnIndexThatFits: none looks at the whole log, and
// those of a claim at nothing that is not in turn.
func TestEveryStatementReadsByAnIndexThatFits(t *testing.T) {
	f := newFixture(t, backends[0])
	index := map[string]string{
		qDue: "delivery_open", qFresh: "delivery_untried", qEarly: "delivery_unreachable", qDueLost: "delivery_lost", qNextDue: "delivery_open",
		qBlocked: "delivery_behind", qWaiting: "delivery_behind", qEarlier: "delivery_conversation", qNextTurn: "delivery_conversation",
		qOld: "delivery_finished", qJoinable: "delivery_identity",
		qWindow: "delivery_identity", qTelling: "delivery_digest", qDigestsAheadOfDigest: "delivery_digest", qBudget: "recipient_address", qAnyDigestAhead: "delivery_digest", qDigestsAhead: "delivery_digest", qMailAhead: "delivery_conversation",
	}
	// These look at the whole queue, never at the log; and the last at what the
	// cleaning removes.
	queue := []string{qUndelivered, qForgotten, qSpare, qRemoveSignatures}
	for q, s := range f.statements {
		plan := strings.Join(f.plan(t, s.text), "\n")
		if !strings.Contains(plan, index[q]) || index[q] != "" && strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s\nreads by another index than %s:\n%s", s.text, index[q], plan)
		}
		for _, table := range []string{"delivery", "recipient", "attempt", "mail", "rollup", "signature", "alert", "note"} {
			if strings.Contains(plan, "SCAN "+table) && !slices.Contains(queue, q) || strings.Contains(plan, "SCAN delivery\n") {
				t.Errorf("%s\nlooks at all of %s:\n%s", s.text, table, plan)
			}
		}
	}
}

// TestReadersReadByAnIndexThatFits: no question looks at the whole log or sorts it.
func TestReadersReadByAnIndexThatFits(t *testing.T) {
	f := newFixture(t, backends[0])
	f.log()
	check := func(name, query string, indexes ...string) {
		t.Helper()
		plan := strings.Join(f.plan(t, query), "\n")
		for _, index := range indexes {
			if !strings.Contains(plan, index) {
				t.Errorf("%s does not use %s:\n%s\n%s", name, index, query, plan)
			}
		}
		// Only what is not final may be sorted before it is limited.
		sorted := regexp.MustCompile(`SEARCH (delivery|recipient) USING .*\n *USE TEMP B-TREE FOR ORDER`).MatchString(strings.ReplaceAll(plan, "delivery_open", ""))
		sorted = sorted && !strings.Contains(plan, "delivery_open")
		if strings.Contains(plan, "SCAN delivery\n") || strings.Contains(plan, "SCAN recipient") || sorted {
			t.Errorf("%s looks at too much:\n%s\n%s", name, query, plan)
		}
	}
	for name, tt := range map[string]struct {
		filter  Filter
		indexes []string
	}{
		"newest":    {Filter{}, []string{"delivery_final", "delivery_open"}},
		"state":     {Filter{Statuses: []Status{Sent, Failed}}, []string{"delivery_final"}},
		"held":      {Filter{Statuses: []Status{Held}}, []string{"delivery_open"}},
		"mail type": {Filter{MailTypes: []string{"", "normal"}}, []string{"delivery_final", "delivery_open"}},
		"recipient": {Filter{Recipients: []string{"ops@", "b_b"}, From: f.clock.Add(-time.Hour)}, []string{"recipient_address"}},
		"id":        {Filter{Text: "01900000-0000-7000-8000-000000000001"}, []string{"(id=?)"}},
	} {
		tt.filter.Source, tt.filter.Limit = src, 100
		s := &search{reader: reader{t.Context(), f.database, f.reads}, f: tt.filter, began: time.Now()}
		streams, _, err := s.plan()
		if err != nil || len(streams) == 0 {
			t.Fatalf("%s: %v, %v", name, streams, err)
		}
		q, _ := s.merged(streams, position{1, 1}, 100)
		check(name, q, tt.indexes...)
	}
	check("statistics", statsQuery(1, 3*hour, hour), "rollup USING PRIMARY KEY", "delivery_open")
	for name, source := range map[string]string{"depth": src, "depth of all": ""} {
		q, _ := depthQuery(source, f.clock)
		check(name, f.replacer.Replace(q), "delivery_open")
	}
}

// plan is the plan of a statement.
func (f *fixture) plan(t *testing.T, text string, args ...any) (steps []string) {
	t.Helper()
	for len(args) < strings.Count(text, "$") {
		args = append(args, "[]")
	}
	rows, err := f.reads.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+text, args...)
	err = scanAll(rows, err, func(rows scanner) error {
		var a, b, c int
		var step string
		err := rows.Scan(&a, &b, &c, &step)
		steps = append(steps, step)
		return err
	})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return steps
}

// TestAnyCourseOfThingsKeepsTheOrderAndEnds: attempts that end in any way, claims
// that are lost, mail that comes and is taken back, in any order.
func TestAnyCourseOfThingsKeepsTheOrderAndEnds(t *testing.T) {
	for seed := range uint64(16) {
		random := rand.New(rand.NewPCG(seed, 0))
		f := newFixture(t, backends[0])
		addresses := []string{"a@example.com", "b@example.com", "c@example.com"}
		order := map[string][]int64{} // by conversation and address, what arrived
		var inHand, all []Delivery
		step := func(drain bool) {
			f.advance(time.Duration(random.IntN(20)) * time.Second)
			switch n := random.IntN(10); {
			case n < 3 && !drain:
				n := mail(fmt.Sprint("group ", random.IntN(2)), addresses...)
				if random.IntN(2) == 0 {
					n = f.leased(n)
				}
				e := f.enqueue(n)
				all = append(all, e.Delivery)
				if e.Delivery.Status == Sending {
					inHand = append(inHand, e.Delivery)
				}
			case n < 6 || drain && len(inHand) == 0:
				var held []string
				for _, d := range inHand {
					held = append(held, d.ID)
				}
				inHand = append(inHand, f.claim(func(c *Claim) { c.Due, c.Fresh, c.InHand = 1+random.IntN(3), random.IntN(2), held }).Deliveries...)
			case n == 6 && !drain && len(all) > 0:
				if d := f.get(all[random.IntN(len(all))].ID); d.Status == Queued {
					f.apply(Transition{Of: d, To: State{Status: Cancelled, FinishedAt: f.clock}})
				}
			case n == 7 && !drain && len(inHand) > 0: // the process ends over it
				inHand = inHand[1:]
			case len(inHand) > 0:
				i := random.IntN(len(inHand))
				d := inHand[i]
				inHand = slices.Delete(inHand, i, i+1)
				var results []Status
				for range addresses {
					results = append(results, []Status{Sent, Sent, Queued, Failed}[random.IntN(4)])
				}
				c := f.end(d, results...)
				if f.apply(c)[0] {
					for _, r := range c.Recipients {
						if r.Status == Sent {
							key := d.Conversation + " " + r.Address
							order[key] = append(order[key], d.Sequence)
						}
					}
				}
			}
		}
		for range 150 {
			step(false)
		}
		waiting := int64(1)
		for range 5000 {
			depth, err := f.Depth(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			if waiting = depth.Count[Queued] + depth.Count[Sending]; waiting == 0 {
				break
			}
			step(true)
		}
		if waiting > 0 {
			t.Errorf("seed %d: %d mails were never delivered", seed, waiting)
		}
		for key, sequences := range order {
			if !slices.IsSorted(sequences) {
				t.Errorf("seed %d: %s got %v", seed, key, sequences)
			}
		}
	}
}
