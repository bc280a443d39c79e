package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// state is what the writer knows. Operations get it while they are carried out;
// nothing else can reach it.
type state struct {
	room    room
	sources map[string]*sourceState // by name
	// probePause is how long the next pause of a sender lasts whose last one a
	// probe ended, until the relay takes its mail: it may take the credentials
	// and refuse the sender at MAIL.
	probePause map[sender]time.Duration

	began   moment    // when the transaction under way asked for the store
	wanted  time.Time // since when the store is asked for and does not answer
	lastNow time.Time // the store's clock at the last transaction
	lastAt  time.Time // when that was
}

// sourceState is what the writer knows of a source.
type sourceState struct {
	// credit is how many deliveries that failed because the relay was unreachable
	// may be tried before they are due. Each success adds to it.
	credit int
	// unreachable: such deliveries may be there. blocked: mail may wait for an
	// earlier one of its conversation.
	unreachable, blocked bool
}

func newState() state {
	return state{sources: map[string]*sourceState{}, probePause: map[sender]time.Duration{}}
}

// of returns what is known of a source.
func (s *state) of(source string) *sourceState {
	if s.sources[source] == nil {
		s.sources[source] = new(sourceState)
	}
	return s.sources[source]
}

// begin notes that a transaction asks for the store.
func (s *state) begin(o *Outbox) {
	s.began = o.moment()
	if s.wanted.IsZero() {
		s.wanted = s.began.monotonic
	}
}

// end notes what became of the transaction. A store that froze in its midst was last
// heard when it began.
func (s *state) end(o *Outbox, t *transaction, err error) {
	failed, ok := errors.AsType[*StorageError](err)
	if err == nil || ok && !failed.Everybody {
		s.wanted = time.Time{}
		if t != nil && o.opt.monotonic().Sub(t.at) > max(o.opt.Lease-o.opt.Renew, o.opt.Lease/5) {
			s.wanted = t.at
		}
	}
	if err != nil {
		s.room.asked = time.Time{}
		return
	}
	s.room.count, s.room.bytes = s.room.count+t.added, s.room.bytes+t.addedBytes
	s.lastNow, s.lastAt = t.now, t.at
}

// transaction is a transaction of the store and what the writer knows.
type transaction struct {
	*store.Tx
	*state
	o   *Outbox
	now time.Time // by the store's clock
	at  time.Time // when that was

	suspect           bool  // a delivery was claimed that seems to end processes
	added, addedBytes int64 // undelivered mail
}

// spareLeases gives leases that ended while the store did not answer, or when its
// clock was set forward, a new end before anything else is done: nobody could
// renew them, and whoever works on these deliveries is as alive as this process.
// An absence counts during which a lease can have ended that was renewed in time;
// this process looked at the store last at most Poll before.
func (t *transaction) spareLeases() error {
	opt := t.o.opt
	absent := t.at.Sub(t.wanted)
	jump := t.now.Sub(t.lastNow) - t.at.Sub(t.lastAt)
	if absent <= max(opt.Lease-opt.Renew-opt.Poll, opt.Lease/5) && (t.lastNow.IsZero() || jump <= opt.Lease*3/2) {
		return nil
	}
	return t.SpareLeases(t.lastNow, t.now, t.now.Add(opt.Lease))
}

// paused returns the sender's pause, if one counts for a process with settings of
// that time: what older settings led to says nothing of newer ones.
func (t *transaction) paused(s sender, settingsAt time.Time) *store.Pause {
	if p := t.Pauses()[s]; p.Counts(settingsAt) {
		return &p
	}
	return nil
}

// room is how much undelivered mail there is. This process's changes are counted
// and the store is asked once a second, so other processes' are seen that late.
type room struct {
	count, bytes int64
	asked        time.Time // zero: unknown
}

// full returns a *FullError when there is no room for another mail.
func (t *transaction) full(size int64) (full error, err error) {
	r := &t.room
	if time.Since(r.asked) > time.Second {
		r.count, r.bytes, err = t.Undelivered()
		if err != nil {
			return nil, fmt.Errorf("counting the mail that waits: %w", err)
		}
		// The store's answer has what this transaction changed.
		r.count, r.bytes = r.count-t.added, r.bytes-t.addedBytes
		r.asked = time.Now()
	}
	opt := t.o.opt
	count, bytes := r.count+t.added, r.bytes+t.addedBytes
	if count+1 > int64(opt.MaxQueued) || bytes+size > opt.MaxBytes {
		return &FullError{Queued: count, MaxQueued: int64(opt.MaxQueued), Bytes: bytes, MaxBytes: opt.MaxBytes}, nil
	}
	return nil, nil
}

// enqueue stores n if there is room for it, or finds what it repeats.
func (t *transaction) enqueue(n NewDelivery) (Enqueued, error) {
	var err error
	if n.Full, err = t.full(n.Size); err != nil {
		return Enqueued{}, err
	}
	stored, err := t.Enqueue(n)
	if err == nil {
		t.added, t.addedBytes = t.added+stored.Mails, t.addedBytes+stored.Bytes
	}
	return stored, err
}

// apply carries out a transition and returns the delivery as it is now; nil if it
// was no longer as it was read.
func (t *transaction) apply(c store.Transition) (*Delivery, error) {
	if applied, err := t.Apply(c); err != nil || !applied {
		return nil, err
	}
	d := after(c.Of, c)
	if d.Status.Final() {
		t.added, t.addedBytes = t.added-1, t.addedBytes-d.Size
	}
	return &d, nil
}
