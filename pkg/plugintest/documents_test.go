package plugintest_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestTheThreatModelNamesTestsThatExist: each threat of SECURITY.md and each
// promise of docs/reliability.md names the tests that hold it.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	var code strings.Builder
	err := filepath.WalkDir(filepath.Join(root, "pkg"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		code.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)(\\.\\.\\.)?`")
	for _, page := range []string{"SECURITY.md", filepath.Join("docs", "reliability.md")} {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		found := named.FindAllStringSubmatch(string(text), -1)
		if len(found) < 15 {
			t.Errorf("%s names %d tests", page, len(found))
		}
		for _, name := range found {
			function := "func " + name[1]
			if name[2] == "" {
				function += "("
			}
			if !strings.Contains(code.String(), function) {
				t.Errorf("%s names %s, which does not exist", page, name[1])
			}
		}
	}
}
