package plugintest_test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tests is the code of each package's tests, by folder.
func tests(t *testing.T) map[string]string {
	t.Helper()
	code := make(map[string]string)
	for _, root := range []string{"..", filepath.Join("..", "..", "pkg")} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			code[filepath.Dir(path)] += string(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return code
}

// TestEveryPackagesTestsLookForLeaks: no test leaves a goroutine behind.
func TestEveryPackagesTestsLookForLeaks(t *testing.T) {
	for folder, code := range tests(t) {
		check := regexp.MustCompile(`goleak\.(VerifyTestMain|Find)\(|pgtest\.Run\(`)
		if !check.MatchString(code) {
			t.Errorf("%s has tests without a leak check in TestMain", folder)
		}
	}
}

// TestTheThreatModelNamesTestsThatExist: each threat of SECURITY.md and each
// row of docs/reliability.md names the tests that hold it.
func TestTheThreatModelNamesTestsThatExist(t *testing.T) {
	root := filepath.Join("..", "..")
	code := strings.Join(slices.Collect(maps.Values(tests(t))), "")
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
			if !strings.Contains(code, function) {
				t.Errorf("%s names %s, which does not exist", page, name[1])
			}
		}
	}
}
