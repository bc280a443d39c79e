package plugintest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// route is one line of the resource API.
type route struct {
	method, path string
	editors      bool // a Viewer is refused
	reads        bool // it reads a JSON body
}

var routes = []route{
	{method: "POST", path: "alerts", editors: true, reads: true},
	{method: "POST", path: "test", editors: true, reads: true},
	{method: "POST", path: "diagnose", editors: true},
	{method: "POST", path: "key", editors: true, reads: true},
	{method: "POST", path: "preview", editors: true, reads: true},
	{method: "POST", path: "validate", editors: true, reads: true},
	{method: "POST", path: "deliveries/x/retry", editors: true},
	{method: "POST", path: "deliveries/x/cancel", editors: true},
	{method: "GET", path: "deliveries"},
	{method: "GET", path: "deliveries/x"},
	{method: "GET", path: "recipients"},
	{method: "GET", path: "status"},
}

// unsigned is a data source without a webhookSecret, whose limits no other
// test has used up.
func unsigned(t *testing.T, r *relaytest.Relay, override map[string]any) plugintest.DataSource {
	t.Helper()
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, override)
	ds.UID = t.Name()
	delete(ds.Secrets, "webhookSecret")
	return ds
}

// refused is an answer with the status, words and no mail.
func refused(t *testing.T, r *relaytest.Relay, answer plugintest.Response, status int, code string) {
	t.Helper()
	if answer.Status != status {
		t.Errorf("%d %s, want %d", answer.Status, answer.Body, status)
		return
	}
	got := object(t, answer.Body)
	if got["error"] == "" || got["hint"] == nil || code != "" && got["code"] != code {
		t.Errorf("%s, want the code %q, words and a hint", answer.Body, code)
	}
	if answer.Header.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
		t.Errorf("a page could be made of the answer: %v", answer.Header)
	}
	if _, _, total, _ := r.Connections(); total != 0 {
		t.Fatalf("a refused request reached the relay")
	}
}

func TestEveryRouteRefusesOtherMethods(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, route := range routes {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "get", "PROPFIND"} {
			if method == route.method {
				continue
			}
			t.Run(method+" "+route.path, func(t *testing.T) {
				answer := call(t, p, ds, plugintest.Request{Method: method, Path: route.path, User: admin, Body: another(t, 1)})
				refused(t, r, answer, http.StatusMethodNotAllowed, "method")
				if answer.Header.Get("Allow") != route.method {
					t.Errorf("Allow: %q", answer.Header.Get("Allow"))
				}
			})
		}
	}
}

func TestNoPathLeadsAround(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, path := range []string{
		"", "Alerts", "alerts/", "alerts/x", "//alerts", "./alerts", "x/../alerts", "%61lerts", "alerts%00", "alerts;a=b", "api/alerts",
		"test/", "deliveries/", "deliveries/x/retry/", "deliveries//retry", "deliveries/x/y", "debug/pprof/", "metrics", "..", "../../status",
	} {
		t.Run(path, func(t *testing.T) {
			answer := call(t, p, ds, plugintest.Request{Path: path, User: viewer, Body: another(t, 1)})
			if answer.Status < 300 {
				t.Errorf("%d %s", answer.Status, answer.Body)
			}
			if _, _, total, _ := r.Connections(); total != 0 {
				t.Error("it reached the relay")
			}
		})
	}
}

func TestOnlyEditorsAndAdminsAct(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, route := range routes {
		if !route.editors {
			continue
		}
		for _, role := range []string{"", "None", "Viewer", "viewer", "editor", "ADMIN", "Grafana Admin", "Editor ", "Admin,Viewer"} {
			t.Run(route.path+" as "+role, func(t *testing.T) {
				answer := call(t, p, ds, plugintest.Request{Path: route.path, User: plugintest.User{Login: "somebody", Role: role}, Body: another(t, 1)})
				refused(t, r, answer, http.StatusForbidden, "role")
			})
		}
	}
}

func TestOnlyJSONIsRead(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, route := range routes {
		if !route.reads {
			continue
		}
		for _, kind := range []string{
			"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/html", "application/xml",
			"application/jsonx", "application/", "/", "json", "application/json;;", "application/json, text/plain",
		} {
			t.Run(route.path+" "+kind, func(t *testing.T) {
				answer := call(t, p, ds, plugintest.Request{Path: route.path, User: admin, Header: http.Header{"Content-Type": {kind}}, Body: another(t, 1)})
				refused(t, r, answer, http.StatusUnsupportedMediaType, "content-type")
			})
		}
	}
}

// TestBodiesThatAreRefused: size, depth, encoding, numbers and types, at every
// route that reads a body.
func TestBodiesThatAreRefused(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	payload := another(t, 1)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	_, _ = z.Write(payload)
	_ = z.Close()
	utf16le := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(string(payload))) {
		utf16le = append(utf16le, byte(u), byte(u>>8))
	}
	deep := strings.Repeat("[", 100_000)
	alerts := func(inner string) string { return `{"alerts":[{"status":"firing",` + inner + `}]}` }
	bodies := map[string]struct {
		body   []byte
		status map[string]int // by route; 0: not of interest there
	}{
		"garbage":         {[]byte("\x00\x01\x02"), map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"a form":          {[]byte("to=x@example.com"), map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"half":            {payload[:len(payload)/2], map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"two":             {append(slices.Clone(payload), payload...), map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"gzip":            {zipped.Bytes(), map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"UTF-16":          {utf16le, map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"a BOM":           {append([]byte("\ufeff"), payload...), map[string]int{"alerts": 400, "test": 400, "preview": 400, "validate": 400}},
		"Latin-1":         {[]byte(alerts(`"labels":{"a":"` + "\xe9" + `"}`)), map[string]int{"alerts": 400}},
		"too large":       {bytes.Repeat([]byte(" "), alert.MaxBody+1), map[string]int{"alerts": 413, "test": 413, "preview": 413, "validate": 413}},
		"brackets":        {[]byte(deep), map[string]int{"alerts": 422, "test": 400, "preview": 400, "validate": 400}},
		"deep":            {[]byte(alerts(`"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40))), map[string]int{"alerts": 422}},
		"deep in preview": {[]byte(`{"payload":` + alerts(`"x":`+strings.Repeat("[", 40)+strings.Repeat("]", 40)) + `}`), map[string]int{"preview": 422}},
		"1e999":           {[]byte(alerts(`"values":{"A":1e999}`)), map[string]int{"alerts": 422}},
		"NaN":             {[]byte(alerts(`"values":{"A":NaN}`)), map[string]int{"alerts": 400}},
		"leading zero":    {[]byte(alerts(`"values":{"A":01}`)), map[string]int{"alerts": 400}},
		"a huge orgId":    {[]byte(alerts(`"orgId":99999999999999999999`)), map[string]int{"alerts": 422}},
		"a fraction":      {[]byte(`{"truncatedAlerts":1.5,"alerts":[{"status":"firing"}]}`), map[string]int{"alerts": 422}},
		"an array":        {[]byte(`[]`), map[string]int{"alerts": 422, "test": 400, "preview": 400}},
		"a number":        {[]byte(`7`), map[string]int{"alerts": 422, "test": 400, "preview": 400}},
		"a wrong type":    {[]byte(`{"to":7,"payload":7,"alerts":7}`), map[string]int{"alerts": 422, "test": 400, "preview": 422}},
		"nothing":         {nil, map[string]int{"alerts": 400}},
	}
	for name, body := range bodies {
		for path, status := range body.status {
			t.Run(path+" "+name, func(t *testing.T) {
				refused(t, r, call(t, p, ds, plugintest.Request{Path: path, User: admin, Body: body.body}), status, "body")
			})
		}
	}
}

func TestParametersThatAreRefused(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, map[string]any{"allowedRecipients": []string{"@team.example.com", "*@*.corp.example.com"}})
	many := make([]string, settings.MaxRecipients+1)
	for i := range many {
		many[i] = fmt.Sprintf("p%d@team.example.com", i)
	}
	q := url.QueryEscape
	for _, tt := range []struct {
		method, path string
		status       int
	}{
		// Recipients: strangers, and what only looks like an allowed one.
		{"POST", "alerts?to=x@elsewhere.example", 403},
		{"POST", "alerts?cc=x@elsewhere.example", 403},
		{"POST", "alerts?bcc=x@elsewhere.example", 403},
		{"POST", "alerts?to=a@team.example.com,x@elsewhere.example", 403},
		{"POST", "alerts?to=a@team.example.com&to=x@elsewhere.example", 403},
		{"POST", "alerts?to=a@team.example.com%3Bx@elsewhere.example", 403},
		{"POST", "alerts?to=a@team.example.com.elsewhere.example", 403},
		{"POST", "alerts?to=a@xteam.example.com", 403},
		{"POST", "alerts?to=a@corp.example.com", 403},
		{"POST", "alerts?to=a@notcorp.example.com", 403},
		{"POST", "alerts?to=" + strings.Join(many, ","), 422},
		// What relays take for a route to another host.
		{"POST", "alerts?to=" + q("x%elsewhere.example@team.example.com"), 403},
		{"POST", "alerts?to=" + q("elsewhere.example!x@team.example.com"), 403},
		{"POST", "alerts?cc=" + q("x%elsewhere.example@a.corp.example.com"), 403},
		{"POST", "alerts?bcc=" + q(`"x%elsewhere.example"@team.example.com`), 403},
		{"POST", "alerts?to=a@team.example.com," + q("x%elsewhere.example@team.example.com"), 403},
		// Words, case, repeats and encodings of parameters.
		{"POST", "alerts?type=spam", 400},
		{"POST", "alerts?type=auth&type=ad", 400},
		{"POST", "alerts?mode=reply-all", 400},
		{"POST", "alerts?language=fr", 400},
		{"POST", "alerts?TO=a@team.example.com", 400},
		{"POST", "alerts?from=x@example.com", 400},
		{"POST", "alerts?host=elsewhere.example", 400},
		{"POST", "alerts?subject=x", 400},
		{"POST", "alerts?to=%zz", 400},
		{"POST", "alerts?to=a@team.example.com;cc=x@elsewhere.example", 403},
		// Another host or port cannot be probed.
		{"POST", "diagnose?host=127.0.0.2", 400},
		{"POST", "diagnose?port=22", 400},
		{"POST", "diagnose?mode=starttls", 400},
		{"POST", "diagnose?mode=starttls&port=22", 400},
		{"POST", "diagnose?mode=starttls&port=-1", 400},
		{"POST", "diagnose?mode=starttls&port=99999999999999999999", 400},
		{"POST", "diagnose?mode=plain&port=25", 400},
		{"POST", "diagnose?mode=starttls&port=587&port=22&mode=x&host=127.0.0.2", 400},
		// Numbers and words of the log.
		{"GET", "deliveries?limit=0", 400},
		{"GET", "deliveries?limit=-1", 400},
		{"GET", "deliveries?limit=1e3", 400},
		{"GET", "deliveries?limit=0x10", 400},
		{"GET", "deliveries?limit=99999999999999999999", 400},
		{"GET", "deliveries?limit=%D9%A1", 400},
		{"GET", "deliveries?limit=100001", 400},
		{"GET", "deliveries?from=yesterday", 400},
		{"GET", "deliveries?to=2026-13-01T00:00:00Z", 400},
		{"GET", "deliveries?from=%zz", 400},
		{"GET", "deliveries?mailType=spam", 400},
		{"GET", "deliveries?status=lost", 400},
		{"GET", "deliveries?status=sent&status=lost", 400},
		{"GET", "deliveries?source=2/other", 400},
		{"GET", "deliveries?cursor=%00", 400},
		{"GET", "deliveries?cursor=AAAA", 400},
	} {
		t.Run(tt.method+" "+tt.path[:min(len(tt.path), 80)], func(t *testing.T) {
			request := plugintest.Request{Method: tt.method, Path: tt.path, User: admin}
			if tt.method == "POST" {
				request.Body = another(t, 1)
			}
			code := ""
			if tt.status == 400 {
				code = "parameter"
			}
			refused(t, r, call(t, p, ds, request), tt.status, code)
		})
	}
}

// TestOfADuplicateKeyTheCheckedOneIsUsed: a key that is there twice cannot
// have one value checked and the other used.
func TestOfADuplicateKeyTheCheckedOneIsUsed(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, body := range []string{
		`{"to":"oncall@example.com","to":"x@elsewhere.example"}`,
		`{"to":"oncall@example.com","TO":"x@elsewhere.example"}`,
		`{"TO":"oncall@example.com","to":"x@elsewhere.example"}`,
	} {
		refused(t, r, call(t, p, ds, plugintest.Request{Path: "test", User: editor, Body: []byte(body)}), 403, "recipients")
	}
	for _, body := range []string{
		`{"to":"x@elsewhere.example","to":"oncall@example.com"}`,
		`{"TO":"x@elsewhere.example","to":"oncall@example.com"}`,
	} {
		if answer := call(t, p, ds, plugintest.Request{Path: "test", User: editor, Body: []byte(body)}); answer.Status != 200 {
			t.Errorf("%d %s", answer.Status, answer.Body)
		}
	}
	for _, m := range r.Mails() {
		if !slices.Equal(m.To, []string{"oncall@example.com"}) {
			t.Errorf("mailed to %v", m.To)
		}
	}
}

// TestEmptyBodiesAreRead: what may be left out may be.
func TestEmptyBodiesAreRead(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := unsigned(t, r, nil)
	for _, path := range []string{"test", "preview"} {
		for _, body := range []string{"", "{}"} {
			if answer := call(t, p, ds, plugintest.Request{Path: path, User: admin, Body: []byte(body)}); answer.Status != 200 {
				t.Errorf("%s %q: %d %s", path, body, answer.Status, answer.Body)
			}
		}
	}
}
