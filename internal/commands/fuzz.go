package commands

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// fuzzTogether is how many targets run at a time; each takes one worker.
const fuzzTogether = 4

// Fuzz runs every fuzz target for so long (30s, 10m), beginning with its
// committed corpus. What fails is written into the corpus.
func Fuzz(each time.Duration) error {
	list, err := exec.Command("go", "test", "-list", "^Fuzz", shipped).Output()
	if err != nil {
		return fmt.Errorf("listing the fuzz targets: %w", err)
	}
	type target struct{ name, pkg string }
	var targets, found []target
	for line := range strings.Lines(string(list)) {
		// The names of a package's targets come before the package's own.
		if words := strings.Fields(line); len(words) > 1 {
			for _, t := range found {
				targets = append(targets, target{t.name, words[1]})
			}
			found = nil
		} else if len(words) == 1 {
			found = append(found, target{name: words[0]})
		}
	}
	if len(targets) == 0 {
		return errors.New("there are no fuzz targets")
	}

	var (
		running sync.WaitGroup
		mu      sync.Mutex
		failed  []error
	)
	places := make(chan struct{}, fuzzTogether)
	for _, t := range targets {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			var said bytes.Buffer
			cmd := exec.Command("go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "10s", "-parallel", "1", t.pkg)
			cmd.Stdout, cmd.Stderr = &said, &said
			err := cmd.Run()
			mu.Lock()
			defer mu.Unlock()
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			if err != nil {
				_, _ = os.Stderr.Write(said.Bytes())
				failed = append(failed, fmt.Errorf("%s: %w", t.name, err))
				return
			}
			fmt.Printf("%-20s %s\n", t.name, lines[max(0, len(lines)-3)])
		})
	}
	running.Wait()
	return errors.Join(failed...)
}
