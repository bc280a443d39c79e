// Package archive packs the built plugin as Grafana's catalog takes it, and
// holds the archive to what Grafana's plugin validator asks for and a machine
// without a network can tell.
package archive

import (
	"archive/zip"
	"bytes"
	"crypto/sha1" //nolint:gosec // the catalog's own form of checksum
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Executable is the name of the plugin's executables, before system and
// architecture.
const Executable = "gpx_nhncloud_email"

// SumsFile lists the SHA-256 of the plugin's other files, for sha256sum -c. The
// signature, which is made last and lists this file, is not among them.
const (
	SumsFile      = "SHA256SUMS"
	signatureFile = "MANIFEST.txt"
)

// Target is a system and an architecture that the plugin is built for.
type Target struct{ OS, Arch string }

// Targets are all of them; the catalog insists on the first.
func Targets() []Target {
	return []Target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}}
}

// File is the name that Grafana looks for on the target.
func (t Target) File() string {
	name := fmt.Sprintf("%s_%s_%s", Executable, t.OS, t.Arch)
	if t.OS == "windows" {
		name += ".exe"
	}
	return name
}

// Sums is the content of SumsFile for the plugin in dist.
func Sums(dist fs.FS) ([]byte, error) {
	var out bytes.Buffer
	err := each(dist, func(name string, content []byte) error {
		if name != SumsFile && name != signatureFile {
			sum := sha256.Sum256(content)
			fmt.Fprintf(&out, "%x  %s\n", sum, name)
		}
		return nil
	})
	return out.Bytes(), err
}

// Pack writes the plugin in dist as an archive with one folder named after its
// id. The same files make the same bytes: order, modes and times are fixed.
func Pack(out io.Writer, dist fs.FS, id string) error {
	archive := zip.NewWriter(out)
	err := each(dist, func(name string, content []byte) error {
		header := &zip.FileHeader{Name: path.Join(id, name), Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		header.SetMode(0o644)
		if strings.HasPrefix(path.Base(name), Executable) {
			header.SetMode(0o755)
		}
		file, err := archive.CreateHeader(header)
		if err != nil {
			return err
		}
		_, err = file.Write(content)
		return err
	})
	if err != nil {
		return err
	}
	return archive.Close()
}

// Checksum is the archive's SHA-1, which is what the catalog asks for.
func Checksum(archive []byte) string {
	sum := sha1.Sum(archive) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// each calls f with every file, in the order of their names.
func each(dist fs.FS, f func(name string, content []byte) error) error {
	return fs.WalkDir(dist, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s is not a regular file", name)
		}
		content, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		return f(name, content)
	})
}
