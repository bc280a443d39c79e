package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// backend is one kind of database that the conformance suite runs on.
type backend struct {
	name string
	url  func(testing.TB) string
}

var backends = []backend{
	{"memory", func(testing.TB) string { return "memory:" }},
	{"sqlite", func(tb testing.TB) string {
		return "sqlite://" + filepath.ToSlash(filepath.Join(tb.TempDir(), "outbox", "outbox.db"))
	}},
	{"postgres", pgtest.Database},
}

// fixture is an empty store and its clock.
type fixture struct {
	testing.TB
	url string
	*database
	clock time.Time
}

// onEveryBackend runs the test on each, side by side.
func onEveryBackend(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			test(t, newFixture(t, b))
		})
	}
}

func newFixture(tb testing.TB, b backend) *fixture {
	tb.Helper()
	f := &fixture{TB: tb, url: b.url(tb), clock: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	f.database = f.open()
	return f
}

// open is another process on the same database; in memory, another database.
func (f *fixture) open() *database {
	f.Helper()
	s, err := Open(context.Background(), f.url, Options{Now: func() time.Time { return f.clock }, Owner: "me"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := s.Close(); err != nil {
			f.Error(err)
		}
	})
	return s.(*database)
}

func (f *fixture) advance(d time.Duration) { f.clock = f.clock.Add(d) }

// write runs work, which must succeed.
func (f *fixture) write(work func(t *Tx) error) {
	f.Helper()
	if err := f.Write(context.Background(), work); err != nil {
		f.Fatal(err)
	}
}

const (
	src   = "1/mail"
	lease = 10 * time.Second
)

var serial atomic.Int64

// mail is a new delivery of that conversation to those addresses.
func mail(conversation string, addresses ...string) NewDelivery {
	if len(addresses) == 0 {
		addresses = []string{"a@example.com"}
	}
	n := NewDelivery{MaxAge: 24 * time.Hour, Dedupe: 30 * time.Second}
	n.ID = fmt.Sprintf("01900000-0000-7000-8000-%012d", serial.Add(1))
	n.Source, n.MailType, n.Identity, n.Conversation = src, "normal", "identity "+n.ID, conversation
	n.From, n.Subject, n.MessageID = "alerts@example.com", "Subject of "+n.ID, n.ID+"@example.com"
	n.Message = []byte("mail of " + n.ID)
	n.Size = int64(len(n.Message))
	for _, a := range addresses {
		n.Recipients = append(n.Recipients, Recipient{Address: a, Kind: To})
	}
	return n
}

func (f *fixture) enqueue(n NewDelivery) (e Enqueued) {
	f.Helper()
	f.write(func(t *Tx) (err error) { e, err = t.Enqueue(n); return err })
	return e
}

// leased asks for the delivery to be leased at once.
func (f *fixture) leased(n NewDelivery) NewDelivery {
	n.Owner, n.LeaseEnd = "me", f.clock.Add(lease)
	return n
}

func (f *fixture) claim(adjust ...func(*Claim)) (c Claimed) {
	f.Helper()
	ask := Claim{Source: src, Owner: "me", LeaseEnd: f.clock.Add(lease), Due: 100, LongestWait: 10 * time.Minute}
	for _, a := range adjust {
		a(&ask)
	}
	f.write(func(t *Tx) (err error) { c, err = t.Claim(ask); return err })
	return c
}

func ids(deliveries []Delivery) (all []string) {
	for _, d := range deliveries {
		all = append(all, d.ID)
	}
	return all
}

// end is the transition of a delivery in hand: each recipient that it reaches
// gets the status; what is not final is due again in a minute.
func (f *fixture) end(d Delivery, status ...Status) Transition {
	c := Transition{Of: d, Attempt: &Attempt{Number: d.Attempt, At: f.clock, Duration: time.Second, Stage: "message", Code: 250, Text: "accepted"}}
	after := map[Status]int{}
	i := 0
	for _, r := range d.Recipients {
		if r.Status == Queued && !r.Waits {
			r.Status = status[min(i, len(status)-1)]
			r.Code, r.Text, r.UpdatedAt = 250, "accepted", f.clock
			c.Recipients = append(c.Recipients, r)
			i++
		}
		after[r.Status]++
	}
	switch {
	case after[Queued] > 0:
		c.To = State{Status: Queued, DueAt: f.clock.Add(time.Minute), Retries: d.Retries + 1}
	case after[Sent] == len(d.Recipients):
		c.To = State{Status: Sent, FinishedAt: f.clock}
	case after[Sent] > 0:
		c.To = State{Status: Partial, FinishedAt: f.clock}
	default:
		c.To = State{Status: Failed, FinishedAt: f.clock}
	}
	c.To.Reason = "accepted"
	c.Attempt.Outcome = string(c.To.Status)
	return c
}

func (f *fixture) apply(changes ...Transition) (applied []bool) {
	f.Helper()
	f.write(func(t *Tx) error {
		applied = nil
		for _, c := range changes {
			ok, err := t.Apply(c)
			if err != nil {
				return err
			}
			applied = append(applied, ok)
		}
		return nil
	})
	return applied
}

func (f *fixture) get(id string) Delivery {
	f.Helper()
	d, err := f.Get(context.Background(), src, id)
	if err != nil {
		f.Fatal(err)
	}
	return d
}

func mustBe(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Fatalf("error %v, want %v", err, want)
	}
}
