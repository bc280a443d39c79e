package outbox

import (
	"errors"
	"fmt"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

// state is what the writer knows. Operations are handed it while they are
// carried out; nobody else can reach it.
type state struct {
	room    room
	sources map[string]*sourceState // by name
	// probePause is how long the next pause of a sender lasts whose last one a
	// probe ended, until the relay takes its mail: it may take the credentials
	// and refuse the sender at MAIL.
	probePause map[sender]time.Duration

	began   moment    // when the transaction under way asked for the store
	wanted  time.Time // when the store was first asked for since it last answered
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

// end notes what became of the transaction.
func (s *state) end(t *transaction, err error) {
	failed, ok := errors.AsType[*store.WriteError](err)
	if err == nil || ok && !failed.Everybody {
		s.wanted = time.Time{}
	}
	if err != nil {
		s.room.forget()
		return
	}
	s.room.add(t.added, t.addedBytes)
	s.lastNow, s.lastAt = t.now, t.at
}

// transaction is a transaction of the store and what the writer knows.
type transaction struct {
	store.Tx
	*state
	o   *Outbox
	now time.Time // by the store's clock
	at  time.Time // when that was

	suspect bool // a delivery was claimed that seems to end processes

	added, addedBytes int64 // undelivered mail
	pullBackMore      bool  // the clock was set back, and more times have to follow
}

// paused returns the sender's pause, if one counts for a process with settings of
// that time: what older settings led to says nothing of newer ones.
func (t *transaction) paused(s sender, settingsAt time.Time) *store.Pause {
	if p := t.Pauses()[s]; p.Counts(settingsAt) {
		return &p
	}
	return nil
}

// room knows how much undelivered mail there is. It counts what this process
// changes and asks the store once a second, so other processes' work is seen
// that late.
type room struct {
	count, bytes int64
	asked        time.Time // zero: unknown
}

func (r *room) add(count, bytes int64) {
	r.count += count
	r.bytes += bytes
}

// forget makes the next question go to the store.
func (r *room) forget() { r.asked = time.Time{} }

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

// apply carries out transitions, counts the mail that they make final, and returns
// the deliveries as they are now; nil where one was no longer as it was read.
func (t *transaction) apply(changes ...store.Transition) ([]*Delivery, error) {
	inForce, err := t.Apply(changes)
	if err != nil {
		return nil, err
	}
	now := make([]*Delivery, len(changes))
	for i, c := range changes {
		if !inForce[i] {
			continue
		}
		d := after(c.Of, c)
		now[i] = &d
		if d.Status.Final() {
			t.addUndelivered(-1, -d.Size)
		}
	}
	return now, nil
}

// addUndelivered counts mail that was stored, or that became final.
func (t *transaction) addUndelivered(count, bytes int64) {
	t.added += count
	t.addedBytes += bytes
}
