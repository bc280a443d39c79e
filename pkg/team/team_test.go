package team

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/grafana"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// start starts a Grafana and a directory that asks it.
func start(t *testing.T) (*grafanatest.Grafana, *Directory, grafana.Access) {
	t.Helper()
	g := grafanatest.Start()
	client := grafana.NewClient()
	t.Cleanup(func() {
		client.Close()
		g.Stop()
	})
	return g, NewDirectory(client), grafana.Access{URL: g.URL(), Token: settings.NewSecret(grafanatest.Token), Org: grafanatest.Org}
}

// age makes what is known of every team older.
func age(d *Directory, by time.Duration) {
	for _, e := range d.kept {
		older := *e.latest.Load()
		older.asked = older.asked.Add(-by)
		e.latest.Store(&older)
	}
}

func TestATeamIsItsMembersAddresses(t *testing.T) {
	g, d, a := start(t)
	g.SetTeam("platform", "a@example.com", "B <b@example.com>", "", "admin@localhost\r\nBcc: x@example.com")
	g.SetTeam("empty")
	g.SetTeam("Tools & Co, 당직", "c@example.com")
	for name, want := range map[string]string{
		"platform":        `[a@example.com B <b@example.com>] 2 members of the team "platform" have no address that can be mailed`,
		"empty":           `[] the team "empty" has no member with an address`,
		"Tools & Co, 당직":  `[c@example.com] `,
		"plat":            `[] the team "plat" is not known: Grafana has no team of this name`,
		"../../api/users": `[] the team "../../api/users" is not known: Grafana has no team of this name`,
	} {
		members, note := d.Members(t.Context(), a, name)
		if got := fmt.Sprint(members, " ", note); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
}

// TestGrafanaIsAskedOnceInFiveMinutes, and what it said last holds while it cannot say.
func TestGrafanaIsAskedOnceInFiveMinutes(t *testing.T) {
	g, d, a := start(t)
	g.SetTeam("platform", "a@example.com")
	says := func(when string, questions int, want, note string) {
		t.Helper()
		before := len(g.Requests())
		members, said := d.Members(t.Context(), a, "platform")
		if asked := len(g.Requests()) - before; asked != questions {
			t.Errorf("%s: %d questions", when, asked)
		}
		if fmt.Sprint(members) != want || !strings.Contains(said, note) || (said == "") != (note == "") {
			t.Errorf("%s: %s %q", when, members, said)
		}
	}
	says("first", 2, "[a@example.com]", "")
	g.SetTeam("platform", "b@example.com")
	says("again", 0, "[a@example.com]", "")
	age(d, fresh)
	says("after five minutes", 2, "[b@example.com]", "")
	age(d, fresh)
	g.Order(grafanatest.Status(http.StatusForbidden))
	says("without the permission", 1, "[b@example.com]", "those last known: Grafana answers 403")
	says("at once again", 0, "[b@example.com]", "those last known")
	age(d, again)
	g.Order(nil)
	says("when it may again", 2, "[b@example.com]", "")
}

// TestARequestThatIsGivenUpIsNoAnswer: nobody's alert goes to the default recipients for it.
func TestARequestThatIsGivenUpIsNoAnswer(t *testing.T) {
	g, d, a := start(t)
	g.SetTeam("platform", "a@example.com")
	givenUp, cancel := context.WithCancel(t.Context())
	cancel()
	for _, ctx := range []context.Context{givenUp, t.Context()} {
		if members, note := d.Members(ctx, a, "platform"); fmt.Sprint(members) != "[a@example.com]" || note != "" {
			t.Errorf("%s %q", members, note)
		}
	}
}

// TestNoAlertWaitsLongForATeam: three seconds at most, also where others ask already.
func TestNoAlertWaitsLongForATeam(t *testing.T) {
	g, d, a := start(t)
	g.SetTeam("platform", "a@example.com")
	_, _ = d.Members(t.Context(), a, "platform")
	age(d, fresh)
	g.Order(g.Hang)
	answers := make(chan string)
	for _, team := range []string{"platform", "platform", "another"} {
		go func() {
			members, note := d.Members(t.Context(), a, team)
			answers <- fmt.Sprint(team, members, note)
		}()
	}
	for range 3 {
		select {
		case got := <-answers:
			if known := strings.HasPrefix(got, "platform[a@example.com]"); !known && !strings.HasPrefix(got, "another[]") {
				t.Error(got)
			}
		case <-time.After(time.Minute): // it is busy here, but does not wait for the hanging Grafana
			t.Fatal("it waits")
		}
	}
}
