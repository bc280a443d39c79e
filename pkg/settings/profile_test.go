package settings_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// source is a data source that has every key a profile may have.
const source = `"mailType":"normal","fromName":"Ops","replyTo":"help@example.com","to":["ops@example.com"],"cc":["boss@example.com"],"bcc":["log@example.com"],
	"allowedRecipients":["@example.com"],"recipientMode":"single","language":"ja","timezone":"Asia/Tokyo","subjectTemplate":"s","textTemplate":"t","htmlTemplate":"h","charts":true`

func profileOf(t *testing.T, profile string) *settings.Settings {
	t.Helper()
	s := load(t, `{`+required+`,`+source+`,"profiles":[{"name":"oncall",`+profile+`}]}`)
	p, ok := s.Profile("oncall")
	if !ok || p.ProfileName != "oncall" || p.ProfileKey != "profiles[0]" {
		t.Fatalf("%v %+v", ok, p)
	}
	return p
}

// shown is what a profile may have of its own, in the order of the schema.
func shown(s *settings.Settings) string {
	reply := "none"
	if s.ReplyTo != nil {
		reply = s.ReplyTo.String()
	}
	return fmt.Sprintln(s.MailType, s.From, reply, show(s.To), show(s.Cc), show(s.Bcc), len(s.AllowedRecipients), s.RecipientMode,
		s.Language, s.Location, s.SubjectTemplate, s.TextTemplate, s.HTMLTemplate, s.Charts)
}

// TestAProfileHasTheDataSourcesSettingsButItsOwn: key by key, and nothing else of the data
// source is another's.
func TestAProfileHasTheDataSourcesSettingsButItsOwn(t *testing.T) {
	base := load(t, `{`+required+`,`+source+`}`)
	tests := map[string]struct {
		profile string
		own     func(*settings.Settings)
	}{
		"nothing":     {`"digest":""`, func(*settings.Settings) {}},
		"empty texts": {`"to":"","fromName":" ","charts":null,"mailType":""`, func(*settings.Settings) {}},
		"mailType":    {`"mailType":"auth"`, func(s *settings.Settings) { s.MailType = nhncloud.Auth }},
		"fromAddress": {`"fromAddress":"oncall@example.org"`, func(s *settings.Settings) {
			s.From = address.Address{Name: "Ops", Local: "oncall", Domain: "example.org"}
		}},
		"its name": {`"fromAddress":"On call <oncall@example.org>"`, func(s *settings.Settings) {
			s.From = address.Address{Name: "On call", Local: "oncall", Domain: "example.org"}
		}},
		"fromName":          {`"fromName":"On call"`, func(s *settings.Settings) { s.From.Name = "On call" }},
		"replyTo":           {`"replyTo":"a@example.com"`, func(s *settings.Settings) { s.ReplyTo = &address.Address{Local: "a", Domain: "example.com"} }},
		"to":                {`"to":["a@example.com"]`, func(s *settings.Settings) { s.To = []address.Address{{Local: "a", Domain: "example.com"}} }},
		"cc":                {`"cc":[]`, func(s *settings.Settings) { s.Cc = nil }},
		"bcc":               {`"bcc":"a@example.com"`, func(s *settings.Settings) { s.Bcc = []address.Address{{Local: "a", Domain: "example.com"}} }},
		"allowedRecipients": {`"allowedRecipients":["@a.example","@b.example"]`, func(s *settings.Settings) { s.AllowedRecipients = make([]address.Pattern, 2) }},
		"nobody allowed":    {`"allowedRecipients":[]`, func(s *settings.Settings) { s.AllowedRecipients = nil }},
		"recipientMode":     {`"recipientMode":"undisclosed"`, func(s *settings.Settings) { s.RecipientMode = settings.Undisclosed }},
		"language":          {`"language":"ko"`, func(s *settings.Settings) { s.Language = "ko" }},
		"timezone":          {`"timezone":"UTC"`, func(s *settings.Settings) { s.Location = time.UTC }},
		"subjectTemplate":   {`"subjectTemplate":"x"`, func(s *settings.Settings) { s.SubjectTemplate = "x" }},
		"textTemplate":      {`"textTemplate":"x"`, func(s *settings.Settings) { s.TextTemplate = "x" }},
		"htmlTemplate":      {`"htmlTemplate":"x"`, func(s *settings.Settings) { s.HTMLTemplate = "x" }},
		"charts":            {`"charts":"false"`, func(s *settings.Settings) { s.Charts = false }},
	}
	for name, tt := range tests {
		want := base
		tt.own(&want)
		got := profileOf(t, tt.profile)
		if shown(got) != shown(&want) || len(got.ProfileProblems) > 0 {
			t.Errorf("%s:\n%swant\n%s%v", name, shown(got), shown(&want), got.ProfileProblems)
		}
		if got.Host != base.Host || got.SecretKey.Reveal() != "SecretKey" || got.Dedupe != base.Dedupe || got.DKIMSelector != base.DKIMSelector {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for _, key := range keys(profile(t)) {
		if _, ok := tests[key]; !ok && !slices.Contains([]string{"name", "headers", "digest", "digestDays"}, key) {
			t.Errorf("%s is not tried", key)
		}
	}
}

func TestWhatAProfileAdds(t *testing.T) {
	p := profileOf(t, `"headers":{"x-team":" 当番 ","List-ID":"On call <oncall.example.com>","X-A":"b"},"digest":"09:05","digestDays":["fri","Mon, mon"]`)
	if got := fmt.Sprint(p.Headers); got != "[{List-Id On call <oncall.example.com>} {X-A b} {x-team 当番}]" {
		t.Error(got)
	}
	if got := fmt.Sprint(p.Digest.Hour, p.Digest.Minute, p.Digest.Days); got != "9 5 [Monday Friday]" {
		t.Error(got)
	}
	if p := profileOf(t, `"digest":"23:59"`); len(p.Digest.Days) != 7 || p.Digest.Days[0] != time.Sunday {
		t.Error(p.Digest)
	}
	if p := profileOf(t, `"digestDays":["mon"]`); p.Digest != nil {
		t.Error(p.Digest)
	}
}

func TestAProfileIsFoundByItsName(t *testing.T) {
	s := load(t, `{`+required+`,"profiles":[{"name":"oncall","language":"ko"},{"name":"DB_2-x","language":"ja"}]}`)
	for name, want := range map[string]string{"": "en true", "oncall": "ko true", "OnCall": "ko true", "db_2-x": "ja true", "other": "en false", "oncall ": "en false"} {
		p, ok := s.Profile(name)
		if got := fmt.Sprint(p.Language, " ", ok); got != want {
			t.Errorf("%q: %s", name, got)
		}
	}
	if got := strings.Join(s.ProfileNames(), " "); got != "oncall DB_2-x" {
		t.Error(got)
	}
}

// TestAMistakeInAProfileIsAsIfLeftOut, is told by its key, and concerns no other: an alert
// must not be lost over it. What is wrong in an allow list allows nobody.
func TestAMistakeInAProfileIsAsIfLeftOut(t *testing.T) {
	base := load(t, `{`+required+`,`+source+`}`)
	for profile, want := range map[string]string{
		`"timezone":"Mars"`:                         "timezone timezone",
		`"language":"de"`:                           "language choice",
		`"recipientMode":1`:                         "recipientMode choice",
		`"to":["ops"]`:                              "to address",
		`"cc":7`:                                    "cc list",
		`"fromAddress":"x"`:                         "fromAddress address",
		`"fromName":"a\nb"`:                         "fromName line",
		`"charts":"perhaps"`:                        "charts flag",
		`"mailType":"ad"`:                           "mailType profile-ad",
		`"subjectTemplate":["{{"]`:                  "subjectTemplate text",
		`"form":"x@example.com"`:                    " profile-setting",
		`"host":"relay.example.com"`:                " profile-setting",
		`"headers":["X-A: b"]`:                      "headers headers",
		`"headers":{"Subject":"b"}`:                 "headers header-name",
		`"headers":{"X-A B":"b"}`:                   "headers header-name",
		`"headers":{"X-A":"b\r\nBcc: a@b.example"}`: "headers header-value",
		`"headers":{"X-A":"b\u0085c"}`:              "headers header-value",
		`"headers":{"X-A":""}`:                      "headers header-value",
		`"headers":{"X-A":1}`:                       "headers header-value",
		`"headers":{"X-A":"` + strings.Repeat("b", 501) + `"}`: "headers header-value",
		`"headers":{"x-mailer":"b"}`:                           "headers header-own",
		`"headers":{"X-Grafana-Alert-State":"b"}`:              "headers header-own",
		`"headers":{"List-Id":"oncall"}`:                       "headers header-list-id",
		`"headers":{"List-Id":"<a> <oncall.example.com>"}`:     "headers header-list-id",
		`"digest":"9:00"`:                                      "digest digest",
		`"digest":"24:00"`:                                     "digest digest",
		`"digest":900`:                                         "digest text",
		`"digestDays":["Monday"]`:                              "digestDays digest-days",
	} {
		p := profileOf(t, profile)
		wantKey, wantCode, _ := strings.Cut(want, " ")
		wantKey = strings.TrimSuffix("profiles[0]."+wantKey, ".")
		if len(p.ProfileProblems) != 1 || p.ProfileProblems[0].Key != wantKey || string(p.ProfileProblems[0].Code) != wantCode || !strings.HasPrefix(p.ProfileProblems[0].Message, wantKey) ||
			strings.ContainsAny(p.ProfileProblems[0].Message, "\r\n") || strings.Contains(p.ProfileProblems[0].Message, "{{") {
			t.Errorf("%s: %+v", profile, p.ProfileProblems)
		}
		if shown(p) != shown(&base) || p.Headers != nil || p.Digest != nil {
			t.Errorf("%s is not as if left out: %s", profile, shown(p))
		}
	}
	if p := profileOf(t, `"to":["ops","a@example.com"],"allowedRecipients":["@a.example","b"]`); show(p.To) != "a@example.com" || len(p.AllowedRecipients) != 1 {
		t.Errorf("%s", shown(p))
	}
	for _, wrong := range []string{`7`, `["b"]`, `[7]`} {
		if p := profileOf(t, `"allowedRecipients":`+wrong); len(p.AllowedRecipients) != 0 || len(p.ProfileProblems) != 1 {
			t.Errorf("%s allows %v: %v", wrong, p.AllowedRecipients, p.ProfileProblems)
		}
	}
}

// TestProfilesThatHaveNoNameOfTheirOwnAreNone, and the others are all the same.
func TestProfilesThatHaveNoNameOfTheirOwnAreNone(t *testing.T) {
	s := load(t, `{`+required+`,"profiles":[{"name":"a"},{},{"name":"on call"},{"name":"A"},7,{"name":"`+strings.Repeat("b", 41)+`"},{"name":"b"}]}`)
	var found []string
	for _, p := range s.ProfileProblems {
		found = append(found, p.Key+" "+string(p.Code))
	}
	if got := strings.Join(found, ", "); got != "profiles[1].name profile-name, profiles[2].name profile-name, profiles[3].name profile-twice, profiles[4] profile, profiles[5].name profile-name" {
		t.Error(got)
	}
	if b, _ := s.Profile("b"); fmt.Sprint(s.ProfileNames()) != "[a b]" || b.ProfileKey != "profiles[6]" || len(b.ProfileProblems) > 0 {
		t.Error(s.ProfileNames(), b.ProfileKey, b.ProfileProblems)
	}
	s = load(t, `{`+required+`,"profiles":`+many(101)+`}`)
	if len(s.Profiles) != 100 || len(s.ProfileProblems) != 1 || s.ProfileProblems[0].Key != "profiles" {
		t.Errorf("%d, %v", len(s.Profiles), s.ProfileProblems)
	}
}

// TestAProfileMayAdvertiseIfTheDataSourceSaysWho: the advertiser is the same for all.
func TestAProfileMayAdvertiseIfTheDataSourceSaysWho(t *testing.T) {
	s := load(t, `{`+required+`,"adSenderName":"a","adSenderAddress":"b","unsubscribeUrl":"https://example.com","profiles":[{"name":"ad","mailType":"ad"}]}`)
	if p, _ := s.Profile("ad"); p.MailType != nhncloud.Ad || p.UserName(p.MailType) != "AppKey#ad" || len(s.ProfileProblems) > 0 {
		t.Errorf("%+v", p)
	}
}

// many is a list of profiles, each with settings and recipients of its own.
func many(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"name":"team-%d","fromName":"Team %d","to":["team-%d@example.com"],"language":"ko","timezone":"Asia/Seoul","subjectTemplate":"{{ .Title }} %d"}`, i, i, i, i)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// BenchmarkLoad is a data source as it is loaded after each save.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{0, 100} {
		b.Run(fmt.Sprintf("profiles=%d", n), func(b *testing.B) {
			data := []byte(`{` + required + `,` + source + `,"profiles":` + many(n) + `}`)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := settings.Load(data, secrets); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
