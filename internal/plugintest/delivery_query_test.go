package plugintest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

func TestOneDeliveryIsShownWithEveryRecipientAndAttempt(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, map[string]any{"to": []string{"oncall@example.com", "gone@example.com"}})
	r.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "gone@", Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	answer := object(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Body)
	id := answer["id"].(string)

	frames := query(t, p, ds, "delivery", `{"id":"`+id+`"}`).Frames
	if len(frames) != 3 || frames[0].Name != "delivery" || frames[1].Name != "recipients" || frames[2].Name != "attempts" {
		t.Fatalf("%d frames", len(frames))
	}
	if got := field(t, frames[0], "status", nil).At(0); got != "partial" {
		t.Errorf("the delivery is %s", got)
	}
	recipients := frames[1]
	if recipients.Rows() != 2 {
		t.Fatalf("%d recipients", recipients.Rows())
	}
	for i := range recipients.Rows() {
		address := field(t, recipients, "address", nil).At(i).(string)
		status := field(t, recipients, "status", nil).At(i).(string)
		code, _ := field(t, recipients, "code", nil).ConcreteAt(i)
		enhanced := field(t, recipients, "enhancedCode", nil).At(i).(string)
		words := field(t, recipients, "message", nil).At(i).(string)
		refused := status == "failed" && code == int64(550) && enhanced == "5.1.1" && strings.Contains(words, "No such user")
		if refused != strings.HasPrefix(address, "gone@") || !refused && status != "sent" {
			t.Errorf("%s: %s %v %s %s", address, status, code, enhanced, words)
		}
	}
	if attempts := frames[2]; attempts.Rows() != 1 || field(t, attempts, "duration", nil).At(0).(float64) <= 0 {
		t.Errorf("%d attempts", attempts.Rows())
	}
}

func TestADeliveryIsOnlyFoundByItsOwnDataSource(t *testing.T) {
	r := relay(t, relaytest.Options{})
	p := start(t, "", nil)
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	id, err := json.Marshal(object(t, call(t, p, ds, plugintest.Signed("alerts", another(t, 1))).Body)["id"])
	if err != nil {
		t.Fatal(err)
	}
	other := ds
	other.UID = "another"
	for _, model := range []string{`{"id":` + string(id) + `}`, `{"id":"unknown"}`, `{}`} {
		got := query(t, p, other, "delivery", model)
		rows := slices.ContainsFunc(got.Frames, func(f *data.Frame) bool { return len(f.Fields) > 0 })
		if got.Error == nil || rows {
			t.Errorf("%s: %v", model, got)
		}
	}
}
