package address_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
)

func parse(t testing.TB, s string) address.Address {
	t.Helper()
	a, err := address.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAddressesAreRead(t *testing.T) {
	tests := []struct{ name, in, display, mailbox, text string }{
		{"a bare address", "user@example.com", "", "user@example.com", "user@example.com"},
		{"space around it", "  user@example.com\t", "", "user@example.com", "user@example.com"},
		{"angle brackets", "<user@example.com>", "", "user@example.com", "user@example.com"},
		{"a name", "Ops Team <user@example.com>", "Ops Team", "user@example.com", "Ops Team <user@example.com>"},
		{"a quoted name", `"Doe, Jane \"JD\"" <user@example.com>`, `Doe, Jane "JD"`, "user@example.com", `Doe, Jane "JD" <user@example.com>`},
		{"a Japanese name", "運用チーム <user@example.com>", "運用チーム", "user@example.com", "運用チーム <user@example.com>"},
		{"an encoded name", "=?UTF-8?B?6rK967O0?= <user@example.com>", "경보", "user@example.com", "경보 <user@example.com>"},
		{"capitals", "User.Name@EXAMPLE.Com", "", "User.Name@example.com", "User.Name@example.com"},
		{"every atom character", "!#$%&'*+-/=?^_`{|}~@example.com", "", "!#$%&'*+-/=?^_`{|}~@example.com", "!#$%&'*+-/=?^_`{|}~@example.com"},
		{"a Japanese domain", "user@例え.jp", "", "user@xn--r8jz45g.jp", "user@例え.jp"},
		{"an ideographic full stop", "user@例え。jp", "", "user@xn--r8jz45g.jp", "user@例え.jp"},
		{"a Korean domain in A-labels", "user@XN--3e0b707e.kr", "", "user@xn--3e0b707e.kr", "user@한국.kr"},
		{"a full-width domain", "user@ｅｘａｍｐｌｅ.com", "", "user@example.com", "user@example.com"},
		{"a host without dots", "root@localhost", "", "root@localhost", "root@localhost"},
		{"a local part of 64 octets", strings.Repeat("a", 64) + "@example.com", "", strings.Repeat("a", 64) + "@example.com", strings.Repeat("a", 64) + "@example.com"},
		{"a needlessly quoted local part", `"user"@example.com`, "", "user@example.com", "user@example.com"},
		{"two dots, as docomo gave them out", "a..b@docomo.ne.jp", "", `"a..b"@docomo.ne.jp`, "a..b@docomo.ne.jp"},
		{"a dot before the @", " a.@ezweb.ne.jp ", "", `"a."@ezweb.ne.jp`, "a.@ezweb.ne.jp"},
		{"two dots in quotation marks", `"a..b"@docomo.ne.jp`, "", `"a..b"@docomo.ne.jp`, "a..b@docomo.ne.jp"},
		{"two dots behind a name", `"Doe, J." <a...b..@docomo.ne.jp>`, "Doe, J.", `"a...b.."@docomo.ne.jp`, "Doe, J. <a...b..@docomo.ne.jp>"},
		{"two dots of an international domain", "当直 <a..b@例え.jp>", "当直", `"a..b"@xn--r8jz45g.jp`, "当直 <a..b@例え.jp>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := parse(t, tt.in)
			if a.Name != tt.display || a.Mailbox() != tt.mailbox || a.String() != tt.text {
				t.Errorf("name %q, mailbox %q, text %q", a.Name, a.Mailbox(), a.String())
			}
		})
	}
}

func TestAddressesThatAreRefused(t *testing.T) {
	const form = " is not a mail address (user@example.com or Name <user@example.com>)"
	const atoms = ": the part before the @ may hold ASCII letters, digits, !#$%&'*+-/=?^_`{|}~ and, except in front, dots only"
	tests := []struct{ name, in, want string }{
		{"nothing", "", "the address is empty"},
		{"space", " \t", "the address is empty"},
		{"a word", "oncall", `"oncall"` + form},
		{"no domain", "user@", `"user@"` + form},
		{"no local part", "@example.com", `"@example.com"` + form},
		{"two addresses", "a@example.com, b@example.com", `"a@example.com, b@example.com"` + form},
		{"a group of one", "team: user@example.com;", `"team: user@example.com;"` + form},
		{"an unquoted comma in a name", "Doe, Jane <user@example.com>", `"Doe, Jane <user@example.com>"` + form},
		{"a header after a line break", "user@example.com\r\nBcc: x@example.org", `"user@example.com\r\nBcc: x@example.org"` + form},
		{"a command after a line break", "<user@example.com>\r\nRCPT TO:<x@example.org>", `"<user@example.com>\r\nRCPT TO:<x@example.org>"` + form},
		{"a NUL", "user\x00@example.com", `"user\x00@example.com"` + form},
		{"parameters of a command", "<user@example.com> SIZE=1", `"<user@example.com> SIZE=1"` + form},
		{"a source route", "<@relay.example:user@example.com>", `"<@relay.example:user@example.com>"` + form},
		{"a line break in an encoded name", "=?UTF-8?Q?a=0D=0ABcc=3A_x?= <user@example.com>", `"=?UTF-8?Q?a=0D=0ABcc=3A_x?= <user@example.com>": the name holds a line break or another control character`},
		{"a quoted space", `"a b"@example.com`, `"\"a b\"@example.com"` + atoms},
		{"a quoted @", `"a@b"@example.com`, `"\"a@b\"@example.com"` + atoms},
		{"a quoted angle bracket", `"a> <b"@example.com`, `"\"a> <b\"@example.com"` + atoms},
		{"a dot in front", ".a@example.com", `".a@example.com"` + form},
		{"a quoted dot in front", `".a"@example.com`, `"\".a\"@example.com"` + atoms},
		{"only dots", "..@example.com", `"..@example.com"` + form},
		{"dots and a name without angle brackets", "Ops a..b@example.com", `"Ops a..b@example.com"` + form},
		{"dots after a route", "<@relay.example:a..b@example.com>", `"<@relay.example:a..b@example.com>"` + form},
		{"a local part beyond ASCII", "ユーザー@example.com", `"ユーザー@example.com"` + atoms},
		{"an address literal", "user@[192.0.2.1]", `"user@[192.0.2.1]": "[192.0.2.1]" is not a domain name`},
		{"an underscore in the domain", "user@a_b.example", `"user@a_b.example": "a_b.example" is not a domain name`},
		{"a hyphen in front", "user@-a.example", `"user@-a.example": "-a.example" is not a domain name`},
		{"a false A-label", "user@xn--a.example", `"user@xn--a.example": "xn--a.example" is not a domain name`},
		{"a domain that vanishes", "user@\u00ad", `"user@\u00ad": "\u00ad" is not a domain name`},
		{"a zero-width joiner", "user@a\u200db.example", `"user@a\u200db.example": "a\u200db.example" is not a domain name`},
		{"a label of 64 octets", "user@" + strings.Repeat("a", 64) + ".example", `"user@` + strings.Repeat("a", 64) + `.example": "` + strings.Repeat("a", 64) + `.example" is not a domain name`},
		{"a local part of 65 octets", strings.Repeat("a", 65) + "@example.com", `"` + strings.Repeat("a", 65) + `@example.com" is too long (at most 64 octets before the @, 254 in all)`},
		{"65 octets with their quotation marks", strings.Repeat("a", 62) + ".@example.com", `"` + strings.Repeat("a", 62) + `.@example.com" is too long (at most 64 octets before the @, 254 in all)`},
		{"255 octets in all", strings.Repeat("a", 64) + "@" + strings.Repeat("a.", 94) + "aa", `"` + strings.Repeat("a", 64) + "@" + strings.Repeat("a.", 17) + `a"... is too long (at most 64 octets before the @, 254 in all)`},
		{"a megabyte", strings.Repeat("a", 1<<20), `"` + strings.Repeat("a", 100) + `"... is 1048576 octets long, too long for a mail address`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := address.Parse(tt.in)
			if err == nil {
				t.Fatalf("read as %+q", a)
			}
			if err.Error() != tt.want {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
		})
	}
}

func TestDomainsThatAreRefused(t *testing.T) {
	for _, s := range []string{"", ".", "a..b", ".example", "example.", "a b", "*.example", "[::1]", "exa/mple", strings.Repeat("a.", 126) + "ab", strings.Repeat("한", 500)} {
		if d, err := address.Domain(s); err == nil {
			t.Errorf("%.40q is read as %.40q", s, d)
		}
	}
}

func TestMailboxesAreComparedWithoutCaseAndName(t *testing.T) {
	tests := []struct {
		a, b string
		same bool
	}{
		{"user@example.com", "Name <USER@EXAMPLE.COM>", true},
		{"user@例え.jp", "user@xn--r8jz45g.jp", true},
		{"user@example.com", "user2@example.com", false},
		{"user@example.com", "user@example.org", false},
		{"user+a@example.com", "user@example.com", false},
		{"a..b@docomo.ne.jp", `"A..b"@docomo.ne.jp`, true},
		{"a..b@docomo.ne.jp", "a.b@docomo.ne.jp", false},
	}
	for _, tt := range tests {
		a, b := parse(t, tt.a), parse(t, tt.b)
		if (a.Key() == b.Key()) != tt.same {
			t.Errorf("%s and %s: %v", tt.a, tt.b, !tt.same)
		}
	}
}

func TestSplit(t *testing.T) {
	tests := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"separators alone", " , ;\r\n,", nil},
		{"one", " a@example.com ", []string{"a@example.com"}},
		{"commas", "a@example.com,b@example.com , c@example.com", []string{"a@example.com", "b@example.com", "c@example.com"}},
		{"semicolons and lines", "a@example.com;b@example.com\r\nc@example.com\n", []string{"a@example.com", "b@example.com", "c@example.com"}},
		{"a quoted comma", `"Doe, Jane" <a@example.com>, b@example.com`, []string{`"Doe, Jane" <a@example.com>`, "b@example.com"}},
		{"a quoted quote", `"a\",b" <a@example.com>,b@example.com`, []string{`"a\",b" <a@example.com>`, "b@example.com"}},
		{"an open quote", `"a,b`, []string{`"a,b`}},
		{"names beyond ASCII", "運用 <a@example.com>;경보 <b@example.com>", []string{"運用 <a@example.com>", "경보 <b@example.com>"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := address.Split(tt.in); !slices.Equal(got, tt.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"user@example.com", "Ops <user@example.com>", `"Doe, Jane" <user@例え.jp>`, "=?UTF-8?Q?a=0D=0Ab?= <user@example.com>",
		`"a@b"@example.com`, "user@[192.0.2.1]", "user@example.com\r\nBcc: x@example.org", "team: a@example.com;", "user@xn--r8jz45g.jp", "a@b (c)",
		"a..b@docomo.ne.jp", `Name <"a."@docomo.ne.jp>`, "a%evil.test@example.com", ".a@example.com", `"..".@example.com`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, part := range address.Split(s) {
			if part == "" || part != strings.TrimSpace(part) {
				t.Fatalf("part %q", part)
			}
		}
		a, err := address.Parse(s)
		if err != nil {
			if len(err.Error()) > 2000 || strings.ContainsAny(err.Error(), "\r\n\x00") {
				t.Fatalf("an unsafe message: %q", err)
			}
			return
		}
		mailbox := a.Mailbox()
		if len(mailbox) > 254 || strings.Count(mailbox, "@") != 1 ||
			strings.ContainsFunc(mailbox, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>()[],;:\`, r) }) ||
			strings.Contains(strings.TrimPrefix(strings.Replace(mailbox, `"@`, "@", 1), `"`), `"`) {
			t.Fatalf("%q is no mailbox of an envelope", mailbox)
		}
		if strings.ContainsFunc(a.Name, unicode.IsControl) {
			t.Fatalf("the name %q holds a control character", a.Name)
		}
		again, err := address.Parse(mailbox)
		if err != nil || again.Mailbox() != mailbox {
			t.Fatalf("%q is read back as %q, %v", mailbox, again.Mailbox(), err)
		}
	})
}
