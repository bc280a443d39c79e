// Command bench sends the same alerts through the same relay by way of the
// plugin and of its peers, and checks the project's bars. It takes under three
// minutes. With -charts it sends storms with and without charts in turn instead.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
)

func main() {
	// Callers and relay share the cores with what is measured.
	debug.SetGCPercent(400)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	charts := flag.Bool("charts", false, "compare storms with and without charts")
	flag.Parse()
	if err := run(ctx, *charts); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

const ms = time.Millisecond

// cells are the cases: every round trip, number of recipients and number of
// connections, less those that only repeat what a neighbour shows.
var cells = []cell{
	{0, 1, 4, 120}, {0, 3, 1, 120}, {0, 3, 4, 120}, {0, 100, 4, 120},
	{20 * ms, 1, 4, 120}, {20 * ms, 3, 1, 120}, {20 * ms, 3, 4, 120}, {20 * ms, 100, 4, 120},
	{100 * ms, 1, 1, 120}, {100 * ms, 3, 4, 120}, {100 * ms, 100, 4, 120},
}

// throughput is for the plugin alone. A machine's own speed changes from minute
// to minute, and what else it does only takes from a storm: they are spread
// over the run, and the fastest counts.
var throughput = cell{0, 3, 4, 2000}

func run(ctx context.Context, charts bool) error {
	folder, err := os.MkdirTemp("", "nhncloud-email-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	began := time.Now()
	executable, err := build(ctx, folder)
	if err != nil {
		return err
	}
	fmt.Printf("Built the plugin in %s.\n", time.Since(began).Round(time.Second))
	began = time.Now()
	n, err := firingTwo()
	if err != nil {
		return err
	}
	if charts {
		return compareCharts(ctx, executable, folder, n)
	}
	memory := &plugin{executable: executable, notification: n, url: func() string { return "memory:" }}
	files := 0
	durable := &plugin{executable: executable, notification: n, url: func() string {
		files++
		return "sqlite://" + filepath.ToSlash(filepath.Join(folder, fmt.Sprintf("outbox-%d.db", files)))
	}}
	contenders := []contender{
		{"plugin, memory", memory.open, true, false, 1.3, 0},
		{"plugin, sqlite", durable.open, true, true, 1.3, 0},
		{"go-smtp, kept connection", openGoSMTP, true, false, 4, 1},
		{"go-mail, kept connection", openGoMail, true, false, 7, 1},
		{"Alertmanager", openAlertmanager, false, false, 13, 1},
		{"Grafana", openGrafana, false, false, 0, 11},
	}
	ours := contenders[:2]

	var bars bars
	storms := make(map[string][]measured)
	for i, c := range cells {
		for _, who := range ours {
			if i%2 == 1 {
				continue
			}
			m, err := measure(ctx, who, throughput, 0, n)
			if err != nil {
				return fmt.Errorf("%s at %s: %w", who.name, throughput, err)
			}
			storms[who.name] = append(storms[who.name], m)
		}
		trip, err := roundTrip(c.rtt)
		if err != nil {
			return fmt.Errorf("a round trip of %s: %w", c.rtt, err)
		}
		heading(c, trip)
		for _, who := range contenders {
			m, err := measure(ctx, who, c, trip, n)
			switch {
			case err == nil:
				m.print(who)
			case who.ours():
				return fmt.Errorf("%s at %s: %w", who.name, c, err)
			default: // a peer that cannot do it
				fmt.Printf("| %s | %s |\n", who.name, err)
			}
			if who.ours() {
				bars.add(who, c, m)
			}
		}
	}
	heading(throughput, 0)
	for _, who := range ours {
		fastest := slices.MaxFunc(storms[who.name], slower)
		fastest.print(who)
		bars.add(who, throughput, fastest)
	}
	for _, who := range ours {
		fmt.Printf("\n%s: %s a second in these storms; the fastest counts.\n", who.name, rates(storms[who.name]))
	}
	q, err := durable.queue(ctx)
	if err != nil {
		return fmt.Errorf("a long queue: %w", err)
	}
	fmt.Printf("\n%d mails of 20 KB came in while the relay was down, %.0f a second: resident %.0f MB before, %.0f MB after, %.0f MB at most\n",
		queued, q.rate, q.idle, q.after, q.peak)
	bars.addQueue(q)
	bars.print()
	fmt.Printf("\nAll in %s.\n", time.Since(began).Round(time.Second))
	return nil
}

// build compiles the plugin as it is shipped, with the dependencies of the
// plugin's own module.
func build(ctx context.Context, folder string) (string, error) {
	if err := os.Chdir(".."); err != nil {
		return "", err
	}
	if err := os.Setenv("CGO_ENABLED", "0"); err != nil {
		return "", err
	}
	executable, err := plugintest.Build(ctx, folder, "-trimpath", "-ldflags=-s -w")
	if err != nil {
		return "", fmt.Errorf("%w\nRun this in the folder bench", err)
	}
	return executable, nil
}
