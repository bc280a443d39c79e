package plugintest_test

import (
	"database/sql"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // as the outbox has it

	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/plugintest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/relaytest"
)

// TestUpgradeSendsTheMailOfAnEarlierOutboxWithTheSettingsOfAnEarlierRelease
// starts today's plugin on what yesterday's left: an outbox of the first schema
// with a mail that waits and one whose process died, and saved settings.
func TestUpgradeSendsTheMailOfAnEarlierOutboxWithTheSettingsOfAnEarlierRelease(t *testing.T) {
	r := relay(t, relaytest.Options{})
	for _, file := range releases(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "outbox.db")
			firstOutbox(t, path, "Subject: waits\r\n\r\nwaits\r\n")
			before := len(r.Mails())
			p := start(t, "sqlite://"+filepath.ToSlash(path), nil)
			wake(t, p, savedBy(t, file, r))
			mails, err := r.WaitMails(within(t), before+2)
			if err != nil {
				t.Fatal(err)
			}
			for _, mail := range mails[before:] {
				if !strings.Contains(string(mail.Data), "waits") || !slices.Equal(mail.To, []string{"a@example.com"}) {
					t.Errorf("to %s\n%s", mail.To, mail.Data)
				}
			}
		})
	}
}

func releases(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../settings/testdata/releases/*.json")
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

// firstOutbox makes an outbox of schema 1, with mail of this hour.
func firstOutbox(t *testing.T, path, mail string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, os.DirFS("../outbox/migrations/sqlite"), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	rows, err := os.ReadFile("../outbox/testdata/schema1.sql")
	if err != nil {
		t.Fatal(err)
	}
	const written = 1772366400000000 // the rows' own time, in microseconds
	shift := time.Now().Add(-time.Hour).UnixMicro() - written
	statements := regexp.MustCompile(`\b1772\d{12}\b`).ReplaceAllStringFunc(string(rows), func(moment string) string {
		n, err := strconv.ParseInt(moment, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return strconv.FormatInt(n+shift, 10)
	})
	if _, err := db.ExecContext(t.Context(), statements); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "UPDATE delivery SET message = ? WHERE message IS NOT NULL", []byte(mail)); err != nil {
		t.Fatal(err)
	}
}
