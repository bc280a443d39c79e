package commands

import (
	"os"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
)

const (
	shipped       = "./pkg/..."
	helpers       = "./internal/..." // npm packages may hold Go code, too
	workflowCheck = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.9"
	linter        = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
	// SQLite is C turned into Go, whose mutexes are watched and whose every access
	// of memory is not: to watch these took three quarters of the tests' time.
	raceOfOurs = "-gcflags=modernc.org/sqlite/lib=-race=false"
)

// Test runs every check and every test: Go, frontend, the archive of both.
func Test() {
	mg.SerialDeps(TestGo, Reproducible, TestFrontend, TestCatalog, Licenses)
}

// TestGo vets, lints and tests the backend.
func TestGo() error {
	mg.SerialDeps(Servers)
	for _, check := range [][]string{
		{"mod", "tidy", "-diff"},
		{"vet", shipped, helpers},
		{"vet", "-tags", "mage", "."},
		{"-C", "bench", "mod", "tidy", "-diff"},
		{"-C", "bench", "vet", "./..."},
		{"run", linter, "run", shipped, helpers},
		{"run", workflowCheck},
		// The helpers' tests wait for processes while those of the rest compute.
		{"test", "-race", raceOfOurs, "-timeout", "30m", helpers, shipped},
	} {
		if err := sh.RunV("go", check...); err != nil {
			return err
		}
	}
	return nil
}

// TestFrontend checks types, lints, tests and builds the frontend, uses what was
// built in a browser, and validates the HTML of the mails.
func TestFrontend() error {
	mg.SerialDeps(chromium, npmInstall)
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
	if err := sh.RunV("go", "test", "./pkg/message", "-run", "TestWriteHTML", "-args", "-html", mails); err != nil {
		return err
	}
	return npm("run", "validate:html", "--", mails)
}
