package plugin

import (
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// byKey lists problems as "key code".
func byKey(problems []settings.Problem) string {
	all := make([]string, len(problems))
	for i, p := range problems {
		all[i] = p.Key + " " + string(p.Code)
	}
	return strings.Join(all, ", ")
}

// TestSettingsAreValidatedBeforeTheyAreSaved: key by key, with what is quoted, by those
// who may edit them, and without the secrets.
func TestSettingsAreValidatedBeforeTheyAreSaved(t *testing.T) {
	d := broken(t)
	for name, tt := range map[string]struct{ body, want string }{
		"nothing yet":               {`{}`, "appKey app-key-missing, fromAddress from-missing, secretKey secret-key-missing"},
		"all that is needed":        {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com"},"secureJsonFields":{"secretKey":true}}`, ""},
		"a secret that was reset":   {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com"},"secureJsonFields":{"secretKey":false}}`, "secretKey secret-key-missing"},
		"a CA that was just pasted": {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com","tlsAuthWithCACert":true},"secureJsonFields":{"secretKey":true,"tlsCACert":true}}`, ""},
		"a CA that is missing":      {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com","tlsAuthWithCACert":true},"secureJsonFields":{"secretKey":true}}`, "tlsCACert ca-missing"},
		"a saved secret":            {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com"},"secureJsonFields":{"secretKey":true,"webhookSecret":true}}`, "webhookSecret webhook-secret-blank"},
		"two addresses":             {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com","to":["ops","a@b","운영@b"]},"secureJsonFields":{"secretKey":true}}`, "to address, to address-local"},
		"two templates":             {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com","subjectTemplate":"{{.Sate}}","htmlTemplate":"{{nope}}"},"secureJsonFields":{"secretKey":true}}`, "subjectTemplate template-field, htmlTemplate template-function"},
		"a template and a port":     {`{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com","port":"x","textTemplate":"{{if"},"secureJsonFields":{"secretKey":true}}`, "port number, textTemplate template-syntax"},
		"no object":                 {`{"jsonData":[]}`, " not-object"},
	} {
		t.Run(name, func(t *testing.T) {
			answer := ask(t, d, "Editor", postTo("validate", tt.body))
			if got := byKey(decoded[validated](t, answer).Problems); answer.Status != http.StatusOK || got != tt.want {
				t.Errorf("%d %q", answer.Status, got)
			}
		})
	}
	if got := ask(t, d, "Editor", postTo("validate", `{"jsonData":{"appKey":"AppKey","fromAddress":"a@example.com"},"secureJsonFields":{"secretKey":true}}`)); string(got.Body) != `{"problems":[]}` {
		t.Errorf("%s", got.Body)
	}
	if got := ask(t, d, "Viewer", postTo("validate", `{}`)); got.Status != http.StatusForbidden {
		t.Errorf("a Viewer: %d", got.Status)
	}
}

// TestSaveAndTestTellsProblemsByKey: for the page, which shows each at its field, and in
// one sentence with the keys for those who provision.
func TestSaveAndTestTellsProblemsByKey(t *testing.T) {
	got := checkHealth(t, broken(t), "Admin")
	var details healthDetails
	if err := json.Unmarshal(got.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	if all := byKey(details.Problems); all != "port number, webhookSecret webhook-secret-blank" {
		t.Errorf("%q", all)
	}
	if port := details.Problems[0]; !maps.Equal(port.Params, map[string]string{"value": "smtp", "least": "1", "most": "65535"}) {
		t.Errorf("%v", port.Params)
	}
	if !strings.Contains(got.Message, `port is "smtp"; it must be a whole number from 1 to 65535; webhookSecret is blank`) {
		t.Error(got.Message)
	}
}

// TestSaveAndTestTellsAMistakeInATemplate: at its field and in the language of the page, as
// any other setting.
func TestSaveAndTestTellsAMistakeInATemplate(t *testing.T) {
	got := checkHealth(t, instance(t, func(s *backend.DataSourceInstanceSettings) {
		s.JSONData = []byte(`{"appKey":"AppKey","fromAddress":"a@example.com","subjectTemplate":"{{.State}}\n{{.Sate}}","textTemplate":" "}`)
		s.DecryptedSecureJSONData = map[string]string{"secretKey": "SecretKey"}
	}), "Admin")
	var details healthDetails
	if err := json.Unmarshal(got.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	if len(details.Problems) != 1 {
		t.Fatalf("%+v", details.Problems)
	}
	want := map[string]string{"line": "2", "column": "3", "name": "Sate"}
	problem := details.Problems[0]
	delete(problem.Params, "words")
	if problem.Key != "subjectTemplate" || problem.Code != "template-field" || !maps.Equal(problem.Params, want) {
		t.Errorf("%+v", problem)
	}
	if !strings.Contains(got.Message, "subjectTemplate, line 2, column 3: ") {
		t.Error(got.Message)
	}
}

// broken is a data source that was saved with a port in words and a blank secret.
func broken(t *testing.T) *DataSource {
	t.Helper()
	return instance(t, func(s *backend.DataSourceInstanceSettings) {
		s.JSONData = []byte(`{"appKey":"AppKey","fromAddress":"a@example.com","port":"smtp"}`)
		s.DecryptedSecureJSONData = map[string]string{"secretKey": "SecretKey", "webhookSecret": " "}
	})
}
