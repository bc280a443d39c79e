package commands

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

	"github.com/nhncloud/nhncloud-email-datasource/internal/archive"
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
	for _, t := range archive.Targets() {
		if err := backend(t); err != nil {
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
	if err := backend(archive.Targets()[0]); err != nil {
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
	sums, err := archive.Sums(plugin)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dist, archive.SumsFile), sums, 0o644); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := archive.Pack(&out, plugin, pluginID); err != nil {
		return err
	}
	packed, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		return err
	}
	targets := slices.DeleteFunc(archive.Targets(), func(t archive.Target) bool {
		_, err := os.Stat(filepath.Join(dist, t.File()))
		return err != nil
	})
	if problems := archive.Check(packed, source, targets); problems != nil {
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
	fmt.Printf("%s: %d systems, %d files, %.1f MB\n", name, len(targets), len(packed.File), float64(out.Len())/1e6)
	return os.WriteFile(name+".sha1", []byte(archive.Checksum(out.Bytes())+"\n"), 0o644)
}
