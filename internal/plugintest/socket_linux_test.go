package plugintest_test

import (
	"io/fs"
	"os"
	"os/exec"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
)

// TestTheSocketIsItsOwnersAlone: whoever may write it says which role a caller
// has. Grafana's own umask may be anything.
func TestTheSocketIsItsOwnersAlone(t *testing.T) {
	folder := t.TempDir()
	p, err := plugintest.Start(watched(plugintest.Options{
		Executable: executable, Env: []string{"TMPDIR=" + folder, "GF_PLUGIN_OUTBOX_URL=memory:"},
		Prepare: func(c *exec.Cmd) {
			c.Args = []string{"sh", "-c", `umask 0; exec "$0"`, c.Path}
			c.Path = "/bin/sh"
		},
	}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	sockets := 0
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Type() == fs.ModeSocket {
			sockets++
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", entry.Name(), info.Mode())
		}
	}
	if sockets == 0 {
		t.Error("there is no socket: the test tests nothing")
	}
}
