package archive

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path"
	"strings"
)

// goManifestFile lists the SHA-256 of every Go file of the repository; the SDK's
// build writes it, and the catalog compares it with the source it is given.
const goManifestFile = "go_plugin_build_manifest"

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
