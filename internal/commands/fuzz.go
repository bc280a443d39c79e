package commands

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/magefile/mage/sh"
)

// Fuzz runs every fuzz target for so long (30s, 10m), one after the other on all
// cores, beginning with its committed corpus. What fails is written into the
// corpus.
func Fuzz(each time.Duration) error {
	list, err := sh.Output("go", "test", "-list", "^Fuzz", shipped)
	if err != nil {
		return fmt.Errorf("listing the fuzz targets: %w", err)
	}
	var failed []error
	var targets []string
	for line := range strings.Lines(list) {
		words := strings.Fields(line)
		if len(words) == 1 { // the names of a package's targets come before the package's own
			targets = append(targets, words[0])
			continue
		}
		for _, target := range targets {
			if err := sh.RunV("go", "test", "-run", "^$", "-fuzz", "^"+target+"$", "-fuzztime", each.String(), "-fuzzminimizetime", "10s", words[1]); err != nil {
				failed = append(failed, fmt.Errorf("%s: %w", target, err))
			}
		}
		targets = nil
	}
	return errors.Join(failed...)
}
