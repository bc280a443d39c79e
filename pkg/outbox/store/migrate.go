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
// may a server be silent so long.
func (db *database) upgrade(ctx context.Context, provider *goose.Provider) error {
	if current, err := db.isCurrent(ctx, provider); err != nil || current {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	_, err := db.isCurrent(ctx, provider) // a later plugin may have come in between
	return err
}

// isCurrent says whether there is nothing to upgrade, and refuses what a later
// plugin has upgraded: what that changed is not known here.
func (db *database) isCurrent(ctx context.Context, provider *goose.Provider) (bool, error) {
	if db.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, db.timeout)
		defer cancel()
	}
	has, known, err := provider.GetVersions(ctx)
	if err == nil && has > known {
		err = &problem{fmt.Sprintf("its schema is version %d, and this plugin knows version %d", has, known),
			"install the version of the plugin that upgraded it, or restore a backup from before"}
	}
	return err == nil && has == known, err
}
