package message

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

var htmlDir = flag.String("html", "", "folder to write the rendered HTML of every payload and language to")

// renderTime is when the golden mails are rendered.
var renderTime = time.Date(2026, 11, 23, 8, 20, 0, 0, time.UTC)

var zones = map[string]string{"en": "Europe/London", "ja": "Asia/Tokyo", "ko": "Asia/Seoul"}

// payload decodes a file of testdata/payloads.
func payload(t testing.TB, name string) *alert.Notification {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "payloads", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	n, err := alert.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// payloads names every file of testdata/payloads.
func payloads(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/payloads/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no payloads: %v", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".json")
	}
	return files
}

// renderer is one with o, in its language's usual time zone.
func renderer(t testing.TB, o Options) *Renderer {
	t.Helper()
	if o.Language == "" {
		o.Language = "en"
	}
	if o.Location == nil {
		location, err := time.LoadLocation(zones[o.Language])
		if err != nil {
			t.Fatal(err)
		}
		o.Location = location
	}
	r, err := NewRenderer(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func render(t testing.TB, r *Renderer, n *alert.Notification) Content {
	t.Helper()
	return r.Render(context.Background(), n, renderTime)
}

// TestWriteHTML leaves the HTML of every payload in every language in the
// folder of -html, for a validator or a browser to look at.
func TestWriteHTML(t *testing.T) {
	if *htmlDir == "" {
		t.Skip("no -html folder given")
	}
	for _, language := range settings.Languages() {
		r := renderer(t, Options{Language: language})
		for _, name := range payloads(t) {
			c := render(t, r, payload(t, name))
			file := filepath.Join(*htmlDir, name+"."+language)
			for ext, text := range map[string]string{".html": c.HTML, ".txt": c.Subject + "\n\n" + c.Text} {
				if err := os.WriteFile(file+ext, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
