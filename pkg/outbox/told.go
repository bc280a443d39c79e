package outbox

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	// What mail told maxTold times of an alert is looked at, and less where many
	// alerts are asked for.
	maxTold      = 100
	maxToldOfAll = 10_000
)

// Told is what mail told of alerts, by their fingerprints, the latest first. Nobody
// changes it: several may have asked.
type Told struct {
	ByAlert map[int64][]ToldAlert
	Limit   int // how much there is of one alert at most
}

// asks are the questions for what mail told. One of those who ask puts the
// questions of all to the store.
type asks struct {
	turn    chan struct{}
	mu      sync.Mutex
	waiting []*ask
}

type ask struct {
	fingerprints []int64
	answered     chan struct{}
	told         Told
	err          error
}

// Told is what mail told of the alerts with these fingerprints. It takes no longer
// than two questions to the store may take: the one under way, and that with these.
func (o *Outbox) Told(ctx context.Context, fingerprints []int64) (Told, error) {
	a := &ask{fingerprints: fingerprints, answered: make(chan struct{})}
	o.asks.mu.Lock()
	o.asks.waiting = append(o.asks.waiting, a)
	o.asks.mu.Unlock()
	select {
	case <-a.answered:
	case o.asks.turn <- struct{}{}:
		o.answer(a)
		<-o.asks.turn
	case <-ctx.Done():
		return Told{}, ctx.Err()
	}
	return a.told, a.err
}

// answer answers all questions that wait, unless this one has been answered. In a
// storm they gather, as what is written does.
func (o *Outbox) answer(a *ask) {
	select {
	case <-a.answered:
		return
	default:
	}
	if o.busy() >= storm {
		time.Sleep(gather)
	}
	o.asks.mu.Lock()
	all := o.asks.waiting
	o.asks.waiting = nil
	o.asks.mu.Unlock()

	var fingerprints []int64
	for _, a := range all {
		fingerprints = append(fingerprints, a.fingerprints...)
	}
	slices.Sort(fingerprints)
	fingerprints = slices.Compact(fingerprints)
	told := Told{Limit: max(1, min(maxTold, maxToldOfAll/max(len(fingerprints), 1)))}
	ctx, cancel := context.WithTimeout(context.Background(), o.opt.askFor)
	defer cancel()
	found, err := o.found(ctx, fingerprints, told.Limit)
	if len(found) > 0 {
		told.ByAlert = make(map[int64][]ToldAlert)
	}
	for _, t := range found {
		told.ByAlert[t.Fingerprint] = append(told.ByAlert[t.Fingerprint], t)
	}
	for _, a := range all {
		a.told, a.err = told, err
		close(a.answered)
	}
}

// found asks the store. A mistake of ours is its error: whoever asks has the turn,
// which others wait for.
func (o *Outbox) found(ctx context.Context, fingerprints []int64, limit int) (found []ToldAlert, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	return o.store.Alerts(ctx, fingerprints, limit)
}

// Retention is how long a delivery stays in the log, and with it what it told.
func (o *Outbox) Retention() time.Duration { return o.opt.Retention }
