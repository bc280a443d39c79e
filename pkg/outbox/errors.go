package outbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/store"
)

var (
	// ErrFull is why Enqueue refuses mail when too much waits; the error is a
	// *FullError.
	ErrFull = errors.New("the outbox is full")
	// ErrNotFound is the answer for a delivery that the source does not have.
	ErrNotFound = store.ErrNotFound
	// ErrNotPossible is the answer to an action that the delivery's state forbids.
	ErrNotPossible = errors.New("not possible")
	// ErrReplayed is the answer to a signature that was used for another request.
	ErrReplayed = store.ErrReplayed
	// ErrCursor is the answer to a cursor that no List returned.
	ErrCursor = store.ErrCursor
	// ErrClosed is the answer of an outbox that was closed.
	ErrClosed = store.ErrClosed

	// errLeaseLost ends a send, which is not the relay's doing.
	errLeaseLost = fmt.Errorf("the lease was lost, and another process may have taken the delivery: %w", context.Canceled)
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

func invalid(what string) error { return errors.New("the delivery is incomplete: " + what) }
