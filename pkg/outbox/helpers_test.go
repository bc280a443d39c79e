package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(childMode); mode != "" {
		runChild(mode)
		return
	}
	os.Exit(pgtest.Run(m))
}

// engine is one kind of store that the conformance suite runs on.
type engine struct {
	name string
	// shared: several outboxes may be open on one URL.
	shared bool
	url    func(testing.TB) string
}

var engines = []engine{
	{name: "memory", url: func(testing.TB) string { return "memory:" }},
	{name: "sqlite", shared: true, url: func(tb testing.TB) string { return "sqlite://" + filepath.ToSlash(sqliteFile(tb)) }},
	{name: "postgres", shared: true, url: pgtest.Database},
}

func sqliteFile(tb testing.TB) string { return filepath.Join(tb.TempDir(), "outbox", "outbox.db") }

// onEveryEngine runs the test on each engine, side by side.
func onEveryEngine(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			test(t, &fixture{T: t, url: e.url(t), clock: newClock()})
		})
	}
}

// onSharedEngines runs the test on each engine that replicas can share.
func onSharedEngines(t *testing.T, test func(t *testing.T, f *fixture)) {
	for _, e := range engines {
		if e.shared {
			t.Run(e.name, func(t *testing.T) {
				t.Parallel()
				test(t, &fixture{T: t, url: e.url(t), clock: newClock()})
			})
		}
	}
}

// clock stands still until it is told otherwise.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

type fixture struct {
	*testing.T
	url   string
	clock *clock
}

// options are those of a test, which cleans when it wants to.
func (f *fixture) options() Options {
	return Options{Now: f.clock.Now, Poll: 10 * time.Millisecond, cleanEvery: time.Hour}
}

// open opens an outbox on the fixture's store; the clock is the fixture's, and
// what other processes would do is looked for all the time.
func (f *fixture) open(adjust ...func(*Options)) *Outbox {
	f.Helper()
	opt := f.options()
	for _, a := range adjust {
		a(&opt)
	}
	o, err := Open(f.Context(), f.url, opt)
	if err != nil {
		f.Fatal(err)
	}
	f.closeAtEnd(o)
	return o
}

func (f *fixture) closeAtEnd(o *Outbox) {
	f.Cleanup(func() {
		// A test may leave a send without an answer, for which nobody waits.
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if err := o.Close(ctx); err != nil {
			f.Errorf("Close: %v", err)
		}
	})
}

// openWith is open with a store between, that the test has in hand.
func (f *fixture) openWith(faults *faults, adjust ...func(*Options)) *Outbox {
	f.Helper()
	opt := f.options()
	for _, a := range adjust {
		a(&opt)
	}
	opt = opt.withDefaults()
	st, err := store.Open(f.Context(), f.url, store.Options{Now: opt.Now, Owner: opt.Owner})
	if err != nil {
		f.Fatal(err)
	}
	faults.Store = st
	o := start(faults, opt)
	f.closeAtEnd(o)
	return o
}

// faults is a store that fails as the test wants.
type faults struct {
	store.Store
	away    atomic.Bool               // no transaction begins
	dead    atomic.Bool               // nor ever will
	unheard atomic.Bool               // transactions stand, and the answer to their COMMIT is lost
	before  atomic.Pointer[func()]    // runs before each transaction
	inside  atomic.Pointer[func(*Tx)] // runs at the end of each transaction
	noReads atomic.Bool               // reads have no answer
	writes  atomic.Int64
	reads   atomic.Int64
}

// Tx is a transaction of the store.
type Tx = store.Tx

func (s *faults) Write(ctx context.Context, work func(*Tx) error) error {
	s.writes.Add(1)
	if f := s.before.Load(); f != nil {
		(*f)()
	}
	failure := &StorageError{Location: "here", Err: errors.New("it is away"), Everybody: true}
	if s.away.Load() || s.dead.Load() {
		return failure
	}
	err := s.Store.Write(ctx, func(tx *Tx) error {
		err := work(tx)
		if f := s.inside.Load(); f != nil && err == nil {
			(*f)(tx)
		}
		return err
	})
	if err == nil && s.unheard.Load() {
		failure.Unknown = true
		return failure
	}
	return err
}

func (s *faults) Get(ctx context.Context, source, id string) (Delivery, error) {
	s.reads.Add(1)
	if s.noReads.Load() {
		<-ctx.Done()
		return Delivery{}, ctx.Err()
	}
	return s.Store.Get(ctx, source, id)
}

// waitForWrites waits for so many more transactions to begin.
func (s *faults) waitForWrites(t testing.TB, n int64) {
	t.Helper()
	enough := s.writes.Load() + n
	wait.Until(t, "the outbox writes", func() bool { return s.writes.Load() >= enough })
}

const src = "1/mail"

// Wait returns the delivery of src once an attempt has an outcome.
func (o *Outbox) Wait(ctx context.Context, id string) (Delivery, error) {
	return o.waitFor(ctx, src, id)
}

func (o *Outbox) waitFor(ctx context.Context, source, id string) (Delivery, error) {
	w := o.waiters.listen(Delivery{Source: source, ID: id})
	defer o.waiters.drop(w)
	if d, err := o.Get(ctx, source, id); err != nil || settled(d) {
		return d, err
	}
	return o.await(ctx, w)
}

// working lists the deliveries that the outbox works on.
func (o *Outbox) working(source string) []string {
	ids, _ := o.inHand(source)
	return ids
}

// attach attaches the source with 4 slots.
func (f *fixture) attach(o *Outbox, h Handler) (detach func(context.Context) error) {
	f.Helper()
	return f.attachAs(o, Attachment{Source: src, Slots: 4, Handler: h})
}

func (f *fixture) attachAs(o *Outbox, a Attachment) (detach func(context.Context) error) {
	f.Helper()
	detach, err := o.Attach(a)
	if err != nil {
		f.Fatal(err)
	}
	return detach
}

func notification(identity string) NewDelivery {
	return NewDelivery{Dedupe: 30 * time.Second, Delivery: Delivery{
		Source: src, MailType: "normal", Identity: identity, From: "alerts@example.com", Subject: "Subject of " + identity,
		MessageID: identity + "@example.com", Message: []byte("mail of " + identity),
		Recipients: []Recipient{{Address: "a@example.com", Kind: To}},
	}}
}

func (f *fixture) enqueue(o *Outbox, n NewDelivery) Delivery {
	f.Helper()
	stored, err := o.Enqueue(f.Context(), n)
	if err != nil {
		f.Fatal(err)
	}
	if stored.Joined {
		f.Fatalf("the notification joined %s", stored.Delivery.ID)
	}
	return stored.Delivery
}

func (f *fixture) get(o *Outbox, id string) Delivery {
	f.Helper()
	d, err := o.Get(f.Context(), src, id)
	if err != nil {
		f.Fatal(err)
	}
	return d
}

func (f *fixture) awaitStatus(o *Outbox, id string, want ...Status) (d Delivery) {
	f.Helper()
	wait.Until(f, fmt.Sprintf("%s is %s", id, want), func() bool {
		d = f.get(o, id)
		return slices.Contains(want, d.Status)
	})
	return d
}

// total counts what waits, whatever its state.
func total(d Depth) int64 {
	return d.Count[Collecting] + d.Count[Queued] + d.Count[Sending] + d.Count[Held]
}

// deliver is a Handler.
type deliver func(ctx context.Context, d Job) Outcome

func (f deliver) Deliver(ctx context.Context, d Job) Outcome { return f(ctx, d) }

var (
	accept      = Outcome{Rest: &Result{Status: Sent, Code: 250, EnhancedCode: "2.0.0", Text: "accepted"}, Stage: "EOM", Code: 250, Text: "accepted"}
	defer4      = Outcome{Rest: &Result{Status: Queued, Code: 451, Text: "try later"}, Stage: "DATA", Code: 451, Text: "try later"}
	refuse5     = Outcome{Rest: &Result{Status: Failed, Code: 550, EnhancedCode: "5.1.1", Text: "no such user"}, Stage: "RCPT", Code: 550, Text: "no such user"}
	unreachable = Outcome{Unreachable: true, Rest: &Result{Status: Queued, Text: "connection refused"}, Stage: "dial", Text: "connection refused"}
	hold        = Outcome{Verdict: Hold, Stage: "AUTH", Code: 535, Text: "authentication failed"}
)

// Probe finds the relay as it was.
func (f deliver) Probe(context.Context, string) error { return errors.New("authentication failed") }

func always(out Outcome) deliver {
	return func(context.Context, Job) Outcome { return out }
}

// script answers a delivery with what the test sends for it.
type script struct {
	started chan Job
	answers chan Outcome
}

func newScript() *script { return &script{make(chan Job, 100), make(chan Outcome, 100)} }

func (s *script) Deliver(ctx context.Context, d Job) Outcome {
	s.started <- d
	select {
	case out := <-s.answers:
		return out
	case <-ctx.Done():
		return Outcome{Verdict: Release, Text: context.Cause(ctx).Error()}
	}
}

func (s *script) Probe(context.Context, string) error { return errors.New("authentication failed") }

func mustBe(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// enqueueAndWait is EnqueueToAwait, and waits.
func enqueueAndWait(ctx context.Context, o *Outbox, n *NewDelivery) (Enqueued, error) {
	stored, outcome, err := o.EnqueueToAwait(ctx, n)
	if err == nil {
		stored.Delivery = outcome(ctx)
	}
	return stored, err
}

// unpack and listed take apart what an outbox answers.
func unpack(e Enqueued, err error) (d Delivery, joined bool, _ error) {
	return e.Delivery, e.Joined, err
}

func listed(p Page, err error) (found []Delivery, next string, _ error) {
	return p.Deliveries, p.Next, err
}

// database opens the fixture's store beside the outbox.
func (f *fixture) database() *sql.DB {
	f.Helper()
	driver, name := "pgx", f.url
	if file, ok := strings.CutPrefix(f.url, "sqlite://"); ok {
		driver, name = "sqlite", "file:"+file+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, name)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = db.Close() })
	return db
}

// exec runs a statement in the store, beside the outbox.
func (f *fixture) exec(statement string, args ...any) {
	f.Helper()
	if _, err := f.database().ExecContext(f.Context(), statement, args...); err != nil {
		f.Fatal(err)
	}
}
