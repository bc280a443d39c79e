package plugin

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// delivers says whether the service's code means that the recipient may have the mail.
func delivers(code string) bool {
	switch code {
	case "SST0", "SST1", "SST2", "SST4":
		return true
	}
	return false
}

var documentedCodes = []string{"SST0", "SST1", "SST2", "SST3", "SST4", "SST5", "SST7", "SST8"}

// TestTheSampleRuleFiresOnWhatIsNotDelivered, and is silent otherwise: with everything
// delivered, without mail, and where the service is not asked.
func TestTheSampleRuleFiresOnWhatIsNotDelivered(t *testing.T) {
	content, err := os.ReadFile("../../provisioning/alerting/mail-not-delivered.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var sample struct {
		Groups []struct {
			Rules []struct {
				NoDataState string `yaml:"noDataState"`
				Data        []struct {
					QueryType         string         `yaml:"queryType"`
					RelativeTimeRange map[string]int `yaml:"relativeTimeRange"`
					Model             map[string]any
				}
			}
		}
	}
	if err := yaml.Unmarshal(content, &sample); err != nil {
		t.Fatal(err)
	}
	rule := sample.Groups[0].Rules[0]
	asked := rule.Data[0]
	if rule.NoDataState != "OK" || asked.Model["queryType"] != asked.QueryType {
		t.Errorf("%+v", rule)
	}
	now := time.Now()
	fires := func(d *DataSource) bool {
		t.Helper()
		got, err := d.QueryData(t.Context(), &backend.QueryDataRequest{Queries: []backend.DataQuery{{
			RefID: "A", QueryType: asked.QueryType, JSON: []byte(encode(t, asked.Model)), MaxDataPoints: 100,
			TimeRange: backend.TimeRange{From: now.Add(-time.Duration(asked.RelativeTimeRange["from"]) * time.Second), To: now},
		}}})
		if err != nil {
			t.Fatal(err)
		}
		total := 0.0
		for i, f := range oneFrame(t, got.Responses["A"]).Fields {
			if i == 0 {
				continue // the time
			}
			if f.Labels["domain"] == "" {
				t.Errorf("the rule cannot name the domain: %v", f.Labels)
			}
			for j := range f.Len() {
				total += f.At(j).(float64)
			}
		}
		return total > 0
	}
	for _, code := range documentedCodes {
		s := startService(t, servicetest.Options{})
		s.Add(atService("SST2", "b@example.com", "x"), atService(code, "a@example.com", "x"))
		if got := fires(asking(t, s.URL())); got == delivers(code) {
			t.Errorf("with %s the rule fires: %t", code, got)
		}
	}
	if fires(asking(t, startService(t, servicetest.Options{}).URL())) || fires(instance(t, nil)) {
		t.Error("the rule fires without mail, or while the service is not asked")
	}
}

// TestTheDashboardShowsWhatTheServiceSays: each panel of the service has an answer, the
// table has those who do not get their mail, and all are quiet while the service is not
// asked.
func TestTheDashboardShowsWhatTheServiceSays(t *testing.T) {
	content, err := os.ReadFile("../../src/dashboards/deliveries.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []map[string]any
		}
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(string(content), "$recipient", "")), &dashboard); err != nil {
		t.Fatal(err)
	}
	s := startService(t, servicetest.Options{})
	for _, code := range documentedCodes {
		s.Add(atService(code, code+"@example.com", "x"))
	}
	on, off := asking(t, s.URL()), instance(t, nil)
	panels := 0
	for _, panel := range dashboard.Panels {
		for _, target := range panel.Targets {
			kind, _ := target["queryType"].(string)
			if !strings.HasPrefix(kind, "service") {
				continue
			}
			panels++
			frame := oneFrame(t, query(t, on, kind, target))
			if frame.Rows() == 0 {
				t.Errorf("%s is empty", panel.Title)
			}
			if kind == "serviceMails" {
				shown := strings.Join(texts(t, frame, "code"), " ")
				for _, code := range documentedCodes {
					if strings.Contains(shown, code) == delivers(code) {
						t.Errorf("%s shows %s", panel.Title, shown)
					}
				}
			}
			if got := oneFrame(t, query(t, off, kind, target)); len(got.Fields) > 0 || len(notices(got)) != 1 || notices(got)[0] != failure.ServiceOff.With().English {
				t.Errorf("%s, while the service is not asked: %v", panel.Title, got)
			}
		}
	}
	if panels != 3 {
		t.Errorf("%d panels ask the service", panels)
	}
}
