package store

import (
	"context"
	"time"
)

// List returns deliveries, the newest first.
func (db *database) List(ctx context.Context, f Filter) (Page, error) { return Page{}, nil }

// Stats counts deliveries.
func (db *database) Stats(ctx context.Context, source string, from, to time.Time, interval time.Duration) ([]Stat, error) {
	return nil, nil
}
