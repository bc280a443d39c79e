package settings

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestProblemsAreInEveryLanguage walks the codes against the locales of the page, both
// ways, and looks that no sentence there speaks of where a setting is stored.
func TestProblemsAreInEveryLanguage(t *testing.T) {
	files, err := filepath.Glob("../../src/locales/*/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var locale struct{ Problem map[Code]string }
		if err := json.Unmarshal(content, &locale); err != nil {
			t.Fatal(err)
		}
		for c := range english {
			if locale.Problem[c] == "" {
				t.Errorf("%s does not say %s", file, c)
			}
		}
		for c, text := range locale.Problem {
			if english[c] == "" {
				t.Errorf("%s: there is no problem %s", file, c)
			}
			keys := slices.Concat(secretKeys, []string{"jsonData", "secureJsonData"})
			if slices.ContainsFunc(keys, func(key string) bool { return strings.Contains(text, key) }) {
				t.Errorf("%s: %s speaks of keys: %s", file, c, text)
			}
		}
	}
}
