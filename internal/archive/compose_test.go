package archive_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestComposeStartsWithoutErrors: Grafana logs one for each folder of its
// provisioning that is not there, and for each file that it cannot use.
func TestComposeStartsWithoutErrors(t *testing.T) {
	const root = "../.."
	var compose struct {
		Services struct {
			Grafana struct {
				Volumes []string `yaml:"volumes"`
			} `yaml:"grafana"`
		} `yaml:"services"`
	}
	readYAML(t, filepath.Join(root, "docker-compose.yaml"), &compose)
	mounts := make(map[string]string) // from paths in the container to those in the repository
	for _, volume := range compose.Services.Grafana.Volumes {
		source, target, _ := strings.Cut(strings.TrimSuffix(volume, ":ro"), ":")
		mounts[target] = filepath.Join(root, source)
	}

	provisioning := mounts["/etc/grafana/provisioning"]
	var dashboards string
	for folder, key := range map[string]string{"alerting": "", "dashboards": "providers", "datasources": "datasources", "plugins": "apps"} {
		files, err := filepath.Glob(filepath.Join(provisioning, folder, "*.yaml"))
		if err != nil || len(files) == 0 {
			t.Errorf("%s has no file (%v)", folder, err)
		}
		for _, file := range files {
			var content map[string]any
			readYAML(t, file, &content)
			if content["apiVersion"] != 1 || key != "" && content[key] == nil {
				t.Errorf("%s is no file for %s", file, folder)
			}
		}
	}

	var provided struct {
		Providers []struct {
			Type    string                `yaml:"type"`
			Options struct{ Path string } `yaml:"options"`
		} `yaml:"providers"`
	}
	readYAML(t, filepath.Join(provisioning, "dashboards", "nhncloud-email.yaml"), &provided)
	for _, provider := range provided.Providers {
		for target, source := range mounts {
			if inside, ok := strings.CutPrefix(provider.Options.Path, target+"/"); ok && provider.Type == "file" {
				// What is in src/ is built into dist/.
				dashboards = filepath.Join(strings.Replace(source, "dist", "src", 1), inside)
			}
		}
	}
	if found, _ := filepath.Glob(filepath.Join(dashboards, "*.json")); dashboards == "" || len(found) == 0 {
		t.Errorf("no dashboards where they are provisioned from: %q", dashboards)
	}
}

func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
