package commands

import (
	"os"
	"os/exec"

	"github.com/magefile/mage/sh"
)

// Demo runs the main job once on this machine: relay, plugin process, health
// check, an alert, the mail that arrives. It ends by itself.
func Demo() error { return sh.RunV("go", "run", "./internal/plugintest/demo") }

// Bench measures the plugin beside other mailers, side by side in one run; see
// docs/performance.md.
func Bench() error { return bench() }

// BenchCharts measures storms of alerts with and without charts, in turn; see
// docs/performance.md.
func BenchCharts() error { return bench("-charts") }

func bench(args ...string) error {
	cmd := exec.Command("go", append([]string{"run", "."}, args...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = "bench", os.Stdout, os.Stderr
	return cmd.Run()
}

// Soak runs the plugin for 30 minutes at 50 notifications a second with a relay
// that fails in every way, fails if anything grows or is lost, and draws
// docs/soak.svg; see docs/reliability.md. It needs Linux.
func Soak() error { return sh.RunV("go", "run", "./internal/plugintest/soak") }

// Kills pulls the plug a hundred times under load and counts what arrives.
func Kills() error {
	return sh.RunV("go", "test", "./internal/plugintest", "-run", "TestKilledAtRandomInstants", "-v", "-timeout", "60m", "-args", "-kills=100")
}
