package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/servicetest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

const sender = "grafana@example.com"

// noon is a time in Korea's summer: there is no daylight saving time.
var noon = time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)

func start(t *testing.T, o servicetest.Options) *servicetest.Service {
	t.Helper()
	s := servicetest.Start(o)
	t.Cleanup(s.Stop)
	return s
}

func client(t *testing.T, c Config) *Client {
	t.Helper()
	if c.AppKey == "" {
		c.AppKey = servicetest.AppKey
	}
	if !c.SecretKey.IsSet() {
		c.SecretKey = settings.NewSecret(servicetest.SecretKey)
	}
	c.HTTP = &http.Client{Transport: &http.Transport{}}
	made := New(c)
	t.Cleanup(made.Close)
	return made
}

func mail(at time.Time) servicetest.Mail {
	return servicetest.Mail{RequestID: "r", Time: at, Sender: sender, Recipient: "a@example.com", Subject: "s", Code: "SST2", Received: at.Add(time.Second)}
}

// TestEveryStatusIsRead is the documented list, and a code that is not on it.
func TestEveryStatusIsRead(t *testing.T) {
	s := start(t, servicetest.Options{})
	want := map[string]Status{
		"SST0": Preparing, "SST1": Sending, "SST2": Delivered, "SST3": Failed, "SST4": Scheduled,
		"SST5": Refused, "SST7": Unverified, "SST8": Whitelist, "SST99": Unknown,
	}
	for code := range want {
		m := mail(noon)
		m.Code = code
		s.Add(m)
	}
	unconfirmed := mail(noon)
	unconfirmed.RequestID, unconfirmed.Received = "unconfirmed", time.Time{}
	s.Add(unconfirmed)
	found, err := client(t, Config{URL: s.URL()}).List(t.Context(), sender, noon.Add(-time.Hour), noon.Add(time.Hour))
	if err != nil || len(found.Mails) != len(want)+1 {
		t.Fatalf("%+v, %v", found, err)
	}
	for _, m := range found.Mails {
		is := want[m.Code]
		if m.RequestID == "unconfirmed" {
			is = Sent
		}
		if m.Status != is || !slices.Contains(Statuses(), m.Status) {
			t.Errorf("%s is %s, not %s", m.Code, m.Status, is)
		}
	}
}

// TestTimesAreKoreas: what is asked for and what is answered.
func TestTimesAreKoreas(t *testing.T) {
	s := start(t, servicetest.Options{})
	m := mail(noon)
	m.Opened = noon.Add(time.Minute)
	s.Add(m)
	found, err := client(t, Config{URL: s.URL()}).List(t.Context(), sender, noon, noon)
	if err != nil || len(found.Mails) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	if got := found.Mails[0]; !got.Time.Equal(noon) || !got.Received.Equal(m.Received) || !got.Opened.Equal(m.Opened) {
		t.Errorf("%+v", got)
	}
	if got := s.Requests()[0].Query["startSendDate"]; !slices.Equal(got, []string{"2026-07-01 21:00:00"}) {
		t.Errorf("asked from %q", got)
	}
}

// TestPagesAreReadUpToTheBound, and it is known when there are more.
func TestPagesAreReadUpToTheBound(t *testing.T) {
	s := start(t, servicetest.Options{PageSize: 2})
	c := client(t, Config{URL: s.URL()})
	for n := range maxPages*2 + 1 {
		s.Add(mail(noon.Add(time.Duration(n) * time.Second)))
		if n != 2 && n != maxPages*2 {
			continue
		}
		c := client(t, Config{URL: s.URL()})
		found, err := c.List(t.Context(), sender, noon, noon.Add(time.Hour))
		if err != nil || found.Total != n+1 || found.Read != min(n+1, maxPages*2) || len(found.Mails) != found.Read || found.Incomplete() != (n+1 > maxPages*2) {
			t.Errorf("%d mails: %+v, %v", n+1, found, err)
		}
		if !slices.IsSortedFunc(found.Mails, func(a, b Mail) int { return b.Time.Compare(a.Time) }) {
			t.Error("the newest do not come first")
		}
	}
	// A service that says there are more and has none is not asked for ever.
	s.Order(servicetest.Body(`{"header":{"isSuccessful":true},"body":{"totalCount":1000000,"data":[]}}`))
	before := len(s.Requests())
	if found, err := c.List(t.Context(), sender, noon, noon.Add(time.Hour)); err != nil || !found.Incomplete() || len(s.Requests()) != before+1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestMailOfOthersIsNotShown: an AppKey may be that of several applications.
func TestMailOfOthersIsNotShown(t *testing.T) {
	s := start(t, servicetest.Options{})
	row := `{"requestDate":"2026-07-01 21:00:00","senderAddress":"shop@example.com","receiveMailAddr":"customer@example.com","title":"Your password","mailStatusCode":"SST2"}`
	s.Order(servicetest.Body(`{"header":{"isSuccessful":true},"body":{"totalCount":1,"data":[` + row + `]}}`))
	found, err := client(t, Config{URL: s.URL()}).List(t.Context(), sender, noon, noon)
	if err != nil || len(found.Mails) != 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if got := s.Requests()[0].Query["senderAddress"]; !slices.Equal(got, []string{sender}) {
		t.Errorf("asked for %q", got)
	}
}

// TestStatisticsAreRead, of the sender's domain, in all and by domain, whose dots are no dots before an event.
func TestStatisticsAreRead(t *testing.T) {
	s := start(t, servicetest.Options{})
	now := time.Now().Truncate(time.Hour)
	failed := mail(now)
	failed.Code, failed.Received, failed.Recipient = "SST3", time.Time{}, "b@sub.example.org"
	others := mail(now)
	others.Sender = "shop@example.net"
	s.Add(mail(now), failed, others)
	c := client(t, Config{URL: s.URL()})
	sums := func(byDomain bool) map[string]float64 {
		counts, err := c.Stats(t.Context(), "example.com", now.Add(-time.Hour), now.Add(time.Hour), Hours, byDomain)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]float64{}
		for _, count := range counts {
			if !count.Time.Equal(now) {
				t.Errorf("counted at %s, not %s", count.Time, now)
			}
			all[count.Domain+" "+string(count.Event)] += count.N
		}
		return all
	}
	if got := sums(false); got[" requested"] != 2 || got[" sent"] != 2 || got[" received"] != 1 || got[" failed"] != 1 || got[" opened"] != 0 {
		t.Errorf("%v", got)
	}
	if got := sums(true); got["example.com received"] != 1 || got["sub.example.org failed"] != 1 || got["sub.example.org received"] != 0 {
		t.Errorf("%v", got)
	}
	query := s.Requests()[1].Query
	for key, want := range map[string]string{"eventCategory": "MESSAGE", "extra1s": "SMTP", "extra2s": "example.com", "statsCriteria": "EXTRA_3", "timeUnit": "HOURS"} {
		if !slices.Equal(query[key], []string{want}) {
			t.Errorf("%s is %q", key, query[key])
		}
	}
}

// TestAnswersAreKeptForAMinute: and a failure for less.
func TestAnswersAreKeptForAMinute(t *testing.T) {
	s := start(t, servicetest.Options{})
	c := client(t, Config{URL: s.URL()})
	now := time.Now()
	c.now = func() time.Time { return now }
	ask := func(after time.Duration, requests int) {
		t.Helper()
		now = now.Add(after)
		if _, err := c.List(t.Context(), sender, noon, noon.Add(30*time.Second)); err != nil && requests < 3 {
			t.Error(err)
		}
		if got := len(s.Requests()); got != requests {
			t.Errorf("%d requests, not %d", got, requests)
		}
	}
	ask(0, 1)
	ask(keptFor, 1)
	ask(time.Second, 2)
	s.Order(servicetest.Status(500))
	ask(keptFor+time.Second, 3)
	ask(failureFor, 3)
	ask(time.Second, 4)
	if len(c.answers) != 1 {
		t.Errorf("%d answers are kept", len(c.answers))
	}
}

// TestEqualQuestionsShareARequest: one who gives up does not end it for the others.
func TestEqualQuestionsShareARequest(t *testing.T) {
	s := start(t, servicetest.Options{})
	s.Add(mail(noon))
	release := make(chan struct{})
	s.Order(servicetest.Hold(release))
	c := client(t, Config{URL: s.URL()})
	impatient, giveUp := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.List(impatient, sender, noon, noon)
		first <- err
	}()
	wait.Until(t, "the request comes in", func() bool { return len(s.Requests()) == 1 })
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	var others sync.WaitGroup
	for range 10 {
		others.Go(func() {
			if found, err := c.List(t.Context(), sender, noon, noon); err != nil || len(found.Mails) != 1 {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
	close(release)
	others.Wait()
	if n := len(s.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// TestRequestsAreLimited, whatever asks, and what is kept is bounded.
func TestRequestsAreLimited(t *testing.T) {
	s := start(t, servicetest.Options{})
	c := client(t, Config{URL: s.URL()})
	now := time.Now()
	c.now = func() time.Time { return now }
	refused := 0
	for n := range maxAtOnce + 5 {
		at := noon.Add(time.Duration(n) * time.Hour)
		if _, err := c.List(t.Context(), sender, at, at); err != nil {
			refused++
			if f := failure.Of(err); f.Code != failure.Rate || f.ID != failure.ServiceBusy {
				t.Errorf("%v", err)
			}
		}
	}
	if refused != 5 || len(s.Requests()) != maxAtOnce || len(c.answers) > maxKept {
		t.Errorf("%d refused, %d requests, %d answers", refused, len(s.Requests()), len(c.answers))
	}
}

// TestRulesAreAnsweredWhateverOthersAsk: somebody who asks for ever other times uses up
// what people may ask, and not what alert rules need.
func TestRulesAreAnsweredWhateverOthersAsk(t *testing.T) {
	s := start(t, servicetest.Options{})
	c := client(t, Config{URL: s.URL()})
	now := time.Now()
	c.now = func() time.Time { return now }
	var err error
	for n := range 10_000 {
		at := noon.Add(time.Duration(n) * time.Hour)
		_, err = c.List(t.Context(), sender, at, at)
	}
	if failure.Of(err).Code != failure.Rate {
		t.Errorf("%v", err)
	}
	if _, err := c.Stats(ForRule(t.Context()), "example.com", now.Add(-time.Hour), now, Hours, false); err != nil {
		t.Errorf("a rule is told %v", err)
	}
	refused := 0
	for n := range 100 {
		at := noon.Add(-time.Duration(n+1) * time.Hour)
		if _, err := c.List(ForRule(t.Context()), sender, at, at); err != nil {
			refused++
		}
	}
	if refused == 0 || len(s.Requests()) > 2*maxAtOnce {
		t.Errorf("rules are not limited: %d requests", len(s.Requests()))
	}
}

// TestFailuresAreTold: each with its code and its remedy, and none with the SecretKey
// or the AppKey.
func TestFailuresAreTold(t *testing.T) {
	const secret = "hunter2hunter2"
	const appKey = "CANARY-app-key"
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("a redirection was followed")
	}))
	t.Cleanup(elsewhere.Close)
	untrusted := start(t, servicetest.Options{TLS: true})
	for name, tt := range map[string]struct {
		fault servicetest.Fault
		url   string
		code  failure.Code
		id    failure.ID
		words string
	}{
		"wrong AppKey":           {servicetest.Fault{}, "", failure.Refused, failure.Credentials, "answers -1000 Invalid appKey."},
		"wrong SecretKey":        {servicetest.Refuse(-1004, "Invalid secretKey."), "", failure.Refused, failure.Credentials, "-1004 Invalid secretKey."},
		"it repeats it":          {servicetest.Echo(), "", failure.Refused, failure.Credentials, "[redacted]"},
		"it repeats the address": {servicetest.Refuse(-9999, "No handler for /email/v2.1/appKeys/"+appKey+"/stats"), "", failure.Transient, failure.ServiceFault, "[redacted]/stats"},
		"401":                    {servicetest.Status(401), "", failure.Refused, failure.Credentials, "401 Unauthorized"},
		"429":                    {servicetest.Status(429), "", failure.Rate, failure.ServiceBusy, "429 Too Many Requests"},
		"blocked":                {servicetest.Refuse(-1005, "Service is temporarily blocked"), "", failure.Rate, failure.ServiceBusy, "-1005 Service is temporarily blocked"},
		"500":                    {servicetest.Status(500), "", failure.Transient, failure.ServiceFault, "500 Internal Server Error"},
		"internal":               {servicetest.Refuse(-9999, "Internal error."), "", failure.Transient, failure.ServiceFault, "-9999 Internal error."},
		"another code":           {servicetest.Refuse(-2202, "Invalid duration time."), "", failure.Permanent, failure.ServiceCode, "-2202 Invalid duration time."},
		"404":                    {servicetest.Status(404), "", failure.Protocol, failure.ServiceAddress, "404 Not Found"},
		"redirection":            {servicetest.Redirect(elsewhere.URL), "", failure.Protocol, failure.ServiceAddress, "307 Temporary Redirect"},
		"no answer":              {servicetest.HangUp(""), "", failure.Network, failure.ServiceUnreachable, "broke off"},
		"half an answer":         {servicetest.HangUp(`{"header":{"isSuccessful":true},`), "", failure.Network, failure.ServiceUnreachable, "broke off"},
		"wrong JSON":             {servicetest.Body(`{"header":`), "", failure.Protocol, failure.ServiceAddress, "is not the service's API"},
		"another JSON":           {servicetest.Body(`{"status":"ok"}`), "", failure.Protocol, failure.ServiceAddress, "is not the service's API"},
		"rows that are none":     {servicetest.Body(`{"header":{"isSuccessful":true},"body":{"data":"x"}}`), "", failure.Protocol, failure.ServiceAddress, "is not the service's API"},
		"a page":                 {servicetest.Body(`<html>Sign in</html>`), "", failure.Protocol, failure.ServiceAddress, "is not the service's API"},
		"a body without end":     {servicetest.Endless(), "", failure.Protocol, failure.ServiceNarrow, "larger than 4 MiB"},
		"slow":                   {servicetest.Slow(), "", failure.Timeout, failure.ServiceUnreachable, "has not answered within"},
		"a certificate":          {servicetest.Fault{}, untrusted.URL(), failure.TLS, failure.ServiceCertificate, "certificate"},
		"no TLS":                 {servicetest.Fault{}, strings.Replace(elsewhere.URL, "http:", "https:", 1), failure.TLS, failure.ServiceCertificate, "no trusted TLS connection"},
		"nobody":                 {servicetest.Fault{}, "http://127.0.0.1:1", failure.Network, failure.ServiceUnreachable, "connection refused"},
		"a name without a host":  {servicetest.Fault{}, "https://api.invalid", failure.Network, failure.ServiceDNS, "cannot be resolved"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, servicetest.Options{SecretKey: secret})
			s.Order(tt.fault)
			url := tt.url
			if url == "" {
				url = s.URL()
			}
			patience := 30 * time.Second
			if name == "slow" {
				patience = 10 * time.Millisecond
			}
			_, err := client(t, Config{URL: url, AppKey: appKey, SecretKey: settings.NewSecret(secret), Within: patience}).List(t.Context(), sender, noon, noon)
			f, ok := errors.AsType[*failure.Error](err)
			if !ok || f.Code != tt.code || f.ID != tt.id || !strings.Contains(f.Error(), tt.words) {
				t.Fatalf("%+v", err)
			}
			for _, hidden := range []string{secret, appKey} {
				if strings.Contains(f.Advice(), hidden) {
					t.Errorf("%q is told: %s", hidden, f.Advice())
				}
			}
		})
	}
}

// TestAStreamThatIsResetIsABrokenConnection, over HTTP/2 too.
func TestAStreamThatIsResetIsABrokenConnection(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	c := New(Config{URL: s.URL, AppKey: servicetest.AppKey, SecretKey: settings.NewSecret(servicetest.SecretKey), HTTP: s.Client()})
	t.Cleanup(c.Close)
	_, err := c.List(t.Context(), sender, noon, noon)
	if f := failure.Of(err); f.Code != failure.Network || f.ID != failure.ServiceUnreachable {
		t.Errorf("%v", err)
	}
}

// TestNoSecretIsInARow: a service may repeat anything anywhere.
func TestNoSecretIsInARow(t *testing.T) {
	s := start(t, servicetest.Options{})
	m := mail(noon)
	m.Subject, m.DSNMessage = "about "+servicetest.SecretKey, "550 "+servicetest.SecretKey
	s.Add(m)
	found, err := client(t, Config{URL: s.URL()}).List(t.Context(), sender, noon, noon)
	if err != nil || len(found.Mails) != 1 || found.Mails[0].Subject != "about [redacted]" || found.Mails[0].DSNMessage != "550 [redacted]" {
		t.Errorf("%+v, %v", found, err)
	}
	for _, r := range s.Requests() {
		if strings.Contains(r.Path, servicetest.SecretKey) || r.Secret != servicetest.SecretKey {
			t.Errorf("%+v", r)
		}
	}
}

// TestCloseGivesUpWhatIsUnderWay.
func TestCloseGivesUpWhatIsUnderWay(t *testing.T) {
	s := start(t, servicetest.Options{})
	s.Order(servicetest.Slow())
	c := client(t, Config{URL: s.URL(), Within: time.Hour})
	asked := make(chan error, 1)
	go func() {
		_, err := c.List(t.Context(), sender, noon, noon)
		asked <- err
	}()
	wait.Until(t, "the request comes in", func() bool { return len(s.Requests()) == 1 })
	c.Close()
	if err := <-asked; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := c.List(t.Context(), sender, noon.Add(time.Hour), noon.Add(time.Hour)); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}
