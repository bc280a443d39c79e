package smtp

import (
	"container/list"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
)

const (
	// maxRecipients is how many recipients a transaction has at most: what
	// every relay must take (RFC 5321 section 4.5.3.1.8).
	maxRecipients = 100
	// maxTries is how many connections a mail may lose before the caller of Send
	// is told.
	maxTries = 3
	// pingAfter is how long a connection may be idle and still be used without a
	// NOOP. Its end is noticed at once (see session.listen); the NOOP is for
	// relays that vanish without closing it.
	pingAfter = 5 * time.Second
	// dialPause is how long a relay that refused one more connection is not
	// asked again, while others stand.
	dialPause = 5 * time.Second
	// authPause is the same for a relay that refused the credentials, while others
	// stand that it took them on: services lock accounts over many refusals.
	authPause = time.Minute
	// downPause is how long a relay is not dialed again that is unreachable, or
	// that ends sessions at their first mail: a backlog of thousands makes one dial a
	// second, not one for each mail.
	downPause = time.Second
)

// A Pool sends mail over at most Config.MaxConnections connections to one
// relay as one user, beside those that wait long for the reply to a mail. Mails are
// sent in the order they come in. Connections are opened when more mails wait than
// the standing ones take at once, kept while there is mail, and closed when idle.
type Pool struct {
	cfg     Config
	limiter *rate.Limiter // nil: no limit
	gate    gate

	pingAfter time.Duration // the constant, but for tests

	closing context.Context // ends when Close is called
	close   context.CancelFunc
	running context.Context // ends when what is in flight must end
	abort   context.CancelCauseFunc
	drained chan struct{} // closed when the pool is closed and empty

	mu          sync.Mutex
	waiting     list.List       // of *job, the oldest first
	fresh       int             // of these wait for a session that has not served yet
	idle        []*worker       // the last used last
	standing    int             // sessions that take mails, idle or busy
	slowed      int             // sessions that wait long for the reply to a mail, and take no other
	leaving     int             // sessions that say QUIT
	ended       int             // sessions there were
	dialing     int             // sessions that are being opened
	dials       context.Context // ends for all dials under way at once
	stopDials   context.CancelFunc
	lostAtFirst int       // sessions in a row that the relay ended at their first mail
	notBefore   time.Time // of the next dial beside standing sessions
	down        *Error    // why the relay was unreachable, or took no mail; nil once it took one
	downUntil   time.Time // till when that is the answer to every mail
	isClosed    bool
	isRetired   bool // and begins with no more mails
}

// NewPool makes a pool. It connects when there is mail to send.
func NewPool(c Config) *Pool {
	p := &Pool{
		cfg:       c.withDefaults(),
		gate:      newGate(),
		drained:   make(chan struct{}),
		pingAfter: pingAfter,
	}
	if c.MessagesPerMinute > 0 {
		p.limiter = rate.NewLimiter(rate.Every(time.Minute/time.Duration(c.MessagesPerMinute)), 1)
	}
	p.closing, p.close = context.WithCancel(context.Background())
	p.running, p.abort = context.WithCancelCause(context.Background())
	p.dials, p.stopDials = context.WithCancel(p.running)
	return p
}

// Send hands a mail to the relay and returns with the relay's reply. More than
// 100 recipients make several transactions, whose results are joined.
//
// The result has every recipient. The error is nil if the relay took the mail
// for at least one of them; else it is the *Error that says most about what to
// do. A context that ends takes the mail back where that is still possible.
func (p *Pool) Send(ctx context.Context, m Mail) (Result, error) {
	result := Result{Recipients: make([]RecipientResult, len(m.To))}
	for i, to := range m.To {
		result.Recipients[i].Address = to
	}
	if err := m.check(); err != nil {
		fail(result.Recipients, err)
		return result, err
	}
	for parts := [][]RecipientResult{result.Recipients}; len(parts) > 0; {
		var jobs []*job
		for _, part := range parts {
			jobs = append(jobs, p.submit(ctx, m, part)...)
		}
		parts = nil
		for _, j := range jobs {
			p.wait(j)
			if j.reply.Code != 0 {
				p.relayUp()
			}
			if result.Reply.Code == 0 {
				result.Reply = j.reply
			}
			if rest := p.overflow(j); len(rest) > 0 {
				parts = append(parts, rest)
			}
		}
	}
	return result, result.Verdict()
}

// submit begins transactions for recipients of a mail.
func (p *Pool) submit(ctx context.Context, m Mail, recipients []RecipientResult) (jobs []*job) {
	for part := range slices.Chunk(recipients, p.cfg.learned.recipients.within(maxRecipients)) {
		j := &job{ctx: ctx, mail: Mail{From: m.From, Data: m.Data, Begin: m.Begin}, results: part, done: make(chan struct{})}
		for i := range part {
			j.mail.To = append(j.mail.To, part[i].Address)
		}
		jobs = append(jobs, j)
		if err := p.pace(ctx); err != nil {
			j.end(err)
			continue
		}
		p.enqueue(j)
	}
	return jobs
}

// overflow lists the recipients for whom a transaction had no room: they get the
// mail in another one, at once (RFC 5321 section 4.5.3.1.10). How many there was
// room for is remembered, unless the first recipient of all is refused like that.
func (p *Pool) overflow(j *job) []RecipientResult {
	known := &p.cfg.learned.recipients
	took := len(j.results) - j.overflow
	switch first := j.results[0].Err; {
	case j.overflow > 0:
		known.met(took)
	case first != nil && first.Stage == StageRcpt && tooManyRecipients(first):
		known.forget()
	default:
		known.used(took)
	}
	return j.results[took:]
}

// pace waits for messagesPerMinute.
func (p *Pool) pace(ctx context.Context) *Error {
	if p.limiter == nil {
		return nil
	}
	limited, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(p.closing, func() { cancel(ErrClosed) })()
	err := p.limiter.Wait(limited)
	if err == nil {
		return nil
	}
	if limited.Err() != nil {
		return asFailure(StageQueue, context.Cause(limited))
	}
	// The limiter knows that ctx would end first.
	return &Error{Code: failure.Cancelled, Stage: StageQueue, Err: fmt.Errorf("the limit of %d messages a minute leaves no room in time: %w", p.cfg.MessagesPerMinute, err),
		Hint: failure.MessagesPerMinute.With()}
}

// wait returns when the job is done, or taken back because its context ended.
func (p *Pool) wait(j *job) {
	select {
	case <-j.done:
		return
	case <-j.ctx.Done():
	}
	p.mu.Lock()
	mine := j.place != nil
	if mine {
		p.remove(j)
		p.signalDrained()
	}
	p.mu.Unlock()
	if mine {
		j.fail(asFailure(StageQueue, context.Cause(j.ctx)))
		return
	}
	<-j.done // the session that has the job watches its context
}

// Retire takes back every mail that no connection has begun with, now and from
// now on: it fails with ErrClosed. What is under way goes on to its end.
func (p *Pool) Retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isRetired = true
	p.failWaiting(asFailure(StageQueue, ErrClosed))
	p.signalDrained()
	p.close()
}

// Close refuses new mails and returns when those under way are done and every
// connection is closed. When ctx ends first, connections are cut and the mails
// fail with ErrClosed; the error is then that of ctx.
func (p *Pool) Close(ctx context.Context) error {
	p.mu.Lock()
	p.isClosed = true
	p.signalDrained()
	p.mu.Unlock()
	p.close()
	select {
	case <-p.drained:
		p.abort(ErrClosed) // releases the contexts
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	p.abort(ErrClosed)
	p.failWaiting(asFailure(StageQueue, ErrClosed))
	p.signalDrained()
	p.mu.Unlock()
	<-p.drained
	return ctx.Err()
}

// String names the pool's relay and user.
func (p *Pool) String() string { return p.cfg.String() }

// GoString is String: %#v must not print the password.
func (p *Pool) GoString() string { return p.String() }

// Stats counts a pool's connections by state, and the mails that wait for one.
type Stats struct {
	Connecting int `json:"connecting"`
	Busy       int `json:"busy"`
	Idle       int `json:"idle"`
	Waiting    int `json:"waiting"`
}

// Stats is the pool's state now.
func (p *Pool) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{
		Connecting: p.dialing,
		Busy:       p.standing + p.slowed + p.leaving - len(p.idle),
		Idle:       len(p.idle),
		Waiting:    p.waiting.Len(),
	}
}

// signalDrained tells Close when nothing is left. The caller must have the lock.
func (p *Pool) signalDrained() {
	if p.isClosed && p.standing+p.slowed+p.leaving+p.dialing+p.waiting.Len() == 0 {
		select {
		case <-p.drained:
		default:
			close(p.drained)
		}
	}
}
