package alert_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
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
		{name: "a template that expanded to nothing", query: "to=&cc=%20&bcc=,&type=&language=&mode="},
		{name: "the same word twice", query: "mode=single&mode=single", mode: "single"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o, err := alert.ParseOverrides(tt.query)
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

func TestOverridesThatAreRefused(t *testing.T) {
	tests := []struct{ name, query, words string }{
		{"a typing error", "too=a@example.com", `the query parameter "too" is unknown`},
		{"another case", "To=a@example.com", `the query parameter "To" is unknown`},
		{"a missing name", "=a@example.com", `the query parameter "" is unknown`},
		{"a broken escape", "to=%zz", "the query string cannot be read"},
		{"no address", "to=oncall", `the query parameter to is wrong: "oncall" is not a mail address`},
		{"an address without a domain", "cc=a@", "the query parameter cc is wrong"},
		{"words before a bare address", "bcc=a@example.com+b@example.com", "the query parameter bcc is wrong"},
		{"an address beyond ASCII", "to=" + url.QueryEscape("オンコール@example.com"), "the part before the @ may hold ASCII"},
		{"a header behind an address", "to=" + url.QueryEscape("a@example.com\r\nBcc: evil@example.org"), `"Bcc: evil@example.org" is not a mail address`},
		{"a NUL", "to=a@example.com%00", "is not a mail address"},
		{"an unknown type", "type=bulk", `the query parameter type is "bulk"`},
		{"an unknown language", "language=de", `the query parameter language is "de"`},
		{"an unknown mode", "mode=all", `the query parameter mode is "all"`},
		{"two types", "type=ad&type=auth", `the query parameter type is both "ad" and "auth"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := alert.ParseOverrides(tt.query)
			refused(t, err, http.StatusBadRequest, alert.ReasonParameter, tt.words)
		})
	}
}

func FuzzParseOverrides(f *testing.F) {
	f.Add("to=a@example.com,b@example.com&cc=c@example.com&type=ad&language=ko&mode=undisclosed")
	f.Add("to=ops+db@example.com;x@example.com")
	f.Add("to=%22Doe%2C+Jane%22+%3Ca%40example.com%3E&to=")
	f.Add("too=a@example.com")
	f.Add("to=a@example.com%0d%0aBcc:%20evil@example.org")
	f.Fuzz(func(t *testing.T, query string) {
		o, err := alert.ParseOverrides(query)
		if err != nil {
			var r *alert.Refusal
			if !errors.As(err, &r) || r.Status != http.StatusBadRequest || r.Hint == "" {
				t.Fatalf("not a whole refusal: %#v", err)
			}
			return
		}
		for _, a := range append(append(o.To, o.Cc...), o.Bcc...) {
			if strings.ContainsAny(a.Mailbox(), "\r\n\x00 <>,;") || strings.ContainsAny(a.Name, "\r\n\x00") {
				t.Fatalf("%+q could leave its header or command", a)
			}
		}
	})
}
