// Command demo shows the main job on one machine: a relay that answers like
// the service's, the plugin process as Grafana starts it, a health check, an
// alert that becomes a mail, and an outage that loses nothing.
package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/smtp"
)

// payload is what a real Grafana posted; its copy here keeps the demo whole.
//
//go:embed payload.json
var payload []byte

const outputDir = "demo-out"

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// demo is the plugin beside a relay, and the data source that ties them together.
type demo struct {
	executable string
	log        *os.File
	process    *plugintest.Process
	relay      *relaytest.Relay
	source     plugintest.DataSource
}

func run(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "nhncloud-email-demo-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is in the temporary folder
	var d demo
	defer d.stop()
	step("Building the plugin and starting a relay that answers like the service's")
	if err := d.start(ctx, folder); err != nil {
		return err
	}
	step("Save & test: a real handshake")
	if err := d.health(ctx); err != nil {
		return err
	}
	step("Grafana posts an alert: two firing, signed, to oncall@example.com")
	if err := d.alert(ctx); err != nil {
		return err
	}
	step("An outage: the relay is gone, an alert is taken all the same")
	if err := d.outage(ctx); err != nil {
		return err
	}
	fmt.Println("\nDone: everything acknowledged was delivered.")
	return nil
}

// start lays the plugin out as Grafana has it, so that the outbox goes beside the
// plugins, and starts it and the relay.
func (d *demo) start(ctx context.Context, folder string) error {
	home := filepath.Join(folder, "plugins", plugintest.PluginID)
	err := os.MkdirAll(home, 0o755)
	if err != nil {
		return err
	}
	if d.executable, err = plugintest.Build(ctx, home); err != nil {
		return err
	}
	if d.relay, err = relaytest.Start(relaytest.Options{}); err != nil {
		return err
	}
	if d.log, err = os.Create(filepath.Join(folder, "plugin.log")); err != nil {
		return err
	}
	if err := d.startPlugin(); err != nil {
		return err
	}
	fmt.Printf("  plugin process %d, relay on %s: %d (STARTTLS), %d (TLS wrapper)\n",
		d.process.PID(), d.relay.Host(), d.relay.STARTTLSPort(), d.relay.TLSWrapperPort())
	d.source = plugintest.ForRelay(d.relay, nhncloud.STARTTLS, nil)
	return nil
}

func (d *demo) startPlugin() (err error) {
	d.process, err = plugintest.Start(plugintest.Options{Executable: d.executable, Log: d.log})
	return err
}

// stop ends what was started.
func (d *demo) stop() {
	if d.process != nil {
		d.process.Stop()
	}
	if d.log != nil {
		_ = d.log.Close() // nobody reads it again
	}
	if d.relay != nil {
		d.relay.Stop()
	}
}

// alert shows the mail that an alert becomes.
func (d *demo) alert(ctx context.Context) error {
	if _, err := d.post(ctx, payload); err != nil {
		return err
	}
	mails, err := d.relay.WaitMails(ctx, 1)
	if err != nil {
		return err
	}
	return show(mails[0])
}

// outage posts an alert while there is no relay, kills the plugin, and shows that
// the mail arrives.
func (d *demo) outage(ctx context.Context) error {
	d.relay.Stop()
	later := bytes.ReplaceAll(payload, []byte("2026-11-23T06:33:30Z"), []byte("2026-11-23T07:00:00Z"))
	status, err := d.post(ctx, later)
	if err != nil {
		return err
	}
	if status != 202 {
		return fmt.Errorf("the alert was answered with %d, not 202", status)
	}
	fmt.Println("  pulling the plug: SIGKILL to the plugin")
	d.process.Kill()
	if err := d.relay.Restart(); err != nil {
		return err
	}
	if err := d.startPlugin(); err != nil {
		return err
	}
	fmt.Println("  the plugin is started again and the relay is back; the next call brings the SecretKey")
	if _, err := d.process.Call(ctx, d.source, plugintest.Request{Method: "GET", Path: "status", User: plugintest.User{Login: "admin", Role: "Admin"}}); err != nil {
		return err
	}
	mails, err := d.relay.WaitMails(ctx, 2)
	if err != nil {
		return err
	}
	fmt.Printf("  the mail is there: the relay queued it as %s\n", mails[1].QueueID)
	return nil
}

func step(text string) { fmt.Printf("\n== %s\n", text) }

func (d *demo) health(ctx context.Context) error {
	result, err := d.process.CheckHealth(ctx, d.source)
	if err != nil {
		return err
	}
	var details struct {
		Report smtp.Report `json:"report"`
	}
	if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
		return err
	}
	for _, s := range details.Report.Stages {
		fmt.Printf("  %-9s %-7s %7.2f ms  %s\n", s.Name, s.Outcome, s.DurationMs, s.Reply)
	}
	fmt.Printf("  %s: %s\n", result.Status, result.Message)
	return nil
}

func (d *demo) post(ctx context.Context, body []byte) (status int, err error) {
	began := time.Now()
	answer, err := d.process.Call(ctx, d.source, plugintest.Signed("alerts", body))
	if err != nil {
		return 0, err
	}
	fmt.Printf("  answered %d in %s: %s\n", answer.Status, time.Since(began).Round(time.Millisecond), answer.Body)
	return answer.Status, nil
}

// show prints the mail as a person would read it and keeps what a browser can
// open.
func show(m relaytest.Mail) error {
	fmt.Printf("\n  The relay took it from %s (AUTH %s, TLS: %v): MAIL FROM:<%s>, RCPT TO:<%s>\n\n",
		m.UserName, m.Mechanism, m.TLS, m.From, strings.Join(m.To, ">, <"))
	content, err := m.Read()
	if err != nil {
		return err
	}
	fmt.Println("  | " + strings.ReplaceAll(strings.Join(content.Header, "\n")+"\n\n"+content.Text, "\n", "\n  | "))
	err = errors.Join(os.MkdirAll(outputDir, 0o755),
		os.WriteFile(filepath.Join(outputDir, "mail.eml"), m.Data, 0o644),
		os.WriteFile(filepath.Join(outputDir, "mail.html"), []byte(content.HTML), 0o644))
	if err != nil {
		return err
	}
	fmt.Printf("  The HTML is in %s, the whole mail in %s.\n", filepath.Join(outputDir, "mail.html"), filepath.Join(outputDir, "mail.eml"))
	return nil
}
