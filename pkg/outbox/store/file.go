package store

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// createFile makes the file and its folder for their owner alone, before SQLite
// opens it: the WAL takes its mode from the file.
func createFile(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 {
		err = os.Chmod(path, 0o600)
	}
	if err == nil {
		err = closeToOthers(path+"-wal", path+"-shm") // of a backup that was put back, say
	}
	return errors.Join(err, f.Close())
}

// closeToOthers takes the modes of others off files, where they are there.
func closeToOthers(files ...string) error {
	for _, name := range files {
		info, err := os.Lstat(name)
		if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			err = os.Chmod(name, 0o600)
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
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
				return &vanishedError{name}
			}
		}
		return nil
	}, nil
}

type vanishedError struct{ path string }

func (e *vanishedError) Error() string {
	return e.path + " was removed or replaced while it was in use"
}
