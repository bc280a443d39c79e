package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNotFound is the answer for a delivery that is not stored.
	ErrNotFound = errors.New("there is no such delivery")
	// ErrReplayed is the answer to a signature that was used before, for
	// another request or for a delivery that is no longer kept.
	ErrReplayed = errors.New("the signature was used before")
	// ErrClosed is the answer of a store that was closed.
	ErrClosed = errors.New("the outbox is closed")
	// ErrCursor is the answer to a cursor that no List returned.
	ErrCursor = errors.New("not a cursor that a list returned")
)

// StorageError is a failure of the database: where, while doing what, why, and
// what to do about it.
type StorageError struct {
	Location string
	Doing    string
	Err      error
	Remedy   string

	// Everybody, of a transaction: the database itself is in trouble, so that every
	// transaction fails. Otherwise it may be the fault of one operation among several.
	Everybody bool
	// Unknown: COMMIT failed, so the transaction may stand or not.
	Unknown bool
}

func (e *StorageError) Error() string {
	s := fmt.Sprintf("outbox %s: %s: %v", e.Location, e.Doing, e.Err)
	if e.Remedy != "" {
		s += ": " + e.Remedy
	}
	return s
}

func (e *StorageError) Unwrap() error { return e.Err }

// explain wraps an error of the database for people; nil stays nil.
func (db *database) explain(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case db.closed.Load():
		return ErrClosed
	}
	return db.storageError(doing, err)
}

func (db *database) storageError(doing string, err error) *StorageError {
	remedy := db.remedy(err)
	if p, ok := errors.AsType[*problem](err); ok {
		remedy = p.remedy
	}
	return &StorageError{Location: db.Location, Doing: doing, Err: err, Remedy: remedy}
}

// problem is what this package finds to be wrong with the place of the outbox.
type problem struct{ what, remedy string }

func (p *problem) Error() string { return p.what }
