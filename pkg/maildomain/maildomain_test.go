package maildomain_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/nhncloud/nhncloud-email-datasource/internal/dnstest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/maildomain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	include  = "_spfblocka.toast.com"
	another  = "mail.nhncloudservice.com"
	spfName  = "example.com"
	dkimName = "toast._domainkey.example.com"
	rightSPF = "v=spf1 include:_spfblocka.toast.com ~all"
)

var sender = maildomain.Sender{Domain: "example.com", Selector: "toast", Includes: []string{include, another}}

// publicKey is the p= of a key of that many bits.
func publicKey(t *testing.T, bits int) string {
	t.Helper()
	t.Setenv("GODEBUG", "rsa1024min=0") // a short key is one of the cases
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

// start runs a DNS server in which everything is right.
func start(t *testing.T) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.TXT(include, "v=spf1 ip4:192.0.2.0/24 ~all")
	s.TXT(another, "v=spf1 include:_spfblocka.toast.com ~all")
	s.TXT(spfName, rightSPF, "google-site-verification=abc")
	s.TXT(dkimName, "v=DKIM1; k=rsa; p="+key2048(t))
	s.TXT("_dmarc.example.com", "v=DMARC1; p=none; fo=1; rua=mailto:dmarc@example.com")
	return s
}

var madeKey string

func key2048(t *testing.T) string {
	if madeKey == "" {
		madeKey = publicKey(t, 2048)
	}
	return madeKey
}

func check(t *testing.T, s *dnstest.Server, of maildomain.Sender) *maildomain.Report {
	t.Helper()
	checker, err := maildomain.New(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	return checker.Check(t.Context(), of)
}

// chain gives n domains of which each includes the next, and returns the first.
func chain(s *dnstest.Server, n int, last string) string {
	for i := range n - 1 {
		s.TXT(fmt.Sprintf("n%d.example.net", i), fmt.Sprintf("v=spf1 include:n%d.example.net ~all", i+1))
	}
	s.TXT(fmt.Sprintf("n%d.example.net", n-1), last)
	return "n0.example.net"
}

func TestEachFaultIsToldWithTheRecordToAdd(t *testing.T) {
	right := []maildomain.Status{maildomain.OK, maildomain.OK, maildomain.OK}
	subdomain := sender
	subdomain.Domain = "alerts.example.com"
	deep := sender
	deep.Domain = "alerts.example.co.kr"
	ed := base64.StdEncoding.EncodeToString(make([]byte, ed25519.PublicKeySize))
	tests := []struct {
		name     string
		of       maildomain.Sender
		set      func(*dnstest.Server)
		spf      failure.ID
		dkim     failure.ID
		dmarc    failure.ID
		expected string   // of the first that is not right
		says     []string // the first's words
	}{
		{name: "all right"},
		{name: "the other documented include", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 include:"+another+" -all") }},
		{name: "included at depth", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:a.example.net ~all")
			s.TXT("a.example.net", "v=spf1 redirect=b.example.net")
			s.TXT("b.example.net", rightSPF)
		}},
		{name: "ten look-ups", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:"+include+" include:"+chain(s, 9, "v=spf1 ip4:192.0.2.1 ~all")+" ~all")
		}},
		{name: "upper case and a point", set: func(s *dnstest.Server) {
			s.TXT(spfName, "V=SPF1 +INCLUDE:_SPFblocka.toast.com. ?ALL exp=e.example.com")
		}},

		{name: "no SPF record", set: func(s *dnstest.Server) { s.TXT(spfName, "google-site-verification=abc", "v=spf10") },
			spf: failure.SPFMissing, expected: rightSPF, says: []string{"example.com has no SPF record", rightSPF}},
		{name: "nothing of the domain", set: func(s *dnstest.Server) {
			s.Fault(spfName, dnstest.None)
			s.TXT(spfName)
			s.TXT(dkimName)
			s.TXT("_dmarc.example.com")
		}, spf: failure.SPFMissing, dkim: failure.DKIMMissing, dmarc: failure.DMARCMissing, expected: rightSPF},
		{name: "two SPF records", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 mx ip4:192.0.2.7 ~all", "v=spf1 include:a.example.net -all")
		},
			spf: failure.SPFSeveral, expected: "v=spf1 include:_spfblocka.toast.com mx ip4:192.0.2.7 include:a.example.net ~all", says: []string{"2 SPF records"}},
		{name: "eleven look-ups", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:"+include+" include:"+chain(s, 10, "v=spf1 ip4:192.0.2.1 ~all")+" ~all")
		}, spf: failure.SPFTooMany, says: []string{"more than 10 DNS lookups"}},
		{name: "~all in the middle", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 mx ~all include:"+include) },
			spf: failure.SPFAllNotLast, expected: "v=spf1 mx include:_spfblocka.toast.com ~all", says: []string{"after ~all", "to the end"}},
		{name: "no include", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 mx -all") },
			spf: failure.SPFNoInclude, expected: "v=spf1 include:_spfblocka.toast.com mx -all"},
		{name: "an include that does not allow", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 ?include:"+include+" -all") },
			spf: failure.SPFNoInclude},
		{name: "an include without a record", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 include:"+include+" include:gone.example.net ~all") },
			spf: failure.SPFIncludeMissing, says: []string{"gone.example.net"}},
		{name: "an include loop", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:"+include+" include:a.example.net ~all")
			s.TXT("a.example.net", "v=spf1 include:example.com ~all")
		}, spf: failure.SPFLoop, says: []string{"a.example.net includes example.com"}},
		{name: "three void look-ups", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:"+include+" a:x.example.net mx:y.example.net a:z.example.net ~all")
		},
			spf: failure.SPFVoid, says: []string{"a:x.example.net mx:y.example.net a:z.example.net"}},
		{name: "a term that is none", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 include:"+include+" ipv4:192.0.2.1 ~all") },
			spf: failure.SPFSyntax, says: []string{"ipv4:192.0.2.1"}},
		{name: "the space of a web page", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 include:"+include+"\u00a0~all") }, spf: failure.SPFSyntax},
		{name: "a macro that says which hosts exist", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 exists:%{i}._spf.example.net -all") }, spf: failure.SPFMacro},
		{name: "a macro that says which hosts do not", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 -exists:%{i}._spf.example.net ~all") }, spf: failure.SPFNoInclude},
		{name: "macros", set: func(s *dnstest.Server) { s.TXT(spfName, "v=spf1 include:%{i}._spf.example.net ~all") }, spf: failure.SPFMacro},

		{name: "no key", set: func(s *dnstest.Server) { s.TXT(dkimName) }, dkim: failure.DKIMMissing, says: []string{dkimName, "NHN Cloud console", "dkimSelector"}},
		{name: "the answer of a wildcard", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=spf1 -all") }, dkim: failure.DKIMMissing},
		{name: "the policy of a wildcard", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DMARC1; p=none") }, dkim: failure.DKIMMissing},
		{name: "the policy of a wildcard, and the key at the domain that was registered", of: subdomain, set: func(s *dnstest.Server) {
			s.TXT("alerts.example.com", rightSPF)
			s.TXT("toast._domainkey.alerts.example.com", "v=DMARC1; p=none")
		}},
		{name: "a revoked key", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM1; k=rsa; p=") }, dkim: failure.DKIMRevoked, says: []string{"revoked"}},
		{name: "a key that is cut", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM1; k=rsa; p="+key2048(t)[:200]) }, dkim: failure.DKIMSyntax, says: []string{"p="}},
		{name: "a key that is no base64", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM1; p=..copy from console..") }, dkim: failure.DKIMSyntax},
		{name: "another version", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM2; p="+ed) }, dkim: failure.DKIMSyntax, says: []string{"v="}},
		{name: "another kind of key", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM1; k=dsa; p="+ed) }, dkim: failure.DKIMSyntax, says: []string{"k="}},
		{name: "Ed25519", set: func(s *dnstest.Server) { s.TXT(dkimName, "v=DKIM1; k=ed25519; p="+ed) }},
		{name: "a short key", set: func(s *dnstest.Server) { s.TXT(dkimName, "p="+publicKey(t, 768)) }, dkim: failure.DKIMShort, says: []string{"768"}},
		{name: "two keys", set: func(s *dnstest.Server) { s.TXT(dkimName, "p="+key2048(t), "p="+ed) }, dkim: failure.DKIMSeveral},
		{name: "a key behind a CNAME", set: func(s *dnstest.Server) {
			s.TXT(dkimName)
			s.Add(dkimName + ". CNAME key.example.net.")
			s.TXT("key.example.net", "v=DKIM1; p="+key2048(t))
		}},
		{name: "a CNAME to nothing", set: func(s *dnstest.Server) {
			s.TXT(dkimName)
			s.Add(dkimName + ". CNAME key.example.net.")
		}, dkim: failure.DKIMMissing},

		{name: "no DMARC record", set: func(s *dnstest.Server) { s.TXT("_dmarc.example.com") },
			dmarc: failure.DMARCMissing, expected: "v=DMARC1; p=none", says: []string{"_dmarc.example.com", "v=DMARC1; p=none"}},
		{name: "DMARC without a policy", set: func(s *dnstest.Server) { s.TXT("_dmarc.example.com", "v=DMARC1; rua=mailto:a@example.com") },
			dmarc: failure.DMARCSyntax, expected: "v=DMARC1; p=none"},
		{name: "two DMARC records", set: func(s *dnstest.Server) { s.TXT("_dmarc.example.com", "v=DMARC1; p=none", "v=DMARC1; p=reject") },
			dmarc: failure.DMARCSeveral, expected: "v=DMARC1; p=none"},
		{name: "a mistake in a tag that does not matter", set: func(s *dnstest.Server) { s.TXT("_dmarc.example.com", "v=DMARC1;p=Reject; fo=x; pct=many") }},

		{name: "a mistake in the alignment", set: func(s *dnstest.Server) { s.TXT("_dmarc.example.com", "v=DMARC1; p=none; adkim=strict; aspf=") }},

		{name: "a subdomain", of: subdomain, set: func(s *dnstest.Server) { s.TXT("alerts.example.com", rightSPF) }},
		{name: "a subdomain without SPF", of: subdomain, spf: failure.SPFMissing, expected: rightSPF, says: []string{"alerts.example.com has no SPF"}},
		{name: "a subdomain under a strict policy", of: subdomain, set: func(s *dnstest.Server) {
			s.TXT("alerts.example.com", rightSPF)
			s.TXT("_dmarc.example.com", "v=DMARC1; p=reject; adkim=s")
		}, dkim: failure.DKIMStrict, says: []string{"adkim=s", "alerts.example.com"}},
		{name: "a subdomain of a public suffix of two labels", of: deep,
			spf: failure.SPFMissing, dkim: failure.DKIMMissing, dmarc: failure.DMARCMissing, says: []string{"alerts.example.co.kr has no SPF"}},

		{name: "SERVFAIL", set: func(s *dnstest.Server) { s.Fault(spfName, dnstest.ServFail) }, spf: failure.DNSFailed, says: []string{"could not be checked"}},
		{name: "refused", set: func(s *dnstest.Server) { s.Fault(dkimName, dnstest.Refused) }, dkim: failure.DNSFailed},
		{name: "SERVFAIL of an include", set: func(s *dnstest.Server) {
			s.TXT(spfName, "v=spf1 include:a.example.net mx ~all")
			s.Fault("a.example.net", dnstest.ServFail)
		}, spf: failure.DNSFailed, says: []string{"a.example.net could not be checked"}},
		{name: "a time-out", set: func(s *dnstest.Server) { s.Fault("_dmarc.example.com", dnstest.Silent) }, dmarc: failure.DNSTimeout, says: []string{"did not answer in time"}},
		{name: "an answer of 300 KB", set: func(s *dnstest.Server) { s.Fault(spfName, dnstest.Huge) }, spf: failure.DNSFailed},
		{name: "a DNS that knows the internal network only", set: func(s *dnstest.Server) { s.TXT(spfName); s.TXT(include); s.TXT(another) }, spf: failure.DNSInside},
		{name: "name servers of an internal network", set: func(s *dnstest.Server) {
			s.TXT("_dmarc.example.com")
			s.Add("example.com. NS dc1.example.com.")
			s.Add("dc1.example.com. A 10.1.2.3")
		}, dmarc: failure.DNSInside},
		{name: "name servers of the internet", set: func(s *dnstest.Server) {
			s.TXT("_dmarc.example.com")
			s.Add("example.com. NS ns1.example.com.")
			s.Add("ns1.example.com. A 203.0.113.53")
		}, dmarc: failure.DMARCMissing},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := start(t)
			if tt.set != nil {
				tt.set(s)
			}
			if tt.of.Domain == "" {
				tt.of = sender
			}
			report := check(t, s, tt.of)
			wrong, first := []failure.ID{tt.spf, tt.dkim, tt.dmarc}, true
			for i, f := range report.Findings {
				if wrong[i] == "" {
					if f.Status != right[i] || f.Expected != "" {
						t.Errorf("%+v", f)
					}
					continue
				}
				unknown := strings.HasPrefix(string(wrong[i]), "dns-") || wrong[i] == failure.SPFMacro
				if f.ID != wrong[i] || (f.Status == maildomain.Unknown) != unknown || f.Status == maildomain.OK {
					t.Errorf("%s: %s %s %q", f.Record, f.Status, f.ID, f.English)
				}
				if unknown && f.Expected != "" {
					t.Errorf("%s could not be checked and is to be %q", f.Record, f.Expected)
				}
				if strings.Contains(f.English, "{{") {
					t.Errorf("not filled in: %s", f.English)
				}
				if !first {
					continue
				}
				first = false
				if tt.expected != "" && f.Expected != tt.expected {
					t.Errorf("expected is %q, want %q", f.Expected, tt.expected)
				}
				for _, words := range tt.says {
					if !strings.Contains(f.Advice(), words) {
						t.Errorf("%q does not say %q", f.Advice(), words)
					}
				}
			}
		})
	}
}

// TestDMARCOfASubdomainIsItsOwnOrElseThatOfTheDomain that was registered.
func TestDMARCOfASubdomainIsItsOwnOrElseThatOfTheDomain(t *testing.T) {
	s := start(t)
	of := sender
	of.Domain = "alerts.eu.example.com"
	for _, tt := range []struct{ own, parent, name, policy, adkim string }{
		{"", "v=DMARC1; p=reject; sp=quarantine; adkim=s", "_dmarc.example.com", "quarantine", "s"},
		{"", "v=DMARC1; p=reject", "_dmarc.example.com", "reject", "r"},
		{"v=DMARC1; p=none; sp=reject", "v=DMARC1; p=reject", "_dmarc.alerts.eu.example.com", "none", "r"},
	} {
		s.TXT("_dmarc.alerts.eu.example.com")
		if tt.own != "" {
			s.TXT("_dmarc.alerts.eu.example.com", tt.own)
		}
		s.TXT("_dmarc.example.com", tt.parent)
		f := check(t, s, of).Findings[2]
		if f.Status != maildomain.OK || f.Name != tt.name || f.Args["policy"] != tt.policy || f.Args["adkim"] != tt.adkim {
			t.Errorf("%+v: %+v", tt, f)
		}
	}
}

// TestNoDNSIsNoFalseAlarm: nothing is said to be missing, and it does not take long.
func TestNoDNSIsNoFalseAlarm(t *testing.T) {
	closed, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	silent, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	for server, id := range map[string]failure.ID{
		closed.LocalAddr().String(): failure.DNSFailed,
		silent.LocalAddr().String(): failure.DNSTimeout,
		"dns/10.0.0.53":             failure.DNSServer,
	} {
		checker, err := maildomain.New(server)
		if (err != nil) != (id == failure.DNSServer) {
			t.Errorf("%s: %v", server, err)
		}
		report := checker.Check(t.Context(), sender)
		if len(report.Findings) != 3 || len(report.Faulty()) > 0 || report.Complete() {
			t.Errorf("%s: %+v", server, report)
		}
		for _, f := range report.Findings {
			if f.Status != maildomain.Unknown || f.ID != id {
				t.Errorf("%s: %s %s", server, f.Status, f.ID)
			}
		}
	}
}

// ends is a resolver whose time is up when it is asked for name servers.
type ends struct {
	texts
	end func()
}

func (e ends) LookupNS(ctx context.Context, _ string) ([]*net.NS, error) {
	e.end()
	return nil, ctx.Err()
}

// TestADoubtThatCouldNotBeSettledIsNoFalseAlarm: whether this machine's DNS is what the
// internet sees was not told in time.
func TestADoubtThatCouldNotBeSettledIsNoFalseAlarm(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	report := maildomain.WithResolver(ends{texts{include: "v=spf1 ip4:192.0.2.0/24 ~all"}, cancel}).Check(ctx, sender)
	if ctx.Err() == nil {
		t.Fatal("nobody asked for name servers")
	}
	for _, f := range report.Findings {
		if f.Status != maildomain.Unknown || f.ID != failure.DNSTimeout {
			t.Errorf("%s %s", f.Status, f.ID)
		}
	}
}

// TestAnIncludeThatNobodyHasIsNoDoubtOfTheDNS: it may be a mistake in the settings, and
// the service's own names tell what this machine's DNS sees.
func TestAnIncludeThatNobodyHasIsNoDoubtOfTheDNS(t *testing.T) {
	s := start(t)
	s.TXT("_dmarc.example.com")
	of := sender
	of.Includes, of.Known = []string{"spf.example.org"}, []string{include}
	if got := maildomain.Titles(check(t, s, of).Faulty()); got != "SPF, DMARC" {
		t.Errorf("%q is faulty", got)
	}
	of.Known = nil
	if report := check(t, s, of); len(report.Faulty()) > 0 || report.Findings[2].ID != failure.DNSInside {
		t.Errorf("%+v", report)
	}
}

// TestASubdomainOfTheInternalNetworkIsNoFalseAlarm: the domain that was registered is
// the internet's, and a domain below it has name servers that only this network reaches.
func TestASubdomainOfTheInternalNetworkIsNoFalseAlarm(t *testing.T) {
	s := start(t)
	s.Add("example.com. NS ns.example.net.")
	s.Add("ns.example.net. A 192.0.2.53")
	s.Add("eu.example.com. NS ns.eu.example.com.")
	s.Add("ns.eu.example.com. A 10.0.0.53")
	of := sender
	of.Domain = "alerts.eu.example.com"
	if f := check(t, s, of).Findings[0]; f.Status != maildomain.Unknown || f.ID != failure.DNSInside {
		t.Errorf("%s %s", f.Status, f.ID)
	}
}

// TestACheckEndsWhenItIsGivenUp, and leaves no query behind (see TestMain).
func TestACheckEndsWhenItIsGivenUp(t *testing.T) {
	s := start(t)
	for _, name := range []string{spfName, dkimName, "_dmarc.example.com"} {
		s.Fault(name, dnstest.Silent)
	}
	checker, err := maildomain.New(s.Address())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan *maildomain.Report)
	go func() { ended <- checker.Check(ctx, sender) }()
	for s.Asked(spfName) == 0 {
		select {
		case <-ended:
			t.Fatal("it did not wait")
		default:
		}
	}
	cancel()
	if report := <-ended; len(report.Faulty()) > 0 {
		t.Errorf("%+v", report)
	}
}

// TestWhatIsShownIsBounded: records may be anybody's.
func TestWhatIsShownIsBounded(t *testing.T) {
	s := start(t)
	var many []string
	for i := range 100 {
		many = append(many, fmt.Sprintf("v=spf1 ip4:192.0.2.%d %s", i, strings.Repeat("a:x.example.net ", 30)))
	}
	s.TXT(spfName, many...)
	f := check(t, s, sender).Findings[0]
	if f.ID != failure.SPFSeveral || f.Args["count"] != "100" {
		t.Errorf("%s %v", f.ID, f.Args)
	}
	encoded, err := json.Marshal(f)
	if err != nil || len(encoded) > 5000 {
		t.Errorf("%d octets, %v", len(encoded), err)
	}
	s.TXT(spfName, rightSPF)
	s.TXT(dkimName, "v=DKIM1; p=\x1b[31m\u202e")
	if f := check(t, s, sender).Findings[1]; slices.ContainsFunc(f.Found, func(r string) bool { return strings.ContainsAny(r, "\x1b\u202e") }) {
		t.Errorf("%q", f.Found)
	}
}

// TestAfterKeepsWhatIsKnown where a later check could not look it up.
func TestAfterKeepsWhatIsKnown(t *testing.T) {
	s := start(t)
	s.TXT("_dmarc.example.com")
	earlier := check(t, s, sender)
	s.Fault("_dmarc.example.com", dnstest.ServFail)
	s.TXT(spfName)
	later := check(t, s, sender).After(earlier)
	if got := maildomain.Titles(later.Faulty()); got != "SPF, DMARC" {
		t.Errorf("%s is faulty", got)
	}
}

// TestFaultsHaveWordsInThreeLanguages: each fault of a record that can be found here
// is in the locales of the page, where package failure holds them to the English.
func TestFaultsHaveWordsInThreeLanguages(t *testing.T) {
	s := start(t)
	s.TXT(spfName, "v=spf1 mx ~all include:"+include)
	s.TXT(dkimName, "p=")
	s.TXT("_dmarc.example.com")
	files, err := filepath.Glob("../../src/locales/*/*.json")
	if err != nil || len(files) != 3 {
		t.Fatal(files, err)
	}
	for _, f := range check(t, s, sender).Findings {
		said := map[string]bool{}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var locale struct{ Remedy map[failure.ID]string }
			if err := json.Unmarshal(content, &locale); err != nil {
				t.Fatal(err)
			}
			text := locale.Remedy[f.ID]
			for name, value := range f.Args {
				text = strings.ReplaceAll(text, "{{"+name+"}}", value)
			}
			t.Log(text)
			if text == "" || strings.Contains(text, "{{") {
				t.Errorf("%s: %q", file, text)
			}
			said[text] = true
		}
		if len(said) != 3 {
			t.Errorf("%s: %d languages", f.ID, len(said))
		}
	}
}
