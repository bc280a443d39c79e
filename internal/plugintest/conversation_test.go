package plugintest_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestResolvedArrivesBehindFiring: the relay put off the mail of the alert that
// fired, which is resolved before that is tried again.
func TestResolvedArrivesBehindFiring(t *testing.T) {
	r := relay(t, relaytest.Options{})
	ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
	p := start(t, "sqlite://"+filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db")), nil)
	firing := another(t, 1)
	resolved := bytes.ReplaceAll(firing, []byte(`"status":"firing"`), []byte(`"status":"resolved"`))
	if bytes.Equal(firing, resolved) {
		t.Fatal("the fixture has changed")
	}
	r.Fault(relaytest.Fault{Stage: relaytest.MAIL, Times: 1, Action: relaytest.Reply("451 4.3.0 later\r\n")})
	first := call(t, p, ds, plugintest.Signed("alerts", firing))
	if first.Status != 202 {
		t.Fatalf("%d %s", first.Status, first.Body)
	}
	second := call(t, p, ds, plugintest.Signed("alerts", resolved))
	if second.Status != 200 {
		t.Errorf("the second is answered %d %s", second.Status, second.Body)
	}
	mails, err := r.WaitMails(within(t), 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, answer := range []plugintest.Response{first, second} {
		if id := object(t, answer.Body)["id"].(string); !strings.Contains(string(mails[i].Data), "Message-ID: <"+id+"@") {
			t.Errorf("mail %d is not the one that Grafana sent %d.", i+1, i+1)
		}
	}
}
