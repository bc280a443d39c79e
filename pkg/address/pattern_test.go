package address_test

import (
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

func TestPatternsMatch(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no []string
	}{
		{"user@example.com",
			[]string{"user@example.com", "USER@Example.COM", "Name <user@example.com>"},
			[]string{"user2@example.com", "a.user@example.com", "user@x.example.com", "user@example.org"}},
		{"@example.com",
			[]string{"a@example.com", "b.c+d@EXAMPLE.com"},
			[]string{"a@x.example.com", "a@evil-example.com", "a@example.com.evil.org", "a@example.co"}},
		{"*@example.com", []string{"a@example.com"}, []string{"a@x.example.com"}},
		{"*@*.example.com",
			[]string{"a@x.example.com", "a@x.y.example.com"},
			[]string{"a@example.com", "a@evil-example.com", "a@x.evil-example.com", "a@x.example.com.evil.org"}},
		{"@*.example.com", []string{"a@x.example.com"}, []string{"a@example.com"}},
		{" @Example.COM ", []string{"a@example.com"}, nil},
		{"@例え.jp", []string{"a@xn--r8jz45g.jp", "a@例え.jp"}, []string{"a@例.jp"}},
		{"a..b@docomo.ne.jp", []string{`"a..b"@docomo.ne.jp`, "A..B@docomo.ne.jp"}, []string{"a.b@docomo.ne.jp"}},
		{`"a."@docomo.ne.jp`, []string{"a.@docomo.ne.jp"}, []string{"a@docomo.ne.jp"}},
		{"@docomo.ne.jp", []string{"a..b@docomo.ne.jp"}, nil},
		{"a%b.example@example.com", []string{"A%b.example@example.com", `"a%b.example"@example.com`}, []string{"c%b.example@example.com"}},
		// Relays mail these to another host, which the pattern does not name.
		{"@example.com", nil, []string{"a%evil.test@example.com", "evil.test!a@example.com", `"a%evil.test"@example.com`, "a%example.com@example.com"}},
		{"*@*.example.com", nil, []string{"a%evil.test@x.example.com", "evil.test!a@x.example.com"}},
		{"*@*.xn--r8jz45g.jp", []string{"a@x.例え.jp"}, []string{"a@例え.jp"}},
	}
	for _, tt := range tests {
		t.Run(tt.pattern, func(t *testing.T) {
			p, err := address.ParsePattern(tt.pattern)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range tt.yes {
				if !p.Match(parse(t, s)) {
					t.Errorf("does not match %s", s)
				}
			}
			for _, s := range tt.no {
				if p.Match(parse(t, s)) {
					t.Errorf("matches %s", s)
				}
			}
		})
	}
}

func TestPatternsThatAreRefused(t *testing.T) {
	for _, s := range []string{
		"", "*", "@", "*@", "*@*", "@*", "@*.", "*@*.*.example.com", "@ex*mple.com", "*@x.*.com", "example.com", "*.example.com",
		"a*@example.com", "Name <user@example.com>", "a@example.com,b@example.com", "@example.com.", "@[192.0.2.1]", "a@b@example.com", "@example.com\r\n@evil.org",
	} {
		if p, err := address.ParsePattern(s); err == nil {
			t.Errorf("%q is read as %+v", s, p)
		} else if !strings.HasSuffix(err.Error(), "is not user@example.com, @example.com or *@*.example.com") {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func FuzzParsePattern(f *testing.F) {
	for _, s := range []string{"user@example.com", "@example.com", "*@example.com", "*@*.example.com", "@*.例え.jp", "*", "a*@example.com", "@*.*.com"} {
		f.Add(s, "a@x.example.com")
		f.Add(s, "user@example.com")
	}
	f.Fuzz(func(t *testing.T, pattern, mailbox string) {
		p, err := address.ParsePattern(pattern)
		if err != nil {
			return
		}
		a, err := address.Parse(mailbox)
		if err != nil || !p.Match(a) {
			return
		}
		local, domain, _ := strings.Cut(strings.TrimSpace(pattern), "@")
		if local != "" && local != "*" {
			if one := parse(t, pattern); one.Key() != a.Key() {
				t.Fatalf("%q matches %q", pattern, mailbox)
			}
			return
		}
		domain, below := strings.CutPrefix(domain, "*.")
		ascii, err := address.Domain(domain)
		if err != nil {
			t.Fatalf("%q was read, %q is no domain", pattern, domain)
		}
		if below && !strings.HasSuffix(a.Domain, "."+ascii) || !below && a.Domain != ascii {
			t.Fatalf("%q matches %q", pattern, mailbox)
		}
	})
}
