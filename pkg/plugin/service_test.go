package plugin

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/proxy"
	"github.com/grafana/grafana-plugin-sdk-go/config"
	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud/api"
)

const grafanaSender = "grafana@example.com"

func startService(t testing.TB, o servicetest.Options) *servicetest.Service {
	t.Helper()
	s := servicetest.Start(o)
	t.Cleanup(s.Stop)
	return s
}

// asking is a data source that may ask the service at url.
func asking(t testing.TB, url string) *DataSource {
	t.Helper()
	return instance(t, func(s *backend.DataSourceInstanceSettings) { askAt(s, url) })
}

func askAt(s *backend.DataSourceInstanceSettings, url string) {
	s.JSONData = bytes.Replace(s.JSONData, []byte(`{`), []byte(`{"serviceResults":true,"serviceUrl":"`+url+`",`), 1)
}

// atService is a mail as the service lists it, a minute ago.
func atService(code, recipient, subject string) servicetest.Mail {
	m := servicetest.Mail{
		RequestID: "20261130000000abc", Time: time.Now().Add(-time.Minute).Truncate(time.Second), Sender: grafanaSender,
		Recipient: recipient, Subject: subject, Code: code,
	}
	if code == "SST2" {
		m.Received, m.DSNCode, m.DSNMessage = m.Time.Add(time.Second), "2.5.0", "SUCCESS"
	}
	return m
}

func texts(t testing.TB, frame *data.Frame, name string) []string {
	t.Helper()
	field, _ := frame.FieldByName(name)
	if field == nil {
		t.Fatalf("%s has no %s", frame.Name, name)
	}
	all := make([]string, field.Len())
	for i := range all {
		v, _ := field.ConcreteAt(i)
		all[i] = fmt.Sprint(v)
	}
	return all
}

func notices(frame *data.Frame) (all []string) {
	if frame.Meta == nil {
		return nil
	}
	for _, n := range frame.Meta.Notices {
		all = append(all, n.Text)
	}
	return all
}

func oneFrame(t testing.TB, got backend.DataResponse) *data.Frame {
	t.Helper()
	if got.Error != nil || len(got.Frames) != 1 {
		t.Fatalf("%d frames, %v", len(got.Frames), got.Error)
	}
	return got.Frames[0]
}

// TestServiceMailsAreListed: every status, with its code, and each can be asked for.
func TestServiceMailsAreListed(t *testing.T) {
	s := startService(t, servicetest.Options{})
	want := map[string]api.Status{
		"SST0": api.Preparing, "SST1": api.Sending, "SST2": api.Delivered, "SST3": api.Failed, "SST4": api.Scheduled,
		"SST5": api.Refused, "SST7": api.Unverified, "SST8": api.Whitelist, "SST6": api.Unknown,
	}
	for code := range want {
		m := atService(code, code+"@example.com", "[FIRING:1] Disk full")
		if code == "SST3" {
			m.DSNCode, m.DSNMessage = "5.1.1", "550 5.1.1 No such user"
		}
		s.Add(m)
	}
	sent := atService("SST2", "unconfirmed@example.com", "x")
	sent.Received = time.Time{}
	s.Add(sent)
	d := asking(t, s.URL())
	frame := oneFrame(t, query(t, d, "serviceMails", map[string]any{}))
	statuses, codes := texts(t, frame, "status"), texts(t, frame, "code")
	for i, code := range codes {
		is := want[code]
		if texts(t, frame, "recipient")[i] == "unconfirmed@example.com" {
			is = api.Sent
		}
		if statuses[i] != string(is) {
			t.Errorf("%s is shown as %s", code, statuses[i])
		}
	}
	unverified := failure.ServiceUnverified.With().English // what to do, where a mail is that
	if len(codes) != len(want)+1 || !slices.Equal(notices(frame), []string{unverified}) {
		t.Errorf("%q, %q", codes, notices(frame))
	}
	for _, status := range api.Statuses() {
		if got := texts(t, oneFrame(t, query(t, d, "serviceMails", map[string]any{"status": []string{string(status)}})), "status"); !slices.Equal(got, []string{string(status)}) {
			t.Errorf("of %s: %q", status, got)
		}
	}
	failed := oneFrame(t, query(t, d, "serviceMails", map[string]any{"recipient": "nobody,sst3@EXAMPLE"}))
	if notices(failed) != nil {
		t.Errorf("%q", notices(failed))
	}
	if got := texts(t, failed, "dsnMessage"); !slices.Equal(got, []string{"550 5.1.1 No such user"}) || texts(t, failed, "dsnCode")[0] != "5.1.1" {
		t.Errorf("%q", got)
	}
	limited := oneFrame(t, query(t, d, "serviceMails", map[string]any{"limit": 2, "recipient": "sst0,sst1,sst2"}))
	if limited.Rows() != 2 || !slices.Equal(notices(limited), []string{failure.ServiceLimit.With("limit", "2").English}) {
		t.Errorf("%d rows, %q", limited.Rows(), notices(limited))
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests for one time range", n)
	}
}

// TestServiceMailsAreReadInPages, and what was not read is told.
func TestServiceMailsAreReadInPages(t *testing.T) {
	s := startService(t, servicetest.Options{PageSize: 2})
	for n := range 3 {
		s.Add(atService("SST2", fmt.Sprintf("%d@example.com", n), "x"))
	}
	if frame := oneFrame(t, query(t, asking(t, s.URL()), "serviceMails", map[string]any{})); frame.Rows() != 3 || len(notices(frame)) > 0 {
		t.Errorf("%d rows, %q", frame.Rows(), notices(frame))
	}
	for n := range 100 {
		s.Add(atService("SST2", fmt.Sprintf("%d@example.org", n), "x"))
	}
	frame := oneFrame(t, query(t, asking(t, s.URL()), "serviceMails", map[string]any{}))
	if got := notices(frame); len(got) != 1 || !strings.Contains(got[0], "lists 103 mails") {
		t.Errorf("%d rows, %q", frame.Rows(), got)
	}
}

// TestServiceStatisticsAreCharted, in all and by domain, with zero where nothing
// happened: an alert rule has data while all is well.
func TestServiceStatisticsAreCharted(t *testing.T) {
	s := startService(t, servicetest.Options{})
	s.Add(atService("SST2", "a@example.com", "x"), atService("SST3", "b@example.org", "x"), atService("SST7", "c@gmail.com", "x"))
	d := asking(t, s.URL())
	total := func(frame *data.Frame, labels data.Labels) float64 {
		t.Helper()
		for _, f := range frame.Fields {
			if f.Labels.Equals(labels) && f.Name == labels["event"] {
				sum := 0.0
				for i := range f.Len() {
					sum += f.At(i).(float64)
				}
				return sum
			}
		}
		t.Errorf("there is no %v", labels)
		return -1
	}
	frame := oneFrame(t, query(t, d, "serviceStats", map[string]any{}))
	if frame.Meta.Type != data.FrameTypeTimeSeriesWide || len(frame.Fields) != 6 {
		t.Errorf("%+v, %d fields", frame.Meta, len(frame.Fields))
	}
	for event, want := range map[string]float64{"requested": 3, "sent": 3, "failed": 2, "received": 1, "opened": 0} {
		if got := total(frame, data.Labels{"event": event}); got != want {
			t.Errorf("%s: %v, not %v", event, got, want)
		}
	}
	byDomain := oneFrame(t, query(t, d, "serviceStats", map[string]any{"by": "domain", "measure": "failed"}))
	for domain, want := range map[string]float64{"example.com": 0, "example.org": 1, "gmail.com": 1} {
		if got := total(byDomain, data.Labels{"event": "failed", "domain": domain}); got != want {
			t.Errorf("%s: %v, not %v", domain, got, want)
		}
	}
	if len(byDomain.Fields) != 4 {
		t.Errorf("%d fields", len(byDomain.Fields))
	}
}

// serviceQuery asks over a time range of its own.
func serviceQuery(t testing.TB, d *DataSource, kind string, from, to time.Time, points int64) backend.DataResponse {
	t.Helper()
	got, err := d.QueryData(context.Background(), &backend.QueryDataRequest{Queries: []backend.DataQuery{{
		RefID: "A", QueryType: kind, JSON: []byte(`{}`), MaxDataPoints: points, TimeRange: backend.TimeRange{From: from, To: to},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return got.Responses["A"]
}

// TestServiceStatisticsFitTheirTimeRange: the unit is by the interval of the points,
// days are Korea's, and what is older than the service's 30 days is told.
func TestServiceStatisticsFitTheirTimeRange(t *testing.T) {
	s := startService(t, servicetest.Options{})
	now := time.Now()
	m := atService("SST2", "a@example.com", "x")
	m.Time = now.Add(-20 * 24 * time.Hour)
	s.Add(m)
	d := asking(t, s.URL())
	for _, tt := range []struct {
		span     time.Duration
		points   int64
		unit     string
		interval time.Duration
		sum      float64
		notice   bool
	}{
		{time.Hour, 1000, "MINUTES", time.Minute, 0, false},
		{24 * time.Hour, 100, "MINUTES", 15 * time.Minute, 0, false},
		{5 * 24 * time.Hour, 2000, "HOURS", time.Hour, 0, false},
		{29 * 24 * time.Hour, 200, "HOURS", 4 * time.Hour, 1, false},
		{25 * 24 * time.Hour, 20, "DAYS", 48 * time.Hour, 1, false},
		{365 * 24 * time.Hour, 30, "DAYS", 24 * time.Hour, 1, true},
	} {
		frame := oneFrame(t, serviceQuery(t, d, "serviceStats", now.Add(-tt.span), now, tt.points))
		requests := s.Requests()
		if got := requests[len(requests)-1].Query["timeUnit"]; !slices.Equal(got, []string{tt.unit}) {
			t.Errorf("%s, %d points: %s", tt.span, tt.points, got)
		}
		first, second := frame.Fields[0].At(0).(time.Time), frame.Fields[0].At(1).(time.Time)
		if second.Sub(first) != tt.interval {
			t.Errorf("%s, %d points: an interval of %s", tt.span, tt.points, second.Sub(first))
		}
		if in := first.In(api.Korea); tt.unit == "DAYS" && (in.Hour() != 0 || in.Minute() != 0) {
			t.Errorf("days begin at %s", in)
		}
		sum := 0.0
		for i := range frame.Fields[1].Len() {
			n, begins := frame.Fields[1].At(i).(float64), frame.Fields[0].At(i).(time.Time)
			if sum += n; n > 0 && (m.Time.Before(begins) || !m.Time.Before(begins.Add(tt.interval))) {
				t.Errorf("%s: a mail of %s is counted at %s", tt.span, m.Time, begins)
			}
		}
		if sum != tt.sum {
			t.Errorf("%s, %d points: %v mails, not %v", tt.span, tt.points, sum, tt.sum)
		}
		if got := slices.Equal(notices(frame), []string{failure.ServiceThirtyDays.With().English}); got != tt.notice {
			t.Errorf("%s: %q", tt.span, notices(frame))
		}
	}
}

// subjectOfMail is that of every mail of a data source that mailing makes.
const subjectOfMail = "[FIRING:1] Disk full 디스크"

// mailing is a data source that mails through a relay, which refuses refused@, and may
// ask the service at url; or not, when that is empty.
func mailing(t testing.TB, url string) *DataSource {
	t.Helper()
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "refused@", Action: relaytest.Reply("550 5.1.1 No such user\r\n")})
	return instance(t, func(s *backend.DataSourceInstanceSettings) {
		sendThrough(t, s, relay)
		s.JSONData = bytes.Replace(s.JSONData, []byte(`{`), []byte(`{"subjectTemplate":"`+subjectOfMail+`",`), 1)
		if url != "" {
			askAt(s, url)
		}
	})
}

// mailed is the id of a delivery that the relay took a moment ago.
func mailed(t testing.TB, d *DataSource, recipients ...string) string {
	t.Helper()
	answer := ask(t, d, "Editor", postTo("alerts?to="+strings.Join(recipients, ","), oneAlert))
	var made struct{ ID string }
	if err := json.Unmarshal(answer.Body, &made); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	return made.ID
}

func encode(t testing.TB, v any) string {
	t.Helper()
	encoded, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

// TestServiceQueriesAreQuietWhileTheyAreOff: a notice, no error, no request.
func TestServiceQueriesAreQuietWhileTheyAreOff(t *testing.T) {
	d := instance(t, nil)
	for _, kind := range []string{"serviceMails", "serviceStats"} {
		got := query(t, d, kind, map[string]any{})
		frame := oneFrame(t, got)
		if len(frame.Fields) > 0 || !slices.Equal(notices(frame), []string{failure.ServiceOff.With().English}) {
			t.Errorf("%s: %q", kind, notices(frame))
		}
		if text := encode(t, got); !strings.Contains(text, `"hintId":"service-off"`) {
			t.Errorf("%s: the page cannot say it in its language: %s", kind, text)
		}
	}
}

// TestServiceFaultsAreErrorsOfTheirQuery: with the remedy, as faults of what is around
// the plugin, and the rest of the dashboard stands.
func TestServiceFaultsAreErrorsOfTheirQuery(t *testing.T) {
	t.Cleanup(func() { resultsWithin = 0 })
	untrusted := startService(t, servicetest.Options{TLS: true})
	for name, tt := range map[string]struct {
		fault  servicetest.Fault
		url    string
		status backend.Status
		words  string
		hint   failure.ID
	}{
		"wrong key":     {servicetest.Refuse(-1004, "Invalid secretKey."), "", 502, "-1004 Invalid secretKey.", failure.Credentials},
		"429":           {servicetest.Status(429), "", 429, "429 Too Many Requests", failure.ServiceBusy},
		"500":           {servicetest.Status(500), "", 502, "500 Internal Server Error", failure.ServiceFault},
		"not JSON":      {servicetest.Body("{"), "", 502, "not the service's API", failure.ServiceAddress},
		"not a success": {servicetest.Refuse(-2202, "Invalid duration time."), "", 502, "-2202 Invalid duration time.", failure.ServiceCode},
		"too large":     {servicetest.Endless(), "", 502, "larger than 4 MiB", failure.ServiceNarrow},
		"slow":          {servicetest.Slow(), "", 502, "has not answered within", failure.ServiceUnreachable},
		"certificate":   {servicetest.Fault{}, untrusted.URL(), 502, "no trusted TLS connection", failure.ServiceCertificate},
		"DNS":           {servicetest.Fault{}, "https://api.invalid", 502, "cannot be resolved", failure.ServiceDNS},
		"nobody":        {servicetest.Fault{}, "http://127.0.0.1:1", 502, "connection refused", failure.ServiceUnreachable},
	} {
		t.Run(name, func(t *testing.T) {
			resultsWithin = time.Minute
			if name == "slow" {
				resultsWithin = 10 * time.Millisecond
			}
			s := startService(t, servicetest.Options{})
			s.Order(tt.fault)
			url := tt.url
			if url == "" {
				url = s.URL()
			}
			d := mailing(t, url)
			id := mailed(t, d, "a@example.com")
			now := time.Now()
			request := &backend.QueryDataRequest{}
			for _, kind := range []string{"serviceMails", "serviceStats", "deliveries", "queue", "stats", "delivery"} {
				request.Queries = append(request.Queries, backend.DataQuery{
					RefID: kind, QueryType: kind, JSON: []byte(`{"id":"` + id + `"}`), TimeRange: backend.TimeRange{From: now.Add(-time.Hour), To: now.Add(time.Hour)},
				})
			}
			response, err := d.QueryData(context.Background(), request)
			if err != nil {
				t.Fatal(err)
			}
			for kind, got := range response.Responses {
				if !strings.HasPrefix(kind, "service") {
					if got.Error != nil || len(got.Frames) == 0 {
						t.Errorf("%s does not stand: %v", kind, got.Error)
					}
					continue
				}
				remedy, _, _ := strings.Cut(tt.hint.With().English, "{{")
				if got.Error == nil || got.Status != tt.status || got.ErrorSource != backend.ErrorSourceDownstream || !strings.Contains(got.Error.Error(), tt.words) || !strings.Contains(got.Error.Error(), remedy) {
					t.Errorf("%s: %s %d %v", kind, got.ErrorSource, got.Status, got.Error)
				}
			}
			// One delivery says why it does not know.
			recipients := response.Responses["delivery"].Frames[1]
			if got := texts(t, recipients, "serviceMessage")[0]; texts(t, recipients, "service")[0] != "unknown" || !strings.Contains(got, tt.words) {
				t.Errorf("%s", got)
			}
			if text := encode(t, response); strings.Contains(text, "SecretKey\"") || strings.Contains(text, "/appKeys/") {
				t.Errorf("%s", text)
			}
		})
	}
}

// TestOneDeliveryShowsWhatTheServiceSays beside each recipient, and why it is unknown.
func TestOneDeliveryShowsWhatTheServiceSays(t *testing.T) {
	s := startService(t, servicetest.Options{})
	d := mailing(t, s.URL())
	const subject = subjectOfMail
	id := mailed(t, d, "a@example.com", "gone@example.com", "twice@example.com", "missing@example.com", "refused@example.com", "early@example.com", "gmail@example.com")
	failed := atService("SST3", "GONE@example.com", "[FIRING:1]  Disk full\n 디스크")
	failed.DSNCode, failed.DSNMessage = "5.1.1", "No such user"
	early := atService("SST2", "early@example.com", subject)
	early.Time = early.Time.Add(-tolerance)
	another := atService("SST3", "a@example.com", "[RESOLVED] Disk full 디스크")
	refused := atService("SST2", "refused@example.com", subject)
	s.Add(atService("SST2", "a@example.com", subject), another, failed, early, refused, atService("SST7", "gmail@example.com", subject))
	s.Add(atService("SST2", "twice@example.com", subject), atService("SST3", "twice@example.com", subject))

	frames := query(t, d, "delivery", map[string]any{"id": id}).Frames
	recipients := frames[1]
	got := map[string]string{}
	for i, address := range texts(t, recipients, "address") {
		got[address] = strings.Join([]string{texts(t, recipients, "service")[i], texts(t, recipients, "serviceCode")[i], texts(t, recipients, "serviceMessage")[i]}, "|")
	}
	for address, want := range map[string]string{
		"a@example.com":       "delivered|SST2|2.5.0 SUCCESS",
		"gone@example.com":    "failed|SST3|5.1.1 No such user",
		"twice@example.com":   "unknown||" + failure.ServiceAmbiguous.With("count", "2").English,
		"missing@example.com": "unknown||" + failure.ServiceNotListed.With().English,
		"early@example.com":   "unknown||" + failure.ServiceNotListed.With().English,
		"refused@example.com": "||", // the relay did not take it
		"gmail@example.com":   "unverified|SST7|" + failure.ServiceUnverified.With().English,
	} {
		if got[address] != want {
			t.Errorf("%s: %s, not %s", address, got[address], want)
		}
	}
	if len(notices(recipients)) > 0 {
		t.Errorf("%q", notices(recipients))
	}
	// Nothing is mailed again, whatever the service says.
	again := query(t, d, "delivery", map[string]any{"id": id}).Frames
	if status := texts(t, again[0], "status")[0]; status != "partial" || again[2].Rows() != 1 {
		t.Errorf("the delivery is %s after %d attempts", status, again[2].Rows())
	}
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestADeliveryIsLookedForByTheSenderThatItHad: the From address of the settings may be
// another by now.
func TestADeliveryIsLookedForByTheSenderThatItHad(t *testing.T) {
	s := startService(t, servicetest.Options{})
	d := mailing(t, s.URL())
	id := mailed(t, d, "a@example.com")
	s.Add(atService("SST2", "a@example.com", subjectOfMail))
	d.settings.From.Local = "monitoring"
	if got := texts(t, query(t, d, "delivery", map[string]any{"id": id}).Frames[1], "service"); !slices.Equal(got, []string{"delivered"}) {
		t.Errorf("%q", got)
	}
}

// TestAQuestionThatSavingTheSettingsEndsSaysSo: it is nobody's fault, and asking again
// is all there is to do.
func TestAQuestionThatSavingTheSettingsEndsSaysSo(t *testing.T) {
	s := startService(t, servicetest.Options{})
	s.Order(servicetest.Slow())
	d := asking(t, s.URL())
	got := make(chan backend.DataResponse, 1)
	go func() { got <- query(t, d, "serviceMails", map[string]any{}) }()
	wait.Until(t, "the service is asked", func() bool { return len(s.Requests()) == 1 })
	d.Dispose()
	if response := <-got; response.Error == nil || response.ErrorSource != backend.ErrorSourceDownstream || !strings.Contains(response.Error.Error(), "settings") {
		t.Errorf("%s %d %v", response.ErrorSource, response.Status, response.Error)
	}
}

// TestAServiceThatListsNoneOfOurMailIsToldOnce, and not where there is no mail of ours.
func TestAServiceThatListsNoneOfOurMailIsToldOnce(t *testing.T) {
	s := startService(t, servicetest.Options{})
	d := mailing(t, s.URL())
	if got := notices(oneFrame(t, query(t, d, "serviceMails", map[string]any{}))); len(got) > 0 {
		t.Errorf("without mail of ours: %q", got)
	}
	id := mailed(t, d, "a@example.com", "b@example.com")
	none := []string{failure.ServiceNone.With().English}
	if got := notices(query(t, d, "delivery", map[string]any{"id": id}).Frames[1]); !slices.Equal(got, none) {
		t.Errorf("one delivery: %q", got)
	}
	if got := notices(oneFrame(t, query(t, d, "serviceMails", map[string]any{}))); !slices.Equal(got, none) {
		t.Errorf("the list: %q", got)
	}
}

// TestADeliveryIsShownWithoutTheServiceWhereItIsOff: no column, no word of it.
func TestADeliveryIsShownWithoutTheServiceWhereItIsOff(t *testing.T) {
	d := mailing(t, "")
	id := mailed(t, d, "a@example.com")
	recipients := query(t, d, "delivery", map[string]any{"id": id}).Frames[1]
	if field, _ := recipients.FieldByName("service"); field != nil || len(notices(recipients)) > 0 {
		t.Errorf("%v, %q", field, notices(recipients))
	}
}

// TestServiceQueriesThatAreWrongAreToldSo, and nothing is asked for.
func TestServiceQueriesThatAreWrongAreToldSo(t *testing.T) {
	s := startService(t, servicetest.Options{})
	d := asking(t, s.URL())
	for kind, models := range map[string][]map[string]any{
		"serviceMails": {{"status": []string{"queued"}}, {"limit": -1}, {"limit": 1001}, {"recipient": strings.Repeat("a", 1001)}},
		"serviceStats": {{"measure": "latency"}, {"by": "sender"}, {"status": []string{"failed"}}, {"recipient": "a"}, {"text": "a"}},
	} {
		for _, model := range models {
			got := query(t, d, kind, model)
			if got.Error == nil || got.Status != backend.StatusBadRequest || got.ErrorSource != backend.ErrorSourceDownstream {
				t.Errorf("%s %v: %d %v", kind, model, got.Status, got.Error)
			}
		}
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestTheServiceIsReachedThroughGrafanasSOCKSProxy, which resolves its name.
func TestTheServiceIsReachedThroughGrafanasSOCKSProxy(t *testing.T) {
	s := startService(t, servicetest.Options{})
	p := startSOCKS(t, strings.TrimPrefix(s.URL(), "http://"))
	ctx := config.WithGrafanaConfig(context.Background(), config.NewGrafanaCfg(map[string]string{
		proxy.PluginSecureSocksProxyEnabled: "true", proxy.PluginSecureSocksProxyProxyAddress: p.listener.Addr().String(), proxy.PluginSecureSocksProxyAllowInsecure: "true",
	}))
	d := instanceIn(ctx, t, func(settings *backend.DataSourceInstanceSettings) {
		askAt(settings, "http://localhost:8080")
		settings.JSONData = bytes.Replace(settings.JSONData, []byte(`{`), []byte(`{"enableSecureSocksProxy":true,`), 1)
	})
	if got := query(t, d, "serviceMails", map[string]any{}); got.Error != nil {
		t.Fatal(got.Error)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if want := []string{"test: localhost:8080"}; !slices.Equal(p.asked, want) || len(s.Requests()) != 1 {
		t.Errorf("the proxy was asked for %q, not %q", p.asked, want)
	}
}
