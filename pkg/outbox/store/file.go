package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// createFile makes the file and its folder for their owner alone, before SQLite
// opens it: the WAL takes its mode from the file.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := closeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	files := []string{path, path + "-wal", path + "-shm"} // the latter of a backup that was put back, say
	for _, name := range files {
		if err := closeToOthers(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	// It may have been put there in between.
	return errors.Join(closeToOthers(path), f.Close())
}

// closeFolder keeps others from exchanging the files in a folder. Where the
// sticky bit is set they cannot anyway.
func closeFolder(folder string) error {
	info, err := os.Stat(folder)
	if err != nil || info.Mode().Perm()&0o002 == 0 || info.Mode()&os.ModeSticky != 0 || runtime.GOOS == "windows" {
		return err
	}
	if err := os.Chmod(folder, info.Mode()&^0o022); err != nil {
		return &problem{folder + " can be written by every user of this machine", "make the folder Grafana's own (chown) and take the permission to write from others (chmod 700)"}
	}
	return nil
}

// closeToOthers takes the modes of others off a file, which has to be one: a
// link leads to what somebody else chose.
func closeToOthers(name string) error {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return err
	case info.Mode()&os.ModeSymlink != 0:
		return &problem{name + " is a symbolic link", "move the file that it leads to here, or name that one in outbox_url"}
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", name)
	case info.Mode().Perm()&0o077 != 0:
		return os.Chmod(name, 0o600)
	}
	return nil
}

// watch opens the database and returns a check that its files are still those:
// SQLite itself goes on writing to a file that was removed under it.
func watch(db *sql.DB, path string) (func() error, error) {
	// A transaction that writes makes the WAL file. While another process turns
	// the WAL on, or as the last one takes it away, SQLite answers BUSY at once
	// instead of waiting (https://sqlite.org/wal.html, section 8).
	began := time.Now()
	for pause := 20 * time.Millisecond; ; pause *= 2 {
		_, err := db.Exec("PRAGMA user_version = 0")
		if err == nil {
			break
		}
		if !sqliteRepeatable(err) || time.Since(began) > sqliteBusy {
			return nil, err
		}
		time.Sleep(pause)
	}
	files := []string{path, path + "-wal"}
	opened := make([]os.FileInfo, len(files))
	for i, name := range files {
		var err error
		if opened[i], err = os.Stat(name); err != nil {
			return nil, err
		}
	}
	return func() error {
		for i, name := range files {
			if info, err := os.Stat(name); err != nil || !os.SameFile(info, opened[i]) {
				return &problem{name + " was removed or replaced while it was in use", "put the file back and restart the plugin"}
			}
		}
		return nil
	}, nil
}
