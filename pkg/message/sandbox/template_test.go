package sandbox

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/locale"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/message/view"
)

// sample is a model to run templates on.
func sample() *view.Model {
	return view.NewModel(view.Samples()[0], locale.Get("en"), time.UTC, view.SampleTime, false)
}

func TestTemplateFunctions(t *testing.T) {
	for source, want := range map[string]string{
		`{{.Receiver | upper}}`:                                "ON-CALL",
		`{{"ABC" | lower}}`:                                    "abc",
		`{{"  x " | trim}}`:                                    "x",
		`{{"" | default "none"}} {{"x" | default "none"}}`:     "none x",
		`{{"負荷負荷" | cut 3}}`:                                   "負荷…",
		`{{"a-b-c" | replace "-" "+"}}`:                        "a+b+c",
		`{{if "abc" | contains "b"}}yes{{end}}`:                "yes",
		`{{printf "%-5s|%3d|%.1f" "ab" 7 2.55}}`:               "ab   |  7|2.5",
		`{{print 1 " " true}}{{println "x"}}`:                  "1 truex",
		`{{urlquery "a b"}}`:                                   "a+b",
		`{{range 3}}{{.}}{{end}}`:                              "012",
		`{{with index .Alerts 0}}{{.Duration.Seconds}}{{end}}`: "600",
		`{{(index .Alerts 0).EndsAt.IsZero}}`:                  "true",
		`{{range .SharedLabels}}{{.Name}}{{else}}-{{end}}`:     "-",
		`{{define "x"}}[{{.}}]{{end}}{{template "x" .State}}`:  "[firing]",
	} {
		parsed, err := newTemplate("textTemplate", source, false)
		if err != nil {
			t.Errorf("%s: %v", source, err)
			continue
		}
		got, err := parsed.execute(t.Context(), sample())
		if err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%s gives %q (%v), want %q", source, got, err, want)
		}
	}
}

// TestARunningTemplateEndsWithItsRequest: it does not go on for nobody.
func TestARunningTemplateEndsWithItsRequest(t *testing.T) {
	running, end := context.WithCancel(t.Context())
	b := new(budget)
	b.start(running)
	if _, err := b.tick(); err != nil {
		t.Error(err)
	}
	end()
	if _, err := b.tick(); err == nil {
		t.Error("a template goes on although its request has ended")
	}
}

// TestATemplateRunsForSeveralAtOnce: whoever is slow holds up no other.
func TestATemplateRunsForSeveralAtOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	parsed, err := newTemplate("textTemplate", "mine", false)
	if err != nil {
		t.Fatal(err)
	}
	slow, err := parsed.acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	patient, hangs := context.WithTimeout(t.Context(), 30*time.Second)
	defer hangs()
	if got, err := parsed.execute(patient, sample()); err != nil || got != "mine" {
		t.Errorf("beside a slow one: %q %v", got, err)
	}
	parsed.copies <- slow
	for range cap(parsed.copies) { // all are in use by others
		if _, err := parsed.acquire(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	ctx, end := context.WithCancel(t.Context())
	time.AfterFunc(time.Millisecond, end)
	if _, err := parsed.execute(ctx, sample()); err == nil {
		t.Error("it was executed without a copy")
	}
	parsed.copies <- nil // one is given back
	if got, err := parsed.execute(t.Context(), sample()); err != nil || got != "mine" {
		t.Errorf("%q %v", got, err)
	}
}
