package commands

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
)

const (
	shipped       = "./pkg/..."
	helpers       = "./internal/..." // npm packages may hold Go code, too
	processTests  = "/internal/plugintest"
	shippedTags   = "arrow_json_stdlib" // the SDK's build has it
	workflowCheck = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.9"
	linter        = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
	// SQLite is C turned into Go, whose mutexes are watched and whose every access
	// of memory is not: to watch these took three quarters of the tests' time.
	raceOfOurs = "-gcflags=modernc.org/sqlite/lib=-race=false"
)

// Test runs every check and every test: Go, frontend, the archive of both. The
// frontend's run beside Go's, which wait for much.
func Test() {
	mg.SerialDeps(asShipped, Servers, chromium, npmInstall)
	mg.Deps(TestGo, TestFrontend)
	mg.SerialDeps(TestCatalog, Licenses)
}

// unchanged is the caller's environment, for the race detector: it needs cgo, and
// has what is compiled for it in common with go test -race by hand.
var unchanged = map[string]string{"CGO_ENABLED": os.Getenv("CGO_ENABLED"), "GOFLAGS": os.Getenv("GOFLAGS")}

// asShipped has what is compiled from here on compiled with the flags of the
// release, so that its many packages are compiled once for all other checks.
func asShipped() error {
	flags, err := sh.Output("go", "env", "GOFLAGS")
	return errors.Join(err,
		os.Setenv("CGO_ENABLED", "0"),
		os.Setenv("GOFLAGS", strings.TrimSpace(flags+" -trimpath -tags="+shippedTags)),
	)
}

// TestGo lints and tests the backend.
func TestGo() error {
	mg.SerialDeps(asShipped, Servers)
	for _, check := range [][]string{
		{"mod", "tidy", "-diff"},
		{"vet", "-tags", "mage", "."},
		{"-C", "bench", "mod", "tidy", "-diff"},
		{"-C", "bench", "vet", "./..."},
		{"run", linter, "run", shipped, helpers}, // go vet is one of its linters
		{"run", workflowCheck},
	} {
		if err := sh.RunV("go", check...); err != nil {
			return err
		}
	}
	mg.Deps(testPackages, testProcess)
	return nil
}

// testPackages runs the tests of every package but the process's, with the race
// detector. More packages than processors are tested at a time: many tests wait.
func testPackages() error {
	list, err := sh.Output("go", "list", helpers, shipped)
	if err != nil {
		return err
	}
	packages := slices.DeleteFunc(strings.Fields(list), func(path string) bool { return strings.HasSuffix(path, processTests) })
	withRace := []string{"test", "-race", raceOfOurs, "-vet=off", "-p=3", "-parallel=4", "-timeout=30m"}
	return sh.RunWithV(unchanged, "go", append(withRace, packages...)...)
}

// testProcess runs the tests of the plugin's process. What runs under them is the
// plugin as it is shipped, in another process: the race detector would watch the
// tests' own client and relay, at three times their price, and the relay has tests
// of its own.
func testProcess() error {
	return sh.RunV("go", "test", "-vet=off", "-parallel=4", "-timeout=30m", "."+processTests)
}

// TestFrontend checks types, lints, tests and builds the frontend, uses what was
// built in a browser, and validates the HTML of the mails.
func TestFrontend() error {
	mg.SerialDeps(asShipped, chromium, npmInstall)
	for _, script := range []string{"typecheck", "lint", "test:ci", "build", "e2e"} {
		if err := npm("run", script); err != nil {
			return err
		}
	}
	mails, err := os.MkdirTemp("", "nhncloud-email-mails-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(mails) }() // it is in the temporary folder
	if err := sh.RunV("go", "test", "-vet=off", "./pkg/message", "-run", "TestWriteHTML", "-args", "-html", mails); err != nil {
		return err
	}
	return npm("run", "validate:html", "--", mails)
}
