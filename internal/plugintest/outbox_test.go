package plugintest_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// installed puts the plugin where Grafana has it: <data>/plugins/<id>/.
func installed(t *testing.T) (data, path string) {
	t.Helper()
	data, err := os.MkdirTemp("", "grafana-") // not t.TempDir(), which other users cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(data) })
	home := filepath.Join(data, "plugins", plugintest.PluginID)
	path = filepath.Join(home, filepath.Base(executable))
	if err := os.MkdirAll(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(executable, path); err != nil { // a copy could still be open for writing in a process that another test is starting
		t.Fatal(err)
	}
	return data, path
}

func outboxHealth(t *testing.T, p *plugintest.Process, ds plugintest.DataSource) (message string, details healthDetails) {
	t.Helper()
	result, err := p.CheckHealth(within(t), ds)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	return result.Status.String() + " " + result.Message, details
}

func TestOutboxIsAFileBesideThePluginsThatOnlyItsOwnerReads(t *testing.T) {
	r := relay(t, relaytest.Options{})
	data, path := installed(t)
	p, err := plugintest.Start(watched(plugintest.Options{Executable: path}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if message, details := outboxHealth(t, p, ds); details.Outbox.Backend != "sqlite" || !details.Outbox.Durable {
		t.Error(message)
	}
	info, err := os.Stat(filepath.Join(data, "nhncloud-email", "outbox.db"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Error(err, info)
	}
}

func TestUnwritableDefaultOutboxFallsBackToMemoryAndSaysSo(t *testing.T) {
	r := relay(t, relaytest.Options{})
	data, path := installed(t)
	if err := os.Chmod(data, 0o555); err != nil {
		t.Fatal(err)
	}
	var said log
	p, err := plugintest.Start(watched(plugintest.Options{Executable: path, Log: &said, Prepare: func(c *exec.Cmd) {
		if os.Getuid() == 0 { // root may write anywhere
			c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
	}}))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	message, details := outboxHealth(t, p, plugintest.ForRelay(r, nhncloud.STARTTLS, nil))
	if details.Outbox.Backend != "memory" || details.Outbox.Durable || !strings.Contains(message, "OK") || !strings.Contains(message, "in memory") || !strings.Contains(message, "outbox_url") {
		t.Errorf("%s %+v", message, details)
	}
	if !strings.Contains(said.String(), "The outbox is in memory") {
		t.Errorf("the log does not say so: %s", said.String())
	}
}

func TestBrokenOutboxIs503AndHealthSaysWhere(t *testing.T) {
	r := relay(t, relaytest.Options{})
	file := filepath.Join(t.TempDir(), "outbox.db")
	if err := os.WriteFile(file, []byte(strings.Repeat("this is no database\n", 500)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, url := range map[string]string{
		"a broken file":      "sqlite://" + filepath.ToSlash(file),
		"an unknown scheme":  "mysql://localhost/outbox",
		"an absent database": "postgres://nobody:CANARY@127.0.0.1:1/outbox?connect_timeout=1",
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, url, nil)
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			answer := call(t, p, ds, plugintest.Signed("alerts", fixture(t, "firing-2.json")))
			if answer.Status != 503 || answer.Header.Get("Retry-After") == "" {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
			message, details := outboxHealth(t, p, ds)
			if !strings.HasPrefix(message, "ERROR") || details.Outbox.Warning == "" {
				t.Errorf("%s %+v", message, details)
			}
			if strings.Contains(message+string(answer.Body), "CANARY") {
				t.Errorf("the password is told: %s %s", message, answer.Body)
			}
		})
	}
	if r.Taken() != 0 {
		t.Error("an alert that was not stored was mailed")
	}
}

func TestHealthSaysThatTheOutboxFileIsGone(t *testing.T) {
	r := relay(t, relaytest.Options{})
	file := filepath.Join(t.TempDir(), "outbox.db")
	p := start(t, "sqlite://"+filepath.ToSlash(file), nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	if message, _ := outboxHealth(t, p, ds); !strings.HasPrefix(message, "OK") {
		t.Fatal(message)
	}
	if err := os.Remove(file); err != nil {
		t.Skip("an open file cannot be removed here")
	}
	if message, _ := outboxHealth(t, p, ds); !strings.HasPrefix(message, "ERROR") || !strings.Contains(message, file) {
		t.Error(message)
	}
}

// TestMailOfAStoppedProcessIsInTheLog: one recipient's mail has been taken, and
// its reply has not come when Grafana stops; others had to wait.
func TestMailOfAStoppedProcessIsInTheLog(t *testing.T) {
	r := relay(t, relaytest.Options{})
	url := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"recipientMode": "individual", "maxConnections": 1, "to": "a@example.com, b@example.com, c@example.com",
	})
	p := start(t, url, nil)
	taken, release := make(chan struct{}, 9), make(chan struct{})
	remove := r.Fault(relaytest.Fault{Stage: relaytest.Taken, Action: relaytest.Hold(release), OnFire: func() { taken <- struct{}{} }})
	go func() { _, _ = p.Call(within(t), ds, plugintest.Signed("alerts", another(t, 1))) }()
	<-taken
	p.Stop()
	remove()
	close(release)
	p = start(t, url, nil)
	await(t, func() bool {
		wake(t, p, ds)
		return r.Taken() >= 4 // one of them twice
	})
	id := idOf(call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries", User: viewer}).Body)
	await(t, func() bool {
		body := call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries/" + id, User: viewer}).Body
		attempts, _ := object(t, body)["attempts"].([]any)
		return len(attempts) == 2 && strings.Contains(string(body), "may have been delivered")
	})
}

// TestKilledAmongIndividualMailsSendsNobodyTwice: the relay has taken those of
// four recipients, and says nothing to the fifth.
func TestKilledAmongIndividualMailsSendsNobodyTwice(t *testing.T) {
	t.Parallel() // it waits
	r := relay(t, relaytest.Options{})
	url := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"recipientMode": "individual", "maxConnections": 1, "to": "a@example.com, b@example.com, c@example.com, d@example.com, e@example.com",
	})
	p := start(t, url, nil)
	remove := r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Skip: 4, Action: relaytest.Silence()})
	go func() { _, _ = p.Call(within(t), ds, plugintest.Signed("alerts", another(t, 1))) }()
	if _, err := r.WaitMails(within(t), 4); err != nil {
		t.Fatal(err)
	}
	await(t, func() bool {
		body := call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries", User: viewer}).Body
		return strings.Count(string(body), `"status":"sent"`) == 4
	})
	p.Kill()
	remove()
	p = start(t, url, nil)
	await(t, func() bool {
		wake(t, p, ds)
		return r.Taken() >= 5
	})
	got := map[string]int{}
	for _, m := range r.Mails() {
		got[m.To[0]]++
	}
	if r.Taken() != 5 || len(got) != 5 {
		t.Errorf("mails by recipient: %v", got)
	}
}
