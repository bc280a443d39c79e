package archive

import (
	"bytes"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// Check holds an unpacked archive (a zip.Reader is one) to the rules, with the
// repository it was built from and the targets it was built for. It returns
// everything for which the catalog would refuse the archive.
func Check(archive, source fs.FS, targets []Target) []string {
	c := &checker{source: source}
	entries, err := fs.ReadDir(archive, ".")
	if err != nil || len(entries) != 1 || !entries[0].IsDir() {
		return []string{"the archive is not one folder"}
	}
	folder := entries[0].Name()
	if c.plugin, err = fs.Sub(archive, folder); err != nil {
		return []string{err.Error()}
	}
	c.files(targets)
	c.metadata(folder)
	c.executables(targets)
	c.documents()
	c.frontend()
	c.read(goManifestFile)
	c.sums()
	return c.problems
}

type checker struct {
	plugin   fs.FS // the archive's folder
	source   fs.FS // the repository
	problems []string
}

func (c *checker) add(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// read is a file's content; a file that is missing or empty is a problem.
func (c *checker) read(name string) []byte {
	content, err := fs.ReadFile(c.plugin, name)
	switch {
	case err != nil:
		c.add("%s is missing", name)
	case len(bytes.TrimSpace(content)) == 0:
		c.add("%s is empty", name)
	}
	return content
}

// shipped is every file that may be in the archive, as patterns of path.Match.
var shipped = []string{
	"plugin.json", "module.js", "module.js.map", "*.js", "*.js.map",
	"README.md", "CHANGELOG.md", "LICENSE", goManifestFile, SumsFile, signatureFile,
	"img/*.svg", "img/*.png", "img/screenshots/*.png", "locales/*/*.json", "dashboards/*.json",
}

// files looks for what does not belong into an archive, and at permissions:
// exactly 0755 for executables (the validator's rule), readable for the rest.
func (c *checker) files(targets []Target) {
	allowed := slices.Clone(shipped)
	for _, t := range targets {
		allowed = append(allowed, t.File())
	}
	err := fs.WalkDir(c.plugin, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o644)
		if strings.HasPrefix(path.Base(name), Executable) {
			want = 0o755
		}
		if info.Mode() != want {
			c.add("%s has the mode %v, not %v", name, info.Mode(), want)
		}
		if !slices.ContainsFunc(allowed, func(pattern string) bool { ok, _ := path.Match(pattern, name); return ok }) {
			c.add("%s does not belong into the archive", name)
		}
		return nil
	})
	if err != nil {
		c.add("%v", err)
	}
}

var (
	markdownLink = regexp.MustCompile(`\]\(([^)\s]+)`)
	templateText = regexp.MustCompile(`(?i)grafana (panel|data source|datasource|app|data source backend) plugin template`)
)

// documents checks README, CHANGELOG and LICENSE as the catalog shows them: a
// link that is relative leads nowhere there, and comments show.
func (c *checker) documents() {
	readme := string(c.read("README.md"))
	for _, link := range markdownLink.FindAllStringSubmatch(readme, -1) {
		if !strings.HasPrefix(link[1], "https://") && !strings.HasPrefix(link[1], "#") {
			c.add("README.md: the link %s is not absolute", link[1])
		}
	}
	for _, word := range []string{"<!--", "yarn", "nodejs"} {
		if strings.Contains(readme, word) {
			c.add("README.md contains %q", word)
		}
	}
	if templateText.MatchString(readme) {
		c.add("README.md is a template's")
	}
	c.read("CHANGELOG.md")
	license := string(c.read("LICENSE"))
	if !strings.Contains(license, "Apache License") || !strings.Contains(license, "Version 2.0, January 2004") {
		c.add("LICENSE is not Apache-2.0")
	}
	for _, placeholder := range []string{"{name of copyright owner}", "{yyyy}"} {
		if strings.Contains(license, placeholder) {
			c.add("LICENSE has the placeholder %s", placeholder)
		}
	}
}

// sums checks SumsFile where there is one.
func (c *checker) sums() {
	held, err := fs.ReadFile(c.plugin, SumsFile)
	if err != nil {
		return
	}
	if sums, err := Sums(c.plugin); err != nil || !bytes.Equal(sums, held) {
		c.add("%s does not list the files as they are", SumsFile)
	}
}
