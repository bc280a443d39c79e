package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// migrate brings the schema up to date. Processes that start together wait for
// each other: on PostgreSQL by an advisory lock; on SQLite the one that comes
// second fails, looks again and finds the work done.
func (db *database) migrate(ctx context.Context) error {
	folder, err := fs.Sub(migrations, "migrations/"+db.migrations)
	if err != nil {
		return err
	}
	dialect, options := goose.DialectSQLite3, []goose.ProviderOption{goose.WithDisableGlobalRegistry(true)}
	tries := 5
	if db.Backend == "postgres" {
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return err
		}
		dialect, options = goose.DialectPostgres, append(options, goose.WithSessionLocker(locker))
		tries = 1
	}
	provider, err := goose.NewProvider(dialect, db.writes, folder, options...)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if err = db.upgrade(ctx, provider); err == nil || try >= tries {
			return err
		}
		if !sleep(ctx, time.Duration(try)*50*time.Millisecond) {
			return ctx.Err()
		}
	}
}

// upgrade takes as long as the log is. Only where there is something to upgrade
// may a server be silent so long. What a later plugin has upgraded is refused: what
// that changed is not known here.
func (db *database) upgrade(ctx context.Context, provider *goose.Provider) error {
	for {
		has, known, err := db.versions(ctx, provider)
		switch {
		case err != nil || has == known:
			return err
		case has > known:
			return &problem{fmt.Sprintf("its schema is version %d, and this plugin knows version %d", has, known),
				"install the version of the plugin that upgraded it, or restore a backup from before"}
		}
		if _, err := provider.Up(ctx); err != nil {
			return err
		}
	}
}

func (db *database) versions(ctx context.Context, provider *goose.Provider) (has, known int64, err error) {
	ctx, cancel := db.bounded(ctx)
	defer cancel()
	return provider.GetVersions(ctx)
}
