package commands

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"
)

// grafana13 is the folder with the packages of the newest Grafana, which no Grafana
// before it can be tested with.
const grafana13 = "grafana13"

// TestGrafana13 runs the frontend's tests with the packages of the newest Grafana:
// types, Jest, and the stories on a page that is made of them. What the stories use is
// dist/ as it is shipped.
func TestGrafana13() error {
	mg.SerialDeps(asShipped, chromium, npmInstall)
	mg.Deps(Frontend)
	if err := copyFrontend(grafana13); err != nil {
		return err
	}
	for _, command := range [][]string{
		{"--prefix", grafana13, "ci", "--ignore-scripts", "--no-audit", "--no-fund"},
		{"--prefix", grafana13, "run", "typecheck"},
		{"--prefix", grafana13, "run", "test:ci"},
	} {
		if err := npm(command...); err != nil {
			return err
		}
	}
	return sh.RunWithV(map[string]string{"GRAFANA_PACKAGES": grafana13}, "npm", "run", "e2e")
}

// copyFrontend copies what the tests of the frontend read: a package is looked for
// from the folder of the file that asks for it upward.
func copyFrontend(to string) error {
	for _, folder := range []string{"src", "e2e", "docs", "provisioning"} {
		copied := filepath.Join(to, folder)
		if err := errors.Join(os.RemoveAll(copied), os.CopyFS(copied, os.DirFS(folder))); err != nil {
			return err
		}
	}
	files := []string{"tsconfig.json", filepath.Join("pkg", "settings", "settings.schema.json")}
	for _, pattern := range []string{"*.js", "*.ts", "*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			return err
		}
		files = append(files, found...)
	}
	for _, file := range files {
		copied := filepath.Join(to, file)
		if err := errors.Join(os.MkdirAll(filepath.Dir(copied), 0o755), sh.Copy(copied, file)); err != nil {
			return err
		}
	}
	return nil
}

// Levitate tells what the frontend uses of Grafana's packages that their newest
// release does not have any more.
func Levitate() error {
	mg.Deps(npmInstall)
	return sh.RunV("npx", "--yes", levitate, "is-compatible", "--path", "src/module.ts",
		"--target", "@grafana/data,@grafana/ui,@grafana/runtime")
}

const levitate = "@grafana/levitate@0.17.2"
