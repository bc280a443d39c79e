// Package team knows the mail addresses of Grafana's teams.
package team

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
)

const (
	within  = 3 * time.Second // how long an alert waits for a team
	fresh   = 5 * time.Minute
	again   = 10 * time.Second // after Grafana could not say
	maxKept = 1000             // teams
)

// Directory keeps what Grafana said of teams.
type Directory struct {
	grafana *grafana.Client

	mu   sync.Mutex
	kept map[string]*entry
}

// entry is what is known of one team. Who holds its lock asks.
type entry struct {
	asking sync.Mutex
	latest atomic.Pointer[answer]
}

// answer is what Grafana said of a team.
type answer struct {
	known   bool // there is such a team
	members []address.Address
	skipped int // members without an address that can be mailed
	asked   time.Time
	err     error // why members are of an earlier answer, or none
}

// NewDirectory makes a directory.
func NewDirectory(client *grafana.Client) *Directory {
	return &Directory{grafana: client, kept: make(map[string]*entry)}
}

// Members returns the addresses of a team's members: those that Grafana named in the last
// five minutes, or else names within three seconds, or else those last known. The note says
// what is amiss with that; without any member it says why.
func (d *Directory) Members(ctx context.Context, a grafana.Access, name string) (members []address.Address, note string) {
	e := d.entryOf(a, name)
	if latest := e.latest.Load(); !latest.good() {
		// The answer is for everybody: one who gives up must not leave "no answer" to others.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
		defer cancel()
		asked := make(chan struct{})
		go func() { // who waits for another one's question waits no longer than for their own
			defer close(asked)
			e.asking.Lock()
			defer e.asking.Unlock()
			if latest := e.latest.Load(); !latest.good() {
				e.latest.Store(ask(ctx, d.grafana, a, name, latest))
			}
		}()
		select {
		case <-asked:
		case <-ctx.Done():
		}
	}
	latest := e.latest.Load()
	if latest == nil {
		return nil, fmt.Sprintf("the team %.60q is not known: Grafana has not answered in time", name)
	}
	return latest.members, latest.note(name)
}

func (d *Directory) entryOf(a grafana.Access, name string) *entry {
	key, _ := json.Marshal([]any{a.URL, a.Token.Reveal(), a.Org, name}) // it never fails
	d.mu.Lock()
	defer d.mu.Unlock()
	e := d.kept[string(key)]
	if e == nil {
		if len(d.kept) >= maxKept { // names that nobody has any more, or that somebody makes up
			clear(d.kept)
		}
		e = new(entry)
		d.kept[string(key)] = e
	}
	return e
}

// good says whether Grafana need not be asked.
func (l *answer) good() bool {
	if l == nil {
		return false
	}
	age := time.Since(l.asked)
	return age < again || l.err == nil && age < fresh
}

// ask asks Grafana. Where that does not say, what it said before goes on being known.
func ask(ctx context.Context, client *grafana.Client, a grafana.Access, name string, before *answer) *answer {
	all, err := client.Members(ctx, a, name)
	now := &answer{asked: time.Now(), err: err}
	if err == nil {
		now.known = true
		for _, m := range all {
			if one, err := address.Parse(m.Email); err == nil {
				now.members = append(now.members, one)
			} else {
				now.skipped++
			}
		}
		return now
	}
	if f, ok := errors.AsType[*failure.Error](err); before != nil && before.known && (!ok || f.Code != failure.NotFound) {
		now.known, now.members, now.skipped = true, before.members, before.skipped
	}
	return now
}

// note says what is amiss.
func (l *answer) note(name string) string {
	switch {
	case l.err != nil && l.known:
		return fmt.Sprintf("the members of the team %.60q are those last known: %v", name, l.err)
	case l.err != nil:
		return fmt.Sprintf("the team %.60q is not known: %v", name, l.err)
	case len(l.members) == 0:
		return fmt.Sprintf("the team %.60q has no member with an address", name)
	case l.skipped > 0:
		return fmt.Sprintf("%d members of the team %.60q have no address that can be mailed", l.skipped, name)
	}
	return ""
}
