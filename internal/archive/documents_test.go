package archive_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The documents are published as well: their links within the repository are
// followed here, as paths and as addresses on GitHub.

const (
	home = "https://github.com/nhncloud/nhncloud-email-datasource/blob/main/"
	raw  = "https://raw.githubusercontent.com/nhncloud/nhncloud-email-datasource/main/"
)

var (
	fenced  = regexp.MustCompile("(?ms)^ *```.*?^ *```")
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ +(.+?) *$`)
	marks   = regexp.MustCompile("[`*]|\\[([^]]*)\\]\\([^)]*\\)")
	other   = regexp.MustCompile(`[^\p{L}\p{N}\p{M} _-]`)
)

// anchors is what a document's headings are linked by, as GitHub makes them.
func anchors(document string) []string {
	var all []string
	for _, m := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(document, ""), -1) {
		text := other.ReplaceAllString(marks.ReplaceAllString(strings.ToLower(m[1]), "$1"), "")
		all = append(all, strings.ReplaceAll(text, " ", "-"))
	}
	return all
}

func TestLinksOfTheDocumentsLeadSomewhere(t *testing.T) {
	root := filepath.Join("..", "..")
	var documents []string
	for _, pattern := range []string{"*.md", "docs/*.md", ".github/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, found...)
	}
	if len(documents) < 10 {
		t.Fatalf("only %d documents", len(documents))
	}
	for _, document := range documents {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(root, document)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(content), ""), -1) {
			target := m[1]
			if !strings.Contains(target, "://") {
				if file, anchor, _ := strings.Cut(target, "#"); file == "" {
					target = home + filepath.ToSlash(name) + "#" + anchor
				} else {
					target = home + path.Join(path.Dir(filepath.ToSlash(name)), target)
				}
			}
			inside, ours := strings.CutPrefix(strings.Replace(target, raw, home, 1), home)
			if !ours {
				continue // the rest of the world is not looked at in a test
			}
			file, anchor, _ := strings.Cut(inside, "#")
			linked, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			if err != nil {
				if info, statErr := os.Stat(filepath.Join(root, filepath.FromSlash(file))); statErr != nil || !info.IsDir() {
					t.Errorf("%s: %s leads nowhere", name, m[1])
				}
				continue
			}
			if anchor != "" && !slices.Contains(anchors(string(linked)), anchor) {
				t.Errorf("%s: %s has no heading #%s", name, file, anchor)
			}
		}
	}
}

// TestTranslationsHaveTheCommandsOfTheOriginal: what is in a code block is to
// be copied, so only its comments are translated.
func TestTranslationsHaveTheCommandsOfTheOriginal(t *testing.T) {
	comment := regexp.MustCompile(`(?m) *#.*$`)
	blocks := func(document string) []string {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		found := fenced.FindAllString(string(content), -1)
		for i, block := range found {
			found[i] = comment.ReplaceAllString(block, "")
		}
		return found
	}
	for _, original := range []string{"README.md", "docs/README.md", "docs/configure.md", "docs/troubleshooting.md"} {
		original = filepath.Join("..", "..", original)
		want := blocks(original)
		for _, language := range []string{"ja", "ko"} {
			translated := strings.TrimSuffix(original, "md") + language + ".md"
			if !slices.Equal(blocks(translated), want) {
				t.Errorf("%s has other commands than %s", translated, original)
			}
		}
	}
}
