package build

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/magefile/mage/mg"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/catalog"
)

const (
	pluginID  = "nhncloud-email-datasource"
	dist      = "dist"
	releaseTo = "release"
)

// Package builds the plugin for every system it runs on and leaves the
// catalog's archive and its checksums in release/; see docs/install.md.
func Package() error {
	if err := os.RemoveAll(dist); err != nil {
		return err
	}
	mg.Deps(Frontend)
	for _, t := range catalog.Targets() {
		if err := backend(t.OS, t.Arch); err != nil {
			return err
		}
	}
	return Zip()
}

// Zip packs dist/ as it is, after npm run sign for one, and checks the archive.
func Zip() error {
	if err := os.MkdirAll(releaseTo, 0o755); err != nil {
		return err
	}
	return pack(releaseTo)
}

// TestCatalog packs what is in dist/ and holds the archive to the rules of
// Grafana's plugin validator.
func TestCatalog() error {
	first := catalog.Targets()[0]
	if err := backend(first.OS, first.Arch); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "nhncloud-email-package-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the temporary folder
	return pack(scratch)
}

// pack writes the archive of dist/ into folder, and what goes beside it.
func pack(folder string) error {
	source, plugin := os.DirFS("."), os.DirFS(dist)
	manifest, err := catalog.GoManifest(source)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dist, catalog.GoManifestFile), manifest, 0o644); err != nil {
		return err
	}
	sums, err := catalog.Sums(plugin)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dist, catalog.SumsFile), sums, 0o644); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := catalog.Pack(&out, plugin, pluginID); err != nil {
		return err
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return err
	}
	targets := slices.DeleteFunc(catalog.Targets(), func(t catalog.Target) bool {
		_, err := os.Stat(filepath.Join(dist, t.File()))
		return err != nil
	})
	problems, warnings := catalog.Check(archive, source, targets)
	for _, warning := range warnings {
		fmt.Fprintln(os.Stderr, "warning:", warning)
	}
	if problems != nil {
		return errors.New("the catalog would refuse the archive:\n  " + strings.Join(problems, "\n  "))
	}
	version, err := packageVersion()
	if err != nil {
		return err
	}
	name := filepath.Join(folder, fmt.Sprintf("%s-%s.zip", pluginID, version))
	if err := os.WriteFile(name, out.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: %d systems, %d files, %.1f MB\n", name, len(targets), len(archive.File), float64(out.Len())/1e6)
	return os.WriteFile(name+".sha1", []byte(catalog.Checksum(out.Bytes())+"\n"), 0o644)
}
