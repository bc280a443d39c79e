package delivery

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3/lock"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox/pgtest"
)

// TestOutboxThatTakesLongToOpenIsOpened: the upgrade of a long log, here one
// that waits for that of another replica, is waited for and not broken off.
func TestOutboxThatTakesLongToOpenIsOpened(t *testing.T) {
	defer func(wait time.Duration) { openWait = wait }(openWait)
	openWait = 10 * time.Millisecond
	location := pgtest.Database(t)
	db, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	replica, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := replica.ExecContext(t.Context(), "SELECT pg_advisory_lock($1)", lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}

	service := New(ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": location}[key]
	}, ""), hclog.NewNullLogger())
	defer func() { _ = service.Close(context.Background()) }()
	for range 3 {
		if _, err := service.Outbox(t.Context()); !errors.Is(err, ErrOpening) {
			t.Fatalf("while it is opened: %v", err)
		}
	}
	if err := replica.Close(); err != nil { // back to the pool, with its lock
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for {
		_, err := service.Outbox(t.Context())
		if err == nil {
			break
		}
		if !errors.Is(err, ErrOpening) {
			t.Fatal(err)
		}
	}
}
