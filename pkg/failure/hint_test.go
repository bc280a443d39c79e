package failure

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

var (
	placeholder = regexp.MustCompile(`{{\w+}}`)
	key         = regexp.MustCompile(`\b[a-z]+[A-Z]\w*`) // of a setting
)

// TestHintsAreInEveryLanguage walks the hints against the locales of the page, both
// ways: none is missing, none is left over, and each names the same arguments. The page
// names a setting by its label, and is in English otherwise what the log says.
func TestHintsAreInEveryLanguage(t *testing.T) {
	arguments := func(text string) []string {
		found := placeholder.FindAllString(text, -1)
		slices.Sort(found)
		return found
	}
	files, err := filepath.Glob("../../src/locales/*/*.json")
	if err != nil || len(files) != 3 {
		t.Fatalf("%q, %v", files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var locale struct{ Remedy map[ID]string }
		if err := json.Unmarshal(content, &locale); err != nil {
			t.Fatal(err)
		}
		language := filepath.Base(filepath.Dir(file))
		for id, text := range english {
			translated := locale.Remedy[id]
			if translated == "" || !slices.Equal(arguments(translated), arguments(text)) {
				t.Errorf("%s: %s is %q, of %q", language, id, translated, text)
			}
			if key.MatchString(placeholder.ReplaceAllString(translated, "")) {
				t.Errorf("%s: %s names a setting by its key: %q", language, id, translated)
			}
			if language == "en-US" && translated != text && !key.MatchString(text) {
				t.Errorf("%s: %s is %q, and %q in Go", language, id, translated, text)
			}
		}
		for id := range locale.Remedy {
			if english[id] == "" {
				t.Errorf("%s: there is no hint %s", language, id)
			}
		}
	}
}
