package grafana

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

func start(t *testing.T) (*grafanatest.Grafana, *Client, Access) {
	g, c := grafanatest.Start(), NewClient()
	t.Cleanup(func() {
		c.Close()
		g.Stop()
	})
	return g, c, Access{g.URL(), settings.NewSecret(grafanatest.Token), grafanatest.Org}
}

func TestARuleAndItsQueries(t *testing.T) {
	g, c, a := start(t)
	g.AddRule("cpu", `{"uid":"cpu","orgID":1,"folderUID":"infra","ruleGroup":"every minute","condition":"B","for":"1h30m","labels":{"team":"web"},
		"data":[{"refId":"A","queryType":"","datasourceUid":"prom","relativeTimeRange":{"from":600,"to":0},"model":{"expr":"cpu","instant":true,"refId":"A"}}]}`)
	rule, err := c.Rule(t.Context(), a, "cpu")
	if err != nil || rule.Condition != "B" || time.Duration(rule.For) != 90*time.Minute || rule.Queries[0].DataSource != "prom" || rule.Labels["team"] != "web" {
		t.Fatalf("%+v, %v", rule, err)
	}
	if interval, err := c.Interval(t.Context(), a, rule.Folder, rule.Group); err != nil || interval != time.Minute {
		t.Error(interval, err)
	}
	from := time.UnixMilli(1_780_000_000_000)
	g.Answer(func(q grafanatest.Query) data.Frames {
		if !q.From.Equal(from) || q.To.Sub(from) != time.Hour || q.Model["expr"] != "cpu" {
			t.Errorf("%+v", q)
		}
		return data.Frames{data.NewFrame("", data.NewField("time", nil, []time.Time{q.From}), data.NewField("value", data.Labels{"host": "web-1"}, []float64{97}))}
	})
	answer, err := c.Query(t.Context(), a, from, from.Add(time.Hour), []map[string]any{{"refId": "A", "expr": "cpu"}})
	if err != nil {
		t.Fatal(err)
	}
	results, err := answer.Decode()
	if err != nil || results["A"].Frames[0].Fields[1].At(0) != 97.0 {
		t.Errorf("%+v, %v", results, err)
	}
	if err := c.Health(t.Context(), a, "mail"); err != nil {
		t.Error(err) // an answer is all that is asked for
	}
}

// TestWhatGrafanaRefuses is told in words of our own: Grafana's quote the token here.
func TestWhatGrafanaRefuses(t *testing.T) {
	g, c, a := start(t)
	other := a
	other.Org = 2
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	defer elsewhere.Close()
	for _, tt := range []struct {
		name   string
		access Access
		fault  http.HandlerFunc
		code   failure.Code
		words  string
	}{
		{"no token", Access{URL: a.URL}, nil, failure.Settings, "no token"},
		{"a token of another organization", other, nil, failure.Refused, "401"},
		{"no rule", a, nil, failure.NotFound, "404"},
		{"no right", a, grafanatest.Status(403), failure.Refused, "403: the token may not read this"},
		{"a fault", a, grafanatest.Status(500), failure.Transient, "500"},
		{"a page", a, grafanatest.Garbage, failure.Protocol, "not Grafana's API"},
		{"100 MB", a, grafanatest.Huge, failure.Protocol, "larger than 4 MiB"},
		{"a redirection", a, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, failure.Protocol, "it redirects"},
		{"a redirection to another host", a, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, failure.Protocol, "it redirects"},
		{"an answer that breaks off", a, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"orgID":1`)
		}, failure.Protocol, "not Grafana's API"},
		{"100 MB that were compressed", a, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			packed := gzip.NewWriter(w)
			for range 100 {
				_, _ = packed.Write(make([]byte, 1_000_000))
			}
			_ = packed.Close()
		}, failure.Protocol, "larger than 4 MiB"},
		{"nothing there", Access{"http://127.0.0.1:1", a.Token, 1}, nil, failure.Network, "no connection"},
		{"a rule of another organization", a, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(`{"orgID":2,"data":[{}]}`)) }, failure.Protocol, "not Grafana's API"},
	} {
		g.Order(tt.fault)
		_, err := c.Rule(t.Context(), tt.access, "cpu")
		if err == nil || failure.Of(err).Code != tt.code || !strings.Contains(err.Error(), tt.words) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if err != nil && strings.Contains(err.Error(), grafanatest.Token) {
			t.Errorf("%s: the token is in %q", tt.name, err)
		}
	}
	for _, r := range g.Requests() {
		if r.Path == "/elsewhere" {
			t.Error("a redirection was followed, which may lead anywhere, with the token")
		}
	}
}

// TestPatienceIsTheCallers: a Grafana that hangs is not waited for longer than asked.
func TestPatienceIsTheCallers(t *testing.T) {
	g, c, a := start(t)
	g.Order(g.Hang)
	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if _, err := c.Rule(ctx, a, "cpu"); !errors.Is(err, context.DeadlineExceeded) || failure.Of(err).Code != failure.Timeout {
		t.Error(err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	cancel()
	if _, err := c.Rule(ctx, a, "cpu"); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestTheTokenGoesWhereItsOwnerSays: one who may save a data source must not get the
// operator's token, nor that of Grafana.
func TestTheTokenGoesWhereItsOwnerSays(t *testing.T) {
	const root, operators, theirs = "https://grafana.example.com/", "http://localhost:3000/", "https://elsewhere.example.com"
	for _, tt := range []struct {
		name                  string
		token, url            string // of the settings
		ini, iniURL, managed  string
		wantToken, wantedFrom string
	}{
		{"nothing", "", theirs, "", operators, "", "", ""},
		{"settings", "of settings", theirs, "of ini", operators, "managed", "of settings", theirs},
		{"settings without an address", "of settings", "", "of ini", operators, "", "of settings", "http://localhost:3000"},
		{"settings alone", "of settings", "", "", "", "", "of settings", "https://grafana.example.com"},
		{"the operator's", "", theirs, "of ini", operators, "managed", "of ini", "http://localhost:3000"},
		{"the operator's token alone", "", theirs, "of ini", "", "", "of ini", "https://grafana.example.com"},
		{"Grafana's", "", theirs, "", "", "managed", "managed", "https://grafana.example.com"},
	} {
		env := map[string]string{config.AppURL: root}
		if tt.managed != "" {
			env[config.AppClientSecret] = tt.managed
		}
		operator, err := ReadOperator(tt.iniURL, tt.ini)
		if err != nil {
			t.Fatal(err)
		}
		set := settings.Settings{GrafanaURL: tt.url, GrafanaToken: settings.NewSecret(tt.token)}
		got := Choose(&set, operator, config.NewGrafanaCfg(env), 7)
		if got.Token.Reveal() != tt.wantToken || got.URL != tt.wantedFrom || got.Org != 7 || got.Known() != (tt.wantToken != "") {
			t.Errorf("%s: %q goes to %q", tt.name, got.Token.Reveal(), got.URL)
		}
	}
	for _, wrong := range []string{"localhost:3000", "ftp://localhost", "http://user:password@localhost:3000"} {
		if o, err := ReadOperator(wrong, "of ini"); err == nil || o.URL != "" || strings.Contains(err.Error(), "password") {
			t.Errorf("%s: %+v, %v", wrong, o.URL, err)
		}
	}
}
