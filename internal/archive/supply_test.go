package archive

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestLocksNameTheHashOfEveryPackage: npm installs what has no hash whatever it is.
func TestLocksNameTheHashOfEveryPackage(t *testing.T) {
	for _, path := range []string{"package-lock.json", ".github/sign/package-lock.json", "grafana13/package-lock.json"} {
		content, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		var lock struct {
			Packages map[string]struct{ Integrity string }
		}
		if err := json.Unmarshal(content, &lock); err != nil {
			t.Fatal(err)
		}
		for name, one := range lock.Packages {
			if name != "" && !strings.HasPrefix(one.Integrity, "sha512-") {
				t.Errorf("%s: %s has no hash", path, name)
			}
		}
	}
}

// workflow is what of a workflow says which rights run what.
type workflow struct {
	Permissions map[string]string
	Jobs        map[string]struct {
		Permissions map[string]string
		Container   string
		Services    map[string]struct{ Image string }
		Steps       []struct {
			Uses, Run        string
			WorkingDirectory string            `yaml:"working-directory"`
			Env, With        map[string]string `yaml:",omitempty"`
		}
	}
}

var (
	byHash  = regexp.MustCompile(`@[0-9a-f]{40}$`)
	byImage = regexp.MustCompile(`@sha256:[0-9a-f]{64}$`)
	// ofImage is a command that runs or fetches an image, over its lines; ofModule one
	// that runs a Go module of somebody else's.
	ofImage  = regexp.MustCompile(`\bdocker (?:container )?(?:run|create|pull)\b(?:\\\n|[^\n])*`)
	ofModule = regexp.MustCompile(`\bgo (?:run|install) \S+@\S+`)
	hasImage = regexp.MustCompile(`@sha256:[0-9a-f]{64}\b`)
	// ofBuild is what runs the packages of the build.
	ofBuild = regexp.MustCompile(`\b(npm (ci|install|run|test|exec)|npx|mage (test|package|build|frontend|sbom|audit|demo))\b`)
)

// TestWorkflowsKeepRightsFromWhatTheyInstall: a job that has a secret, or may
// do more than read, runs nothing of the packages that the build installs; and
// whatever it uses is named by its hash.
func TestWorkflowsKeepRightsFromWhatTheyInstall(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join("..", "..", ".github", "workflows", "*.yml"))
	if err != nil || len(paths) < 4 {
		t.Fatal(paths, err)
	}
	trusted, modules := 0, 0
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var w workflow
		if err := yaml.Unmarshal(content, &w); err != nil {
			t.Fatal(err)
		}
		if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
			t.Errorf("%s: every job may %v", path, w.Permissions)
		}
		for name, job := range w.Jobs {
			if job.Container != "" && !byImage.MatchString(job.Container) {
				t.Errorf("%s, %s: the container %s has no digest", path, name, job.Container)
			}
			for service, s := range job.Services {
				if !byImage.MatchString(s.Image) {
					t.Errorf("%s, %s: the image %s of %s has no digest", path, name, s.Image, service)
				}
			}
			rights := len(job.Permissions) > 0
			for _, step := range job.Steps {
				for _, value := range step.Env {
					rights = rights || strings.Contains(value, "secrets.")
				}
			}
			for _, step := range job.Steps {
				if step.Uses != "" && !byHash.MatchString(step.Uses) {
					t.Errorf("%s, %s: %s has no hash", path, name, step.Uses)
				}
				for _, command := range ofImage.FindAllString(step.Run, -1) {
					tested := strings.Contains(command, `"grafana/$GRAFANA_IMAGE:$GRAFANA_VERSION"`) // each version in turn
					if !hasImage.MatchString(command) && (rights || !tested) {
						t.Errorf("%s, %s: an image without a digest: %s", path, name, command)
					}
				}
				for _, module := range ofModule.FindAllString(step.Run, -1) {
					if modules++; !byHash.MatchString(module) {
						t.Errorf("%s, %s: a module without the hash of its commit: %s", path, name, module)
					}
				}
				if rights && strings.Contains(step.Run, "npm ci") && !strings.Contains(step.Run, "--ignore-scripts") {
					t.Errorf("%s, %s: what packages do when they are installed runs with rights: %s", path, name, step.Run)
				}
				if rights && ofBuild.MatchString(step.Run) && step.WorkingDirectory != ".github/sign" {
					t.Errorf("%s, %s: what the build installs runs with rights: %s", path, name, step.Run)
				}
			}
			if rights {
				trusted++
			}
		}
	}
	if trusted != 2 || modules != 1 {
		t.Errorf("%d jobs have rights, %d modules are run", trusted, modules)
	}
}
