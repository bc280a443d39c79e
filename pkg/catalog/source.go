package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

// GoManifestFile holds GoManifest in the archive.
const GoManifestFile = "go_plugin_build_manifest"

// GoManifest lists the SHA-256 of every Go file of the repository, in the form
// of Grafana's Go SDK; the catalog compares it with the source it is given.
func GoManifest(source fs.FS) ([]byte, error) {
	var out bytes.Buffer
	err := fs.WalkDir(source, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "node_modules" || name == "dist" || name == "release" || name != "." && strings.HasPrefix(entry.Name(), ".")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		content, err := fs.ReadFile(source, name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		out.WriteString(hex.EncodeToString(sum[:]) + ":" + name + "\n")
		return nil
	})
	return out.Bytes(), err
}

func (c *checker) goManifest() {
	want, err := GoManifest(c.source)
	if err != nil {
		c.add("the Go source cannot be read: %v", err)
	}
	if held := c.read(GoManifestFile); !bytes.Equal(held, want) {
		c.add("%s does not list the Go source as it is", GoManifestFile)
	}
}

// sdk checks that the backend is built on Grafana's SDK, by the words that the
// validator looks for.
func (c *checker) sdk() {
	for name, words := range map[string]string{"go.mod": "github.com/grafana/grafana-plugin-sdk-go v", "Magefile.go": "grafana-plugin-sdk-go/build"} {
		if content, err := fs.ReadFile(c.source, name); err != nil || !bytes.Contains(content, []byte(words)) {
			c.add("%s of the source does not name %s", name, words)
		}
	}
}

// frontend checks that every script has a source map that holds the
// repository's own source, and is a production build.
func (c *checker) frontend() {
	c.read("module.js")
	scripts, err := fs.Glob(c.plugin, "*.js")
	if err != nil {
		c.add("%v", err)
	}
	for _, script := range scripts {
		if bytes.Contains(c.read(script), []byte("__webpack_require__")) {
			c.add("%s is a development build", script)
		}
		var m struct{ Sources, SourcesContent []string }
		if err := json.Unmarshal(c.read(script+".map"), &m); err != nil || len(m.Sources) == 0 || len(m.Sources) != len(m.SourcesContent) {
			c.add("%s.map is not a source map with its sources (%v)", script, err)
			continue
		}
		for i, source := range m.Sources {
			// Relative to src/; what is not the repository's is the bundler's or npm's.
			name := strings.TrimLeft(strings.TrimPrefix(source, "webpack://nhncloud-email-datasource/"), "/")
			name, _, _ = strings.Cut(name, "?")
			if strings.HasPrefix(name, "webpack/") || strings.HasPrefix(name, "external ") || strings.HasPrefix(name, "../node_modules/") {
				continue
			}
			content, err := fs.ReadFile(c.source, path.Join("src", name))
			if err != nil || string(content) != m.SourcesContent[i] {
				c.add("%s.map: src/%s is not the repository's", script, path.Clean(name))
			}
		}
	}
}
