// Package build is the project's commands, which Magefile.go offers:
// go tool mage -l lists them.
package build

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/grafana/grafana-plugin-sdk-go/build/buildinfo"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
	"github.com/magefile/mage/target"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/catalog"
)

// Build leaves dist/ complete for this machine: the frontend and the backend.
func Build() { mg.SerialDeps(Frontend, Backend) }

// Backend compiles the plugin for this machine into dist/.
func Backend() error { return backend(runtime.GOOS, runtime.GOARCH) }

// Frontend installs the npm packages and builds dist/.
func Frontend() error {
	mg.Deps(npmInstall)
	return npm("run", "build")
}

func backend(goos, goarch string) error {
	return backendIn(".", goos, goarch)
}

// backendIn compiles the sources in folder into its dist/, with env besides.
func backendIn(folder, goos, goarch string, env ...string) error {
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
	cmd := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dist, catalog.Target{OS: goos, Arch: goarch}.File()),
		"-ldflags", flags, "./pkg")
	cmd.Dir, cmd.Stdout, cmd.Stderr = folder, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), append(env, "CGO_ENABLED=0", "GOOS="+goos, "GOARCH="+goarch)...)
	return cmd.Run()
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

// npmInstall installs the packages unless they are there: npm writes the file
// that is looked at when it is done.
func npmInstall() error {
	missing, err := target.Path("node_modules/.package-lock.json", "package.json", "package-lock.json")
	if err != nil || !missing {
		return err
	}
	return npm("ci", "--no-audit", "--no-fund")
}
