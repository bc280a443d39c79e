package delivery

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/nhncloud/nhncloud-email-datasource/internal/dnstest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// goodKey is a key record that can be read.
const goodKey = "v=DKIM1; k=ed25519; p=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

// lines is a log that is read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// take returns what was written since it was last taken.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// zone is a resolver that knows TXT records only. What is asked for is counted.
type zone struct {
	mu    sync.Mutex
	txt   map[string]string
	down  bool
	asked int
}

func (z *zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.asked++
	if z.down {
		return nil, errors.New("no DNS")
	}
	if text := z.txt[strings.TrimSuffix(name, ".")]; text != "" {
		return []string{text}, nil
	}
	return nil, &net.DNSError{IsNotFound: true}
}
func (z *zone) LookupMX(context.Context, string) ([]*net.MX, error) { return nil, nil }
func (z *zone) LookupNS(context.Context, string) ([]*net.NS, error) { return nil, nil }
func (z *zone) LookupNetIP(context.Context, string, string) ([]netip.Addr, error) {
	return nil, nil
}

func (z *zone) set(name, text string, down bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.txt[name], z.down = text, down
}

func newZone() *zone {
	return &zone{txt: map[string]string{
		"example.com":                  "v=spf1 include:_spfblocka.toast.com ~all",
		"toast._domainkey.example.com": goodKey,
		"_dmarc.example.com":           "v=DMARC1; p=none",
		nhncloud.SPFIncludes[0]:        "v=spf1 ip4:192.0.2.0/24 ~all",
	}}
}

// TestTheDomainIsLookedUpOnceADay: the log has one warning when it gets worse, none
// while DNS does not tell, and one line when it is well again.
func TestTheDomainIsLookedUpOnceADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		z := newZone()
		var log lines
		set := settings.Defaults()
		set.From = address.Address{Local: "grafana", Domain: "example.com"}
		s := &Sender{
			service: &Service{domains: maildomain.WithResolver(z)}, settings: set,
			log: hclog.New(&hclog.LoggerOptions{Output: &log}),
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan struct{})
		go func() { defer close(ended); s.watchDomain(ctx) }()
		after := func(d time.Duration, looked bool, faulty string, words ...string) {
			t.Helper()
			z.mu.Lock()
			before := z.asked
			z.mu.Unlock()
			time.Sleep(d)
			synctest.Wait()
			z.mu.Lock()
			asked := z.asked - before
			z.mu.Unlock()
			if (asked > 0) != looked {
				t.Errorf("%v: %d look-ups", d, asked)
			}
			if got := maildomain.Titles(s.Domain().Faulty()); got != faulty {
				t.Errorf("%v: %q faulty, want %q", d, got, faulty)
			}
			said := log.take()
			if (said != "") != (len(words) > 0) {
				t.Errorf("%v: the log says %q", d, said)
			}
			for _, w := range words {
				if !strings.Contains(said, w) {
					t.Errorf("the log does not say %q: %s", w, said)
				}
			}
		}
		after(59*time.Second, false, "")
		after(2*time.Second, true, "")
		after(23*time.Hour, false, "")
		z.set("_dmarc.example.com", "", false)
		after(time.Hour, true, "DMARC", "[WARN]", "record=DMARC", "_dmarc.example.com", `v=DMARC1; p=none`)
		after(24*time.Hour, true, "DMARC") // said already
		z.set("_dmarc.example.com", "v=DMARC1; p=none", true)
		after(24*time.Hour, true, "DMARC") // not known to be better
		z.set("_dmarc.example.com", "v=DMARC1; p=none", false)
		after(time.Hour, true, "", "[INFO]", "right again")
		cancel()
		<-ended
	})
}

// TestAMistakeInSpfIncludeIsTold: it is no reason to doubt this machine's DNS.
func TestAMistakeInSpfIncludeIsTold(t *testing.T) {
	set := settings.Defaults()
	set.From = address.Address{Local: "grafana", Domain: "example.com"}
	set.SPFInclude = "_spfblocka.toats.com"
	s := &Sender{service: &Service{domains: maildomain.WithResolver(newZone())}, settings: set, log: hclog.NewNullLogger()}
	if got := maildomain.Titles(s.CheckDomain(t.Context()).Faulty()); got != "SPF" {
		t.Errorf("%q faulty", got)
	}
}

// TestMailToGmailIsNotedWhereTheDomainLacksARecord, from what is known alone: when mail
// is accepted, DNS is not asked.
func TestMailToGmailIsNotedWhereTheDomainLacksARecord(t *testing.T) {
	dns, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dns.Stop)
	dns.TXT(nhncloud.SPFIncludes[0], "v=spf1 ip4:192.0.2.0/24 ~all")
	dns.TXT("example.com", "v=spf1 include:_spfblocka.toast.com ~all")
	dns.TXT("toast._domainkey.example.com", goodKey)
	m := startMailing(t, map[string]any{"allowedRecipients": []string{"@gmail.com", "@yahoo.com", "@example.com"}})
	if m.service.domains, err = maildomain.New(dns.Address()); err != nil {
		t.Fatal(err)
	}
	note := func(group, query string) string {
		t.Helper()
		return m.accept(t, group, query).Delivery.Note
	}
	if got := note("before", "to=a@gmail.com"); got != "" {
		t.Errorf("nothing is known: %q", got)
	}
	dns.Fault("_dmarc.example.com", dnstest.ServFail)
	m.sender.CheckDomain(t.Context())
	if got := note("unknown", "to=a@gmail.com"); got != "" {
		t.Errorf("it could not be checked: %q", got)
	}
	dns.Fault("_dmarc.example.com", dnstest.None)
	m.sender.CheckDomain(t.Context())
	asked := dns.Asked("_dmarc.example.com")
	for _, name := range []string{"example.com", "toast._domainkey.example.com", "_dmarc.example.com"} {
		dns.Fault(name, dnstest.Silent) // whoever asks now waits
	}
	if got, want := note("lacks", "to=a@gmail.com,b@example.com&cc=c@yahoo.com"), "mail to gmail.com, yahoo.com may be restricted: example.com lacks DMARC (see Save & test)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := note("elsewhere", "to=b@example.com"); got != "" {
		t.Errorf("%q", got)
	}
	if dns.Asked("_dmarc.example.com") != asked {
		t.Error("DNS was asked for a mail")
	}

	registry := prometheus.NewRegistry()
	m.service.RegisterMetrics(registry)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "nhncloud_email_domain_record_ok" {
			for _, metric := range family.Metric {
				var labels []string
				for _, l := range metric.Label {
					labels = append(labels, l.GetValue())
				}
				got[strings.Join(labels, " ")] = metric.GetGauge().GetValue()
			}
		}
	}
	if len(got) != 3 || got["example.com dmarc 1/mail"] != 0 || got["example.com spf 1/mail"] != 1 || got["example.com dkim 1/mail"] != 1 {
		t.Errorf("%v", got)
	}
}

// TestAWrongDNSServerKeepsNoMail: it is a setting of a check, and the log names it.
func TestAWrongDNSServerKeepsNoMail(t *testing.T) {
	var log bytes.Buffer
	service := New(ConfigFromEnv(func(key string) string {
		return map[string]string{"GF_PLUGIN_OUTBOX_URL": inMemory, "GF_PLUGIN_DNS_SERVER": "https://dns.example.com"}[key]
	}, ""), hclog.New(&hclog.LoggerOptions{Output: &log}))
	if _, err := service.Outbox(t.Context()); err != nil {
		t.Error(err)
	}
	if err := service.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if !strings.Contains(log.String(), `dns_server is not host:port: \"https://dns.example.com\"`) {
		t.Error(log.String())
	}
}

// TestTheDomainsOfProfilesAreLookedUp: each once, none that the data source has and none
// that is public; the note of a delivery speaks of the domain that it is from.
func TestTheDomainsOfProfilesAreLookedUp(t *testing.T) {
	dns, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dns.Stop)
	dns.TXT(nhncloud.SPFIncludes[0], "v=spf1 ip4:192.0.2.0/24 ~all")
	for _, domain := range []string{"example.com", "example.org"} {
		dns.TXT(domain, "v=spf1 include:_spfblocka.toast.com ~all")
		dns.TXT("toast._domainkey."+domain, goodKey)
	}
	dns.TXT("_dmarc.example.com", "v=DMARC1; p=none")
	m := startMailing(t, map[string]any{"allowedRecipients": []string{"@gmail.com"}, "profiles": []map[string]any{
		{"name": "a", "fromAddress": "a@example.org"}, {"name": "b", "fromAddress": "b@EXAMPLE.org"}, {"name": "c", "fromAddress": "c@example.com"}, {"name": "d", "fromAddress": "d@naver.com"}, {"name": "e"},
	}})
	if m.service.domains, err = maildomain.New(dns.Address()); err != nil {
		t.Fatal(err)
	}
	if own := m.sender.CheckDomain(t.Context()); own.Domain != "example.com" || len(own.Faulty()) > 0 {
		t.Errorf("%+v", own)
	}
	others := m.sender.ProfileDomains()
	if len(others) != 1 || others[0].Domain != "example.org" || maildomain.Titles(others[0].Faulty()) != "DMARC" {
		t.Fatalf("%+v", others)
	}
	if asked := dns.Asked("_dmarc.naver.com"); asked > 0 {
		t.Errorf("%d questions about naver.com", asked)
	}
	for query, want := range map[string]string{
		"to=a@gmail.com":           "",
		"profile=c&to=a@gmail.com": "",
		"profile=a&to=a@gmail.com": "mail to gmail.com may be restricted: example.org lacks DMARC (see Save & test)",
	} {
		if got := m.accept(t, query, query).Delivery.Note; got != want {
			t.Errorf("%s: %q", query, got)
		}
	}
}
