package plugintest_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nhncloud/nhncloud-email-datasource/internal/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestUpgradeSendsTheMailOfAnEarlierOutboxWithTheSettingsOfAnEarlierRelease
// starts today's plugin on what was left: an outbox with a mail that waits, whose
// process died, and settings that an earlier release has saved.
func TestUpgradeSendsTheMailOfAnEarlierOutboxWithTheSettingsOfAnEarlierRelease(t *testing.T) {
	t.Parallel() // it waits
	for _, file := range releases(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			r := relay(t, relaytest.Options{})
			ds := plugintest.ForRelay(r, nhncloud.STARTTLS, nil)
			ds.UID = "mail"
			url := "sqlite://" + filepath.ToSlash(filepath.Join(t.TempDir(), "outbox.db"))
			p := start(t, url, nil)
			r.Stop()
			left := call(t, p, ds, plugintest.Signed("alerts", another(t, 1)))
			if left.Status != 202 {
				t.Fatalf("%d %s", left.Status, left.Body)
			}
			p.Kill()
			if err := r.Restart(); err != nil {
				t.Fatal(err)
			}
			p = start(t, url, nil)
			wake(t, p, savedBy(t, file, r))
			mails, err := r.WaitMails(within(t), 1)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(mails[0].Data), idOf(left.Body)) {
				t.Errorf("another mail:\n%s", mails[0].Data)
			}
		})
	}
}

func releases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../pkg/settings/testdata/releases/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

// savedBy is the data source that a release saved, pointed at the test relay.
func savedBy(t *testing.T, file string, r *relaytest.Relay) plugintest.DataSource {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var saved struct{ JSONData map[string]any }
	if err := json.Unmarshal(content, &saved); err != nil {
		t.Fatal(err)
	}
	ds := plugintest.ForRelay(r, nhncloud.TLSWrapper, nil)
	var reachable map[string]any
	if err := json.Unmarshal(ds.JSON, &reachable); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"host", "port", "portMode", "serverName", "tlsAuthWithCACert"} {
		saved.JSONData[key] = reachable[key]
	}
	maps.DeleteFunc(saved.JSONData, func(key string, _ any) bool { return key == "enableSecureSocksProxy" }) // there is none here
	if ds.JSON, err = json.Marshal(saved.JSONData); err != nil {
		t.Fatal(err)
	}
	ds.UID = "mail"
	return ds
}
