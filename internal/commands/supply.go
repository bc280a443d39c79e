package commands

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
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

// Licenses lists the license of every module and package that is in dist/, and
// fails on one that is unknown or that Apache-2.0 does not go with.
func Licenses() error {
	modules, err := goModules()
	if err != nil {
		return err
	}
	npmPackages, err := shippedPackages()
	if err != nil {
		return err
	}
	var wrong []error
	for _, one := range slices.Concat(modules, npmPackages) {
		fmt.Printf("%-14s %s\n", one[1], one[0])
		if !slices.Contains(allowedLicenses, one[1]) {
			wrong = append(wrong, fmt.Errorf("%s has the license %q", one[0], one[1]))
		}
	}
	return errors.Join(wrong...)
}

// goModules is each module that is linked into the backend, and its license.
func goModules() (all [][2]string, err error) {
	list, err := sh.Output("go", "list", "-tags", "arrow_json_stdlib", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}}	{{.Dir}}{{end}}{{end}}`, "./pkg")
	if err != nil {
		return nil, err
	}
	lines := strings.Split(list, "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		module, dir, found := strings.Cut(line, "\t")
		if !found {
			continue
		}
		all = append(all, [2]string{module, licenseIn(dir)})
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

// shippedPackages is each npm package that is bundled, and its license.
func shippedPackages() (all [][2]string, err error) {
	bundled, err := bundledPackages()
	if err != nil {
		return nil, err
	}
	for _, p := range bundled {
		all = append(all, [2]string{p.name + " " + p.Version, p.License})
	}
	return all, nil
}

type npmPackage struct{ name, Version, License string }

// inPackage finds the package in the path of a source, "node_modules/a" or
// "node_modules/a/node_modules/@b/c".
var inPackage = regexp.MustCompile(`(?:node_modules/(?:@[^/]+/)?[^/]+/)+`)

// bundledPackages reads the packages from the source maps in dist/ (most of what
// package.json depends on is Grafana's own at run time) and what they are from
// the lock file.
func bundledPackages() ([]npmPackage, error) {
	maps, _ := filepath.Glob(filepath.Join(dist, "*.js.map"))
	if len(maps) == 0 {
		return nil, errors.New("there is no bundle in dist/: go tool mage frontend makes it")
	}
	data, err := os.ReadFile("package-lock.json")
	if err != nil {
		return nil, err
	}
	var lock struct{ Packages map[string]npmPackage }
	if err := json.Unmarshal(data, &lock); err != nil {
		return nil, fmt.Errorf("package-lock.json: %w", err)
	}
	var all []npmPackage
	for _, path := range maps {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var bundle struct{ Sources []string }
		if err := json.Unmarshal(data, &bundle); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
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
			p.name = place[strings.LastIndex(place, "node_modules/")+len("node_modules/"):]
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b npmPackage) int { return strings.Compare(a.name+" "+a.Version, b.name+" "+b.Version) })
	return slices.Compact(all), nil
}

// component is a package in CycloneDX form.
type component struct {
	Type     string              `json:"type"`
	Name     string              `json:"name"`
	Version  string              `json:"version"`
	PURL     string              `json:"purl"`
	Licenses []map[string]string `json:"licenses"`
}

// frontendSBOM is the bundled npm packages in CycloneDX form.
func frontendSBOM() ([]byte, error) {
	bundled, err := bundledPackages()
	if err != nil {
		return nil, err
	}
	bom := struct {
		Format     string      `json:"bomFormat"`
		Spec       string      `json:"specVersion"`
		Version    int         `json:"version"`
		Components []component `json:"components"`
	}{"CycloneDX", "1.6", 1, nil}
	for _, p := range bundled {
		bom.Components = append(bom.Components, component{
			"library", p.name, p.Version, "pkg:npm/" + strings.Replace(p.name, "@", "%40", 1) + "@" + p.Version,
			[]map[string]string{{"expression": p.License}},
		})
	}
	return json.MarshalIndent(bom, "", "  ")
}
