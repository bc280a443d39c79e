package archive_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/nhncloud/nhncloud-email-datasource/internal/archive"
)

const id = "acme-mail-datasource"

var linux = archive.Targets()[:1]

// build compiles an empty program for the first target.
func build(t *testing.T, flags ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	cmd := exec.Command("go", append(append([]string{"build"}, flags...), "-o", out, "main.go")...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content), Mode: 0o644} }

func picture(t *testing.T, width int) *fstest.MapFile {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, width, 10))); err != nil {
		t.Fatal(err)
	}
	return file(out.String())
}

// plugin is a repository and its dist/, without fault.
func plugin(t *testing.T, executable []byte) (source, dist fstest.MapFS) {
	t.Helper()
	source = fstest.MapFS{
		"package.json":  file(`{"version":"1.2.3"}`),
		"src/module.ts": file("export {};\n"),
		"pkg/main.go":   file("package main\n"),
	}
	sourceMap, err := json.Marshal(map[string]any{
		"sources":        []string{"webpack://nhncloud-email-datasource/./module.ts", "webpack://nhncloud-email-datasource/webpack/runtime/x"},
		"sourcesContent": []string{"export {};\n", "x"},
	})
	if err != nil {
		t.Fatal(err)
	}
	dist = fstest.MapFS{
		"plugin.json": file(`{"type":"datasource","name":"Acme Mail","id":"` + id + `","backend":true,"alerting":true,"executable":"gpx_nhncloud_email",
			"info":{"description":"d","version":"1.2.3","updated":"2026-11-23","keywords":["k"],"author":{"name":"a","url":"https://example.com"},
			"links":[{"name":"l","url":"https://example.com"}],"logos":{"small":"img/logo.svg","large":"img/logo.svg"},
			"screenshots":[{"name":"s","path":"img/screenshots/a.png"}]},"dependencies":{"grafanaDependency":">=12.3.0"}}`),
		"img/logo.svg":             file(`<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0" fill="url(#a)"/></svg>`),
		"img/screenshots/a.png":    picture(t, 1280),
		"module.js":                file("define([],function(){})"),
		"module.js.map":            file(string(sourceMap)),
		"README.md":                file("# Acme Mail\n\n[docs](https://example.com) and [below](#below)\n"),
		"CHANGELOG.md":             file("# Changelog\n"),
		"LICENSE":                  file("Apache License\nVersion 2.0, January 2004\n"),
		"go_plugin_build_manifest": file("hash:pkg/main.go\n"),
		linux[0].File():            {Data: executable, Mode: 0o755},
	}
	return source, dist
}

// check packs dist and checks what it became.
func check(t *testing.T, source, dist fs.FS) []string {
	t.Helper()
	var out bytes.Buffer
	if err := archive.Pack(&out, dist, id); err != nil {
		t.Fatal(err)
	}
	packed, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	return archive.Check(packed, source, linux)
}

func TestArchiveIsWhatTheCatalogTakes(t *testing.T) {
	source, dist := plugin(t, build(t, "-trimpath", "-ldflags=-s -w"))
	sums, err := archive.Sums(dist)
	if err != nil {
		t.Fatal(err)
	}
	dist[archive.SumsFile] = file(string(sums))
	dist["MANIFEST.txt"] = file("signature\n")
	if problems := check(t, source, dist); problems != nil {
		t.Errorf("%q", problems)
	}
	var first, second bytes.Buffer
	if archive.Pack(&first, dist, id) != nil || archive.Pack(&second, dist, id) != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
		t.Error("the same files make two archives")
	}
	if sum := archive.Checksum([]byte("abc")); sum != "a9993e364706816aba3e25717850c26c9cd0d89d" { // FIPS 180-4
		t.Errorf("checksum %s", sum)
	}
}

func TestWhatTheCatalogWouldRefuseIsNamed(t *testing.T) {
	executable := build(t, "-trimpath", "-ldflags=-s -w")
	debug := build(t, "-trimpath", "-gcflags=all=-N -l")
	replace := func(name, old, with string) func(source, dist fstest.MapFS) {
		return func(_, dist fstest.MapFS) {
			dist[name] = file(strings.Replace(string(dist[name].Data), old, with, 1))
		}
	}
	put := func(name string, f *fstest.MapFile) func(source, dist fstest.MapFS) {
		return func(_, dist fstest.MapFS) { dist[name] = f }
	}
	tests := []struct {
		name  string
		spoil func(source, dist fstest.MapFS)
		want  string
	}{
		{"another id", replace("plugin.json", id, "acme-datasource"), "not org-name-datasource"},
		{"an id that is not the folder's", replace("plugin.json", id, "acme-post-datasource"), "the archive's folder is " + id},
		{"a version that is not package.json's", replace("plugin.json", "1.2.3", "1.2.4"), "not that of package.json"},
		{"a version left open", replace("plugin.json", "1.2.3", "%VERSION%"), "info.version is %VERSION%"},
		{"one Grafana only", replace("plugin.json", ">=12.3.0", "12.3.0"), "grafanaDependency is 12.3.0"},
		{"no backend", replace("plugin.json", `"backend":true`, `"backend":false`), "do not go together"},
		{"a link without TLS", replace("plugin.json", "https://example.com\"}]", "http://example.com\"}]"), "is not https"},
		{"no screenshot", replace("plugin.json", `{"name":"s","path":"img/screenshots/a.png"}`, ""), "info.screenshots is empty"},
		{"a missing screenshot", replace("plugin.json", "a.png", "b.png"), "img/screenshots/b.png is missing"},
		{"a path beyond the plugin", replace("plugin.json", "img/logo.svg", "../logo.svg"), "not a path relative to it"},
		{"a screenshot that is text", put("img/screenshots/a.png", file("not a picture")), "a.png: png: invalid format"},
		{"a screenshot too small to read", put("img/screenshots/a.png", picture(t, 320)), "320 pixels wide"},
		{"a logo that runs", put("img/logo.svg", file(`<svg onload="x()"/>`)), "may run or load"},
		{"a logo that loads", put("img/logo.svg", file(`<svg><image href="https://example.com/a"/></svg>`)), "not one that only draws"},
		{"a relative link", replace("README.md", "https://example.com", "docs/a.md"), "docs/a.md is not absolute"},
		{"a comment", replace("README.md", "# Acme", "<!-- x --># Acme"), `contains "<!--"`},
		{"no changelog", func(_, dist fstest.MapFS) { delete(dist, "CHANGELOG.md") }, "CHANGELOG.md is missing"},
		{"another license", put("LICENSE", file("All rights reserved")), "not Apache-2.0"},
		{"Go source", put("main.go", file("package main")), "main.go does not belong"},
		{"the SDK's debugging aid", put("standalone.txt", file("x")), "standalone.txt does not belong"},
		{"a debug build of the backend", put(linux[0].File(), &fstest.MapFile{Data: debug}), "debug information"},
		{"something else as the backend", put(linux[0].File(), file("#!/bin/sh\n")), "unrecognized file format"},
		{"a development build of the frontend", put("module.js", file("__webpack_require__")), "development build"},
		{"no source map", func(_, dist fstest.MapFS) { delete(dist, "module.js.map") }, "module.js.map is missing"},
		{"another source", func(source, _ fstest.MapFS) { source["src/module.ts"] = file("export default 1;\n") }, "src/module.ts is not the repository's"},
		{"no list of the Go source", func(_, dist fstest.MapFS) { delete(dist, "go_plugin_build_manifest") }, "go_plugin_build_manifest is missing"},
		{"old checksums", put(archive.SumsFile, file("0  module.js\n")), "does not list the files as they are"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			source, dist := plugin(t, executable)
			source, dist = maps.Clone(source), maps.Clone(dist)
			tt.spoil(source, dist)
			if problems := strings.Join(check(t, source, dist), "\n"); !strings.Contains(problems, tt.want) {
				t.Errorf("not told: %s\n%s", tt.want, problems)
			}
		})
	}
}

func TestModesAndLayoutOfTheArchive(t *testing.T) {
	source, dist := plugin(t, build(t, "-trimpath", "-ldflags=-s -w"))
	unpacked := fstest.MapFS{}
	for name, f := range dist {
		unpacked[id+"/"+name] = &fstest.MapFile{Data: f.Data, Mode: f.Mode}
	}
	unpacked[id+"/"+linux[0].File()].Mode = 0o644
	unpacked[id+"/LICENSE"].Mode = 0o600
	found := archive.Check(unpacked, source, linux)
	problems := strings.Join(found, "\n")
	for _, want := range []string{"gpx_nhncloud_email_linux_amd64 has the mode -rw-r--r--", "LICENSE has the mode -rw-------"} {
		if !strings.Contains(problems, want) {
			t.Errorf("not told: %s\n%s", want, problems)
		}
	}
	unpacked["other/file"] = file("x")
	if found = archive.Check(unpacked, source, linux); len(found) != 1 || found[0] != "the archive is not one folder" {
		t.Errorf("%q", found)
	}
	if problems := strings.Join(check(t, source, dist), "\n"); problems != "" {
		t.Errorf("%s", problems)
	}
}
