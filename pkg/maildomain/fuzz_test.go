package maildomain_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
)

// texts is a resolver that has these TXT records, and nothing else.
type texts map[string]string

func (r texts) LookupTXT(_ context.Context, name string) ([]string, error) {
	if text, ok := r[strings.TrimSuffix(name, ".")]; ok {
		return strings.Split(text, "\x00"), nil
	}
	return nil, &net.DNSError{IsNotFound: true}
}
func (texts) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, nil }
func (texts) LookupNS(context.Context, string) ([]*net.NS, error) { return nil, nil }
func (texts) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

// FuzzRecords reads what anybody may have put into DNS. The record that is offered in
// place of a wrong one is right, and what is told is bounded.
func FuzzRecords(f *testing.F) {
	f.Add("v=spf1 mx ~all include:a.example.net\x00v=spf1 redirect=a.example.net", "v=spf1 ip4:192.0.2.1/24 a:b/24//64 -all", "v=DKIM1; k=rsa; p=AAAA", "v=DMARC1; p=none; sp=reject")
	f.Add("v=spf1 +include:%{i}.example.net exists:%{l} ?all exp=x", "V=SPF1", "p=", "v=DMARC1;p")
	f.Add("v=spf1 include:a.example.net", "v=spf1 include:example.com", "k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", "v=DMARC1; p=REJECT; adkim=s\x00v=DMARC1; p=none")
	f.Fuzz(func(t *testing.T, spf, included, key, policy string) {
		records := texts{
			include: "v=spf1 ip4:192.0.2.0/24 ~all", "example.com": spf, "a.example.net": included,
			"toast._domainkey.example.com": key, "_dmarc.example.com": policy,
		}
		report := maildomain.WithResolver(records).Check(t.Context(), sender)
		for _, f := range report.Findings {
			length := len(f.Expected) + len(f.English)
			for _, found := range f.Found {
				length += len(found)
			}
			if f.Status == "" || f.English == "" || strings.Contains(f.English, "{{name}}") && !strings.Contains(spf+included, "{{") || length > 8000 {
				t.Errorf("%d octets: %+v", length, f)
			}
		}
		if offered := report.Findings[0].Expected; offered != "" {
			records["example.com"] = offered
			if again := maildomain.WithResolver(records).Check(t.Context(), sender).Findings[0]; again.Status == maildomain.Wrong && again.Expected != "" {
				t.Errorf("%q in place of %q: %+v", offered, spf, again)
			}
		}
	})
}
