// Package commands is the project's commands, which Magefile.go offers:
// go tool mage -l lists them.
package commands

import (
	"runtime"

	sdk "github.com/grafana/grafana-plugin-sdk-go/build"
	"github.com/grafana/grafana-plugin-sdk-go/build/buildinfo"
	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
	"github.com/magefile/mage/target"

	"github.com/nhncloud/nhncloud-email-datasource/internal/archive"
)

// Build leaves dist/ complete for this machine: the frontend and the backend.
func Build() { mg.SerialDeps(Frontend, Backend) }

// Backend compiles the plugin for this machine into dist/.
func Backend() error { return backend(archive.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}) }

// Frontend installs the npm packages and builds dist/.
func Frontend() error {
	mg.Deps(npmInstall)
	return npm("run", "build")
}

// backend compiles the plugin into dist/ as Grafana's SDK does, and lists its
// source there.
func backend(t archive.Target) error { return sdk.Build{}.Custom(t.OS, t.Arch) }

// Reproduce changes the SDK's configuration so that the same source makes the
// same bytes: without the paths of this machine and the time of the build.
func Reproduce(c sdk.Config) (sdk.Config, error) {
	version, err := packageVersion()
	if err != nil {
		return c, err
	}
	c.CustomVars = map[string]string{}
	buildinfo.Info{PluginID: pluginID, Version: version}.AppendFlags(c.CustomVars)
	if c.Env != nil { // there is none where only the manifest is written
		c.Env["GOFLAGS"] = "-trimpath"
	}
	return c, nil
}

func packageVersion() (string, error) {
	var pkg struct{ Version string }
	err := readJSON("package.json", &pkg)
	return pkg.Version, err
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
