package alert_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// show is a list of addresses as people read it.
func show(list []address.Address) string {
	all := make([]string, len(list))
	for i, a := range list {
		all[i] = a.String()
	}
	return strings.Join(all, ", ")
}

func TestOverridesAreReadFromTheQueryString(t *testing.T) {
	tests := []struct {
		name, query          string
		to, cc, bcc          string
		kind, language, mode string
	}{
		{name: "nothing", query: ""},
		{name: "everything", query: "to=a@example.com&cc=b@example.com&bcc=c@example.com&type=auth&language=ja&mode=individual",
			to: "a@example.com", cc: "b@example.com", bcc: "c@example.com", kind: "auth", language: "ja", mode: "individual"},
		{name: "repeated", query: "to=a@example.com&to=b@example.com", to: "a@example.com, b@example.com"},
		{name: "separated by commas", query: "to=a@example.com,%20b@example.com,,c@example.com,", to: "a@example.com, b@example.com, c@example.com"},
		{name: "separated by semicolons", query: "to=a@example.com;b@example.com&cc=c@example.com%3Bd@example.com", to: "a@example.com, b@example.com", cc: "c@example.com, d@example.com"},
		{name: "a name with a comma", query: "to=" + url.QueryEscape(`"Doe, Jane" <a@example.com>, b@example.com`), to: "Doe, Jane <a@example.com>, b@example.com"},
		{name: "a name beyond ASCII", query: "to=" + url.QueryEscape("運用 <a@例え.jp>"), to: "運用 <a@例え.jp>"},
		{name: "a bare plus sign", query: "to=ops+db@example.com,on+call+2@example.com", to: "ops+db@example.com, on+call+2@example.com"},
		{name: "an escaped plus sign", query: "to=ops%2Bdb@example.com", to: "ops+db@example.com"},
		{name: "what Grafana adds by itself", query: "orgId=1&to=a@example.com&targetOrgId=2&orgId=x", to: "a@example.com"},
		{name: "two dots", query: "to=a..b@docomo.ne.jp,%22a.%22@docomo.ne.jp", to: "a..b@docomo.ne.jp, a.@docomo.ne.jp"},
		{name: "a template that expanded to nothing", query: "to=&cc=%20&bcc=,&type=&language=&mode=&timezone=&replyTo="},
		{name: "the same word twice", query: "mode=single&mode=single", mode: "single"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := parseOverrides(tt.query)
			if err != nil {
				t.Fatal(err)
			}
			if show(o.To) != tt.to || show(o.Cc) != tt.cc || show(o.Bcc) != tt.bcc {
				t.Errorf("to %s, cc %s, bcc %s", show(o.To), show(o.Cc), show(o.Bcc))
			}
			if string(o.MailType) != tt.kind || o.Language != tt.language || string(o.Mode) != tt.mode {
				t.Errorf("type %q, language %q, mode %q", o.MailType, o.Language, o.Mode)
			}
		})
	}
}

// TestEntriesThatAreNoAddressesAreLeftOut: one of them does not keep the mail
// from the others, and none is turned into an address that nobody wrote.
func TestEntriesThatAreNoAddressesAreLeftOut(t *testing.T) {
	const form = " is not a mail address (user@example.com or Name <user@example.com>)"
	tests := []struct {
		name, entries     string
		to, entry, reason string
	}{
		{"a team's name among addresses", "a@example.com,team-db,b@example.com", "a@example.com, b@example.com", "team-db", `"team-db"` + form},
		{"a team's name alone", "oncall", "", "oncall", `"oncall"` + form},
		{"an address without a domain", "a@", "", "a@", `"a@"` + form},
		{"two addresses with a space between", "a@example.com b@example.com", "", "a@example.com b@example.com", `"a@example.com b@example.com"` + form},
		{"a space in the domain", "a@exa mple.com", "", "a@exa mple.com", `"a@exa mple.com"` + form},
		{"a space in quotation marks", `"a b"@example.com`, "", `"a b"@example.com`, `"\"a b\"@example.com": the part before the @ may hold ASCII letters`},
		{"a space in angle brackets", "Ops <on call@example.com>", "", "Ops <on call@example.com>", `"Ops <on call@example.com>"` + form},
		{"a space in a comment", "a b(on call)@example.com", "", "a b(on call)@example.com", form},
		{"a name without angle brackets", "運用 a@example.com", "", "運用 a@example.com", `"運用 a@example.com"` + form},
		{"an address beyond ASCII", "オンコール@example.com, a@example.com", "a@example.com", "オンコール@example.com", "the part before the @ may hold ASCII"},
		{"a header behind an address", "a@example.com\r\nBcc: evil@example.org", "a@example.com", "Bcc: evil@example.org", `"Bcc: evil@example.org"` + form},
		{"a NUL", "a@example.com\x00", "", "a@example.com\x00", `"a@example.com\x00"` + form},
		{"an entry of great length", strings.Repeat("運", 5000), "", strings.Repeat("運", 100) + "...", "octets long, too long for a mail address"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := parseOverrides("to=" + url.QueryEscape(tt.entries))
			if err != nil {
				t.Fatal(err)
			}
			if show(o.To) != tt.to || len(o.Rejected) != 1 {
				t.Fatalf("to %q, rejected %+v", show(o.To), o.Rejected)
			}
			if r := o.Rejected[0]; r.Parameter != "to" || r.Entry != tt.entry || !strings.Contains(r.Reason, tt.reason) {
				t.Errorf("rejected %+v, want %q: %s", r, tt.entry, tt.reason)
			}
		})
	}
	o, err := parseOverrides("to=x&cc=y,a@example.com&bcc=z&to=w")
	if err != nil || show(o.Cc) != "a@example.com" || len(o.Rejected) != 4 {
		t.Fatalf("%+v %v", o, err)
	}
	for i, want := range []string{"to x", "to w", "cc y", "bcc z"} {
		if r := o.Rejected[i]; r.Parameter+" "+r.Entry != want {
			t.Errorf("rejected %+v, want %s", r, want)
		}
	}
}

func TestOverridesThatAreRefused(t *testing.T) {
	tests := []struct{ name, query, words string }{
		{"a typing error", "too=a@example.com", `the query parameter "too" is unknown`},
		{"another case", "To=a@example.com", `the query parameter "To" is unknown`},
		{"a missing name", "=a@example.com", `the query parameter "" is unknown`},
		{"a broken escape", "to=%zz", "the query string cannot be read"},
		{"an unknown type", "type=bulk", `the query parameter type is "bulk"`},
		{"an unknown language", "language=de", `the query parameter language is "de"`},
		{"an unknown mode", "mode=all", `the query parameter mode is "all"`},
		{"an unknown time zone", "timezone=Mars", `the query parameter timezone is "Mars"`},
		{"the time zone of this machine", "timezone=Local", `the query parameter timezone is "Local"`},
		{"a path as a time zone", "timezone=../../etc/passwd", `the query parameter timezone is "../../etc/passwd"`},
		{"two time zones", "timezone=UTC&timezone=Asia/Seoul", `the query parameter timezone is both "UTC" and "Asia/Seoul"`},
		{"two types", "type=ad&type=auth", `the query parameter type is both "ad" and "auth"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseOverrides(tt.query)
			refused(t, err, http.StatusBadRequest, failure.Parameter, tt.words)
		})
	}
}

func FuzzParseOverrides(f *testing.F) {
	f.Add("to=a@example.com,b@example.com&cc=c@example.com&type=ad&language=ko&mode=undisclosed")
	f.Add("to=ops+db@example.com;x@example.com")
	f.Add("to=%22Doe%2C+Jane%22+%3Ca%40example.com%3E&to=")
	f.Add("too=a@example.com")
	f.Add("to=a@example.com%0d%0aBcc:%20evil@example.org")
	f.Add("to=team-db,a@example.com&cc=on+call@example.com,%22a+b%22@example.com&orgId=1&targetOrgId=2")
	f.Add("to=a..b@docomo.ne.jp,a%25evil.test@example.com")
	f.Fuzz(func(t *testing.T, query string) {
		o, err := parseOverrides(query)
		if err != nil {
			var r *failure.Error
			if !errors.As(err, &r) || r.HTTPStatus() != http.StatusBadRequest || r.English == "" {
				t.Fatalf("not a whole refusal: %#v", err)
			}
			return
		}
		for _, r := range o.Rejected {
			if r.Entry == "" || len(r.Entry) > 500 || r.Reason == "" || len(r.Reason) > 2000 {
				t.Fatalf("rejected without bounds or words: %+v", r)
			}
		}
		for _, a := range append(append(o.To, o.Cc...), o.Bcc...) {
			if strings.ContainsAny(a.Mailbox(), "\r\n\x00 <>,;") || strings.ContainsAny(a.Name, "\r\n\x00") {
				t.Fatalf("%+q could leave its header or command", a)
			}
		}
	})
}
