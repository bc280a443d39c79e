package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
)

// admin is who sits at the browser.
var admin = plugintest.User{Login: "admin", Role: "Admin"}

// grafana is what Grafana's server does between a browser and a plugin.
type grafana struct {
	process *plugintest.Process

	mu      sync.Mutex
	sources []*source
}

// source is a data source as Grafana's API shows it; what is saved as a secret
// never leaves.
type source struct {
	ID               int             `json:"id"`
	UID              string          `json:"uid"`
	OrgID            int64           `json:"orgId"`
	Name             string          `json:"name"`
	Type             string          `json:"type"`
	Access           string          `json:"access"`
	JSONData         json.RawMessage `json:"jsonData"`
	SecureJSONFields map[string]bool `json:"secureJsonFields"`
	Version          int             `json:"version"`
	ReadOnly         bool            `json:"readOnly"`

	secrets map[string]string
	updated time.Time
}

// saved is what a browser sends to save a data source.
type saved struct {
	UID            string            `json:"uid"`
	Name           string            `json:"name"`
	JSONData       json.RawMessage   `json:"jsonData"`
	SecureJSONData map[string]string `json:"secureJsonData"`
	Version        int               `json:"version"`
}

func (s *source) save(from saved) {
	s.Name, s.JSONData, s.updated = from.Name, from.JSONData, time.Now()
	s.Version++
	maps.Copy(s.secrets, from.SecureJSONData)
	s.SecureJSONFields = make(map[string]bool)
	for key, value := range s.secrets {
		s.SecureJSONFields[key] = value != ""
	}
}

func (g *grafana) createDataSource(w http.ResponseWriter, r *http.Request) {
	var from saved
	if !read(w, r, &from) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	id := len(g.sources) + 1
	s := &source{
		ID: id, UID: cmp.Or(from.UID, fmt.Sprintf("source-%d", id)), OrgID: 1, Type: plugintest.PluginID, Access: "proxy",
		secrets: make(map[string]string),
	}
	s.save(from)
	g.sources = append(g.sources, s)
	answer(w, http.StatusOK, map[string]any{"datasource": s, "id": s.ID, "message": "Datasource added", "name": s.Name})
}

func (g *grafana) getDataSource(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.find(w, r.PathValue("uid")); s != nil {
		answer(w, http.StatusOK, s)
	}
}

func (g *grafana) saveDataSource(w http.ResponseWriter, r *http.Request) {
	var from saved
	if !read(w, r, &from) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.find(w, r.PathValue("uid"))
	if s == nil {
		return
	}
	if from.Version != 0 && from.Version != s.Version {
		message(w, http.StatusConflict, "Datasource has already been updated by someone else. Please reload and try again")
		return
	}
	s.save(from)
	answer(w, http.StatusOK, map[string]any{"datasource": s, "id": s.ID, "message": "Datasource updated", "name": s.Name})
}

func (g *grafana) checkHealth(w http.ResponseWriter, r *http.Request) {
	ds, ok := g.instance(w, r.PathValue("uid"))
	if !ok {
		return
	}
	result, err := g.process.CheckHealth(r.Context(), ds)
	if err != nil {
		message(w, http.StatusInternalServerError, err.Error())
		return
	}
	status := http.StatusOK
	if result.Status != backend.HealthStatusOk {
		status = http.StatusBadRequest
	}
	answer(w, status, map[string]any{
		"status": result.Status.String(), "message": result.Message, "details": json.RawMessage(result.JSONDetails),
	})
}

func (g *grafana) callResource(w http.ResponseWriter, r *http.Request) {
	ds, ok := g.instance(w, r.PathValue("uid"))
	if !ok {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		message(w, http.StatusBadRequest, err.Error())
		return
	}
	path := r.PathValue("path")
	if r.URL.RawQuery != "" {
		path += "?" + r.URL.RawQuery
	}
	header := r.Header.Clone()
	header.Del("Authorization")
	header.Del("Cookie")
	res, err := g.process.Call(r.Context(), ds, plugintest.Request{Method: r.Method, Path: path, Header: header, Body: body, User: admin})
	if err != nil {
		message(w, http.StatusInternalServerError, err.Error())
		return
	}
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.Status)
	_, _ = w.Write(res.Body) // the browser is gone: nothing is left to tell it
}

func (g *grafana) query(w http.ResponseWriter, r *http.Request) {
	var request struct {
		Queries  []json.RawMessage `json:"queries"`
		From, To string
	}
	if !read(w, r, &request) {
		return
	}
	var uid string
	var queries []backend.DataQuery
	for _, raw := range request.Queries {
		var q struct {
			RefID, QueryType          string
			MaxDataPoints, IntervalMs int64
			Datasource                struct{ UID string }
		}
		if err := json.Unmarshal(raw, &q); err != nil {
			message(w, http.StatusBadRequest, err.Error())
			return
		}
		uid = q.Datasource.UID
		queries = append(queries, backend.DataQuery{
			RefID: q.RefID, QueryType: q.QueryType, JSON: raw,
			MaxDataPoints: q.MaxDataPoints, Interval: time.Duration(q.IntervalMs) * time.Millisecond,
			TimeRange: backend.TimeRange{From: moment(request.From), To: moment(request.To)},
		})
	}
	ds, ok := g.instance(w, uid)
	if !ok {
		return
	}
	res, err := g.process.Query(r.Context(), ds, admin, queries...)
	if err != nil {
		message(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, http.StatusOK, res)
}

// instance is a data source as the plugin gets it with each call.
func (g *grafana) instance(w http.ResponseWriter, uid string) (plugintest.DataSource, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.find(w, uid)
	if s == nil {
		return plugintest.DataSource{}, false
	}
	return plugintest.DataSource{
		OrgID: s.OrgID, UID: s.UID, JSON: s.JSONData, Secrets: maps.Clone(s.secrets), Updated: s.updated,
	}, true
}

// find answers the request itself where there is no such data source.
func (g *grafana) find(w http.ResponseWriter, uid string) *source {
	for _, s := range g.sources {
		if s.UID == uid {
			return s
		}
	}
	message(w, http.StatusNotFound, "Data source not found")
	return nil
}

// moment reads the milliseconds that a query's time range is in.
func moment(ms string) time.Time {
	n, _ := strconv.ParseInt(ms, 10, 64) // without a range: 1970, and nothing is found
	return time.UnixMilli(n)
}

func read(w http.ResponseWriter, r *http.Request, v any) bool {
	if err := json.NewDecoder(r.Body).Decode(v); err != nil {
		message(w, http.StatusBadRequest, err.Error())
		return false
	}
	return true
}

func answer(w http.ResponseWriter, status int, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		status, encoded = http.StatusInternalServerError, []byte(`{"message":"the answer could not be encoded"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // the browser is gone: nothing is left to tell it
}

func message(w http.ResponseWriter, status int, text string) {
	answer(w, status, map[string]string{"message": text})
}
