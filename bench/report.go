package main

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

func (c cell) String() string {
	return fmt.Sprintf("round trip %d ms, %d notifications, %d recipients, %d connections", c.rtt.Milliseconds(), c.storm, c.recipients, c.connections)
}

func heading(c cell, trip time.Duration) {
	fmt.Printf("\n### %s\n\n", c)
	if c.rtt > 0 {
		fmt.Printf("A round trip takes %.2f ms.\n\n", float64(trip)/float64(ms))
	}
	fmt.Println("| client | storm | a second | round trips each, cold | warm | single | ms to 250, p50 | p99 | single ms | dials | connections | refused | MB | CPU ms |")
	fmt.Println("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
}

// print is a row of the table; what does not apply stays empty.
func (m measured) print(who contender) {
	millis := func(d time.Duration) float64 { return float64(d) / float64(ms) }
	fmt.Printf("| %s | %d | %.0f | %s | %s | %s | %.1f | %.1f | %.1f | %d | %d | %d | %s | %s |\n", who.name, m.sent, m.rate,
		number("%.2f", m.cold), number("%.2f", m.warm), number("%.2f", m.single), millis(m.p50), millis(m.p99), millis(m.alone),
		m.dials, m.peak, m.refused, number("%.0f", m.memory.peak), number("%.2f", millis(m.cpu)))
}

func number(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func slower(a, b measured) int { return cmp.Compare(a.rate, b.rate) }

func rates(storms []measured) string {
	var all []string
	for _, m := range storms {
		all = append(all, fmt.Sprintf("%.0f", m.rate))
	}
	return strings.Join(all, ", ")
}

// bars are the project's promises.
type bars struct {
	rows                []bar
	overTheCap, refused float64
}

// bar is a promise and what came of it.
type bar struct {
	name      string
	got, want float64
	atLeast   bool // else at most
}

// add checks what a case of the plugin shows.
func (b *bars) add(who contender, c cell, m measured) {
	add := func(what string, got, want float64, atLeast bool) {
		b.rows = append(b.rows, bar{fmt.Sprintf("%s, %s: %s", who.name, c, what), got, want, atLeast})
	}
	b.overTheCap = max(b.overTheCap, float64(m.peak-c.connections))
	b.refused += float64(m.refused)
	switch {
	case c == throughput && who.durable:
		add("notifications a second", m.rate, 1000, true)
	case c == throughput:
		add("notifications a second", m.rate, 2000, true)
	case c.rtt == 20*ms && c.recipients == 3 && c.connections == 4:
		add(fmt.Sprintf("round trips each, cold storm of %d", m.sent), m.cold, 1.5, false)
		add("round trips of one warm alert", m.single, 2.3, false)
	case c.rtt == 20*ms && c.recipients == 100:
		add("round trips of one warm mail", m.single, 3, false)
	}
}

func (b *bars) addQueue(q queueReport) {
	b.rows = append(b.rows,
		bar{"connections over the cap", b.overTheCap, 0, false},
		bar{"connections refused", b.refused, 0, false},
		bar{"MB resident when idle", q.idle, 60, false},
		bar{fmt.Sprintf("MB resident with %d mails of 20 KB queued", queued), q.peak, 150, false})
}

func (b *bars) print() {
	fmt.Println("\n| bar | at least, at most | measured | |\n|---|--:|--:|---|")
	for _, r := range b.rows {
		sign, verdict := "≤", "pass"
		if r.atLeast {
			sign = "≥"
		}
		if r.got != r.want && (r.got > r.want) != r.atLeast {
			verdict = "FAIL"
		}
		fmt.Printf("| %s | %s %.4g | %.4g | %s |\n", r.name, sign, r.want, r.got, verdict)
	}
}
