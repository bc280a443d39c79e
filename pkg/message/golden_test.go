package message

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

var update = flag.Bool("update", false, "write the golden mails anew instead of comparing")

// TestGoldenMails compares every payload in every language with a mail that
// somebody has looked at, part by part.
func TestGoldenMails(t *testing.T) {
	for _, name := range payloads(t) {
		for _, language := range settings.Languages() {
			t.Run(name+"/"+language, func(t *testing.T) {
				r := renderer(t, Options{Language: language})
				n := payload(t, name)
				h := header(t)
				h.Thread = n.GroupKey
				goldenMail(t, name+"."+language, h, render(t, r, n))
			})
		}
	}
}

// TestGoldenDigests does so with digests.
func TestGoldenDigests(t *testing.T) {
	for name, d := range map[string]gathered{"digest-storm": digests(t)["storm"], "digest-over": digests(t)["over"]} {
		for _, language := range settings.Languages() {
			t.Run(name+"/"+language, func(t *testing.T) {
				h := header(t)
				h.Thread = ""
				goldenMail(t, name+"."+language, h, d.render(t, language))
			})
		}
	}
}

// goldenMail compares the parts of a mail with files.
func goldenMail(t *testing.T, name string, h Header, c Content) {
	t.Helper()
	p := parseMail(t, compose(t, h, c))
	base := filepath.Join("testdata", "golden", name)
	golden(t, base+".header", fields(t, p))
	golden(t, base+".txt", p.text)
	golden(t, base+".html", p.html)
}

// fields is the header, decoded and in order of name. Content-Type holds the
// boundary, which follows from everything else.
func fields(t *testing.T, p parsedMail) string {
	t.Helper()
	var lines []string
	for name := range p.header {
		if name != "Content-Type" {
			lines = append(lines, fmt.Sprintf("%s: %s\n", name, p.decoded(t, name)))
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got == string(want) {
		return
	}
	a, b := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(a), len(b)) {
		line := func(list []string) string {
			if i < len(list) {
				return list[i]
			}
			return "(no such line)"
		}
		if got, want := line(a), line(b); got != want {
			from := 0
			for from < min(len(got), len(want)) && got[from] == want[from] {
				from++
			}
			t.Errorf("%s, line %d, octet %d:\n got %.200q\nwant %.200q", file, i+1, from, got[max(0, from-20):], want[max(0, from-20):])
			return
		}
	}
}
