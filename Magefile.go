//go:build mage

// The project's commands: go tool mage -l lists them.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/build/buildinfo"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/catalog"
)

const (
	packages      = "./pkg/..." // npm packages may hold Go code, too
	workflowCheck = "github.com/rhysd/actionlint/cmd/actionlint@v1.7.9"
	linter        = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
)

// Default is what go tool mage does without a name.
var Default = Build

// Build leaves dist/ complete for this machine: the frontend and the backend.
func Build() { mg.SerialDeps(Frontend, Backend) }

// Backend compiles the plugin for this machine into dist/.
func Backend() error { return backend(runtime.GOOS, runtime.GOARCH) }

// Frontend installs the npm packages and builds dist/.
func Frontend() error {
	mg.Deps(npmInstall)
	return npm("run", "build")
}

// Demo runs the main job once on this machine: relay, plugin process, health
// check, an alert, the mail that arrives. It ends by itself.
func Demo() error { return sh.RunV("go", "run", "./pkg/plugintest/demo") }

// Bench measures the plugin beside other mailers, side by side in one run; see
// docs/performance.md.
func Bench() error {
	cmd := exec.Command("go", "run", ".")
	cmd.Dir, cmd.Stdout, cmd.Stderr = "bench", os.Stdout, os.Stderr
	return cmd.Run()
}

// Test runs every check and every test: Go, frontend, the archive of both.
func Test() {
	mg.SerialDeps(TestGo, mg.F(Fuzz, 30*time.Second), Reproducible, TestFrontend, TestCatalog, Licenses)
}

// TestGo vets, lints and tests the backend.
func TestGo() error {
	mg.SerialDeps(Servers)
	for _, check := range [][]string{
		{"mod", "tidy", "-diff"},
		{"vet", packages},
		{"vet", "-tags", "mage", "."},
		{"-C", "bench", "vet", "./..."},
		{"run", linter, "run", packages},
		{"run", workflowCheck},
		{"test", "-race", packages},
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

func backend(goos, goarch string) error {
	version, err := packageVersion()
	if err != nil {
		return err
	}
	// What the SDK and pkg/main.go say of themselves. No time: the same source
	// makes the same bytes.
	variables := map[string]string{}
	buildinfo.Info{PluginID: pluginID, Version: version}.AppendFlags(variables)
	flags := "-s -w"
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		flags += fmt.Sprintf(" -X '%s=%s'", name, variables[name])
	}
	env := map[string]string{"CGO_ENABLED": "0", "GOOS": goos, "GOARCH": goarch}
	return sh.RunWithV(env, "go", "build", "-trimpath", "-o", filepath.Join(dist, catalog.Target{OS: goos, Arch: goarch}.File()),
		"-ldflags", flags, "./pkg")
}

func packageVersion() (string, error) {
	data, err := os.ReadFile("package.json")
	if err != nil {
		return "", err
	}
	var pkg struct{ Version string }
	if err := json.Unmarshal(data, &pkg); err != nil {
		return "", fmt.Errorf("package.json: %w", err)
	}
	return pkg.Version, nil
}

func npm(args ...string) error { return sh.RunV("npm", args...) }

func npmInstall() error { return npm("ci", "--no-audit", "--no-fund") }

// postgres makes sure that the tests find PostgreSQL's own binaries.
func postgres() error {
	return debian("postgresql", func() bool {
		if _, err := exec.LookPath("initdb"); err == nil {
			return true
		}
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
		return len(found) > 0
	})
}

// chromium makes sure that the tests find a browser.
func chromium() error {
	return debian("chromium", func() bool {
		_, err := exec.LookPath("chromium")
		return err == nil
	})
}

// debian installs a Debian package where it is missing and may be installed.
func debian(name string, present func() bool) error {
	if present() {
		return nil
	}
	apt, err := exec.LookPath("apt-get")
	if err != nil || os.Getuid() != 0 {
		return fmt.Errorf("the tests need %s: install it (Debian, Ubuntu: sudo apt-get install %s) and run this again", name, name)
	}
	if err := errors.Join(sh.RunV(apt, "update", "-q"), install(name)); err != nil {
		return err
	}
	if !present() {
		return fmt.Errorf("apt-get installed %s, but its programs are not where they are looked for", name)
	}
	return nil
}

// install installs Debian packages, and removes none to do so.
func install(names ...string) error {
	env := map[string]string{"DEBIAN_FRONTEND": "noninteractive"}
	return sh.RunWithV(env, "apt-get", append([]string{"install", "-qy", "--no-install-recommends", "--no-remove"}, names...)...)
}
