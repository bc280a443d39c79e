package alert_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// TestWhatOtherSendersWriteIsRead: a script or an older tool fills in the fields of
// a webhook in its own way.
func TestWhatOtherSendersWriteIsRead(t *testing.T) {
	n := decode(t, []byte(`{"status":"FIRING","orgId":"7","alerts":[
		{"status":"Firing","startsAt":"","endsAt":"","orgId":"7","labels":{"alertname":"a"}},
		{"status":"RESOLVED","startsAt":"2026-11-23T06:33:30Z","endsAt":null,"orgId":""}]}`))
	if n.Status != alert.Firing || n.OrgID != 7 || n.FiringCount != 1 || n.ResolvedCount != 1 {
		t.Errorf("%+v", n)
	}
	a, b := n.Alerts[0], n.Alerts[1]
	if a.Status != alert.Firing || !a.StartsAt.IsZero() || !a.EndsAt.IsZero() || a.OrgID != 7 {
		t.Errorf("%+v", a)
	}
	if b.Status != alert.Resolved || b.StartsAt.Year() != 2026 || !b.EndsAt.IsZero() || b.OrgID != 0 {
		t.Errorf("%+v", b)
	}
	for body, words := range map[string]string{
		`{"orgId":"one","alerts":[{"status":"firing"}]}`:                    "orgId is not a whole number",
		`{"orgId":"99999999999999999999","alerts":[{"status":"firing"}]}`:   "orgId is too large a number",
		`{"alerts":[{"status":"firing","startsAt":" "}]}`:                   "alerts[0].startsAt is not a time",
		`{"alerts":[{"status":"firing","startsAt":"2026-11-23 06:33:30"}]}`: "alerts[0].startsAt is not a time",
	} {
		_, err := alert.Decode(strings.NewReader(body))
		refused(t, err, 422, failure.Body, words)
	}
}

// TestHalfOfASurrogatePairIsReplaced: JSON can hold it, and UTF-8 cannot.
func TestHalfOfASurrogatePairIsReplaced(t *testing.T) {
	for name, half := range map[string]string{"high": `\ud83d`, "low": `\ude00`, "high, then a letter": `\ud83dx`, "twice": `\uD83D\uD83D`} {
		body := `{"title":"a` + half + `b","message":"c` + half + `d","alerts":[{"status":"firing","labels":{"l":"` + half + `"}}]}`
		want := map[string]string{"high, then a letter": "\ufffdx", "twice": "\ufffd\ufffd"}[name]
		if want == "" {
			want = "\ufffd"
		}
		for _, body := range []string{body, inPieces(body)} {
			n, err := alert.Decode(strings.NewReader(body))
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if n.Title != "a"+want+"b" || n.Message != "c"+want+"d" || n.Alerts[0].Labels["l"] != want {
				t.Errorf("%s: %q, %q, %q", name, n.Title, n.Message, n.Alerts[0].Labels["l"])
			}
		}
	}
}

// TestUTF8IsCheckedInAnyPieces: a character may come in parts; half of one is none.
func TestUTF8IsCheckedInAnyPieces(t *testing.T) {
	for text, good := range map[string]bool{
		"é高😀": true, "é": true, "😀😀": true, "": true, "\xff": false, "\xc3": false, "\xe9\xab": false, "\xf0\x9f\x98": false, "é\x80": false,
		"\xed\xa0\xbd": false, "\xc3\xc3\xa9": false, "高\xe9": false,
	} {
		for field, body := range map[string]string{
			"title": `{"title":"` + text + `","alerts":[{"status":"firing"}]}`, "message": `{"message":"` + text + `","alerts":[{"status":"firing"}]}`,
			"the rest": `{"title":"` + strings.Repeat("x", 1<<17) + text + `","alerts":[{"status":"firing"}]}`,
		} {
			for pieces, src := range map[string]io.Reader{"whole": strings.NewReader(body), "one by one": iotest.OneByteReader(strings.NewReader(inPieces(body)))} {
				_, err := alert.Decode(src)
				switch {
				case good && err != nil:
					t.Errorf("%q as %s, %s: %v", text, field, pieces, err)
				case !good:
					refused(t, err, 400, failure.Body, "the body is not UTF-8")
				}
			}
		}
	}
}
