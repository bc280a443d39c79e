package alert_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// source is a data source with default recipients and allowed ones.
func source(t *testing.T, to, cc, bcc string, allowed ...string) *settings.Settings {
	t.Helper()
	s := settings.Defaults()
	s.To = mailboxes(t, address.Split(to)...)
	s.Cc = mailboxes(t, address.Split(cc)...)
	s.Bcc = mailboxes(t, address.Split(bcc)...)
	for _, a := range allowed {
		p, err := address.ParsePattern(a)
		if err != nil {
			t.Fatal(err)
		}
		s.AllowedRecipients = append(s.AllowedRecipients, p)
	}
	return &s
}

// parseOverrides reads a query string.
func parseOverrides(query string) (*alert.Overrides, error) {
	q, err := alert.ParseQuery(query)
	if err != nil {
		return nil, err
	}
	return alert.ParseOverrides(q)
}

// overrides reads a query string that is right.
func overrides(t *testing.T, query string) *alert.Overrides {
	t.Helper()
	o, err := parseOverrides(query)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRecipientsAreTheDefaultsWithTheOverridesInTheirPlace(t *testing.T) {
	tests := []struct {
		name, query string
		to, cc, bcc string
	}{
		{"no override", "", "Ops <ops@example.com>, db@example.com", "boss@example.com", "log@example.com"},
		{"an empty override", "to=&cc=", "Ops <ops@example.com>, db@example.com", "boss@example.com", "log@example.com"},
		{"only to", "to=a@allowed.example", "a@allowed.example", "boss@example.com", "log@example.com"},
		{"only cc", "cc=a@allowed.example", "Ops <ops@example.com>, db@example.com", "a@allowed.example", "log@example.com"},
		{"only bcc", "bcc=a@allowed.example", "Ops <ops@example.com>, db@example.com", "boss@example.com", "a@allowed.example"},
		{"all", "to=a@allowed.example&cc=b@allowed.example&bcc=c@allowed.example", "a@allowed.example", "b@allowed.example", "c@allowed.example"},
		{"a default of another list", "to=log@example.com,boss@example.com", "log@example.com, boss@example.com", "", ""},
		{"a default in capitals", "to=OPS@EXAMPLE.COM", "OPS@example.com", "boss@example.com", "log@example.com"},
		{"one twice", "to=a@allowed.example,A@allowed.example&cc=a@allowed.example,b@allowed.example&bcc=b@allowed.example", "a@allowed.example", "b@allowed.example", ""},
	}
	s := source(t, "Ops <ops@example.com>, db@example.com, OPS@example.com", "boss@example.com", "log@example.com", "@allowed.example")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := alert.Resolve(overrides(t, tt.query), s)
			if err != nil {
				t.Fatal(err)
			}
			if show(r.To) != tt.to || show(r.Cc) != tt.cc || show(r.Bcc) != tt.bcc {
				t.Errorf("to %s, cc %s, bcc %s", show(r.To), show(r.Cc), show(r.Bcc))
			}
			if all := show(r.All()); all != strings.Trim(strings.ReplaceAll(tt.to+", "+tt.cc+", "+tt.bcc, ", , ", ", "), ", ") {
				t.Errorf("all %s", all)
			}
		})
	}
	if len(s.To) != 3 || len(s.Cc) != 1 || len(s.Bcc) != 1 {
		t.Errorf("the settings were changed: %+v", s)
	}
}

func TestTypeLanguageAndModeAreTheDefaultsOrTheOverrides(t *testing.T) {
	s := source(t, "ops@example.com", "", "")
	s.MailType, s.Language, s.RecipientMode = nhncloud.Normal, "ja", settings.Individual
	r, err := alert.Resolve(&alert.Overrides{}, s)
	if err != nil || r.MailType != nhncloud.Normal || r.Language != "ja" || r.Mode != settings.Individual {
		t.Errorf("%+v %v", r, err)
	}
	r, err = alert.Resolve(overrides(t, "type=ad&language=ko&mode=undisclosed"), s)
	if err != nil || r.MailType != nhncloud.Ad || r.Language != "ko" || r.Mode != settings.Undisclosed {
		t.Errorf("%+v %v", r, err)
	}
}

// TestMailOfTypeAuthHasOneRecipient, as the service's API demands.
func TestMailOfTypeAuthHasOneRecipient(t *testing.T) {
	s := source(t, "ops@example.com", "", "", "@example.com")
	for query, want := range map[string]settings.RecipientMode{
		"type=auth": settings.Single,
		"type=auth&to=ops@example.com,dev@example.com":                     settings.Individual,
		"type=auth&cc=dev@example.com&mode=undisclosed":                    settings.Individual,
		"type=normal&to=ops@example.com,dev@example.com":                   settings.Single,
		"type=auth&to=ops@example.com,Ops%20<ops@example.com>&mode=single": settings.Single,
	} {
		s.RecipientMode = settings.Single
		r, err := alert.Resolve(overrides(t, query), s)
		if err != nil || r.Mode != want {
			t.Errorf("%s: %+v %v", query, r, err)
		}
	}
}

// TestAContactPointHasAZoneAndAReplyToOfItsOwn, and what is no address in replyTo
// keeps the mail from nobody.
func TestAContactPointHasAZoneAndAReplyToOfItsOwn(t *testing.T) {
	s := source(t, "ops@example.com", "", "", "@example.com")
	own := mailboxes(t, "desk@example.com")[0]
	s.ReplyTo = &own
	for query, want := range map[string]string{
		"": "UTC desk@example.com 0",
		"timezone=Asia/Seoul&replyTo=team%2Bdb@example.com": "Asia/Seoul team+db@example.com 0",
		"replyTo=team+db@example.com":                       "UTC team+db@example.com 0",
		"replyTo=team-db":                                   "UTC desk@example.com 1",
	} {
		r, err := alert.Resolve(overrides(t, query), s)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(r.Location, " ", r.ReplyTo, " ", len(r.Rejected)); got != want {
			t.Errorf("%s: %s", query, got)
		}
	}
}

func TestOnlyAllowedRecipientsAreMailed(t *testing.T) {
	tests := []struct {
		name    string
		allowed []string
		query   string
		refused string // the address; empty if it is allowed
	}{
		{"nothing is allowed beside the defaults", nil, "to=a@example.com", "a@example.com"},
		{"a default", nil, "cc=ops@example.com", ""},
		{"an allowed address", []string{"a@example.com"}, "to=A@Example.com", ""},
		{"another address of its domain", []string{"a@example.com"}, "to=b@example.com", "b@example.com"},
		{"an allowed domain", []string{"@example.com"}, "to=b@example.com", ""},
		{"below an allowed domain", []string{"@example.com"}, "to=b@x.example.com", "b@x.example.com"},
		{"below, allowed", []string{"*@*.example.com"}, "to=b@x.y.example.com", ""},
		{"the domain whose subdomains are allowed", []string{"*@*.example.com"}, "to=b@example.com", "b@example.com"},
		{"a domain that ends alike", []string{"@example.com", "*@*.example.com"}, "to=b@evil-example.com", "b@evil-example.com"},
		{"an international domain", []string{"@例え.jp"}, "to=" + "b@xn--r8jz45g.jp", ""},
		{"an address that may be routed elsewhere", []string{"@example.com"}, "to=a%25evil.test@example.com", "a%evil.test@example.com"},
		{"an address by a path", []string{"@example.com", "*@*.example.com"}, "to=a@example.com&cc=evil.test!a@example.com", "evil.test!a@example.com"},
		{"the same, listed as it is", []string{"a%evil.test@example.com"}, "to=A%25evil.test@example.com", ""},
		{"the same, a default as it is", nil, "to=ops%25x@example.com", ""},
		{"a docomo address of an allowed domain", []string{"@docomo.ne.jp"}, "to=a..b@docomo.ne.jp", ""},
		{"an allowed docomo address, written the other way", []string{"a..b@docomo.ne.jp"}, "to=%22A..B%22@docomo.ne.jp", ""},
		{"another docomo address", []string{"a..b@docomo.ne.jp"}, "to=a...b@docomo.ne.jp", `"a...b"@docomo.ne.jp`},
		{"one of several beside what is no address", []string{"@example.com"}, "to=a@example.com,team-db,x@example.org", "x@example.org"},
		{"an allowed address to answer to", []string{"@example.com"}, "replyTo=b@example.com", ""},
		{"another address to answer to", []string{"@example.com"}, "replyTo=b@example.org", "b@example.org"},
		{"one of several", []string{"@example.com"}, "to=a@example.com&bcc=b@example.com,x@example.org", "x@example.org"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := alert.Resolve(overrides(t, tt.query), source(t, "ops@example.com, ops%x@example.com", "", "", tt.allowed...))
			if tt.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			refused(t, err, http.StatusForbidden, failure.Recipients, tt.refused+" is not among the recipients that this data source may mail")
		})
	}
}

// TestDefaultRecipientsStandInForWhatIsNoAddress: a label that names a team does
// not keep the alert from everybody.
func TestDefaultRecipientsStandInForWhatIsNoAddress(t *testing.T) {
	tests := []struct {
		name, query            string
		to, cc, bcc, replaced  string
		rejected               int
		defaults, defaultsOfCc string
	}{
		{"some are addresses", "to=a@x.example,team-db,b@x.example", "a@x.example, b@x.example", "boss@x.example", "", "", 1, "ops@x.example", "boss@x.example"},
		{"none is", "to=team-db,team-web,team-db", "ops@x.example", "boss@x.example", "", "team-db, team-web", 3, "ops@x.example", "boss@x.example"},
		{"none is, and the defaults are in cc", "to=team-db", "", "boss@x.example", "", "team-db", 1, "", "boss@x.example"},
		{"none of cc is", "to=a@x.example&cc=team-db", "a@x.example", "boss@x.example", "", "team-db", 1, "ops@x.example", "boss@x.example"},
		{"none of cc is, and there is no default cc", "to=a@x.example&cc=team-db", "a@x.example", "", "", "", 1, "ops@x.example", ""},
		{"none of to is, and the one of cc is alone", "to=team-db&cc=a@x.example", "", "a@x.example", "", "", 1, "", ""},
		{"what is in bcc is not for everyone to read", "bcc=team-db", "ops@x.example", "", "", "", 1, "ops@x.example", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := alert.Resolve(overrides(t, tt.query), source(t, tt.defaults, tt.defaultsOfCc, "", "@x.example"))
			if err != nil {
				t.Fatal(err)
			}
			if show(r.To) != tt.to || show(r.Cc) != tt.cc || show(r.Bcc) != tt.bcc {
				t.Errorf("to %s, cc %s, bcc %s", show(r.To), show(r.Cc), show(r.Bcc))
			}
			if got := strings.Join(r.Replaced, ", "); got != tt.replaced || len(r.Rejected) != tt.rejected {
				t.Errorf("replaced %q, rejected %+v", got, r.Rejected)
			}
		})
	}
	_, err := alert.Resolve(overrides(t, "to=team-db"), source(t, "", "", "", "@x.example"))
	refused(t, err, http.StatusUnprocessableEntity, failure.Recipients, `the notification has no recipients: "team-db" is not a mail address`)
}

func TestTheNumberOfRecipientsIsLimited(t *testing.T) {
	_, err := alert.Resolve(&alert.Overrides{}, new(settings.Defaults()))
	refused(t, err, http.StatusUnprocessableEntity, failure.Recipients, "the notification has no recipients")

	var list []string
	for i := range settings.MaxRecipients + 1 {
		list = append(list, fmt.Sprintf("a%d@example.com", i))
	}
	s := source(t, "", "", "", "@example.com")
	if _, err = alert.Resolve(overrides(t, "to="+strings.Join(list[1:], ",")), s); err != nil {
		t.Error(err)
	}
	_, err = alert.Resolve(overrides(t, "to="+strings.Join(list, ",")), s)
	refused(t, err, http.StatusUnprocessableEntity, failure.Recipients, "the notification has 1001 recipients")
	// The same mailbox many times is one.
	if _, err = alert.Resolve(overrides(t, "to="+strings.Join(list[1:], ",")+"&cc="+strings.Join(list[1:], ",")), s); err != nil {
		t.Error(err)
	}
}

// TestRecipientsSeeOneAnother only in a mail that they share, and nobody sees Bcc.
func TestRecipientsSeeOneAnother(t *testing.T) {
	var list []address.Address
	for _, s := range []string{"Kim <a@example.com>", "b@example.com", "c@example.com"} {
		a, err := address.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, a)
	}
	for mode, want := range map[settings.RecipientMode]string{settings.Single: "a@example.com b@example.com", settings.Individual: "", settings.Undisclosed: ""} {
		r := &alert.Recipients{To: list[:1], Cc: list[1:2], Bcc: list[2:], Mode: mode}
		if got := strings.Join(r.Visible(), " "); got != want {
			t.Errorf("%s: they see %q, want %q", mode, got, want)
		}
	}
}
