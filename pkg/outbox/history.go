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
	// Of one alert at most maxRecords are read, and fewer where that would be more
	// than maxRecordsOfAll together.
	maxRecords      = 100
	maxRecordsOfAll = 10_000
	// In a storm the calls gather for so long: one read of forty alerts costs hardly more
	// than one of four.
	gatherReads = 5 * gather
)

// History is what earlier mail said of alerts, by their hashes, the latest first.
// Several callers may share it, so none changes it.
type History struct {
	ByAlert map[int64][]EarlierRecord
	Limit   int // how many records of one alert were read at most
}

// historyReads are the calls of History that wait. One of them reads the store for
// all of them.
type historyReads struct {
	turn    chan struct{}
	mu      sync.Mutex
	waiting []*historyRead
}

type historyRead struct {
	hashes  []int64
	done    chan struct{} // closed once the next two are set
	history History
	err     error
}

// History returns what earlier mail said of the alerts with these hashes. It takes
// no longer than two reads of the store may take: the one under way, and its own.
func (o *Outbox) History(ctx context.Context, hashes []int64) (History, error) {
	r := &historyRead{hashes: hashes, done: make(chan struct{})}
	o.history.mu.Lock()
	o.history.waiting = append(o.history.waiting, r)
	o.history.mu.Unlock()
	select {
	case <-r.done:
	case o.history.turn <- struct{}{}:
		o.readHistory(r)
		<-o.history.turn
	case <-ctx.Done():
		return History{}, ctx.Err()
	}
	return r.history, r.err
}

// readHistory reads the store for all who wait, unless r is done. In a storm it lets
// them gather first, as the writer does with operations.
func (o *Outbox) readHistory(r *historyRead) {
	select {
	case <-r.done:
		return
	default:
	}
	if o.busy() >= storm {
		time.Sleep(gatherReads)
	}
	o.history.mu.Lock()
	reads := o.history.waiting
	o.history.waiting = nil
	o.history.mu.Unlock()

	var hashes []int64
	for _, r := range reads {
		hashes = append(hashes, r.hashes...)
	}
	slices.Sort(hashes)
	hashes = slices.Compact(hashes)
	history := History{Limit: max(1, min(maxRecords, maxRecordsOfAll/max(len(hashes), 1)))}
	// The reads of others must not end with the caller of one.
	ctx, cancel := context.WithTimeout(context.Background(), o.opt.historyTimeout)
	defer cancel()
	records, err := o.records(ctx, hashes, history.Limit)
	if len(records) > 0 {
		history.ByAlert = make(map[int64][]EarlierRecord)
	}
	for _, record := range records {
		history.ByAlert[record.Hash] = append(history.ByAlert[record.Hash], record)
	}
	for _, r := range reads {
		r.history, r.err = history, err
		close(r.done)
	}
}

// records reads the store. A panic becomes its error: whoever reads has the turn that
// others wait for.
func (o *Outbox) records(ctx context.Context, hashes []int64, limit int) (found []EarlierRecord, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	return o.store.History(ctx, hashes, limit)
}
