// Command soak runs the plugin for half an hour at 50 notifications a second
// with a relay that fails in every way, and shows that nothing grows and
// nothing is lost. It draws what it measured.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func main() {
	length := flag.Duration("for", 30*time.Minute, "how long")
	rate := flag.Int("rate", 50, "notifications a second")
	graph := flag.String("graph", filepath.Join("docs", "soak.svg"), "where the graph goes")
	flag.Parse()
	if err := run(*length, *rate, *graph); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// soak is one run.
type soak struct {
	relay   *relaytest.Relay
	process *plugintest.Process
	source  plugintest.DataSource
	outbox  string

	mu           sync.Mutex
	answers      map[string]int // by status and code
	acknowledged map[string]bool
	arrived      map[string]int
}

func run(length time.Duration, rate int, graph string) error {
	folder, err := os.MkdirTemp("", "nhncloud-email-soak-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }() // it is in the temporary folder
	ctx, cancel := context.WithTimeout(context.Background(), length+20*time.Minute)
	defer cancel()
	s := &soak{outbox: filepath.Join(folder, "outbox.db"), answers: make(map[string]int), acknowledged: make(map[string]bool), arrived: make(map[string]int)}
	executable, err := plugintest.Build(ctx, folder)
	if err != nil {
		return err
	}
	if s.relay, err = relaytest.Start(relaytest.Options{Discard: true, OnMail: s.taken}); err != nil {
		return err
	}
	defer s.relay.Stop()
	if s.process, err = plugintest.Start(plugintest.Options{Executable: executable, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(s.outbox),
		"GF_PLUGIN_RETENTION=1m", // so that half an hour shows what a month does
	}}); err != nil {
		return err
	}
	defer s.process.Stop()
	s.source = plugintest.ForRelay(s.relay, nhncloud.STARTTLS, map[string]any{"timeoutSeconds": 2})

	fmt.Printf("%d notifications a second for %s, with a fault every 10 s\n", rate, length)
	samples, err := s.load(ctx, length, rate)
	if err != nil {
		return err
	}
	if err := os.WriteFile(graph, draw(samples), 0o644); err != nil {
		return err
	}
	s.report(samples)
	return errors.Join(flat(samples), s.settle(ctx))
}

// taken notes a mail by the id in its Message-ID.
func (s *soak) taken(m relaytest.Mail) {
	id := field(m.Data, "Message-ID: <", "@")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.arrived[id]++
}

// load posts until the time is over, and measures meanwhile.
func (s *soak) load(ctx context.Context, length time.Duration, rate int) ([]sample, error) {
	began := time.Now()
	var posting sync.WaitGroup
	stop := make(chan struct{})
	posting.Go(func() { s.faults(stop) })
	tick := time.NewTicker(time.Second / time.Duration(rate))
	defer tick.Stop()
	measure := time.NewTicker(length / 180)
	defer measure.Stop()
	var samples []sample
	var err error
	for n := 0; time.Since(began) < length && err == nil; {
		select {
		case <-tick.C:
			// A ticker leaves out what its reader was too slow for.
			for ; n < int(time.Since(began).Seconds()*float64(rate)); n++ {
				posting.Go(func() { s.post(ctx, n) })
			}
		case <-measure.C:
			var one sample
			if one, err = s.measure(ctx); err == nil {
				one.at = time.Since(began)
				samples = append(samples, one)
			}
		}
	}
	close(stop)
	posting.Wait()
	return samples, err
}

func (s *soak) post(ctx context.Context, n int) {
	now := time.Now()
	one := alert.Sample(alert.SampleFiring, now, "")
	one.GroupKey += strconv.Itoa(n)
	body, err := json.Marshal(one)
	if err != nil {
		panic(err) // it is made of texts, numbers and times
	}
	answer, err := s.process.Call(ctx, s.source, plugintest.Signed("alerts", body))
	what := "no answer"
	if err == nil {
		what = strings.TrimSpace(strconv.Itoa(answer.Status) + " " + field(answer.Body, `"code":"`, `"`))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[what]++
	if what == "200" || what == "202" || what == "502 held" { // kept
		s.acknowledged[field(answer.Body, `"id":"`, `"`)] = true
	}
}

// faults makes the relay fail in one way after the other.
func (s *soak) faults(stop <-chan struct{}) {
	fault := func(stage relaytest.Stage, action relaytest.Action) func() (undo func()) {
		return func() func() { return s.relay.Fault(relaytest.Fault{Stage: stage, Action: action}) }
	}
	drop := func(reply string, then func() func()) func() (undo func()) {
		return func() func() { s.relay.Drop(reply); return then() }
	}
	ways := []func() (undo func()){
		fault(relaytest.MAIL, relaytest.Reply("451 4.3.0 try later\r\n")),
		fault(relaytest.DATA, relaytest.ReplyAndClose("421 4.3.2 shutting down\r\n")),
		fault(relaytest.RCPT, relaytest.Reset()),
		drop("421 4.4.2 idle\r\n", func() func() { return func() {} }),
		fault(relaytest.Greeting, relaytest.Silence()),
		fault(relaytest.EHLO, relaytest.Reply("250-x\r\nwhat?\r\n")),
		s.away,
		drop("", fault(relaytest.AUTH, relaytest.Reply("454 4.7.0 cannot check\r\n"))),
		fault(relaytest.Body, relaytest.Reset()),
	}
	for n := 0; ; n++ {
		if !pause(stop, 8*time.Second) {
			return
		}
		undo := ways[n%len(ways)]()
		more := pause(stop, 2*time.Second)
		undo()
		if !more {
			return
		}
	}
}

// away stops the relay until it is undone.
func (s *soak) away() (undo func()) {
	s.relay.Stop()
	return func() {
		if err := s.relay.Restart(); err != nil {
			fmt.Fprintln(os.Stderr, "soak:", err)
		}
	}
}

// pause is false when stop came first.
func pause(stop <-chan struct{}, d time.Duration) bool {
	select {
	case <-stop:
		return false
	case <-time.After(d):
		return true
	}
}

// settle waits for the backlog and counts what was acknowledged and has not
// arrived.
func (s *soak) settle(ctx context.Context) error {
	for {
		now, err := s.measure(ctx)
		if err != nil {
			return err
		}
		if now.depth == 0 {
			break
		}
		if !pause(ctx.Done(), time.Second) {
			return fmt.Errorf("%d mails were still waiting", int(now.depth))
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	missing, twice := 0, 0
	for id := range s.acknowledged {
		switch s.arrived[id] {
		case 0:
			missing++
		case 1:
		default:
			twice++
		}
	}
	fmt.Printf("%d acknowledged, %d of them missing, %d twice\n", len(s.acknowledged), missing, twice)
	if missing > 0 {
		return fmt.Errorf("%d acknowledged notifications did not arrive", missing)
	}
	return nil
}

func (s *soak) report(samples []sample) {
	fmt.Println("answers by status and code:", s.answers)
	for _, p := range panels {
		middle, last := thirds(samples, p.value)
		fmt.Printf("%-18s second third %8.1f, last third %8.1f %s\n", p.name, middle, last, p.unit)
	}
}
