package plugintest_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// disk is a small file system of the test's own.
func disk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("this test mounts a small disk, which takes root: run it as root, in a container for one")
	}
	folder, err := os.MkdirTemp("", "nhncloud-email-disk-") // not t.TempDir(), which is removed while it is mounted
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mounting a tmpfs, which takes CAP_SYS_ADMIN: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
		_ = os.Remove(folder)
	})
	return folder
}

func remount(t *testing.T, folder string, flags uintptr) {
	t.Helper()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", syscall.MS_REMOUNT|flags, ""); err != nil {
		t.Fatal(err)
	}
}

func fileURL(folder string) string { return "sqlite://" + filepath.Join(folder, "outbox.db") }

// unavailable is 503 with the outbox's place, a cause, a remedy and Retry-After.
func unavailable(t *testing.T, answer plugintest.Response, words ...string) {
	t.Helper()
	got := object(t, answer.Body)
	if answer.Status != 503 || answer.Header.Get("Retry-After") == "" || got["code"] != "outbox" || got["hint"] == "" {
		t.Errorf("%d %v %s", answer.Status, answer.Header, answer.Body)
	}
	for _, w := range words {
		if !strings.Contains(string(answer.Body), w) {
			t.Errorf("%s does not say %q", answer.Body, w)
		}
	}
}

// arrive waits until the mail of each id has arrived.
func arrive(t *testing.T, r *relaytest.Relay, ids ...string) {
	t.Helper()
	for _, id := range ids {
		await(t, func() bool { return copies(r, id) > 0 })
	}
}

// copies is how often a delivery's mail has arrived.
func copies(r *relaytest.Relay, id string) (n int) {
	for _, m := range r.Mails() {
		if bytes.Contains(m.Data, []byte(id)) {
			n++
		}
	}
	return n
}

func TestFullDiskRefusesNewAlertsAndKeepsTheOld(t *testing.T) {
	t.Parallel() // it waits
	folder := disk(t, "2m")
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	p := start(t, fileURL(folder), nil)
	r.Stop()
	var kept []string
	for n := range 5 {
		answer := call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
		if answer.Status != 202 {
			t.Fatalf("%d %s", answer.Status, answer.Body)
		}
		kept = append(kept, idOf(answer.Body))
	}
	filler := filepath.Join(folder, "filler")
	if err := fill(filler); err != nil {
		t.Fatal(err)
	}
	// There may be room for a few in the file itself.
	full, n := plugintest.Response{}, 5
	for ; n < 200 && full.Status != 503; n++ {
		full = call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
		if full.Status == 202 {
			kept = append(kept, idOf(full.Body))
		}
	}
	unavailable(t, full, folder, "ree space")

	// The mail goes out although no outcome can be stored, once.
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, id := range kept {
		_ = call(t, p, ds, plugintest.Request{Path: "deliveries/" + id + "/retry", User: editor}) // 503: it cannot be stored
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	late := plugintest.Signed("alerts", another(t, n)) // once: each signature that is kept takes of the disk
	await(t, func() bool { return call(t, p, ds, late).Status == 200 })
	for _, id := range kept {
		if answer := call(t, p, ds, plugintest.Request{Path: "deliveries/" + id + "/retry", User: editor}); answer.Status != 200 && answer.Status != 409 {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	arrive(t, r, kept...)
	for _, id := range kept {
		if n := copies(r, id); n != 1 {
			t.Errorf("%d mails of one delivery", n)
		}
	}
}

// fill writes a file until the disk is full.
func fill(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	chunk := make([]byte, 4096)
	for err == nil {
		_, err = f.Write(chunk)
	}
	_ = f.Close() // the disk is full
	return nil
}

func TestReadOnlyDiskRefusesNewAlertsUntilItIsWritable(t *testing.T) {
	t.Parallel() // it waits
	folder := disk(t, "8m")
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	// SQLite keeps its files open for writing, so that the disk cannot be made
	// read-only under it in good order; from the start it can.
	first := start(t, fileURL(folder), nil)
	r.Stop()
	kept := idOf(call(t, first, ds, plugintest.Signed("alerts", another(t, 1))).Body)
	first.Stop()
	remount(t, folder, syscall.MS_RDONLY)
	p := start(t, fileURL(folder), nil)
	unavailable(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 2))), folder)
	if message, details := outboxHealth(t, p, ds); !strings.HasPrefix(message, "ERROR") || details.Outbox.Durable {
		t.Errorf("%s %+v", message, details)
	}
	remount(t, folder, 0)
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}
	// It is looked for again by itself.
	await(t, func() bool { return call(t, p, ds, plugintest.Signed("alerts", another(t, 2))).Status == 200 })
	arrive(t, r, kept)
}

func TestForbiddenFileRefusesNewAlertsUntilItIsAllowed(t *testing.T) {
	t.Parallel() // it waits
	folder, err := os.MkdirTemp("", "grafana-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	data, path := installed(t)
	if err := os.Chmod(data, 0o755); err != nil {
		t.Fatal(err)
	}
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if err := errors.Join(giveToNobody(folder), os.Chmod(folder, 0o500)); err != nil {
		t.Fatal(err)
	}
	p, err := plugintest.Start(watched(plugintest.Options{Executable: path, Env: []string{"GF_PLUGIN_OUTBOX_URL=" + fileURL(folder)}, Prepare: asNobody}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	unavailable(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 1))), folder, "permission denied")
	if err := os.Chmod(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Status == 200 })
}

// TestFolderThatStaysOpenToOthersIsNotUsed: it is somebody else's, so that Grafana
// cannot close it, and whoever may write it could exchange the outbox.
func TestFolderThatStaysOpenToOthersIsNotUsed(t *testing.T) {
	t.Parallel() // it waits
	if os.Getuid() != 0 {
		t.Skip("only root has a folder that Grafana cannot close")
	}
	folder, err := os.MkdirTemp("", "grafana-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	data, path := installed(t)
	if err := errors.Join(os.Chmod(data, 0o755), os.Chmod(folder, 0o777)); err != nil {
		t.Fatal(err)
	}
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	p, err := plugintest.Start(watched(plugintest.Options{Executable: path, Env: []string{"GF_PLUGIN_OUTBOX_URL=" + fileURL(folder)}, Prepare: asNobody}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	unavailable(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 1))), folder, "every user of this machine", "chmod 700")
	if entries, err := os.ReadDir(folder); err != nil || len(entries) > 0 {
		t.Errorf("%v were made in it, %v", entries, err)
	}
	if err := os.Chmod(folder, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { return call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Status == 200 })
}

// TestDefaultOutboxThatHoldsMailIsNotPassedOver: root puts a backup back, and
// Grafana starts again.
func TestDefaultOutboxThatHoldsMailIsNotPassedOver(t *testing.T) {
	t.Parallel() // it waits
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	data, path := installed(t)
	if err := os.Chmod(data, 0o777); err != nil {
		t.Fatal(err)
	}
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	run := func() *plugintest.Process {
		p, err := plugintest.Start(watched(plugintest.Options{Executable: path, Prepare: asNobody}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Stop)
		return p
	}
	p := run()
	r.Stop()
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	if answer.Status != 202 {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	p.Stop()
	if err := r.Restart(); err != nil {
		t.Fatal(err)
	}

	file := filepath.Join(data, "nhncloud-email", "outbox.db")
	if err := os.Chown(file, 0, 0); err != nil {
		t.Fatal(err)
	}
	p = run()
	unavailable(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 2))), file, "Let Grafana's user write")
	if err := os.Chown(file, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool { // without a restart
		wake(t, p, ds)
		return copies(r, idOf(answer.Body)) == 1
	})
}

// giveToNobody gives a folder to the user of asNobody.
func giveToNobody(folder string) error {
	if os.Getuid() != 0 {
		return nil
	}
	return os.Chown(folder, 65534, 65534)
}

// asNobody has a process that root starts obey permissions.
func asNobody(c *exec.Cmd) {
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
}

// TestFileSpoiledUnderIt: after the file was deleted or overwritten no alert is
// acknowledged that a restart would not know of.
func TestFileSpoiledUnderIt(t *testing.T) {
	t.Parallel() // it waits
	for name, tt := range map[string]struct {
		spoil func(path string) error
		words string
	}{
		"deleted":  {os.Remove, "was removed or replaced"},
		"replaced": {func(path string) error { return os.Rename(path+".other", path) }, "was removed or replaced"},
		"overwritten": {func(path string) error {
			f, err := os.OpenFile(path, os.O_WRONLY, 0)
			if err != nil {
				return err
			}
			defer func() { _ = f.Close() }()
			_, err = f.Write(bytes.Repeat([]byte("this is no database\n"), 10_000))
			return err
		}, ""},
		"cut off": {func(path string) error { return os.Truncate(path, 0) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			path := filepath.Join(folder, "outbox.db")
			if err := os.WriteFile(path+".other", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			r := relay(t, relaytest.Options{})
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			p := start(t, fileURL(folder), nil)
			if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 {
				t.Fatalf("%d %s", answer.Status, answer.Body)
			}
			if err := tt.spoil(path); err != nil {
				t.Fatal(err)
			}
			acknowledged := make(map[string]bool)
			var last plugintest.Response
			for n := 2; n < 40 && last.Status != 503; n++ {
				last = call(t, p, ds, plugintest.Signed("alerts", another(t, n)))
				switch last.Status {
				case 200, 202:
					acknowledged[idOf(last.Body)] = true
				case 503:
				default:
					t.Fatalf("%d %s", last.Status, last.Body)
				}
			}
			if tt.words != "" || last.Status == 503 {
				unavailable(t, last, path, tt.words)
			}
			// What was acknowledged in between has been mailed.
			for id := range acknowledged {
				arrive(t, r, id)
			}
			p.Kill()
			again := start(t, fileURL(folder), nil)
			answer := call(t, again, ds, plugintest.Signed("alerts", another(t, 1000)))
			if answer.Status != 200 { // a file that is no database is not passed over
				unavailable(t, answer, path)
			}
		})
	}
}

// TestStopDrainsWithinGrafanasGrace: Grafana asks a plugin to stop and kills it
// two seconds later; a service manager sends SIGTERM to all at once.
func TestStopDrainsWithinGrafanasGrace(t *testing.T) {
	t.Parallel() // it waits
	for name, stop := range map[string]func(*plugintest.Process) error{
		"Grafana stops it": func(p *plugintest.Process) error { p.Stop(); return nil },
		"SIGTERM":          func(p *plugintest.Process) error { return syscall.Kill(p.PID(), syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			r := relay(t, relaytest.Options{})
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			url := fileURL(t.TempDir())
			p := start(t, url, nil)
			release, held := make(chan struct{}), make(chan struct{}, 10)
			remove := r.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { held <- struct{}{} }})
			defer remove()
			answered := make(chan plugintest.Response, 1)
			go func() {
				answer, _ := p.Call(t.Context(), ds, plugintest.Signed("alerts", another(t, 1))) // the process ends
				answered <- answer
			}()
			<-held
			stopped := make(chan error, 1)
			go func() { stopped <- stop(p) }()
			time.AfterFunc(100*time.Millisecond, func() { close(release) }) // while it drains
			if err := <-stopped; err != nil {
				t.Fatal(err)
			}
			await(t, p.Exited)
			<-answered
			if r.Taken() != 1 {
				t.Fatalf("%d mails: what was being sent was not finished", r.Taken())
			}
			again := start(t, url, nil)
			wake(t, again, ds)
			await(t, func() bool {
				queue := wake(t, again, ds)["queue"].(map[string]any)
				return queue["queued"] == 0.0 && queue["sending"] == 0.0
			})
			if r.Taken() != 1 {
				t.Errorf("%d mails: the outcome of the drain was not stored", r.Taken())
			}
		})
	}
	t.Run("a relay that does not answer", func(t *testing.T) {
		r := relay(t, relaytest.Options{})
		ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
		url := fileURL(t.TempDir())
		p := start(t, url, nil)
		held := make(chan struct{}, 10)
		remove := r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Action: relaytest.Silence(), OnFire: func() { held <- struct{}{} }})
		go func() { _, _ = p.Call(t.Context(), ds, plugintest.Signed("alerts", another(t, 1))) }() // the process ends
		<-held
		p.Stop()
		await(t, p.Exited)
		remove()
		again := start(t, url, nil)
		wake(t, again, ds)
		if _, err := r.WaitMails(within(t), 1); err != nil {
			t.Fatal(err)
		}
	})
}
