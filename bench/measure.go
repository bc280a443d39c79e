package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
)

const (
	// callersAtOnce is how many notifications of a storm Grafana has under way.
	callersAtOnce = 128
	// stormTime is about how long a storm may take on a slow link: a client
	// that needs many round trips gets fewer notifications, which changes
	// nothing about the round trips of each.
	stormTime = 800 * time.Millisecond
	// tooLong is what one notification may take; beyond it the case is left out.
	tooLong = 3 * time.Second
	// singles is how many notifications are sent one at a time.
	singles = 30
)

// What the relay knows us by.
const user, password = "AppKey", "SecretKey"

// cell is a case: a storm of notifications, and some one at a time.
type cell struct {
	rtt                            time.Duration
	recipients, connections, storm int
}

// contender is one way to send.
type contender struct {
	name string
	open func(context.Context, *relaytest.Relay, int, notification) (client, error)
	// kept: its connections outlive a notification.
	kept bool
	// durable: the mail is on disk before it is sent.
	durable bool
	// A notification takes about base + each*recipients round trips, each of
	// which costs the two ends some CPU as well.
	base, each float64
}

const cpuOfTrip = 200 * time.Microsecond

// ours is the plugin. It queues by itself, so that it gets the whole storm at
// once; the others get one caller for each connection.
func (w contender) ours() bool { return w.each == 0 }

// client is a contender at work.
type client interface {
	// send returns once the relay has answered for every recipient. Each
	// caller has one call at a time.
	send(ctx context.Context, caller int, to []string) error
	close()
}

// measured is what a case showed. Round trips are per notification.
type measured struct {
	sent                 int     // in the cold storm
	rate                 float64 // notifications a second; warm, where connections are kept
	cold, warm, single   float64
	p50, p99             time.Duration // from the storm's begin to the relay's 250
	alone                time.Duration // from a single call to its answer
	dials, peak, refused int
	memory               usage
	cpu                  time.Duration // a notification
}

// observer is the relay's side of a run.
type observer struct {
	mu         sync.Mutex
	at         map[int]time.Time // when a notification's last mail was taken
	recipients int
}

func (o *observer) onMail(m relaytest.Mail) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.at[numberOf(m.To[0])] = time.Now()
	o.recipients += len(m.To)
}

// measure runs a case with a relay of its own: a storm that finds no
// connection, one that finds them standing, and notifications one at a time.
func measure(ctx context.Context, who contender, c cell, trip time.Duration, n notification) (measured, error) {
	cost := time.Duration((who.base + who.each*float64(c.recipients)) * float64(c.rtt+cpuOfTrip))
	if cost > tooLong {
		return measured{}, fmt.Errorf("left out: one notification takes over %s", tooLong)
	}
	m := measured{sent: c.storm}
	if !who.ours() || c.rtt > 0 {
		m.sent = min(max(int(stormTime/cost), 1)*c.connections, c.storm)
	}
	alone := min(max(int(stormTime/cost), 1), singles)
	seen := &observer{at: make(map[int]time.Time)}
	relay, err := relaytest.Start(relaytest.Options{MaxConnections: c.connections, RTT: c.rtt, Discard: true, OnMail: seen.onMail})
	if err != nil {
		return m, err
	}
	defer relay.Stop()
	opened, err := who.open(ctx, relay, c.connections, n)
	if err != nil {
		return m, err
	}
	defer opened.close()
	before, err := memoryOf(opened)
	if err != nil {
		return m, err
	}

	number := 0
	run := func(count, callers int) (time.Duration, error) {
		began, first := time.Now(), number
		number += count
		err := inParallel(callers, count, func(caller, i int) error {
			return opened.send(ctx, caller, addresses(first+i, c.recipients))
		})
		return time.Since(began), err
	}
	trips := func(elapsed time.Duration, connections, count int) float64 {
		if c.rtt == 0 {
			return 0
		}
		return float64(elapsed) * float64(connections) / float64(trip) / float64(count)
	}
	callers := c.connections
	if who.ours() {
		callers = callersAtOnce
	}

	began := time.Now()
	elapsed, err := run(m.sent, callers)
	if err != nil {
		return m, err
	}
	m.rate = float64(m.sent) / elapsed.Seconds()
	m.cold = trips(elapsed, c.connections, m.sent)
	m.p50, m.p99 = seen.quantiles(began, m.sent)
	if who.kept {
		if elapsed, err = run(m.sent, callers); err != nil {
			return m, err
		}
		m.rate = float64(m.sent) / elapsed.Seconds()
		m.warm = trips(elapsed, c.connections, m.sent)
	}
	var each []time.Duration
	for range alone {
		if elapsed, err = run(1, 1); err != nil {
			return m, err
		}
		each = append(each, elapsed)
	}
	slices.Sort(each)
	m.alone = each[len(each)/2]
	m.single = trips(m.alone, 1, 1)

	if m.memory, err = memoryOf(opened); err != nil {
		return m, err
	}
	m.cpu = (m.memory.cpu - before.cpu) / time.Duration(number)
	_, m.peak, m.dials, m.refused = relay.Connections()
	return m, seen.check(number, c.recipients, relay)
}

// roundTrip is how long the link's round trip really takes: timers are late by
// up to a millisecond. It is the median of some NOOPs.
func roundTrip(rtt time.Duration) (time.Duration, error) {
	relay, err := relaytest.Start(relaytest.Options{RTT: rtt, Discard: true})
	if err != nil {
		return 0, err
	}
	defer relay.Stop()
	conn, err := textproto.Dial("tcp", net.JoinHostPort(relay.Host(), strconv.Itoa(relay.STARTTLSPort())))
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if _, _, err := conn.ReadResponse(220); err != nil {
		return 0, err
	}
	trips := make([]time.Duration, 9)
	for i := range trips {
		began := time.Now()
		if err := conn.PrintfLine("NOOP"); err != nil {
			return 0, err
		}
		if _, _, err := conn.ReadResponse(250); err != nil {
			return 0, err
		}
		trips[i] = time.Since(began)
	}
	slices.Sort(trips)
	return trips[len(trips)/2], nil
}

// quantiles are of the notifications below count.
func (o *observer) quantiles(began time.Time, count int) (p50, p99 time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []time.Duration
	for number, at := range o.at {
		if number < count {
			all = append(all, at.Sub(began))
		}
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0, 0
	}
	return all[len(all)/2], all[len(all)*99/100]
}

// check says whether the relay has every notification, once for each recipient.
func (o *observer) check(notifications, recipients int, relay *relaytest.Relay) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.at) != notifications || o.recipients != notifications*recipients {
		return fmt.Errorf("the relay took %d of %d notifications for %d of %d recipients",
			len(o.at), notifications, o.recipients, notifications*recipients)
	}
	if wrong := relay.Violations(); len(wrong) > 0 {
		return fmt.Errorf("the relay complains: %s", wrong[0])
	}
	return nil
}

// memoryOf is zero for clients that run in this process.
func memoryOf(c client) (usage, error) {
	if p, ok := c.(*running); ok {
		return usageOf(p.pid())
	}
	return usage{}, nil
}

// inParallel calls f for every number below count, from so many callers.
func inParallel(callers, count int, f func(caller, number int) error) error {
	var next atomic.Int64
	var group errgroup.Group
	for caller := range min(callers, count) {
		group.Go(func() error {
			for number := int(next.Add(1)) - 1; number < count; number = int(next.Add(1)) - 1 {
				if err := f(caller, number); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// tlsConfig trusts the relay.
func tlsConfig(r *relaytest.Relay) *tls.Config {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(r.CA())
	return &tls.Config{ServerName: r.ServerName(), RootCAs: roots, MinVersion: tls.VersionTLS12}
}
