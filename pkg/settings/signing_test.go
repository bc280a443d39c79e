package settings_test

import (
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

func TestSigningSecretsOfContactPoints(t *testing.T) {
	s, err := settings.Load([]byte(`{`+required+`}`), map[string]string{
		"secretKey": "SecretKey", "webhookSecret1": "one", "webhookSecret20": "twenty", "webhookSecret3": "",
		"webhookSecret04": "x", "webhookSecret12345": "x", "webhookSecretB": "x", "webhookSecret-1": "x",
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.ContactPointSecrets) != 2 || s.SigningSecret("1").Reveal() != "one" || s.SigningSecret("20").Reveal() != "twenty" {
		t.Errorf("there are %d secrets of contact points", len(s.ContactPointSecrets))
	}
	if s.SigningSecret("").IsSet() || s.SigningSecret("3").IsSet() || !s.Signed() {
		t.Error("a secret that is not there is used, or alerts need not be signed")
	}

	_, err = settings.Load([]byte(`{`+required+`,"webhookSecret1":"one"}`), map[string]string{"secretKey": "SecretKey", "webhookSecret2": " "})
	if err == nil || !strings.Contains(err.Error(), "webhookSecret1 stands in jsonData") || !strings.Contains(err.Error(), "webhookSecret2 is blank") {
		t.Errorf("a public and a blank secret: %v", err)
	}
}
