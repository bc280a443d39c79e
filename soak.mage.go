//go:build mage

package main

import (
	"github.com/magefile/mage/sh"
)

// Soak runs the plugin for 30 minutes at 50 notifications a second with a relay
// that fails in every way, fails if anything grows or is lost, and draws
// docs/soak.svg; see docs/reliability.md. It needs Linux.
func Soak() error { return sh.RunV("go", "run", "./pkg/plugintest/soak") }

// Kills pulls the plug a hundred times under load and counts what arrives.
func Kills() error {
	return sh.RunV("go", "test", "./pkg/plugintest", "-run", "TestKilledAtRandomInstants", "-v", "-timeout", "60m", "-args", "-kills=100")
}
