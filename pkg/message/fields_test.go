package message

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// profileWith is a profile with these header fields.
func profileWith(t *testing.T, fields map[string]string) *settings.Settings {
	t.Helper()
	data, err := json.Marshal(map[string]any{"appKey": "AppKey", "fromAddress": "a@example.com", "profiles": []any{map[string]any{"name": "p", "headers": fields}}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := settings.Load(data, map[string]string{"secretKey": "SecretKey"})
	if err != nil {
		t.Fatal(err)
	}
	p, _ := s.Profile("p")
	return p
}

// TestAProfileAddsFieldsToTheHeader: as they are, folded and encoded where they must be.
func TestAProfileAddsFieldsToTheHeader(t *testing.T) {
	for _, tt := range []struct{ name, value, want string }{
		{"X-Team", "platform", "platform"},
		{"X-Team", "当番 =?utf-8?q?x?=", "当番 = ?utf-8?q?x?="},
		{"X-Team", strings.Repeat("a long value ", 38), strings.TrimSpace(strings.Repeat("a long value ", 38))},
		{"X-Team", strings.Repeat("x", 500), strings.Repeat("x", 500)},
		{"List-Id", "<oncall.example.com>", "<oncall.example.com>"},
		{"list-id", "当番 <oncall.example.com>", "当番 <oncall.example.com>"},
		{"LIST-ID", `"On call, DB" <oncall.example.com>`, `"On call, DB" <oncall.example.com>`},
	} {
		h := header(t)
		h.Fields = profileWith(t, map[string]string{tt.name: tt.value}).Headers
		data, err := Compose(h, render(t, renderer(t, Options{}), states(t)["one"]))
		if err != nil {
			t.Fatal(err)
		}
		p := parseMail(t, data)
		if got := p.decoded(t, tt.name); got != tt.want {
			t.Errorf("%s is %q, want %q", tt.name, got, tt.want)
		}
		if n := len(p.header["List-Id"]); n != 1 {
			t.Errorf("%d List-Id", n)
		}
	}
}

// TestAProfileTakesNoFieldThatTheMailHas: whichever those are.
func TestAProfileTakesNoFieldThatTheMailHas(t *testing.T) {
	own := 0
	for name := range headerOf(t, Options{}, states(t)["one"]).header {
		if fields := profileWith(t, map[string]string{name: "<a.example.com>"}).Headers; name != "List-Id" && len(fields) > 0 {
			t.Errorf("%v is taken", fields)
		}
		if strings.HasPrefix(name, "X-") {
			own++
		}
	}
	if own < 5 {
		t.Errorf("%d fields of the mail's own", own)
	}
}
