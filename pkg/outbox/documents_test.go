package outbox

import (
	"os"
	"strings"
	"testing"
)

// TestPersonalDataIsPurgedAsTheDocumentationSays: the statements of the page.
func TestPersonalDataIsPurgedAsTheDocumentationSays(t *testing.T) {
	page, err := os.ReadFile("../../docs/outbox.md")
	if err != nil {
		t.Fatal(err)
	}
	_, sql, _ := strings.Cut(string(page), "```sql\n")
	sql, _, _ = strings.Cut(sql, "```")
	onSharedEngines(t, func(t *testing.T, f *fixture) {
		o := f.open()
		f.attach(o, always(accept))
		ids := map[string]string{}
		for _, address := range []string{"Person@example.com", "other@example.com"} {
			n := notification(address)
			n.Recipients = append(n.Recipients, Recipient{Address: address, Kind: Cc})
			ids[address] = f.enqueue(o, n).ID
			f.awaitStatus(o, ids[address], Sent)
		}
		db := f.database()
		db.SetMaxOpenConns(1) // the temporary table is its connection's
		for {
			_, err := db.ExecContext(t.Context(), sql)
			if err == nil {
				break
			}
			if !strings.Contains(err.Error(), "database is locked") { // else it is run again, as the page says
				t.Fatal(err)
			}
			if _, err := db.ExecContext(t.Context(), "ROLLBACK"); err != nil {
				t.Fatal(err)
			}
		}
		mustBe(t, second(o.Get(t.Context(), src, ids["Person@example.com"])), ErrNotFound)
		f.get(o, ids["other@example.com"])
		for _, table := range []string{"recipient", "attempt"} {
			var orphans int
			err := db.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table+" WHERE delivery NOT IN (SELECT sequence FROM delivery)").Scan(&orphans)
			if err != nil || orphans != 0 {
				t.Errorf("%d rows are left in %s, %v", orphans, table, err)
			}
		}
	})
}
