// Package api asks the service's REST API what became of mail after the relay accepted
// it. It sends requests only when it is called, and only ones that read.
package api

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/settings"
)

const (
	within        = 5 * time.Second  // how long a request may take
	keptFor       = time.Minute      // how long an answer is reused
	failureFor    = 10 * time.Second // how long a failure is reused, so that not every panel of a dashboard repeats the request
	maxKept       = 8                // answers in memory
	maxBody       = 4 << 20          // octets in an answer
	maxAtOnce     = 20               // requests without a pause, then one each requestsEvery
	requestsEvery = 500 * time.Millisecond
)

// Korea is the time zone of the service's times, which do not state it. It has no
// daylight saving time.
var Korea = time.FixedZone("KST", 9*60*60)

// Config says which API a client asks, and with which credentials.
type Config struct {
	URL       string // of the API, without a slash at its end
	AppKey    string
	SecretKey settings.Secret
	// HTTP makes the requests. New changes it to follow no redirects, since their target
	// would get the SecretKey.
	HTTP *http.Client
	// Within is how long a request may take; 0 means five seconds.
	Within time.Duration
}

// Client asks the API for one data source. It reuses an answer for a minute, and equal
// questions at the same time share one request.
type Client struct {
	base   string // the URL, with the AppKey
	host   string
	appKey string
	secret settings.Secret
	http   *http.Client
	people *rate.Limiter
	rules  *rate.Limiter // alert rules, which nobody who looks at dashboards shall stop
	within time.Duration
	now    func() time.Time

	life   context.Context // ends with Close
	end    context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	answers map[string]*answer // by path and query
	closed  bool
}

// answer is the answer to a question, which may still be on its way.
type answer struct {
	ready chan struct{} // closed when body, err and until are set
	body  []byte
	err   error
	until time.Time // how long it is reused; zero while the request is running
}

// New makes a client.
func New(c Config) *Client {
	c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := &Client{
		base: c.URL + "/email/v2.1/appKeys/" + url.PathEscape(c.AppKey), appKey: c.AppKey, secret: c.SecretKey, http: c.HTTP,
		people: rate.NewLimiter(rate.Every(requestsEvery), maxAtOnce), rules: rate.NewLimiter(rate.Every(requestsEvery), maxAtOnce),
		within: cmp.Or(c.Within, within), now: time.Now,
		answers: make(map[string]*answer),
	}
	if u, err := url.Parse(c.URL); err == nil {
		client.host = u.Host
	}
	client.life, client.end = context.WithCancel(context.Background())
	return client
}

// ofRule is the context key that marks the questions of alert rules.
type ofRule struct{}

// ForRule marks what is asked with a context as asked by an alert rule.
func ForRule(ctx context.Context) context.Context { return context.WithValue(ctx, ofRule{}, true) }

// limitFor returns the rate limit for the questions of a context.
func (c *Client) limitFor(ctx context.Context) *rate.Limiter {
	if ctx.Value(ofRule{}) != nil {
		return c.rules
	}
	return c.people
}

// Close cancels the requests that are running and closes the connections.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.asking.Wait()
	c.http.CloseIdleConnections()
}

// ask returns the body of an answer. The callers share it and must not change it.
func (c *Client) ask(ctx context.Context, path string, query url.Values) ([]byte, error) {
	a, err := c.answerTo(c.limitFor(ctx), path+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	select {
	case <-a.ready:
		return a.body, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// answerTo returns an answer that is kept or on its way, or else sends the question. The
// request does not depend on the caller, so one who gives up does not end it for others.
func (c *Client) answerTo(limit *rate.Limiter, question string) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	maps.DeleteFunc(c.answers, func(_ string, a *answer) bool { return a.past(now) })
	if a := c.answers[question]; a != nil {
		return a, nil
	}
	if c.closed {
		return nil, errClosed
	}
	if !limit.AllowN(now, 1) {
		return nil, errTooOften
	}
	c.makeRoom()
	a := &answer{ready: make(chan struct{})}
	c.answers[question] = a
	c.asking.Go(func() {
		body, err := c.fetch(question)
		c.mu.Lock()
		defer c.mu.Unlock()
		a.body, a.err, a.until = body, err, c.now().Add(keptFor)
		if err != nil {
			a.until = c.now().Add(failureFor)
		}
		close(a.ready)
	})
	return a, nil
}

// makeRoom drops the oldest answer when there are too many.
func (c *Client) makeRoom() {
	oldest := ""
	for question, a := range c.answers {
		if !a.until.IsZero() && (oldest == "" || a.until.Before(c.answers[oldest].until)) {
			oldest = question
		}
	}
	if oldest != "" && len(c.answers) >= maxKept {
		delete(c.answers, oldest)
	}
}

func (a *answer) past(now time.Time) bool { return !a.until.IsZero() && now.After(a.until) }
