package main

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// plugin opens plugin processes that keep their mail at url.
type plugin struct {
	executable   string
	notification notification
	url          func() string
	env          []string // more of it
}

// running is the plugin's process as Grafana would call it.
type running struct {
	process *plugintest.Process
	source  plugintest.DataSource
	body    []byte
	posted  atomic.Int64
}

func (p *plugin) open(_ context.Context, r *relaytest.Relay, connections int, n notification) (client, error) {
	process, err := plugintest.Start(plugintest.Options{
		Executable: p.executable,
		Env:        append([]string{"GF_PLUGIN_OUTBOX_URL=" + p.url()}, p.env...),
		// The log is written, and nobody takes CPU time to read it.
		Prepare: func(cmd *exec.Cmd) {
			cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `exec "$0" 2>/dev/null`, cmd.Path}
		},
	})
	if err != nil {
		return nil, err
	}
	source := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{
		"fromAddress": sender, "maxConnections": connections, "allowedRecipients": []string{"@example.com"},
	})
	return &running{process: process, source: source, body: n.body}, nil
}

func (p *running) send(ctx context.Context, _ int, to []string) error {
	return p.sendBody(ctx, p.body, to)
}

func (p *running) sendBody(ctx context.Context, body []byte, to []string) error {
	status, err := p.post(ctx, body, to)
	if err == nil && status != 200 {
		err = fmt.Errorf("answered with %d", status)
	}
	return err
}

// post is Grafana's call of the contact point, each time for another alert group:
// a signature is good for one request.
func (p *running) post(ctx context.Context, body []byte, to []string) (status int, err error) {
	group := fmt.Appendf(nil, `"groupKey":"%d `, p.posted.Add(1))
	body = bytes.Replace(body, []byte(`"groupKey":"`), group, 1)
	path := "alerts?" + url.Values{"to": {strings.Join(to, ",")}}.Encode()
	answer, err := p.process.Call(ctx, p.source, plugintest.Signed(path, body))
	return answer.Status, err
}

func (p *running) close() { p.process.Stop() }

func (p *running) pid() int { return p.process.PID() }

const queued = 10_000

// queueReport is the memory, in MB, of a process that has a long queue.
type queueReport struct {
	idle, after, peak float64
	rate              float64 // mails a second into the queue
}

// queue has a process keep many mails of 20 KB for a relay that is down.
func (p *plugin) queue(ctx context.Context) (queueReport, error) {
	n, err := ofTwentyKB()
	if err != nil {
		return queueReport{}, err
	}
	relay, err := relaytest.Start(relaytest.Options{Discard: true})
	if err != nil {
		return queueReport{}, err
	}
	defer relay.Stop()
	opened, err := p.open(ctx, relay, 4, n)
	if err != nil {
		return queueReport{}, err
	}
	defer opened.close()
	process := opened.(*running)
	if _, err := process.process.CheckHealth(ctx, process.source); err != nil {
		return queueReport{}, err
	}
	var report queueReport
	idle, err := usageOf(process.pid())
	if err != nil {
		return queueReport{}, err
	}
	report.idle = idle.resident
	relay.Stop()
	began := time.Now()
	var refused atomic.Int64
	err = inParallel(callersAtOnce, queued, func(_, number int) error {
		status, err := process.post(ctx, process.body, addresses(number, 3))
		if err == nil && status != 202 {
			refused.Store(int64(status))
		}
		return err
	})
	if err != nil {
		return queueReport{}, err
	}
	if status := refused.Load(); status != 0 {
		return queueReport{}, fmt.Errorf("a mail was answered with %d, not queued", status)
	}
	report.rate = queued / time.Since(began).Seconds()
	then, err := usageOf(process.pid())
	report.after, report.peak = then.resident, then.peak
	return report, err
}
