// Package outbox is the durable queue and the delivery log: what Enqueue has
// acknowledged is stored, and is worked on until it has an outcome.
package outbox

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// Options tune an Outbox. The zero value of a field is the default that its comment
// ends with.
type Options struct {
	// Retention is how long a delivery stays in the log once it is final: 720 h.
	Retention time.Duration
	// MaxQueued and MaxBytes bound the mail that is not final yet: 50,000 mails, 1 GiB.
	MaxQueued int
	MaxBytes  int64
	// MaxAge is how long delivery is tried: 24 h.
	MaxAge time.Duration
	// Owner names this process in leases and has to be unique: random.
	Owner string
	// Logger hears what an operator should know: nothing.
	Logger hclog.Logger
	// Finished hears of every delivery that reaches a final state in this
	// process, once it is stored. It must not block.
	Finished func(Delivery)

	// Now is the clock: the database's own on PostgreSQL, else the system's.
	Now func() time.Time
	// Lease is how long a claimed delivery belongs to its process without a
	// renewal (10 s), Renew how often it renews (3 s), Poll how often it looks
	// for what other processes left behind (5 s).
	Lease, Renew, Poll time.Duration

	// monotonic measures how long something took: the system's clock.
	monotonic func() time.Time
	// historyTimeout is how long one read of the history may take: 2 s.
	historyTimeout time.Duration
	// cleanEvery is how often the log is cleaned: every ten minutes.
	cleanEvery time.Duration
}

func (o Options) withDefaults() Options {
	o.Retention, o.MaxAge = cmp.Or(o.Retention, 720*time.Hour), cmp.Or(o.MaxAge, 24*time.Hour)
	o.MaxQueued, o.MaxBytes = cmp.Or(o.MaxQueued, 50_000), cmp.Or(o.MaxBytes, 1<<30)
	o.Lease, o.Renew, o.Poll = cmp.Or(o.Lease, 10*time.Second), cmp.Or(o.Renew, 3*time.Second), cmp.Or(o.Poll, 5*time.Second)
	o.historyTimeout = cmp.Or(o.historyTimeout, 2*time.Second)
	o.cleanEvery = cmp.Or(o.cleanEvery, 10*time.Minute)
	o.Owner = cmp.Or(o.Owner, rand.Text())
	if o.Logger == nil {
		o.Logger = hclog.NewNullLogger()
	}
	if o.monotonic == nil {
		o.monotonic = time.Now
	}
	if o.Finished == nil {
		o.Finished = func(Delivery) {}
	}
	return o
}

// Outbox works on a store of deliveries for one process. Its methods may be called
// from any goroutine.
type Outbox struct {
	store.Reader
	opt     Options
	store   store.Store
	log     hclog.Logger
	writer  *writer
	waiters waiters
	history historyReads

	// ctx ends when Close gives up waiting or is done.
	ctx    context.Context
	cancel context.CancelFunc
	tasks  sync.WaitGroup

	// unstored limits how often the log says that outcomes cannot be stored: a store
	// that is down fails every delivery in flight, again and again, for one reason.
	unstored rate.Sometimes

	mu       sync.Mutex
	closed   bool
	sources  map[string]*source   // by name, the attachment in force
	all      map[*source]struct{} // those that still drain, too
	inFlight map[string]*work     // deliveries this process works on
	// progressing: recipients that have their mail are about to be stored.
	progressing bool
}

// Open opens the store at url (see store.Open), which must take what is written.
func Open(ctx context.Context, url string, opt Options) (*Outbox, error) {
	opt = opt.withDefaults()
	st, err := store.Open(ctx, url, store.Options{Now: opt.Now, Owner: opt.Owner})
	if err != nil {
		return nil, err
	}
	o := start(st, opt)
	if err := o.Check(ctx); err != nil {
		return nil, errors.Join(err, o.Close(ctx))
	}
	return o, nil
}

// start makes an Outbox of an open store and starts its tasks.
func start(st store.Store, opt Options) *Outbox {
	o := &Outbox{
		Reader: st, opt: opt.withDefaults(), store: st,
		sources: map[string]*source{}, all: map[*source]struct{}{}, inFlight: map[string]*work{},
		history:  historyReads{turn: make(chan struct{}, 1)},
		unstored: rate.Sometimes{Interval: 10 * time.Second},
	}
	o.log = o.opt.Logger
	o.ctx, o.cancel = context.WithCancel(context.Background())
	o.writer = newWriter(o)
	o.tasks.Go(o.renewLeases)
	o.tasks.Go(o.keepClean)
	return o
}

// Close detaches every source, waits for their sends until ctx ends, cancels
// those that still run and closes the store.
func (o *Outbox) Close(ctx context.Context) error {
	o.mu.Lock()
	if o.closed {
		o.mu.Unlock()
		return nil
	}
	o.closed = true
	var attached []*source
	for s := range o.all {
		attached = append(attached, s)
	}
	o.mu.Unlock()

	errs := make([]error, len(attached))
	var detaching sync.WaitGroup
	for i, s := range attached {
		detaching.Go(func() { errs[i] = s.detach(ctx) })
	}
	detaching.Wait()
	o.cancel()
	o.tasks.Wait()
	o.writer.close()
	return errors.Join(errors.Join(errs...), o.store.Close())
}

// Check stores something and takes it back, so that what is wrong with the
// store shows before the next mail meets it.
func (o *Outbox) Check(ctx context.Context) error {
	return o.write(ctx, &operation{name: "checking the store", run: func(t *transaction) error {
		mark := store.Pause{Sender: sender{MailType: o.opt.Owner}, Since: t.now}
		if err := t.SetPause(mark); err != nil {
			return err
		}
		return t.EndPause(mark.Sender)
	}})
}

// Waiting counts the undelivered mail of sources that are not attached here:
// it waits for the first call for its data source.
func (o *Outbox) Waiting(ctx context.Context) (map[string]int64, error) {
	waiting, err := o.store.Waiting(ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	for source := range o.sources {
		delete(waiting, source)
	}
	return waiting, err
}

// Retention returns how long a delivery stays in the log, and with it what its mail
// said of alerts.
func (o *Outbox) Retention() time.Duration { return o.opt.Retention }

// Now returns the time by this process's clock.
func (o *Outbox) Now() time.Time {
	if o.opt.Now != nil {
		return o.opt.Now()
	}
	return time.Now()
}

// sleep waits for d and says whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// signal leaves a token in a channel of capacity one.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
