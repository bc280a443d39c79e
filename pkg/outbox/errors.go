package outbox

import (
	"errors"
	"fmt"
)

var (
	// ErrFull is why Enqueue refuses mail when too much waits; the error is a
	// *FullError.
	ErrFull = errors.New("the outbox is full")
	// ErrNotFound is the answer for a delivery that the source does not have.
	ErrNotFound = errors.New("there is no such delivery")
	// ErrNotPossible is the answer to an action that the delivery's state forbids.
	ErrNotPossible = errors.New("not possible")
	// ErrReplayed is the answer to a signature that was used for another request.
	ErrReplayed = errors.New("the signature was used for another request")
	// ErrCursor is the answer to a cursor that no List returned.
	ErrCursor = errors.New("not a cursor that a list returned")
	// ErrClosed is the answer of an outbox that was closed.
	ErrClosed = errors.New("the outbox is closed")

	errLeaseLost = errors.New("the lease was lost: another process has taken the delivery")
)

// FullError says how full the outbox is. It is ErrFull.
type FullError struct {
	Queued, MaxQueued int64
	Bytes, MaxBytes   int64
}

func (e *FullError) Error() string {
	return fmt.Sprintf("the outbox is full: %d of %d mails and %d of %d bytes wait for delivery; see why they are not delivered, or raise the limit",
		e.Queued, e.MaxQueued, e.Bytes, e.MaxBytes)
}

// Is makes errors.Is(err, ErrFull) true.
func (e *FullError) Is(target error) bool { return target == ErrFull }

// StorageError is a failure of the store: where, while doing what, why, and
// what to do about it.
type StorageError struct {
	Location string
	Doing    string
	Err      error
	Remedy   string
}

func (e *StorageError) Error() string {
	s := fmt.Sprintf("outbox %s: %s: %v", e.Location, e.Doing, e.Err)
	if e.Remedy != "" {
		s += ": " + e.Remedy
	}
	return s
}

func (e *StorageError) Unwrap() error { return e.Err }

func invalid(what string) error { return errors.New("the delivery is incomplete: " + what) }

// refusal carries an operation's own no through a transaction: unlike an error
// of the store it leaves the transaction whole.
type refusal struct{ err error }

func (r refusal) Error() string { return r.err.Error() }

func refuse(err error) error { return refusal{err} }
