package api

import (
	"fmt"
	"mime"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
)

// TestPagesThatLieAreNotBelieved: rows that come again are no more mail, and a total
// that is smaller than what was read is none.
func TestPagesThatLieAreNotBelieved(t *testing.T) {
	row := func(n int) string {
		return fmt.Sprintf(`{"requestId":"r","mailSeq":%d,"requestDate":"2026-07-01 21:00:00","senderAddress":"grafana@example.com","receiveMailAddr":"a@example.com","mailStatusCode":"SST2"}`, n)
	}
	for name, tt := range map[string]struct {
		total, rows string
		row         func(page, i int) int
		pages       int // that have rows
		read        int
		incomplete  bool
	}{
		"the same page again":           {"6", "2", func(_, i int) int { return i }, 10, 2, true},
		"a row that has moved a page":   {"5", "2", func(page, i int) int { return page + i }, 4, 5, false},
		"no total":                      {"0", "2", func(page, i int) int { return page*2 + i }, 2, 4, false},
		"a total less than nothing":     {"-1", "2", func(page, i int) int { return page*2 + i }, 2, 4, false},
		"no total, and no end":          {"0", "2", func(page, i int) int { return page*2 + i }, 100, 2 * maxPages, true},
		"fewer in all than on one page": {"1", "2", func(page, i int) int { return page*2 + i }, 1, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var rows []string
				var page int
				_, _ = fmt.Sscan(r.URL.Query().Get("pageNum"), &page)
				for i := range 2 {
					if page <= tt.pages {
						rows = append(rows, row(tt.row(page, i)))
					}
				}
				_, _ = fmt.Fprintf(w, `{"header":{"isSuccessful":true},"body":{"totalCount":%s,"data":[%s]}}`, tt.total, strings.Join(rows, ","))
			}))
			t.Cleanup(s.Close)
			found, err := client(t, Config{URL: s.URL}).List(t.Context(), sender, noon, noon)
			if err != nil || len(found.Mails) != tt.read || found.Read != tt.read || found.Incomplete() != tt.incomplete {
				t.Errorf("%d mails of %d, read %d, %v", len(found.Mails), found.Total, found.Read, err)
			}
		})
	}
}

// TestATimeThatEndsBeforeItBeginsHasNoMail, and nobody is asked.
func TestATimeThatEndsBeforeItBeginsHasNoMail(t *testing.T) {
	s := start(t, servicetest.Options{})
	found, err := client(t, Config{URL: s.URL()}).List(t.Context(), sender, noon.Add(time.Hour), noon)
	if err != nil || len(found.Mails) > 0 || found.Incomplete() || len(s.Requests()) > 0 {
		t.Errorf("%+v, %v, %d requests", found, err, len(s.Requests()))
	}
}

// TestSubjectsAreReadInFull: as long as the service takes them, also where it lists
// them as the mail's header has them, and bounded without a part of the SecretKey.
func TestSubjectsAreReadInFull(t *testing.T) {
	long := strings.Repeat("가", 998)
	for title, want := range map[string]string{
		long: long,
		mime.BEncoding.Encode("UTF-8", "[FIRING:1] 디스크 사용량이 90%를 넘었습니다: db-01, db-02, db-03"): "[FIRING:1] 디스크 사용량이 90%를 넘었습니다: db-01, db-02, db-03",
		"=?EUC-KR?B?/8DA?= x":                                       "=?EUC-KR?B?/8DA?= x",
		strings.Repeat("🔥", 250_000):                                strings.Repeat("🔥", longestTitle/4),
		strings.Repeat("x", longestTitle-4) + servicetest.SecretKey: strings.Repeat("x", longestTitle-4) + "[red",
	} {
		m := mail(noon)
		m.Subject = title
		one := start(t, servicetest.Options{})
		one.Add(m)
		found, err := client(t, Config{URL: one.URL()}).List(t.Context(), sender, noon, noon)
		if err != nil || len(found.Mails) != 1 || found.Mails[0].Subject != want {
			t.Errorf("%.40q: %.60q, %v", title, found.Mails, err)
		}
	}
}
