package plugintest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/dnstest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// nameServer is a DNS server of the test's own, which knows the service's hosts.
func nameServer(t *testing.T) *dnstest.Server {
	t.Helper()
	dns, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dns.Stop)
	dns.TXT(nhncloud.SPFIncludes[0], "v=spf1 ip4:192.0.2.0/24 ~all")
	return dns
}

// startWith is start with a DNS server.
func startWith(t *testing.T, dns *dnstest.Server, out *log) *plugintest.Process {
	t.Helper()
	o := plugintest.Options{Executable: executable, Env: []string{"GF_PLUGIN_OUTBOX_URL=memory:", "GF_PLUGIN_DNS_SERVER=" + dns.Address()}}
	if out != nil {
		o.Log = out
	}
	p, err := plugintest.Start(watched(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

// TestSaveAndTestTellsWhatTheDomainLacks, with the records to add, and does not fail for
// that; mail to Gmail has a note from then on.
func TestSaveAndTestTellsWhatTheDomainLacks(t *testing.T) {
	dns := nameServer(t)
	dns.TXT("example.com", "v=spf1 mx ~all include:_spfblocka.toast.com")
	dns.TXT("toast._domainkey.example.com", "v=DKIM1; p=")
	var out log
	p := startWith(t, dns, &out)
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"to": []string{"oncall@example.com", "oncall@gmail.com"}})
	result, err := p.CheckHealthAs(within(t), ds, viewer)
	if err != nil {
		t.Fatal(err)
	}
	var details struct {
		Domain   maildomain.Report
		Warnings []struct{ HintID string }
	}
	if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	if result.Status.String() != "OK" || len(details.Domain.Findings) != 3 || len(details.Warnings) != 2 || details.Warnings[1].HintID != "domain-restricted" {
		t.Fatalf("%s %s %s", result.Status, result.Message, result.JSONDetails)
	}
	for i, want := range []struct{ status, id, name, expected, words string }{
		{"wrong", "spf-all-not-last", "example.com", "v=spf1 mx include:_spfblocka.toast.com ~all", "SPF: In the SPF record of example.com"},
		{"wrong", "dkim-revoked", "toast._domainkey.example.com", "", "DKIM: The DKIM key of toast._domainkey.example.com is revoked"},
		{"missing", "dmarc-missing", "_dmarc.example.com", "v=DMARC1; p=none", "DMARC: There is no DMARC record"},
	} {
		f := details.Domain.Findings[i]
		if string(f.Status) != want.status || string(f.ID) != want.id || f.Name != want.name || f.Expected != want.expected {
			t.Errorf("%+v, want %+v", f, want)
		}
		if !strings.Contains(result.Message, want.words) || !strings.Contains(result.Message, want.expected) {
			t.Errorf("%q does not say %q", result.Message, want.words)
		}
	}
	if !strings.Contains(result.Message, "not set up and verified") {
		t.Errorf("%q takes DNS for the console", result.Message)
	}
	answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
	log := call(t, p, ds, plugintest.Request{Method: "GET", Path: "deliveries", User: viewer})
	if answer.Status != 200 || !strings.Contains(string(log.Body), "mail to gmail.com may be restricted: example.com lacks SPF, DKIM, DMARC") {
		t.Errorf("%d %s %s", answer.Status, answer.Body, log.Body)
	}
	if status := call(t, p, ds, plugintest.Request{Method: "GET", Path: "status", User: viewer}); !strings.Contains(string(status.Body), `"hintId":"dmarc-missing"`) {
		t.Errorf("%s", status.Body)
	}
	await(t, func() bool {
		return strings.Count(out.String(), "a DNS record of the sender's domain is not right") == 3
	})
}

// TestNoDNSDelaysNoMailAndWarnsOfNothing: a DNS that is silent is no fault of the
// domain.
func TestNoDNSDelaysNoMailAndWarnsOfNothing(t *testing.T) {
	dns := nameServer(t)
	for _, name := range []string{"example.com", "toast._domainkey.example.com", "_dmarc.example.com"} {
		dns.Fault(name, dnstest.Silent)
	}
	p := startWith(t, dns, nil)
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"to": []string{"oncall@gmail.com"}})
	if answer := call(t, p, ds, plugintest.Signed("alerts", another(t, 1))); answer.Status != 200 || dns.Asked("example.com") != 0 {
		t.Errorf("%d %s, %d questions", answer.Status, answer.Body, dns.Asked("example.com"))
	}
	result, err := p.CheckHealth(within(t), ds)
	if err != nil {
		t.Fatal(err)
	}
	var details struct{ Domain maildomain.Report }
	if err := json.Unmarshal(result.JSONDetails, &details); err != nil {
		t.Fatal(err)
	}
	if result.Status.String() != "OK" || strings.Contains(result.Message, "missing or wrong") || len(details.Domain.Faulty()) > 0 || len(details.Domain.Findings) != 3 {
		t.Errorf("%s %s", result.Message, result.JSONDetails)
	}
}
