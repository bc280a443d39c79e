// Package grafanatest is a double of Grafana's HTTP API, as far as the plugin asks it. It
// answers as Grafana 13.1 does, and can be told to misbehave.
package grafanatest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Token and Org are the token that Grafana takes, and its organization.
const (
	Token = "glsa_token"
	Org   = 1
)

// Grafana is a running double.
type Grafana struct {
	server *httptest.Server
	ended  chan struct{} // closed by Stop

	mu       sync.Mutex
	rules    map[string]json.RawMessage
	interval time.Duration
	frames   func(Query) data.Frames
	teams    map[string][]string // the addresses of the members, by name
	fault    http.HandlerFunc
	delay    time.Duration
	requests []Request
}

// Request is a request that Grafana received.
type Request struct {
	Method, Path string
	Token        string
	Body         string
}

// Query is one query of a request to /api/ds/query.
type Query struct {
	From, To time.Time
	RefID    string
	Model    map[string]any
}

// Start starts a Grafana on this machine.
func Start() *Grafana {
	g := &Grafana{ended: make(chan struct{}), rules: make(map[string]json.RawMessage), interval: time.Minute, frames: func(Query) data.Frames { return nil }}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/v1/provisioning/alert-rules/{uid}", g.guard(g.rule))
	mux.HandleFunc("GET /api/v1/provisioning/folder/{folder}/rule-groups/{group}", g.guard(g.group))
	mux.HandleFunc("POST /api/ds/query", g.guard(g.query))
	mux.HandleFunc("GET /api/teams/search", g.guard(g.searchTeams))
	mux.HandleFunc("GET /api/teams/{id}/members", g.guard(g.members))
	mux.HandleFunc("GET /api/datasources/uid/{uid}/health", g.guard(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusBadRequest, map[string]string{"status": "ERROR", "message": "the relay cannot be reached"})
	}))
	g.server = httptest.NewServer(mux)
	return g
}

// Stop stops Grafana.
func (g *Grafana) Stop() {
	close(g.ended)
	g.server.Close()
}

// URL returns the address of Grafana, without a slash at its end.
func (g *Grafana) URL() string { return g.server.URL }

// AddRule adds a rule, as the provisioning API has it.
func (g *Grafana) AddRule(uid, rule string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.rules[uid] = json.RawMessage(rule)
}

// Rule is a rule of one query to a data source like Prometheus, which fires above a limit.
func Rule(uid string, limit float64) string {
	return fmt.Sprintf(`{"uid":%q,"orgID":%d,"folderUID":"infra","ruleGroup":"every minute","condition":"C","for":"5m","data":[
		{"refId":"A","datasourceUid":"prom","model":{"refId":"A","expr":"cpu","instant":true}},
		{"refId":"C","datasourceUid":"__expr__","model":{"refId":"C","type":"threshold","expression":"A","conditions":[{"evaluator":{"type":"gt","params":[%v]}}]}}]}`, uid, Org, limit)
}

// SetTeam makes a team with members who have these addresses.
func (g *Grafana) SetTeam(name string, addresses ...string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.teams == nil {
		g.teams = make(map[string][]string)
	}
	g.teams[name] = addresses
}

// searchTeams finds the team of exactly that name, as Grafana does.
func (g *Grafana) searchTeams(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	found := []map[string]any{}
	for i, name := range slices.Sorted(maps.Keys(g.teams)) {
		if name == r.URL.Query().Get("name") {
			found = append(found, map[string]any{"id": i + 1, "uid": "t" + strconv.Itoa(i+1), "orgId": Org, "name": name, "email": "", "memberCount": len(g.teams[name])})
		}
	}
	answer(w, http.StatusOK, map[string]any{"totalCount": len(found), "teams": found, "page": 1, "perPage": 2})
}

func (g *Grafana) members(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	id, _ := strconv.Atoi(r.PathValue("id"))
	names := slices.Sorted(maps.Keys(g.teams))
	if id < 1 || id > len(names) {
		answer(w, http.StatusNotFound, map[string]string{"message": "Team not found"})
		return
	}
	all := []map[string]any{}
	for i, one := range g.teams[names[id-1]] {
		all = append(all, map[string]any{"orgId": Org, "teamId": id, "userId": i + 2, "email": one, "login": fmt.Sprintf("user-%d", i), "name": ""})
	}
	answer(w, http.StatusOK, all)
}

// Answer sets what queries are answered with.
func (g *Grafana) Answer(frames func(Query) data.Frames) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.frames = frames
}

// Requests returns the requests so far, the oldest first.
func (g *Grafana) Requests() []Request {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.requests)
}

// Order makes Grafana misbehave from now on; nil ends that.
func (g *Grafana) Order(fault http.HandlerFunc) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fault = fault
}

// Hang makes Grafana not answer before its client gives up.
func (g *Grafana) Hang(_ http.ResponseWriter, r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-g.ended:
	}
}

// Delay makes Grafana take so long over each answer from now on.
func (g *Grafana) Delay(each time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = each
}

// Status is a fault: another HTTP status, with words that quote the token.
func Status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, code, map[string]string{"message": http.StatusText(code) + " " + r.Header.Get("Authorization")})
	}
}

// Garbage is a fault: an answer that is no JSON.
func Garbage(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "<html>"+r.Header.Get("Authorization")+"</html>")
}

// Huge is a fault: an answer of 100 MB, or as much of it as the client takes.
func Huge(w http.ResponseWriter, _ *http.Request) {
	part := bytes.Repeat([]byte(" "), 1_000_000)
	for range 100 {
		if _, err := w.Write(part); err != nil {
			return
		}
	}
}

// guard notes a request, and does what is ordered instead of what Grafana does.
func (g *Grafana) guard(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		g.mu.Lock()
		g.requests = append(g.requests, Request{r.Method, r.URL.Path, r.Header.Get("Authorization"), string(body)})
		fault, delay := g.fault, g.delay
		g.mu.Unlock()
		select {
		case <-time.After(delay):
		case <-r.Context().Done():
		case <-g.ended:
		}
		switch org := r.Header.Get("X-Grafana-Org-Id"); {
		case fault != nil:
			fault(w, r)
		case r.Header.Get("Authorization") != "Bearer "+Token, org != "" && org != strconv.Itoa(Org):
			Status(http.StatusUnauthorized)(w, r)
		default:
			h(w, r)
		}
	}
}

func (g *Grafana) rule(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	rule, found := g.rules[r.PathValue("uid")]
	g.mu.Unlock()
	if !found {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	answer(w, http.StatusOK, rule)
}

func (g *Grafana) group(w http.ResponseWriter, r *http.Request) {
	answer(w, http.StatusOK, map[string]any{"title": r.PathValue("group"), "folderUid": r.PathValue("folder"), "interval": g.interval / time.Second})
}

func (g *Grafana) query(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Queries  []map[string]any
		From, To string
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"message": "bad request data"})
		return
	}
	g.mu.Lock()
	frames := g.frames
	g.mu.Unlock()
	results := backend.NewQueryDataResponse()
	for _, q := range request.Queries {
		refID, _ := q["refId"].(string)
		results.Responses[refID] = backend.DataResponse{Status: backend.StatusOK, Frames: frames(Query{moment(request.From), moment(request.To), refID, q})}
	}
	answer(w, http.StatusOK, results)
}

// moment reads the milliseconds that a time range is in.
func moment(ms string) time.Time {
	n, _ := strconv.ParseInt(ms, 10, 64)
	return time.UnixMilli(n)
}

func answer(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}
