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
	helpers       = "./internal/..."    // npm packages may hold Go code, too
	shippedTags   = "arrow_json_stdlib" // the SDK's build has it
	workflowCheck = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.9"
	linter        = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
)

// raceOfOurs leaves SQLite unwatched, and the heap and the libc under it: they are C
// turned into Go, whose mutexes are watched and whose accesses of memory are not. To
// watch SQLite's took three quarters of the tests' time, the heap's a sixth of the rest.
var raceOfOurs = []string{
	"-gcflags=modernc.org/sqlite/lib=-race=false",
	"-gcflags=modernc.org/libc=-race=false",
	"-gcflags=modernc.org/memory=-race=false",
}

// unwatched are the packages that the race detector finds nothing in and makes five
// times as slow: their tests are one goroutine each, or run the plugin as it is
// shipped, in another process. What they share is watched in the tests of those who
// share it. Every other package is watched.
var unwatched = []string{
	"internal/archive", "internal/plugintest",
	"pkg/address", "pkg/alert", "pkg/failure", "pkg/message", "pkg/settings",
}

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
	mg.Deps(testWatched, testUnwatched)
	return nil
}

// testWatched runs the tests that the race detector watches. More packages than
// processors are tested at a time: many tests wait.
func testWatched() error {
	watched, _, err := testedPackages()
	if err != nil {
		return err
	}
	withRace := append([]string{"test", "-race", "-vet=off", "-p=3", "-parallel=4", "-timeout=30m"}, raceOfOurs...)
	return sh.RunWithV(unchanged, "go", append(withRace, watched...)...)
}

// testUnwatched runs the tests of the other packages.
func testUnwatched() error {
	_, rest, err := testedPackages()
	if err != nil {
		return err
	}
	return sh.RunV("go", append([]string{"test", "-vet=off", "-p=2", "-parallel=4", "-timeout=30m"}, rest...)...)
}

// testedPackages lists the packages that have tests: those that the race detector
// watches and the others.
func testedPackages() (watched, rest []string, err error) {
	const path = "{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}"
	list, err := sh.Output("go", "list", "-f", path, helpers, shipped)
	for one := range strings.FieldsSeq(list) {
		if slices.ContainsFunc(unwatched, func(name string) bool { return strings.Contains(one+"/", "/"+name+"/") }) {
			rest = append(rest, one)
		} else {
			watched = append(watched, one)
		}
	}
	return watched, rest, err
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
