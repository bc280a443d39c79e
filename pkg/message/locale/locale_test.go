package locale

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

// verbs finds what a message leaves room for.
var verbs = regexp.MustCompile(`%(?:\[\d+\])?[a-z]`)

func TestLanguagesSayTheSame(t *testing.T) {
	want := read("en")
	for _, language := range settings.Languages() {
		got := read(language)
		for key, forms := range want {
			if _, ok := got[key]["other"]; !ok {
				t.Errorf("%s.json lacks %q", language, key)
				continue
			}
			for form, text := range got[key] {
				// One argument needs no number.
				a := strings.ReplaceAll(strings.Join(slices.Sorted(slices.Values(verbs.FindAllString(text, -1))), " "), "[1]", "")
				b := strings.ReplaceAll(strings.Join(slices.Sorted(slices.Values(verbs.FindAllString(forms["other"], -1))), " "), "[1]", "")
				if a != b {
					t.Errorf("%s.json, %q (%s) takes %q; en.json %q", language, key, form, a, b)
				}
			}
		}
		for key := range got {
			if want[key] == nil {
				t.Errorf("%s.json has %q, which en.json has not", language, key)
			}
		}
		if n := len(languages[language].weekdays); n != 7 {
			t.Errorf("%s.json has %d weekdays", language, n)
		}
	}
}

// TestMessagesAreInUse looks for the keys in the sources, where a typing error
// would show the key to the reader.
func TestMessagesAreInUse(t *testing.T) {
	var source strings.Builder
	files, _ := filepath.Glob("../*/*.go")
	files = append(files, "../render.go", "../digest.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		source.Write(data)
	}
	keys := read("en")
	composed := []string{"state.", "count.", "subject.", "reason.", "gathered."} // completed with a state
	for _, m := range regexp.MustCompile(`(?:Say\(|t |add\(|key :?= |\{)"([a-z]+\.[a-z.]*)"`).FindAllStringSubmatch(source.String(), -1) {
		if key := m[1]; keys[key] == nil && !slices.Contains(composed, key) {
			t.Errorf("the sources use %q, which the catalogs lack", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		known := strings.Contains(source.String(), `"`+key+`"`)
		for _, prefix := range composed {
			known = known || strings.HasPrefix(key, prefix)
		}
		if !known {
			t.Errorf("no source uses %q", key)
		}
	}
}

func TestPluralForms(t *testing.T) {
	for _, tt := range []struct {
		language string
		count    int
		want     string
	}{
		{"en", 1, "1 further alert is not listed in this mail."}, {"en", 1234, "1,234 further alerts are not listed in this mail."},
		{"ja", 1, "このメールに記載していないアラートがあと1件あります。"}, {"ko", 1234, "이 메일에 표시하지 않은 알림이 1,234건 더 있습니다."},
	} {
		if got := languages[tt.language].Say("omitted", tt.count); got != tt.want {
			t.Errorf("%s, %d: %q, want %q", tt.language, tt.count, got, tt.want)
		}
	}
}

func TestTimesInEveryLanguage(t *testing.T) {
	at := time.Date(2026, 11, 22, 21, 5, 9, 0, time.UTC)
	for _, tt := range []struct{ language, zone, want string }{
		{"en", "UTC", "Sun 22 Nov 2026, 21:05:09 UTC"},
		{"en", "America/New_York", "Sun 22 Nov 2026, 16:05:09 EST"},
		{"ja", "Asia/Tokyo", "2026年11月23日(月) 06:05:09 JST"},
		{"ko", "Asia/Seoul", "2026년 11월 23일(월) 06:05:09 KST"},
		{"en", "America/Sao_Paulo", "Sun 22 Nov 2026, 18:05:09 UTC-03:00"},
		{"en", "Asia/Kathmandu", "Mon 23 Nov 2026, 02:50:09 UTC+05:45"},
	} {
		location, err := time.LoadLocation(tt.zone)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Time{at.In(location), languages[tt.language]}).String(); got != tt.want {
			t.Errorf("%s in %s: %q, want %q", tt.language, tt.zone, got, tt.want)
		}
	}
	if got := (Time{words: languages["en"]}).String(); got != "" {
		t.Errorf("no time is %q", got)
	}
}

func TestShortTimesHaveADateOnlyWhereItIsAnotherDay(t *testing.T) {
	seoul, err := time.LoadLocation("Asia/Seoul")
	if err != nil {
		t.Fatal(err)
	}
	kathmandu := time.FixedZone("+0545", 5*3600+45*60)
	now := time.Date(2026, 11, 23, 8, 20, 0, 0, time.UTC)
	for _, tt := range []struct {
		language           string
		location           *time.Location
		ago                time.Duration
		short, zoned, full string
	}{
		{"en", time.UTC, 5 * time.Minute, "08:15", "08:15\u00a0UTC", "Mon 23 Nov 2026, 08:15:00 UTC"},
		{"en", time.FixedZone("GMT", 0), 5 * time.Minute, "08:15", "08:15\u00a0GMT", "Mon 23 Nov 2026, 08:15:00 GMT (UTC+0)"},
		{"en", time.UTC, 9 * time.Hour, "22 Nov 23:20", "22 Nov 23:20\u00a0UTC", "Sun 22 Nov 2026, 23:20:00 UTC"},
		{"ja", seoul, 18 * time.Hour, "11月22日 23:20", "11月22日 23:20\u00a0KST", "2026年11月22日(日) 23:20:00 KST (UTC+9)"},
		{"ko", seoul, 18 * time.Hour, "11월 22일 23:20", "11월 22일 23:20\u00a0KST", "2026년 11월 22일(일) 23:20:00 KST (UTC+9)"},
		{"en", kathmandu, 0, "14:05", "14:05\u00a0UTC+05:45", "Mon 23 Nov 2026, 14:05:00 UTC+05:45"},
	} {
		w := languages[tt.language]
		at, now := w.Time(now.Add(-tt.ago).In(tt.location)), w.Time(now.In(tt.location))
		if short, zoned, full := at.Short(now), at.Zoned(now), at.Full(); short != tt.short || zoned != tt.zoned || full != tt.full {
			t.Errorf("%q, %q, %q, want %q, %q, %q", short, zoned, full, tt.short, tt.zoned, tt.full)
		}
	}
	if none := languages["en"].Time(time.Time{}); none.Zoned(none)+none.Full() != "" {
		t.Error("no time is a time")
	}
}

func TestLengthsInEveryLanguage(t *testing.T) {
	for _, tt := range []struct {
		length     time.Duration
		en, ja, ko string
	}{
		{0, "0s", "0秒", "0초"},
		{59999 * time.Millisecond, "59s", "59秒", "59초"},
		{time.Minute, "1m", "1分", "1분"},
		{90 * time.Second, "1m 30s", "1分30秒", "1분 30초"},
		{time.Hour + 59*time.Second, "1h", "1時間", "1시간"},
		{26*time.Hour + 30*time.Minute, "1d 2h", "1日2時間", "1일 2시간"},
		{400 * 24 * time.Hour, "400d", "400日", "400일"},
		{-time.Second, "", "", ""},
	} {
		for language, want := range map[string]string{"en": tt.en, "ja": tt.ja, "ko": tt.ko} {
			if got := (Span{tt.length, languages[language]}).String(); got != want {
				t.Errorf("%v in %s: %q, want %q", tt.length, language, got, want)
			}
		}
	}
}
