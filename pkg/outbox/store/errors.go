package store

import "errors"

var (
	// ErrNotFound is the answer for a delivery that is not there.
	ErrNotFound = errors.New("there is no such delivery")
	// ErrReplayed is the answer to a signature that was used for another request.
	ErrReplayed = errors.New("the signature was used for another request")
	// ErrNoRoom is the answer to a new delivery while only repeats are taken.
	ErrNoRoom = errors.New("there is no room for another delivery")
	// ErrCursor is the answer to a cursor that no List returned.
	ErrCursor = errors.New("not a cursor that a list returned")
)

// Error is a failure of the store: where, while doing what, why, and what to do
// about it.
type Error struct {
	Location string
	Doing    string
	Err      error
	Remedy   string
}

func (e *Error) Error() string {
	s := "outbox " + e.Location + ": " + e.Doing + ": " + e.Err.Error()
	if e.Remedy != "" {
		s += ": " + e.Remedy
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// WriteError is why Write carried out nothing, as far as that is known.
type WriteError struct {
	Err error
	// Committing: it was COMMIT that failed, so the work may stand all the same.
	Committing bool
	// Shared: any other work would have failed, too.
	Shared bool
}

func (e *WriteError) Error() string { return e.Err.Error() }

func (e *WriteError) Unwrap() error { return e.Err }
