package plugintest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestFiveThousandAlertsBecomeOneMail of 11 MB: counted, not refused, and what
// somebody wrote around Grafana's text is in it.
func TestFiveThousandAlertsBecomeOneMail(t *testing.T) {
	const count, critical = 5000, 4321
	type fields = map[string]any
	alerts := make([]fields, count)
	message := strings.Builder{}
	message.WriteString("On call: Lee.\n**Firing**\n")
	for i := range alerts {
		severity := "warning"
		if i == critical {
			severity = "critical"
		}
		host, description := fmt.Sprintf("db-%d", i), strings.Repeat("x", 900)
		alerts[i] = fields{
			"status": "firing", "fingerprint": fmt.Sprintf("%016x", i), "startsAt": "2026-11-23T06:33:30Z", "endsAt": "0001-01-01T00:00:00Z",
			"labels":      fields{"alertname": "Disk full", "instance": host, "severity": severity},
			"annotations": fields{"description": description}, "values": fields{"B": 1.5},
			"generatorURL": "https://grafana.example.com/r1",
		}
		fmt.Fprintf(&message, "\nValue: B=1.5\nLabels:\n - alertname = Disk full\n - instance = %s\n - severity = %s\nAnnotations:\n - description = %s\nSource: https://grafana.example.com/r1\n", host, severity, description)
	}
	message.WriteString("\nEscalation: call Kim.")
	body, err := json.Marshal(struct {
		Status       string   `json:"status"`
		Alerts       []fields `json:"alerts"`
		GroupLabels  fields   `json:"groupLabels"`
		CommonLabels fields   `json:"commonLabels"`
		GroupKey     string   `json:"groupKey"`
		Title        string   `json:"title"`
		Message      string   `json:"message"`
	}{"firing", alerts, fields{"alertname": "Disk full"}, fields{"alertname": "Disk full"}, "g", "[FIRING:5000] Disk full", message.String()})
	if err != nil || len(body) < 11_000_000 {
		t.Fatal(len(body), err)
	}

	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	answer := call(t, p, ds, plugintest.Signed("alerts", body))
	if answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	mails := waitMails(t, r, 1)
	data := mails[0].Data
	if got, want := subject(t, data), "[FIRING:5,000] Disk full · db-4321 … · critical"; got != want {
		t.Errorf("the subject is %q, want %q", got, want)
	}
	if !strings.Contains(string(data), "\r\nImportance: high\r\n") {
		t.Error("the mail does not say that a critical alert is among them")
	}
	for kind, text := range parts(t, data) {
		text = strings.Join(strings.Fields(text), " ")
		for _, want := range []string{"On call: Lee.", "Escalation: call Kim.", "5,000 firing", "db-4321", "warning"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q", kind, want)
			}
		}
		if strings.Contains(text, "Annotations:") {
			t.Errorf("%s has Grafana's text, too", kind)
		}
	}
	text := strings.Join(strings.Fields(parts(t, data)["text/plain"]), " ")
	if !strings.Contains(text, "4,000 further alerts are not listed in this mail. Among them: 4,000 firing (4,000 warning).") {
		t.Errorf("the text does not count what is not listed:\n%s", text[max(0, len(text)-600):])
	}

	// One alert of those that are not kept is another: no duplicate.
	last := []byte(strings.Replace(string(body), fmt.Sprintf("%016x", count-1), "another", 1))
	if answer := call(t, p, ds, plugintest.Signed("alerts", last)); answer.Status != http.StatusOK || object(t, answer.Body)["status"] != "sent" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
	if answer := call(t, p, ds, plugintest.Signed("alerts", body)); answer.Status != http.StatusOK || object(t, answer.Body)["status"] != "duplicate" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}

// TestPayloadsOfTheFieldBecomeMail: custom payloads, null, odd times.
func TestPayloadsOfTheFieldBecomeMail(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "memory:", nil)
	files, err := filepath.Glob(filepath.Join("..", "..", "pkg", "message", "testdata", "cases", "*.json"))
	if err != nil || len(files) < 6 {
		t.Fatal("the payloads are missing", err)
	}
	for i, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		// Two of them say the same of the same alert.
		ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
		ds.UID = filepath.Base(file)
		if answer := call(t, p, ds, plugintest.Signed("alerts?orgId=1&targetOrgId=1", body)); answer.Status != http.StatusOK {
			t.Errorf("%s: %d %s", file, answer.Status, answer.Body)
		}
		waitMails(t, r, i+1)
	}
	noViolations(t, r)
}
