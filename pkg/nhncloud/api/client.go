// Package api asks the service's REST API what became of mail after the relay took it.
// It asks only when it is called, and it changes nothing there.
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
	within        = 5 * time.Second  // a request
	keptFor       = time.Minute      // an answer
	failureFor    = 10 * time.Second // a failure, so that a dashboard does not ask for it once a panel
	maxKept       = 8                // answers
	maxBody       = 4 << 20          // octets of an answer
	maxAtOnce     = 20               // requests in a row
	requestsEvery = 500 * time.Millisecond
)

// Korea is the zone of the service's times, which do not name it. It has no daylight
// saving time.
var Korea = time.FixedZone("KST", 9*60*60)

// Config is whom a client asks, and as whom.
type Config struct {
	URL       string // of the API, without a slash at its end
	AppKey    string
	SecretKey settings.Secret
	// HTTP makes the requests. It is the client's own from now on: what the service
	// redirects to is not followed, since it would be sent the SecretKey.
	HTTP *http.Client
	// Within is how long a request may take; 0: five seconds.
	Within time.Duration
}

// Client asks for one data source. Its answers are kept for a minute, and whoever asks
// the same at the same time shares a request.
type Client struct {
	base   string // with the AppKey
	host   string
	secret settings.Secret
	http   *http.Client
	limit  *rate.Limiter
	within time.Duration
	now    func() time.Time

	life   context.Context // ends with Close
	end    context.CancelFunc
	asking sync.WaitGroup

	mu      sync.Mutex
	answers map[string]*answer // by the path and the query
	closed  bool
}

// answer is what a question was answered, or will be.
type answer struct {
	ready chan struct{} // closed when the rest is set
	body  []byte
	err   error
	until time.Time // when it is asked again; zero while it is under way
}

// New makes a client.
func New(c Config) *Client {
	c.HTTP.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	client := &Client{
		base: c.URL + "/email/v2.1/appKeys/" + url.PathEscape(c.AppKey), secret: c.SecretKey, http: c.HTTP,
		limit: rate.NewLimiter(rate.Every(requestsEvery), maxAtOnce), within: cmp.Or(c.Within, within), now: time.Now,
		answers: make(map[string]*answer),
	}
	if u, err := url.Parse(c.URL); err == nil {
		client.host = u.Host
	}
	client.life, client.end = context.WithCancel(context.Background())
	return client
}

// Close gives up what is under way and closes the connections.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.asking.Wait()
	c.http.CloseIdleConnections()
}

// ask returns the body of an answer, which nobody may change.
func (c *Client) ask(ctx context.Context, path string, query url.Values) ([]byte, error) {
	a, err := c.answerTo(path + "?" + query.Encode())
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

// answerTo returns the answer that is kept or under way, or sends the question. That
// somebody who asks gives up does not concern the others, who wait for the same.
func (c *Client) answerTo(question string) (*answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	maps.DeleteFunc(c.answers, func(_ string, a *answer) bool { return a.past(now) })
	if a := c.answers[question]; a != nil {
		return a, nil
	}
	if c.closed {
		return nil, context.Canceled
	}
	if !c.limit.AllowN(now, 1) {
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

// makeRoom forgets the oldest answer when there are too many.
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
