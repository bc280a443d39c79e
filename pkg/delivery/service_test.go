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

	"github.com/nhncloud/nhncloud-email-datasource/internal/pgtest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/outbox"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// opensLate is a service whose outbox is opened once release is called: it
// waits for another replica that upgrades the schema.
func opensLate(t *testing.T) (service *Service, release func()) {
	t.Helper()
	before := openWait
	openWait = 10 * time.Millisecond
	t.Cleanup(func() { openWait = before })
	location := pgtest.Database(t)
	db, err := sql.Open("pgx", location)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(t.Context(), "SELECT pg_advisory_lock($1)", lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	service = New(ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": location}[key]
	}, ""), hclog.NewNullLogger())
	t.Cleanup(func() {
		if err := service.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return service, func() {
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		for {
			_, err := service.Outbox(t.Context())
			if err == nil {
				return
			}
			if !errors.Is(err, ErrOpening) {
				t.Fatal(err)
			}
		}
	}
}

// TestOutboxThatTakesLongToOpenIsOpened: the upgrade of a long log is waited
// for and not broken off.
func TestOutboxThatTakesLongToOpenIsOpened(t *testing.T) {
	service, release := opensLate(t)
	for range 3 {
		if _, err := service.Outbox(t.Context()); !errors.Is(err, ErrOpening) {
			t.Fatalf("while it is opened: %v", err)
		}
	}
	release()
}

// TestNewestSettingsAreInForceOnceTheOutboxIsOpen: they were saved again and
// again while it was not.
func TestNewestSettingsAreInForceOnceTheOutboxIsOpen(t *testing.T) {
	service, release := opensLate(t)
	var senders []*Sender
	for range 10 {
		sender, err := service.NewSender(t.Context(), "1/mail", settings.Settings{Language: "en"}, time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		senders = append(senders, sender)
	}
	release()
	for i, sender := range senders {
		if newest := i == len(senders)-1; (sender.detach != nil) != newest {
			t.Errorf("sender %d of %d is in force: %t", i+1, len(senders), !newest)
		}
	}
}

func TestCloseWhileTheOutboxIsOpened(t *testing.T) {
	service, _ := opensLate(t)
	openWait = time.Minute
	asked := make(chan error, 1)
	go func() {
		_, err := service.Outbox(t.Context())
		asked <- err
	}()
	if err := service.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-asked; !errors.Is(err, outbox.ErrClosed) {
		t.Errorf("who waits hears %v", err)
	}
}

// TestOutboxIsUsedBeforeItsMailIsCounted: the count is for the log, and this one
// has no answer.
func TestOutboxIsUsedBeforeItsMailIsCounted(t *testing.T) {
	location, silent := pgtest.Silent(t, pgtest.Database(t), "GROUP BY source")
	service := New(ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": location}[key]
	}, ""), hclog.NewNullLogger())
	<-silent
	if _, err := service.Outbox(t.Context()); err != nil {
		t.Error(err)
	}
	if err := service.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestDefaultOutboxIsNamedByAbsolutePath(t *testing.T) {
	for path, want := range map[string]string{
		"/var/lib/grafana/nhncloud-email/outbox.db":      "sqlite:///var/lib/grafana/nhncloud-email/outbox.db",
		"C:/Program Files/data/nhncloud-email/outbox.db": "sqlite:///C:/Program%20Files/data/nhncloud-email/outbox.db",
	} {
		if got := fileURL(path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}
