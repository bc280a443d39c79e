package commands

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/magefile/mage/mg"
	"github.com/magefile/mage/sh"

	"github.com/nhncloud/nhncloud-email-datasource/internal/archive"
)

const (
	govulncheck = "golang.org/x/vuln/cmd/govulncheck@v1.7.0"
	cyclonedx   = "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod@v1.10.0"
)

// Audit looks for known vulnerabilities in what is shipped: govulncheck for the
// backend, npm audit for the frontend. It needs their databases.
func Audit() error {
	mg.Deps(npmInstall)
	return errors.Join(
		explained("govulncheck", sh.RunV("go", "run", govulncheck, shipped)),
		explained("npm audit", npm("audit", "--omit=dev")),
	)
}

func explained(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w: see above whether it found something or could not reach its database", what, err)
}

// SBOM writes what the plugin in dist/ is made of into release/, in CycloneDX
// form: one file for the backend, one for the frontend.
func SBOM() error {
	if err := os.MkdirAll(releaseTo, 0o755); err != nil {
		return err
	}
	backendTo := filepath.Join(releaseTo, "sbom-backend.cdx.json")
	if err := sh.RunV("go", "run", cyclonedx, "app", "-json", "-licenses", "-main", "pkg", "-output", backendTo, "."); err != nil {
		return err
	}
	bom, err := frontendSBOM()
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(releaseTo, "sbom-frontend.cdx.json"), append(bom, '\n'), 0o644)
}

// Reproducible builds the backend twice, from two places and without a cache
// in common, and fails unless the two are one.
func Reproducible() error {
	scratch, err := os.MkdirTemp("", "nhncloud-email-twice-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(scratch) }() // it is in the temporary folder
	tracked, err := sh.Output("git", "ls-files", "go.mod", "go.sum", "package.json", "src/plugin.json", "pkg")
	if err != nil {
		return err
	}
	commands := filepath.Join(scratch, "commands")
	if err := sh.RunV("go", "tool", "mage", "-compile", commands); err != nil {
		return err
	}
	var hashes []string
	for _, place := range []string{"a", filepath.Join("another", "place")} {
		folder := filepath.Join(scratch, place)
		for name := range strings.SplitSeq(tracked, "\n") {
			to := filepath.Join(folder, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(to), 0o755), sh.Copy(to, name)); err != nil {
				return err
			}
		}
		cmd := exec.Command(commands, "backend")
		cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.Env = folder, os.Stdout, os.Stderr, os.Environ()
		// What the first has compiled is not what the second is made of.
		if len(hashes) > 0 {
			cmd.Env = append(cmd.Env, "GOCACHE="+filepath.Join(scratch, "cache"))
		}
		if err := cmd.Run(); err != nil {
			return err
		}
		binary, err := os.ReadFile(filepath.Join(folder, dist, archive.Target{OS: runtime.GOOS, Arch: runtime.GOARCH}.File()))
		if err != nil {
			return err
		}
		sum := sha256.Sum256(binary)
		hashes = append(hashes, hex.EncodeToString(sum[:]))
	}
	if hashes[0] != hashes[1] {
		return fmt.Errorf("two builds of the same source differ: %s and %s", hashes[0], hashes[1])
	}
	fmt.Println("two builds, one hash:", hashes[0])
	return nil
}

// licenseNames tells a license by words that only it has, the longer ones first.
// What cyclonedx-gomod detects does not do: of 88 modules it finds none for one
// and names seven by licenses that their words are not.
var licenseNames = []struct {
	name  string
	words *regexp.Regexp
}{
	{"Apache-2.0", regexp.MustCompile(`Apache License\s+Version 2\.0`)},
	{"MPL-2.0", regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`)},
	{"BSD-3-Clause", regexp.MustCompile(`(?s)Redistribution and use.*(Neither the name|may not be used to\s+endorse|names? of .{1,80} may)`)},
	{"BSD-2-Clause", regexp.MustCompile(`Redistribution and use`)},
	{"ISC", regexp.MustCompile(`(?i)Permission to use, copy, modify, and(/or)? distribute this`)},
	{"MIT", regexp.MustCompile(`(?s)Permission is hereby granted, free of\s+charge`)},
}

// allowedLicenses may be shipped in a plugin under Apache-2.0.
var allowedLicenses = []string{"Apache-2.0", "MPL-2.0", "BSD-3-Clause", "BSD-2-Clause", "ISC", "MIT", "0BSD", "CC0-1.0", "Unlicense"}

// component is a module or package that is shipped, in CycloneDX form.
type component struct {
	Type     string    `json:"type"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	PURL     string    `json:"purl"`
	Licenses []license `json:"licenses"`
}

type license struct {
	Expression string `json:"expression"`
}

// Licenses lists the license of every module and package that is in dist/, and
// fails on one that is unknown or that Apache-2.0 does not go with.
func Licenses() error {
	modules, err := goModules()
	if err != nil {
		return err
	}
	packages, err := bundledPackages()
	if err != nil {
		return err
	}
	var wrong []error
	for _, c := range slices.Concat(modules, packages) {
		license := c.Licenses[0].Expression
		fmt.Printf("%-14s %s %s\n", license, c.Name, c.Version)
		if !slices.Contains(allowedLicenses, license) {
			wrong = append(wrong, fmt.Errorf("%s %s has the license %q", c.Name, c.Version, license))
		}
	}
	return errors.Join(wrong...)
}

// goModules lists the modules that are linked into the backend.
func goModules() (all []component, err error) {
	list, err := sh.Output("go", "list", "-tags", shippedTags, "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}}	{{.Version}}	{{.Dir}}{{end}}{{end}}`, "./pkg")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(list, "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		if module := strings.Split(line, "\t"); len(module) == 3 {
			all = append(all, component{Name: module[0], Version: module[1], Licenses: []license{{licenseIn(module[2])}}})
		}
	}
	return all, nil
}

func licenseIn(dir string) string {
	var text bytes.Buffer
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "License*", "license*", "COPYING*"} {
		found, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range found {
			if content, err := os.ReadFile(path); err == nil {
				text.Write(content)
			}
		}
	}
	for _, known := range licenseNames {
		if known.words.Match(text.Bytes()) {
			return known.name
		}
	}
	return "unknown"
}

// inPackage finds the package in the path of a source, "node_modules/a" or
// "node_modules/a/node_modules/@b/c".
var inPackage = regexp.MustCompile(`(?:node_modules/(?:@[^/]+/)?[^/]+/)+`)

// bundledPackages reads the npm packages from the source maps in dist/ (most of
// what package.json depends on is Grafana's own at run time) and what they are
// from the lock file.
func bundledPackages() ([]component, error) {
	bundles, _ := filepath.Glob(filepath.Join(dist, "*.js.map"))
	if len(bundles) == 0 {
		return nil, errors.New("there is no bundle in dist/: go tool mage frontend makes it")
	}
	var lock struct {
		Packages map[string]struct{ Version, License string }
	}
	if err := readJSON("package-lock.json", &lock); err != nil {
		return nil, err
	}
	found := make(map[string]component)
	for _, path := range bundles {
		var bundle struct{ Sources []string }
		if err := readJSON(path, &bundle); err != nil {
			return nil, err
		}
		for _, source := range bundle.Sources {
			place := strings.TrimSuffix(inPackage.FindString(source), "/")
			if place == "" {
				continue
			}
			p, known := lock.Packages[place]
			if !known {
				return nil, fmt.Errorf("%s is in the bundle and not in package-lock.json", place)
			}
			name := place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
			url := "pkg:npm/" + strings.Replace(name, "@", "%40", 1) + "@" + p.Version
			found[name+" "+p.Version] = component{"library", name, p.Version, url, []license{{p.License}}}
		}
	}
	var all []component
	for _, key := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[key])
	}
	return all, nil
}

// frontendSBOM is the bundled npm packages in CycloneDX form.
func frontendSBOM() ([]byte, error) {
	bundled, err := bundledPackages()
	if err != nil {
		return nil, err
	}
	return json.MarshalIndent(struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Version    int         `json:"version"`
		Components []component `json:"components"`
	}{"CycloneDX", "1.6", 1, bundled}, "", "  ")
}

func readJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
