package plugin

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
)

// TestWhatFollowsFromTheDomainIsAWarning, and no more than is known.
func TestWhatFollowsFromTheDomainIsAWarning(t *testing.T) {
	found := func(spf, dmarc maildomain.Status) *maildomain.Report {
		return &maildomain.Report{Domain: "example.com", Findings: []maildomain.Finding{
			{Record: maildomain.SPF, Status: spf}, {Record: maildomain.DKIM, Status: maildomain.OK}, {Record: maildomain.DMARC, Status: dmarc},
		}}
	}
	for _, tt := range []struct {
		name, from, to string
		found          *maildomain.Report
		want           []failure.ID
		says           string
	}{
		{"all right", "example.com", "a@gmail.com", found(maildomain.OK, maildomain.OK), nil, ""},
		{"not known", "example.com", "a@gmail.com", found(maildomain.Unknown, maildomain.OK), nil, ""},
		{"not looked up", "example.com", "a@gmail.com", nil, nil, ""},
		{"lacks two", "example.com", "a@example.com", found(maildomain.Missing, maildomain.Wrong), []failure.ID{failure.DomainLacks}, "SPF, DMARC"},
		{"and a recipient at Gmail", "example.com", "a@googlemail.com", found(maildomain.OK, maildomain.Missing), []failure.ID{failure.DomainRestricted}, "googlemail.com"},
		{"a public mail domain", "naver.com", "a@gmail.com", nil, []failure.ID{failure.PublicDomain}, "naver.com"},
	} {
		d := instance(t, func(s *backend.DataSourceInstanceSettings) {
			s.JSONData = []byte(`{"host":"127.0.0.1","port":1,"appKey":"AppKey","fromAddress":"grafana@` + tt.from + `","to":["` + tt.to + `"]}`)
		})
		var ids []failure.ID
		words := ""
		for _, w := range d.domainWarnings(tt.found) {
			ids = append(ids, w.ID)
			words += w.English
		}
		if !slices.Equal(ids, tt.want) || !strings.Contains(words, tt.says) || strings.Contains(words, "{{") {
			t.Errorf("%s: %v %q", tt.name, ids, words)
		}
	}
}

// TestTheOldHostIsWarnedOf: it may still take mail, and may stop.
func TestTheOldHostIsWarnedOf(t *testing.T) {
	d := instance(t, func(s *backend.DataSourceInstanceSettings) {
		s.JSONData = []byte(`{"host":"smtp-mail.cloud.toast.com.","timeoutSeconds":1,"appKey":"AppKey","fromAddress":"grafana@gmail.com","to":["a@example.com"]}`)
	})
	d.limits.health.SetBurst(0) // the relay is not asked
	var details healthDetails
	if err := json.Unmarshal(checkHealth(t, d, "Viewer").JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(details.Warnings, func(w failure.Hint) bool {
		return w.ID == failure.OldHost && strings.Contains(w.English, "Set host to smtp-mail.nhncloudservice.com")
	}) {
		t.Errorf("%+v", details.Warnings)
	}
}
