package outbox

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
)

// The test binary is its own child: with childMode set to the outbox's URL it
// is a process under load, to be killed.
const (
	childMode = "OUTBOX_TEST_CHILD"
	childLogs = "OUTBOX_TEST_LOGS"
)

// appendLine writes a line that outlives the process, though not the machine.
func appendLine(f *os.File, line string) {
	if _, err := f.WriteString(line + "\n"); err != nil {
		panic(err)
	}
}

func runChild(url string) {
	open := func(name string) *os.File {
		f, err := os.OpenFile(filepath.Join(os.Getenv(childLogs), name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			panic(err)
		}
		return f
	}
	delivered, acknowledged := open("delivered"), open("acknowledged")
	o, err := Open(context.Background(), url, Options{})
	if err != nil {
		panic(err)
	}
	if _, err := o.Attach(Attachment{Source: src, Slots: 4, Handler: logTo(delivered)}); err != nil {
		panic(err)
	}
	fmt.Println("ready")
	var callers sync.WaitGroup
	for range 8 {
		callers.Go(func() {
			for {
				if stored, err := o.Enqueue(context.Background(), notification(NewID())); err == nil {
					appendLine(acknowledged, stored.Delivery.ID)
				}
			}
		})
	}
	callers.Wait()
}

func logTo(f *os.File) deliver {
	return func(_ context.Context, d Job) Outcome {
		appendLine(f, d.ID)
		return accept
	}
}

func lines(t *testing.T, path string) map[string]int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(content)) {
		count[strings.TrimSpace(line)]++
	}
	return count
}

func TestWhatAKilledProcessAcknowledgedIsDelivered(t *testing.T) {
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		logs := t.TempDir()
		for range 3 {
			kill9(t, f.url, logs)
		}
		file, err := os.OpenFile(filepath.Join(logs, "delivered"), os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = file.Close() }()
		// The next process: its clock is past the leases of the dead.
		later := func() time.Time { return time.Now().Add(time.Minute) }
		o := f.open(func(opt *Options) { opt.Now = later })
		f.attachAs(o, Attachment{Source: src, Slots: 16, Handler: logTo(file)})
		wait.Until(t, "the queue is empty", func() bool {
			d, err := o.Depth(t.Context(), "")
			return err == nil && total(d) == 0
		})
		acknowledged, delivered := lines(t, filepath.Join(logs, "acknowledged")), lines(t, filepath.Join(logs, "delivered"))
		twice := 0
		for id := range acknowledged {
			if delivered[id] == 0 {
				t.Errorf("%s was acknowledged and not delivered", id)
			}
			if delivered[id] > 1 {
				twice++
			}
		}
		t.Logf("%d acknowledged, %d delivered, %d of them twice", len(acknowledged), len(delivered), twice)
		if len(acknowledged) == 0 {
			t.Error("nothing was acknowledged")
		}
	})
}

// kill9 runs a child on the outbox and kills it at a random instant.
func kill9(t *testing.T, url, logs string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(exe)
	child.Env = append(os.Environ(), childMode+"="+url, childLogs+"="+logs)
	child.Stderr = os.Stderr
	acknowledged := filepath.Join(logs, "acknowledged")
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	if !bufio.NewScanner(out).Scan() { // its logs are there
		t.Fatal("the child did not start")
	}
	// The instant is the test.
	enough := len(lines(t, acknowledged)) + 1 + rand.N(100)
	wait.Until(t, "it works", func() bool { return len(lines(t, acknowledged)) >= enough })
	if err := child.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = child.Wait() // it was killed
}
