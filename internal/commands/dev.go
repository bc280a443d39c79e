package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/nhncloud/nhncloud-email-datasource/internal/archive"
)

// Dev runs the demo relay and rebuilds both sides of dist/ on every change,
// until Ctrl-C. Grafana is started beside it (npm run server, or your own with
// dist/ as its plugin); it takes up a new backend by itself.
func Dev(ctx context.Context) error {
	mg.Deps(npmInstall)
	scratch, err := os.MkdirTemp("", "nhncloud-email-dev-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the temporary folder
	// Neither go run nor npm run hands a signal on to what it runs.
	relay := filepath.Join(scratch, "relay")
	if err := sh.RunV("go", "build", "-o", relay, "./internal/relaytest/relay"); err != nil {
		return err
	}
	ended, stop := runUntilStopped(ctx,
		[]string{relay, "-ca-file", filepath.Join(scratch, "relay-ca.pem")},
		[]string{"node", "node_modules/@rspack/cli/bin/rspack.js", "build", "--watch", "--mode", "development"},
	)
	defer stop()
	const pause = 500 * time.Millisecond // short for a person, long for a disk
	var built time.Time
	for {
		changed, err := newest("pkg")
		if err != nil {
			return err
		}
		if changed.After(built) {
			built = changed
			if err := Backend(); err != nil {
				fmt.Fprintln(os.Stderr, "the backend stays as it was:", err)
			} else {
				reload(ctx)
			}
		}
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// runUntilStopped runs commands that are to go on until they are stopped. What it
// returns first says which has ended by itself.
func runUntilStopped(ctx context.Context, commands ...[]string) (ended <-chan error, stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	all := make(chan error, len(commands))
	for _, command := range commands {
		cmd := exec.CommandContext(ctx, command[0], command[1:]...)
		cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
		running.Go(func() {
			err := cmd.Run()
			all <- fmt.Errorf("%s ended (%v)", strings.Join(command, " "), err)
		})
	}
	return all, func() {
		cancel()
		running.Wait()
	}
}

// newest is when a file that the backend is built from was last changed.
func newest(root string) (time.Time, error) {
	var last time.Time
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // an editor's file, gone again
			return nil
		}
		if err != nil {
			return err
		}
		if entry.IsDir() && entry.Name() == "testdata" {
			return fs.SkipDir
		}
		if entry.IsDir() || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		info, err := entry.Info()
		if err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
		return nil
	})
	return last, err
}

// reload ends the running backends, in Docker's Grafana or one of this machine:
// Grafana starts a plugin again whose process has ended. Where there is no pkill,
// Grafana is restarted by hand.
func reload(ctx context.Context) {
	pkill := []string{"pkill", "-f", "/" + archive.Executable + "_[a-z0-9_]+$"}
	if out, err := exec.CommandContext(ctx, "docker", "compose", "ps", "--quiet", "grafana").Output(); err == nil && len(out) > 0 {
		pkill = append([]string{"docker", "compose", "exec", "-T", "grafana"}, pkill...)
	}
	_ = exec.CommandContext(ctx, pkill[0], pkill[1:]...).Run() // none runs yet
}
