package settings_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// settings.schema.json is the contract; these tests hold the Go code and the
// provisioning sample to it. The page's types and the tables of the documents are
// generated from it.

type property struct {
	Type             string
	Description      string
	Enum             []string
	Default          any
	Minimum, Maximum *int
	Items            *object
}

type object struct {
	Required   []string
	Properties map[string]property
}

// profile is the contract of a profile.
func profile(t *testing.T) object {
	t.Helper()
	jsonData, _ := contract(t)
	return *jsonData.Properties["profiles"].Items
}

func contract(t *testing.T) (jsonData, secure object) {
	t.Helper()
	content, err := os.ReadFile("settings.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties struct{ JSONData, SecureJSONData object }
	}
	if err := json.Unmarshal(content, &schema); err != nil {
		t.Fatal(err)
	}
	return schema.Properties.JSONData, schema.Properties.SecureJSONData
}

func keys(o ...object) []string {
	var all []string
	for _, o := range o {
		all = slices.AppendSeq(all, maps.Keys(o.Properties))
	}
	slices.Sort(all)
	return all
}

func same(t *testing.T, where string, got, want []string) {
	t.Helper()
	slices.Sort(got)
	if got = slices.Compact(got); !slices.Equal(got, want) {
		t.Errorf("%s has\n  %s\nand the schema\n  %s", where, got, want)
	}
}

// with is the least of jsonData with one key set (or removed, by nil).
func with(key string, value any) []byte {
	data := map[string]any{"appKey": "AppKey", "fromAddress": "alert@example.com", key: value}
	if key == "mailType" { // what ad insists on
		maps.Copy(data, map[string]any{"adSenderName": "a", "adSenderAddress": "a", "unsubscribeUrl": "https://example.com"})
	}
	if value == nil {
		delete(data, key)
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return encoded
}

func TestSchemaIsWhatLoadTakes(t *testing.T) {
	jsonData, secure := contract(t)
	refused := func(key string, value any) {
		t.Helper()
		if key == "profiles" { // what is wrong in one must not keep mail from the others
			if _, found := settings.Check(with(key, value), []string{"secretKey"}); len(found) != 1 || found[0].Key != key {
				t.Errorf("%s %v: %v", key, value, found)
			}
			return
		}
		if _, err := settings.Load(with(key, value), secrets); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s %v: %v", key, value, err)
		}
	}
	taken := func(key string, value any) settings.Settings {
		t.Helper()
		s, err := settings.Load(with(key, value), secrets)
		if err != nil {
			t.Errorf("%s %v: %v", key, value, err)
		}
		return s
	}
	for key, p := range jsonData.Properties {
		refused(key, map[string]any{})
		for _, word := range p.Enum {
			taken(key, word)
		}
		if p.Enum != nil {
			refused(key, "another")
		}
		if p.Type == "boolean" {
			taken(key, true == (key == "stableSubject")) // tlsAuthWithCACert needs a certificate
		}
		if p.Type == "integer" {
			if key != "port" { // whose range is that of another host
				taken(key, *p.Minimum)
				taken(key, *p.Maximum)
			}
			refused(key, *p.Minimum-1)
			refused(key, *p.Maximum+1)
		}
		if p.Default != nil && !reflect.DeepEqual(taken(key, p.Default), taken(key, nil)) {
			t.Errorf("%s: %v is not what unset means", key, p.Default)
		}
	}
	for _, key := range jsonData.Required {
		refused(key, nil)
	}
	for key := range secure.Properties {
		refused(key, "in the wrong place")
	}
	for _, key := range secure.Required {
		if _, err := settings.Load(with("", ""), nil); err == nil || !strings.HasPrefix(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// TestSchemaHasEveryKeyThatIsRead looks for the names in the source: a key that
// the code reads and the schema lacks would be seen by no other test.
func TestSchemaHasEveryKeyThatIsRead(t *testing.T) {
	jsonData, secure := contract(t)
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var read []string
	name := regexp.MustCompile(`^[a-z]+[A-Za-z]*$`)
	note := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if s, err := strconv.Unquote(literal.Value); err == nil && name.MatchString(s) {
				read = append(read, s)
			}
		}
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr: // r.line("key"), set(r, "key", ...)
				if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "set" || f.Name == "setList") { // set(r, "key", ...)
					note(n.Args[1])
				} else if selector, ok := n.Fun.(*ast.SelectorExpr); ok && len(n.Args) > 0 {
					if r, ok := selector.X.(*ast.Ident); ok && r.Name == "r" {
						note(n.Args[0])
					}
				}
			case *ast.ValueSpec: // const key = "key"
				if strings.HasPrefix(n.Names[0].Name, "key") && len(n.Values) > 0 {
					note(n.Values[0])
				}
			}
			return true
		})
	}
	all := keys(jsonData, secure, profile(t))
	same(t, "the Go code", read, slices.Compact(all))
}

func TestProvisioningSampleKeepsToTheSchema(t *testing.T) {
	content, err := os.ReadFile("../../provisioning/datasources/nhncloud-email.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Datasources []struct {
			JSONData       map[string]any    `yaml:"jsonData"`
			SecureJSONData map[string]string `yaml:"secureJsonData"`
		}
	}
	if err := yaml.Unmarshal(content, &sample); err != nil {
		t.Fatal(err)
	}
	jsonData, secure := contract(t)
	for _, ds := range sample.Datasources {
		for key := range ds.JSONData {
			if _, ok := jsonData.Properties[key]; !ok {
				t.Errorf("jsonData.%s is not in the schema", key)
			}
		}
		for key := range ds.SecureJSONData {
			if _, ok := secure.Properties[key]; !ok {
				t.Errorf("secureJsonData.%s is not in the schema", key)
			}
		}
		for _, key := range slices.Concat(jsonData.Required, secure.Required) {
			if ds.JSONData[key] == nil && ds.SecureJSONData[key] == "" {
				t.Errorf("%s is missing", key)
			}
		}
		// As Grafana hands it on where no variable is set but those that must be.
		expand := func(s string) string {
			return os.Expand(s, func(name string) string {
				return map[string]string{"NHNCLOUD_EMAIL_APP_KEY": "AppKey", "NHNCLOUD_EMAIL_FROM": "alert@example.com", "NHNCLOUD_EMAIL_TO": "a@example.com"}[name]
			})
		}
		encoded, err := json.Marshal(ds.JSONData)
		if err != nil {
			t.Fatal(err)
		}
		s, err := settings.Load([]byte(expand(string(encoded))), secrets)
		if err != nil || len(s.Profiles) == 0 || len(s.ProfileProblems) > 0 {
			t.Error(err, s.ProfileProblems)
		}
	}
}

// TestSchemaSaysWhatTheServiceIs: the facts that it repeats are those of nhncloud.
func TestSchemaSaysWhatTheServiceIs(t *testing.T) {
	jsonData, _ := contract(t)
	p := jsonData.Properties
	for got, want := range map[any]any{
		p["host"].Default: nhncloud.Host, p["serviceUrl"].Default: nhncloud.API,
		p["dkimSelector"].Default: nhncloud.DKIMSelector, p["spfInclude"].Default: nhncloud.SPFIncludes[0],
		fmt.Sprint(p["portMode"].Enum): fmt.Sprint(nhncloud.PortModes()), fmt.Sprint(p["mailType"].Enum): fmt.Sprint(nhncloud.MailTypes()),
		fmt.Sprint(p["authMechanism"].Enum): fmt.Sprint([]settings.AuthMechanism{settings.AuthAuto, settings.AuthPlain, settings.AuthLogin}),
		fmt.Sprint(p["recipientMode"].Enum): fmt.Sprint([]settings.RecipientMode{settings.Single, settings.Individual, settings.Undisclosed}),
	} {
		if got != want {
			t.Errorf("the schema has %v, not %v", got, want)
		}
	}
	for _, mode := range nhncloud.PortModes() {
		for _, port := range nhncloud.Ports(mode) {
			if !strings.Contains(p["port"].Description, strconv.Itoa(port)) {
				t.Errorf("the schema does not name port %d", port)
			}
		}
	}
}

// TestSettingsOfEveryReleaseAreStillTaken opens what earlier releases saved:
// testdata/releases has a full data source of each.
func TestSettingsOfEveryReleaseAreStillTaken(t *testing.T) {
	files, err := filepath.Glob("testdata/releases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var saved struct {
			JSONData       json.RawMessage
			SecureJSONData map[string]string
			Means          map[string]string // settings as fmt prints them
		}
		if err := json.Unmarshal(content, &saved); err != nil {
			t.Fatal(err)
		}
		s, err := settings.Load(saved.JSONData, saved.SecureJSONData)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		for field, want := range saved.Means {
			if got := fmt.Sprint(reflect.ValueOf(s).FieldByName(field).Interface()); got != want {
				t.Errorf("%s: %s is %s, not %s", file, field, got, want)
			}
		}
	}
}

// TestSecurityPageSaysWhatViewersRead: Grafana hands jsonData to them, and
// secureJsonData to the plugin alone.
func TestSecurityPageSaysWhatViewersRead(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile(`(?m)^\| reads the settings \|.*$`).FindString(string(page))
	public, kept, found := strings.Cut(row, "are no secrets")
	if !found || !strings.Contains(public, "`jsonData`") || !strings.Contains(public, "Viewers") || !strings.Contains(kept, "`secureJsonData`") {
		t.Fatalf("SECURITY.md does not say who reads the settings: %q", row)
	}
	words := map[string]string{
		"appKey": "AppKey", "host": "host", "to": "recipients", "allowedRecipients": "allow list", "textTemplate": "templates", "profiles": "profiles",
		"secretKey": "SecretKey", "webhookSecret": "signing secret", "tlsCACert": "CA certificate", "grafanaToken": "token for Grafana",
	}
	jsonData, secure := contract(t)
	for key := range jsonData.Properties {
		if word := words[key]; !strings.Contains(public, word) || strings.Contains(kept, word) && word != "" {
			t.Errorf("SECURITY.md does not say that Viewers read %s", key)
		}
	}
	for key := range secure.Properties {
		if word := words[key]; word == "" || !strings.Contains(kept, word) || strings.Contains(public, word) {
			t.Errorf("SECURITY.md does not say that %s is kept from Viewers", key)
		}
	}
}
