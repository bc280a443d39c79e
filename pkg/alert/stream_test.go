package alert_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/alert"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

// storm is what Grafana posts of many alerts of one group: most of it is the
// message, which lists them once more.
type storm struct {
	count     int
	resolved  int // of count, at the end
	padding   int // octets of each description
	before    string
	after     string
	afterEach func(i int) string
}

func (s storm) status(i int) string {
	if i >= s.count-s.resolved {
		return alert.Resolved
	}
	return alert.Firing
}

// text is what Grafana's default message says of one alert.
func (s storm) text(i int) string {
	const form = "\nValue: B=%d.5, C=1\nLabels:\n - alertname = Disk full\n - instance = db-%[1]d\n - severity = warning\n" +
		"Annotations:\n - description = %s\n - summary = Disk <%[1]d> is \"full\"\nSource: https://grafana.example.com/r1?x=%[1]d&y\nSilence: https://grafana.example.com/s\n"
	return fmt.Sprintf(form, i, s.description(i))
}

func (s storm) description(i int) string {
	return fmt.Sprintf("line %d\n\nValue: of a disk\n高負荷 %s", i, strings.Repeat("x", s.padding))
}

func (s storm) message() string {
	var b strings.Builder
	b.WriteString(s.before)
	for i := range s.count {
		switch {
		case i == 0 && s.status(i) == alert.Firing:
			b.WriteString("**Firing**\n")
		case s.status(i) == alert.Resolved && (i == 0 || s.status(i-1) == alert.Firing):
			if i > 0 {
				b.WriteString("\n\n")
			}
			b.WriteString("**Resolved**\n")
		}
		b.WriteString(s.text(i))
		if s.afterEach != nil {
			b.WriteString(s.afterEach(i))
		}
	}
	b.WriteString(s.after)
	return b.String()
}

// body is the payload, in the order of Grafana's fields.
func (s storm) body(t testing.TB) string {
	t.Helper()
	encode := func(v any) string {
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	var alerts []string
	for i := range s.count {
		end := "0001-01-01T00:00:00Z"
		if s.status(i) == alert.Resolved {
			end = "2026-11-23T07:00:00Z"
		}
		alerts = append(alerts, encode(map[string]any{
			"status": s.status(i), "fingerprint": fmt.Sprintf("%016x", i), "startsAt": "2026-11-23T06:33:30Z", "endsAt": end,
			"labels":       map[string]string{"alertname": "Disk full", "instance": fmt.Sprintf("db-%d", i), "severity": "warning"},
			"annotations":  map[string]string{"summary": fmt.Sprintf("Disk <%d> is \"full\"", i), "description": s.description(i)},
			"values":       map[string]float64{"B": float64(i) + 0.5, "C": 1},
			"generatorURL": fmt.Sprintf("https://grafana.example.com/r1?x=%d&y", i), "silenceURL": "https://grafana.example.com/s", "ruleUID": "r1",
		}))
	}
	return `{"receiver":"ops","status":"firing","alerts":[` + strings.Join(alerts, ",") + `],"groupKey":"g","message":` + encode(s.message()) + `,"title":"x"}`
}

// TestFiveThousandAlertsAreCountedAndTheirMemoryIsNot: the body is 11 MB, and
// what is held of it at any time is what a mail can show.
func TestFiveThousandAlertsAreCountedAndTheirMemoryIsNot(t *testing.T) {
	s := storm{count: 5000, resolved: 1000, padding: 800, before: "On call: Lee.\n", after: "\nEscalation: call Kim."}
	body := s.body(t)
	if len(body) < 11_000_000 {
		t.Fatalf("the body has %d octets", len(body))
	}
	r := &measured{src: strings.NewReader(body), every: 1_000_000}
	r.base = live()
	n, err := alert.Decode(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d octets of body, at most %d kB of memory", len(body), r.most>>10)
	if r.most > 5<<20 {
		t.Errorf("it took %d octets of memory", r.most)
	}
	if n.FiringCount != 4000 || n.ResolvedCount != 1000 || len(n.Alerts) != alert.MaxAlerts || n.Omitted != 4000 || n.Rules != 1 {
		t.Errorf("%d firing, %d resolved, %d kept, %d omitted, %d rules", n.FiringCount, n.ResolvedCount, len(n.Alerts), n.Omitted, n.Rules)
	}
	if want := map[alert.Kind]int{{Status: alert.Firing, Severity: "warning"}: 3000, {Status: alert.Resolved, Severity: "warning"}: 1000}; !reflect.DeepEqual(n.Dropped, want) {
		t.Errorf("dropped %v", n.Dropped)
	}
	if want := "On call: Lee.\n\nEscalation: call Kim."; n.Message != want {
		t.Errorf("somebody wrote %q, want %q", n.Message, want)
	}
	if n.Alerts[999].Labels["instance"] != "db-999" {
		t.Errorf("%+v", n.Alerts[999])
	}
	// The last alert is far behind what is kept.
	for _, change := range [][2]string{{fmt.Sprintf("%016x", 4999), fmt.Sprintf("%016x", 9999)}, {`"2026-11-23T07:00:00Z"`, `"2026-11-23T07:00:01Z"`}} {
		at := strings.LastIndex(body, change[0])
		other := body[:at] + change[1] + body[at+len(change[0]):]
		if decode(t, []byte(other)).Identity() == n.Identity() {
			t.Errorf("%s in place of %s is the same notification", change[1], change[0])
		}
	}
	if decode(t, []byte(body)).Identity() != n.Identity() {
		t.Error("one body has two identities")
	}
}

// measured notes how much memory is in use while it is read.
type measured struct {
	src         io.Reader
	every, left int
	base, most  int64
}

func (m *measured) Read(p []byte) (int, error) {
	n, err := m.src.Read(p)
	if m.left -= n; m.left <= 0 {
		m.left = m.every
		m.most = max(m.most, live()-m.base)
	}
	return n, err
}

func live() int64 {
	runtime.GC()
	runtime.GC() // pools hold what they have for one collection
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return int64(s.HeapAlloc)
}

func TestOnlyGrafanasOwnTextIsLeftOutOfTheMessage(t *testing.T) {
	escalate := func(i int) string { return fmt.Sprintf("Escalate: call 555-010%d\n", i) }
	tests := []struct {
		name   string
		s      storm
		change func(message string) string
		want   string
	}{
		{"the default", storm{count: 3}, nil, ""},
		{"the default of resolved alerts", storm{count: 3, resolved: 3}, nil, ""},
		{"the default of both", storm{count: 3, resolved: 1}, nil, ""},
		{"text around it", storm{count: 3, resolved: 1, before: "Hello\n", after: "\nBye"}, nil, "Hello\n\nBye"},
		{"text before it on the same line", storm{count: 2, before: "Team db: "}, nil, "Team db: "},
		{"a line behind each alert, as in a copy of the template", storm{count: 3, resolved: 1, afterEach: escalate}, nil,
			"Escalate: call 555-0100\nEscalate: call 555-0101\n\n\nEscalate: call 555-0102\n"},
		{"another text that begins as the default does", storm{count: 1}, func(string) string { return "**Firing**\n\nValue: high\nLabels:\n - team = db\n" },
			"**Firing**\n\nValue: high\nLabels:\n - team = db\n"},
		{"the second alert with a line of its own inside", storm{count: 3}, func(m string) string {
			return strings.Replace(m, " - instance = db-1\n", " - instance = db-1 (!)\n", 1)
		},
			strings.Replace(storm{count: 3}.text(1), "db-1\n", "db-1 (!)\n", 1)},
		{"an alert that is left out", storm{count: 3}, func(m string) string { return strings.Replace(m, storm{count: 3}.text(1), "", 1) }, ""},
		{"the default without a heading", storm{count: 2}, func(m string) string { return strings.TrimPrefix(m, "**Firing**\n") }, ""},
		{"a heading alone", storm{count: 1}, func(string) string { return "**Firing**\n" }, "**Firing**\n"},
		{"the default twice", storm{count: 1}, func(m string) string { return m + m }, storm{count: 1}.message()},
		{"half of it", storm{count: 1}, func(m string) string { return m[:len(m)/2] }, storm{count: 1}.message()[:len(storm{count: 1}.message())/2]},
		{"a text of great length", storm{count: 1}, func(m string) string { return m + strings.Repeat("0123456789", 30_000) }, "..."},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := tt.s.body(t)
			if tt.change != nil {
				old, _ := json.Marshal(tt.s.message())
				changed, _ := json.Marshal(tt.change(tt.s.message()))
				body = strings.Replace(body, string(old), string(changed), 1)
			}
			// The same with the message before the alerts, and its name in escapes.
			at, end := strings.Index(body, `,"message":`), strings.Index(body, `,"title"`)
			early := "{" + body[at+1:end] + "," + body[1:at] + body[end:]
			for _, body := range []string{body, early, strings.Replace(body, `"message"`, `"mess\u0061ge"`, 1), inPieces(body), inPieces(early)} {
				n := decode(t, []byte(body))
				if tt.want == "..." {
					if len(n.Message) < 60_000 || len(n.Message) > 200_000 || strings.Trim(n.Message, "0123456789") != "" {
						t.Errorf("%d octets are kept: %.100q", len(n.Message), n.Message)
					}
				} else if n.Message != tt.want {
					t.Errorf("somebody wrote %q, want %q", n.Message, tt.want)
				}
			}
		})
	}
}

// inPieces lengthens a body so that it is read piece by piece, which a short one
// is not.
func inPieces(body string) string { return strings.Repeat(" ", 64<<10) + body }

// TestAPayloadIsReadTheSameInAnyPieces: what decides must not depend on where a
// read ends.
func TestAPayloadIsReadTheSameInAnyPieces(t *testing.T) {
	bodies := map[string]string{
		"a storm":  storm{count: 40, resolved: 10, padding: 3000, before: "On call 😀\\\"\n", after: "\nBye"}.body(t),
		"a long s": `{"alerts":[{"status":"firing","labels":{"alertname":"` + strings.Repeat(`\ud83d\ude00`, 6_000) + `"},"annotations":{"summary":"` + strings.Repeat("😀", 17_000) + `","x":"` + strings.Repeat(`\"`, 34_000) + `","y":"` + strings.Repeat(`\\`, 34_000) + `z"}}]}`,
	}
	files, _ := filepath.Glob("testdata/[ag]*/*.json")
	cases, _ := filepath.Glob("../message/testdata/cases/*.json")
	for _, file := range append(files, cases...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		bodies[file] = string(data)
	}
	for name, body := range bodies {
		want := decode(t, []byte(body))
		for _, body := range []string{body, inPieces(body)} {
			for kind, r := range map[string]io.Reader{
				"octets": iotest.OneByteReader(strings.NewReader(body)), "halves": iotest.HalfReader(strings.NewReader(body)),
				"an end with data": iotest.DataErrReader(strings.NewReader(body)),
			} {
				got, err := alert.Decode(r)
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("%s in %s: %v\n%+v\nwant\n%+v", name, kind, err, got, want)
				}
			}
		}
	}
}

func TestLongStringsAreCutWhole(t *testing.T) {
	const long = 80_000 // octets
	for name, part := range map[string]string{
		"ASCII": "x", "three octets": "高", "four octets": "😀", "an escape": `\n`, "six octets of escape": `\u00e9`, "a surrogate pair": `\ud83d\ude00`,
		"backslashes": `\\`, "quotation marks": `\"`,
	} {
		var letter string
		if err := json.Unmarshal([]byte(`"`+part+`"`), &letter); err != nil {
			t.Fatal(err)
		}
		for _, shift := range []int{0, 1, 6, 11} {
			body := `{"alerts":[{"status":"firing","annotations":{"a":"` + strings.Repeat("_", shift) + strings.Repeat(part, long/len(part)) + `","b":"c"}}]}`
			a := decode(t, []byte(body)).Alerts[0].Annotations
			if rest := strings.ReplaceAll(a["a"][shift:], letter, ""); rest != "" || len(a["a"]) < 10_000 || long/len(part)*len(letter)+shift <= len(a["a"]) || len(a["a"]) > 70_000 || a["b"] != "c" {
				t.Fatalf("%s: %d octets, with %q, and %q", name, len(a["a"]), rest, a["b"])
			}
		}
	}
}

func TestTheGravestAlertsAreKept(t *testing.T) {
	one := func(status, severity string, i int) string {
		return fmt.Sprintf(`{"status":%q,"fingerprint":"%s-%d","labels":{"severity":%[2]q,"alertname":"rule %[3]d"}}`, status, severity, i)
	}
	var all []string
	for i := range 1500 {
		all = append(all, one(alert.Resolved, "critical", i), one(alert.Firing, "info", i))
	}
	all = append(all, one(alert.Firing, "critical", 7), one(alert.Firing, strings.Repeat("x", 200), 8))
	n := decode(t, []byte(`{"truncatedAlerts":5,"alerts":[`+strings.Join(all, ",")+`]}`))
	kept := map[string]int{}
	for _, a := range n.Alerts {
		kept[a.Status+" "+a.Labels["severity"][:4]]++
	}
	if want := map[string]int{"firing crit": 1, "firing xxxx": 1, "firing info": 998}; !reflect.DeepEqual(kept, want) {
		t.Errorf("kept %v", kept)
	}
	if want := map[alert.Kind]int{{Status: alert.Firing, Severity: "info"}: 502, {Status: alert.Resolved, Severity: "critical"}: 1500}; !reflect.DeepEqual(n.Dropped, want) {
		t.Errorf("dropped %v", n.Dropped)
	}
	if n.Omitted != 2002+5 || n.Rules != 1500 || n.FiringCount != 1502 || n.ResolvedCount != 1500 {
		t.Errorf("%d omitted, %d rules, %d firing, %d resolved", n.Omitted, n.Rules, n.FiringCount, n.ResolvedCount)
	}
	if !slices.IsSortedFunc(n.Alerts[:998], func(a, b alert.Alert) int { return len(a.Fingerprint) - len(b.Fingerprint) }) {
		t.Error("the order of the payload is lost")
	}
}

// TestHugeAlertsAreBoundedTogether: a thousand of them are not kept, one is.
func TestHugeAlertsAreBoundedTogether(t *testing.T) {
	part := `"` + strings.Repeat("x", 50_000) + `"`
	huge := `{"status":"firing","annotations":{"a":` + part + `,"b":` + part + `,"c":` + part + `,"d":` + part + `}}`
	n := decode(t, []byte(`{"alerts":[`+strings.Repeat(huge+",", 59)+huge+`]}`))
	if len(n.Alerts) < 20 || len(n.Alerts) > 50 || n.FiringCount != 60 || n.Omitted != 60-len(n.Alerts) {
		t.Errorf("%d kept, %d firing, %d omitted", len(n.Alerts), n.FiringCount, n.Omitted)
	}
	annotations := make([]string, 200)
	for i := range annotations {
		annotations[i] = fmt.Sprintf("%q:%s", fmt.Sprint(i), part)
	}
	if n := decode(t, []byte(`{"alerts":[{"status":"firing","annotations":{`+strings.Join(annotations, ",")+`}}]}`)); len(n.Alerts) != 1 {
		t.Error("the only alert is not kept")
	}
}

func TestThereMayBeSoManyAlerts(t *testing.T) {
	const one = `{"status":"firing"}`
	body := `{"alerts":[` + strings.Repeat(one+",", alert.MaxCounted-1) + one
	if n := decode(t, []byte(body+"]}")); n.FiringCount != alert.MaxCounted {
		t.Errorf("%d firing", n.FiringCount)
	}
	_, err := alert.Decode(strings.NewReader(body + "," + one + "]}"))
	refused(t, err, http.StatusRequestEntityTooLarge, failure.Body, "the notification has more than 100000 alerts")
}

// TestTheLastMessageCounts: it is read piece by piece, or as the others are where
// its name has escapes.
func TestTheLastMessageCounts(t *testing.T) {
	for body, want := range map[string]string{
		`"message":"a","message":"b"`:        "b",
		`"message":"a","message":null`:       "",
		`"message":null,"message":"b"`:       "b",
		`"mess\u0061ge":"a","message":"b"`:   "b",
		`"message":"a","mess\u0061ge":"b"`:   "b",
		`"message":"a","x":{"message":"b"}`:  "a",
		`"message":"a","title":"message"`:    "a",
		`"message":"a","messages":"message"`: "a",
	} {
		body = `{"alerts":[{"status":"firing"}],` + body + `}`
		for _, body := range []string{body, inPieces(body)} {
			if n := decode(t, []byte(body)); n.Message != want {
				t.Errorf("%s: %q, want %q", strings.TrimSpace(body), n.Message, want)
			}
		}
	}
}

func TestWhatABodyIsReadFromMayFail(t *testing.T) {
	gone := errors.New("the caller is gone")
	_, err := alert.Decode(io.MultiReader(strings.NewReader(`{"alerts":[`), iotest.ErrReader(gone)))
	if !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	wrong := &failure.Error{Status: http.StatusUnauthorized, Message: "the signature is wrong"}
	if _, err = alert.Decode(io.MultiReader(strings.NewReader(`{"alerts":[{"status":"firing"}]}`), iotest.ErrReader(wrong))); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
}

func TestNullIsNoValue(t *testing.T) {
	n := decode(t, []byte(`{"alerts":[{"status":"firing","labels":{"a":null,"b":"c"},"values":{"A":null,"C":1,"D":0}},{"status":"firing","values":null},{"status":"firing","values":{}}]}`))
	if want := (alert.Values{"C": 1, "D": 0}); !reflect.DeepEqual(n.Alerts[0].Values, want) || len(n.Alerts[1].Values)+len(n.Alerts[2].Values) > 0 {
		t.Errorf("values %v, %v, %v", n.Alerts[0].Values, n.Alerts[1].Values, n.Alerts[2].Values)
	}
	if n.Alerts[0].Labels["a"] != "" || n.Alerts[0].Labels["b"] != "c" {
		t.Errorf("labels %v", n.Alerts[0].Labels)
	}
}

func TestWhatAllAlertsShareIsInEachOfThem(t *testing.T) {
	n := decode(t, []byte(`{"commonLabels":{"alertname":"x","team":"db"},"commonAnnotations":{"summary":"s","description":"of all"},
		"alerts":[{"status":"firing"},{"status":"firing","labels":{"alertname":"x","host":"h"},"annotations":{"description":"its own"}}]}`))
	for i, want := range []alert.Alert{
		{Labels: alert.KV{"alertname": "x", "team": "db"}, Annotations: alert.KV{"summary": "s", "description": "of all"}},
		{Labels: alert.KV{"alertname": "x", "team": "db", "host": "h"}, Annotations: alert.KV{"summary": "s", "description": "its own"}},
	} {
		if a := n.Alerts[i]; !reflect.DeepEqual(a.Labels, want.Labels) || !reflect.DeepEqual(a.Annotations, want.Annotations) {
			t.Errorf("%v %v, want %v %v", a.Labels, a.Annotations, want.Labels, want.Annotations)
		}
	}
}

func TestTimesThatStandForNone(t *testing.T) {
	for _, start := range []string{"0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "1970-01-01T09:00:00+09:00", "1970-01-21T15:30:00Z", "1969-12-31T16:00:00-08:00"} {
		a := decode(t, []byte(`{"alerts":[{"status":"resolved","startsAt":"`+start+`","endsAt":"`+start+`"}]}`)).Alerts[0]
		if !a.StartsAt.IsZero() || !a.EndsAt.IsZero() {
			t.Errorf("%s is read as %v, %v", start, a.StartsAt, a.EndsAt)
		}
	}
	if a := decode(t, []byte(`{"alerts":[{"status":"firing","startsAt":"1971-01-02T00:00:00Z"}]}`)).Alerts[0]; a.StartsAt.IsZero() {
		t.Error("1971 is none")
	}
}
