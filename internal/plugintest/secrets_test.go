package plugintest_test

import (
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/grafanatest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestNoSecretLeavesTheProcess plants secrets, makes everything go wrong that
// a data source can meet, and looks for them in all that the process says.
func TestNoSecretLeavesTheProcess(t *testing.T) {
	const secret, signing, token = "CANARY-secret-key", "CANARY-webhook-secret", "CANARY-grafana-token"
	grafana := grafanatest.Start() // which repeats the token that it refuses
	t.Cleanup(grafana.Stop)
	r := relay(t, relaytest.Options{SecretKey: secret})
	var said log
	p, err := plugintest.Start(watched(plugintest.Options{Executable: executable, Log: &said, Env: []string{
		"GF_PLUGIN_OUTBOX_URL=sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db")), "GF_PLUGIN_LOG_LEVEL=debug",
		"GF_PLUGIN_GRAFANA_TOKEN=" + token, "GF_PLUGIN_GRAFANA_URL=" + grafana.URL(),
	}}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	good := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	good.Secrets["secretKey"], good.Secrets["webhookSecret"] = secret, signing
	for uid, given := range map[string]string{"settings": token + "-of-settings", "operator": ""} {
		charted := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"grafanaUrl": grafana.URL()})
		charted.UID = uid
		charted.Secrets["secretKey"], charted.Secrets["grafanaToken"] = secret, given
		answer, err := p.Call(within(t), charted, plugintest.Signed("alerts", ofRule(uid)))
		log, logErr := p.Call(within(t), charted, plugintest.Request{Method: "GET", Path: "deliveries", User: viewer})
		if err != nil || logErr != nil || answer.Status != 200 || !strings.Contains(string(log.Body), "Grafana answers 401") {
			t.Errorf("%v, %v: %d %s %s", err, logErr, answer.Status, answer.Body, log.Body)
		}
		_, _ = said.Write(append(answer.Body, log.Body...))
	}
	say := func(parts ...any) {
		encoded, err := json.Marshal(parts)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = said.Write(append(encoded, '\n'))
	}
	all := func(ds plugintest.DataSource) {
		health, err := p.CheckHealth(within(t), ds)
		say(health, errorText(err))
		for _, request := range []plugintest.Request{
			plugintest.Signed("alerts", another(t, 1)), // the wrong signature
			{Path: "alerts", Body: []byte("{"), User: admin},
			{Path: "test", User: admin},
			{Path: "preview", User: admin, Body: []byte(`{"settings":{"secretKey":"x","htmlTemplate":"{{ .Nothing }}"}}`)},
			{Path: "diagnose", User: admin},
			{Method: "GET", Path: "status", User: viewer},
			{Method: "GET", Path: "deliveries", User: viewer},
		} {
			answer, err := p.Call(within(t), ds, request)
			say(answer.Status, string(answer.Body), errorText(err))
		}
		say(query(t, p, ds, "deliveries", `{}`), query(t, p, ds, "stats", `{}`))
	}

	all(good)
	unsigned := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	unsigned.UID = "unsigned"
	unsigned.Secrets = map[string]string{"secretKey": secret, "tlsCACert": string(r.CA())}
	all(unsigned)
	// A relay that repeats what it was told.
	r.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 5.7.8 " + base64.StdEncoding.EncodeToString([]byte("\x00AppKey\x00"+secret)) + " " + secret + " is wrong\r\n")})
	echoed := unsigned
	echoed.UID = "echoed"
	all(echoed)
	wrong := unsigned
	wrong.UID = "wrong"
	wrong.Secrets = map[string]string{"secretKey": secret, "tlsCACert": "CANARY-certificate"}
	all(wrong)
	metrics, err := p.Metrics(within(t))
	if err != nil {
		t.Fatal(err)
	}
	say(string(metrics))
	p.Stop()

	for _, mail := range r.Mails() {
		_, _ = said.Write(mail.Data)
	}
	text := said.String()
	for _, canary := range []string{"CANARY", base64.StdEncoding.EncodeToString([]byte(secret)), base64.StdEncoding.EncodeToString([]byte("\x00AppKey\x00" + secret))} {
		if i := strings.Index(text, canary); i >= 0 {
			t.Errorf("%q is told: …%s…", canary, text[max(0, i-200):min(len(text), i+200)])
		}
	}
	dialogue := 0
	for line := range strings.Lines(text) {
		if !strings.Contains(line, `"@message":"smtp"`) {
			continue
		}
		dialogue++
		for _, user := range []string{"AppKey", base64.StdEncoding.EncodeToString([]byte("AppKey"))} {
			if strings.Contains(line, user) {
				t.Errorf("%q is in the dialogue: %s", user, line)
			}
		}
	}
	if dialogue < 100 || !strings.Contains(text, `"sent":"MAIL FROM:`) {
		t.Errorf("%d lines of dialogue at debug", dialogue)
	}
	if !strings.Contains(text, "[redacted]") || len(text) < 10_000 {
		t.Error("too little was said: the test tests nothing")
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
