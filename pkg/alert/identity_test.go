package alert_test

import (
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/address"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

const (
	alertA = `{"status":"firing","fingerprint":"a","startsAt":"2026-11-23T06:33:30Z","endsAt":"0001-01-01T00:00:00Z"}`
	alertB = `{"status":"firing","fingerprint":"b","startsAt":"2026-11-23T06:34:00Z","endsAt":"0001-01-01T00:00:00Z"}`
)

// payload is a notification of a group.
func payload(group string, alerts ...string) string {
	return `{"groupKey":"` + group + `","alerts":[` + strings.Join(alerts, ",") + `]}`
}

func TestIdentityIsThatOfTheGroupAndItsSetOfAlerts(t *testing.T) {
	base := payload("g", alertA, alertB)
	tests := []struct {
		name  string
		a, b  string
		equal bool
	}{
		{"another order", base, payload("g", alertB, alertA), true},
		{"an alert twice", base, payload("g", alertA, alertB, alertA), true},
		{"another time zone", payload("g", alertA), payload("g", strings.Replace(alertA, "06:33:30Z", "15:33:30+09:00", 1)), true},
		{"another title, annotation and value", base, `{"title":"x",` + strings.Replace(base, `"status"`, `"annotations":{"a":"b"},"values":{"B":1},"status"`, 1)[1:], true},
		{"labels beside a fingerprint", base, strings.Replace(base, `"status"`, `"labels":{"a":"b"},"status"`, 1), true},
		{"a given group key and the derived one", payload(`{}:{a=\"b\"}`, alertA), `{"groupLabels":{"a":"b"},"alerts":[` + alertA + `]}`, true},
		{"labels in another order", payload("g", `{"status":"firing","labels":{"a":"1","b":"2"}}`), payload("g", `{"status":"firing","labels":{"b":"2","a":"1"}}`), true},

		{"another group", base, payload("h", alertA, alertB), false},
		{"another set", base, payload("g", alertA), false},
		{"another state", base, strings.Replace(base, "firing", "resolved", 1), false},
		{"another start", base, strings.Replace(base, "06:33:30Z", "06:33:30.000000001Z", 1), false},
		{"another end", base, strings.Replace(base, "0001-01-01", "2026-11-24", 1), false},
		{"another fingerprint", base, strings.Replace(base, `"a"`, `"c"`, 1), false},
		{"other labels without a fingerprint", payload("g", `{"status":"firing","labels":{"a":"1"}}`), payload("g", `{"status":"firing","labels":{"a":"2"}}`), false},
		{"labels cut elsewhere", payload("g", `{"status":"firing","labels":{"a":"bc"}}`), payload("g", `{"status":"firing","labels":{"ab":"c"}}`), false},
		{"another number of truncated alerts", `{"truncatedAlerts":1,` + base[1:], base, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := decode(t, []byte(tt.a)), decode(t, []byte(tt.b))
			if (a.Identity() == b.Identity()) != tt.equal {
				t.Errorf("equal %v, want %v", !tt.equal, tt.equal)
			}
		})
	}
}

func TestIdentityCoversAlertsThatAreNotKept(t *testing.T) {
	statuses := make([]string, 1500)
	for i := range statuses {
		statuses[i] = alert.Firing
	}
	all := decode(t, many(t, statuses)).Identity()
	statuses[1400] = alert.Resolved
	if decode(t, many(t, statuses)).Identity() == all {
		t.Error("a change beyond the first 1,000 alerts is not seen")
	}
}

func TestDeliveryIdentity(t *testing.T) {
	n := decode(t, []byte(payload("g", alertA)))
	to := func(list ...string) *alert.Recipients { return &alert.Recipients{To: mailboxes(t, list...)} }
	base := alert.DeliveryIdentity("1/a", n, to("a@example.com", "b@example.com"))
	tests := []struct {
		name  string
		got   string
		equal bool
	}{
		{"recipients in another order", alert.DeliveryIdentity("1/a", n, to("b@example.com", "a@example.com")), true},
		{"recipients with names and in capitals", alert.DeliveryIdentity("1/a", n, to("Ay <A@example.com>", "b@EXAMPLE.com")), true},
		{"another language and mode", alert.DeliveryIdentity("1/a", n, &alert.Recipients{To: mailboxes(t, "a@example.com", "b@example.com"), Language: "ko", Mode: "individual"}), true},

		{"another data source", alert.DeliveryIdentity("1/b", n, to("a@example.com", "b@example.com")), false},
		{"another notification", alert.DeliveryIdentity("1/a", decode(t, []byte(payload("g", alertB))), to("a@example.com", "b@example.com")), false},
		{"other recipients", alert.DeliveryIdentity("1/a", n, to("a@example.com")), false},
		{"a recipient in another role", alert.DeliveryIdentity("1/a", n, &alert.Recipients{To: mailboxes(t, "a@example.com"), Cc: mailboxes(t, "b@example.com")}), false},
		{"another mail type", alert.DeliveryIdentity("1/a", n, &alert.Recipients{To: mailboxes(t, "a@example.com", "b@example.com"), MailType: nhncloud.Ad}), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if (tt.got == base) != tt.equal {
				t.Errorf("equal %v, want %v", !tt.equal, tt.equal)
			}
		})
	}
}

func TestConversationIsThatOfAGroupAndItsRecipients(t *testing.T) {
	n := decode(t, []byte(payload("g", alertA)))
	to := func(list ...string) *alert.Recipients { return &alert.Recipients{To: mailboxes(t, list...)} }
	base := alert.Conversation("1/a", n, to("a@example.com", "b@example.com"))
	// Across releases, mail that waits is found by it.
	if want := "PDn7nZMOMueIw8wPixUEoo8z"; base != want {
		t.Errorf("the conversation is %s, want %s", base, want)
	}
	tests := []struct {
		name  string
		got   string
		equal bool
	}{
		{"other alerts of the group", alert.Conversation("1/a", decode(t, []byte(payload("g", strings.Replace(alertB, "firing", "resolved", 1)))), to("a@example.com", "b@example.com")), true},
		{"recipients in another order", alert.Conversation("1/a", n, to("b@example.com", "a@example.com")), true},
		{"recipients with names and in capitals", alert.Conversation("1/a", n, to("Ay <A@example.com>", "b@EXAMPLE.com")), true},
		{"a recipient in another role", alert.Conversation("1/a", n, &alert.Recipients{To: mailboxes(t, "b@example.com"), Bcc: mailboxes(t, "a@example.com")}), true},
		{"another language, mode and mail type", alert.Conversation("1/a", n, &alert.Recipients{
			To: mailboxes(t, "a@example.com", "b@example.com"), Language: "ko", Mode: "individual", MailType: nhncloud.Ad}), true},

		{"another data source", alert.Conversation("1/b", n, to("a@example.com", "b@example.com")), false},
		{"another group", alert.Conversation("1/a", decode(t, []byte(payload("h", alertA))), to("a@example.com", "b@example.com")), false},
		{"fewer recipients", alert.Conversation("1/a", n, to("a@example.com")), false},
		{"more recipients", alert.Conversation("1/a", n, to("a@example.com", "b@example.com", "c@example.com")), false},
		{"a boundary elsewhere", alert.Conversation("1/ag", decode(t, []byte(payload("", alertA))), to("a@example.com", "b@example.com")), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if (tt.got == base) != tt.equal {
				t.Errorf("equal %v, want %v", !tt.equal, tt.equal)
			}
		})
	}
}

// TestATeamIsTheSameWhoeverItsMembersAre: replicas may know other members of it, or none.
func TestATeamIsTheSameWhoeverItsMembersAre(t *testing.T) {
	n := decode(t, []byte(payload("g", alertA)))
	set, oncall := source(t, "default@example.com", "cc@example.com", "", "@example.com"), source(t, "oncall@example.com", "cc@example.com", "")
	oncall.ProfileName, oncall.AllowedTeams = "oncall", []string{"*"}
	set.Profiles, set.AllowedTeams = []*settings.Settings{oncall}, []string{"*"}
	resolve := func(query string, members ...string) *alert.Recipients {
		t.Helper()
		r, err := alert.ResolveTeams(overrides(t, query), set, func(string) ([]address.Address, string) { return mailboxes(t, members...), "" })
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for _, tt := range []struct {
		name         string
		one, another *alert.Recipients
		equal        bool
	}{
		{"a member joins", resolve("team=a", "x@example.com"), resolve("team=a", "x@example.com", "y@example.com"), true},
		{"defaults stand in for them", resolve("team=a", "x@example.com"), resolve("team=a"), true},
		{"a member is in Cc", resolve("team=a", "x@example.com"), resolve("team=a", "x@example.com", "cc@example.com"), true},
		{"a member is named, too", resolve("team=a&to=x@example.com", "x@example.com"), resolve("team=a&to=x@example.com", "y@example.com"), true},
		{"teams in another order", resolve("team=a&team=b", "x@example.com"), resolve("team=b&team=a"), true},

		{"another team of the same members", resolve("team=a", "x@example.com"), resolve("team=b", "x@example.com"), false},
		{"one more team", resolve("team=a"), resolve("team=a&team=b"), false},
		{"no team", resolve(""), resolve("team=a"), false},
		{"somebody beside", resolve("team=a"), resolve("team=a&to=x@example.com"), false},
		{"other defaults would stand in", resolve("team=a"), resolve("profile=oncall&team=a"), false},
	} {
		if got := alert.DeliveryIdentity("1/a", n, tt.one) == alert.DeliveryIdentity("1/a", n, tt.another); got != tt.equal {
			t.Errorf("%s: the identity is the same: %v", tt.name, got)
		}
		if got := alert.Conversation("1/a", n, tt.one) == alert.Conversation("1/a", n, tt.another); got != tt.equal {
			t.Errorf("%s: the conversation is the same: %v", tt.name, got)
		}
	}
}

// mailboxes parses addresses.
func mailboxes(t testing.TB, list ...string) []address.Address {
	t.Helper()
	var all []address.Address
	for _, s := range list {
		a, err := address.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

// TestAlertsOfAGroupAreSideBySide: in an index of hashes, one page holds them all.
func TestAlertsOfAGroupAreSideBySide(t *testing.T) {
	n := alert.Notification{GroupKey: "group"}
	group := func(source, fingerprint string) int64 {
		return n.AlertHash(source, &alert.Alert{Fingerprint: fingerprint}) >> 40
	}
	if group("1/a", "x") != group("1/a", "y") {
		t.Error("two alerts of a group are apart")
	}
	if group("1/a", "x") == group("1/b", "x") {
		t.Error("groups of two data sources are one")
	}
	if n.AlertHash("1/a", &alert.Alert{Fingerprint: "x"}) == n.AlertHash("1/a", &alert.Alert{Fingerprint: "y"}) {
		t.Error("two alerts are one")
	}
}
