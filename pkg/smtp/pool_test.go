package smtp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// sendMany sends n mails at once and returns their errors.
func sendMany(t *testing.T, pool *Pool, n int) []error {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, errs[i] = pool.Send(testContext(t), testMail(fmt.Sprintf("r%d@example.com", i))) })
	}
	wg.Wait()
	return errs
}

// beginMany begins to send n mails, whose errors come as they end.
func beginMany(t *testing.T, pool *Pool, n int, to ...string) <-chan error {
	errs := make(chan error, n)
	for range n {
		go func() {
			_, err := pool.Send(testContext(t), testMail(to...))
			errs <- err
		}()
	}
	return errs
}

// occupy sends a mail and holds it at its end until the returned func is
// called, which returns the mail's error.
func occupy(t *testing.T, pool *Pool, relay *relaytest.Relay) (release func() error) {
	t.Helper()
	held, hold := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "occupant@", Times: 1, Action: relaytest.Hold(hold), OnFire: func() { close(held) }})
	done := make(chan error, 1)
	go func() {
		_, err := pool.Send(testContext(t), testMail("occupant@example.com"))
		done <- err
	}()
	<-held
	return func() error {
		close(hold)
		return <-done
	}
}

func TestStormUsesEveryConnectionAndNoMore(t *testing.T) {
	relay := startRelay(t, relaytest.Options{MaxConnections: 4})
	pool := startPool(t, relayConfig(relay, nhncloud.STARTTLS))
	// No mail ends before every connection has one.
	release := make(chan struct{})
	sending := make(chan struct{}, 100)
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Action: relaytest.Hold(release), OnFire: func() { sending <- struct{}{} }})
	go func() {
		for range 4 {
			<-sending
		}
		close(release)
	}()
	for _, err := range sendMany(t, pool, 100) {
		if err != nil {
			t.Error(err)
		}
	}
	if _, peak, total, refused := relay.Connections(); peak != 4 || total != 4 || refused != 0 {
		t.Errorf("%d connections at most, %d in all, %d refused; want 4, 4, 0", peak, total, refused)
	}
	if got := relay.Taken(); got != 100 {
		t.Errorf("%d mails arrived", got)
	}
	noViolations(t, relay)
}

func TestLoneMailsShareOneConnection(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.STARTTLS))
	for range 10 {
		if _, err := pool.Send(testContext(t), testMail()); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, total, _ := relay.Connections(); total != 1 {
		t.Errorf("%d connections", total)
	}
}

func TestFewerConnectionsThanAllowedAtTheRelay(t *testing.T) {
	relay := startRelay(t, relaytest.Options{MaxConnections: 2})
	pool := startPool(t, relayConfig(relay, nhncloud.STARTTLS)) // would take 4
	for range 5 {
		for _, err := range sendMany(t, pool, 40) {
			if err != nil {
				t.Error(err)
			}
		}
	}
	// At the start both may be refused; then the pause holds.
	if _, peak, _, refused := relay.Connections(); peak != 2 || refused > 2 {
		t.Errorf("%d connections at most, %d refused; want 2, and not asked again and again", peak, refused)
	}
}

func TestMailsKeepTheirOrder(t *testing.T) {
	for name, faults := range map[string][]relaytest.Fault{
		"as they wait": nil,
		"when connections are lost": {
			{Stage: relaytest.DATA, Match: "r03@", Times: 1, Action: relaytest.Reset()},
			{Stage: relaytest.EOM, Match: "r06@", Times: 1, Action: relaytest.ReplyAndClose("421 4.3.2 bye\r\n")},
			{Stage: relaytest.MAIL, Skip: 9, Times: 1, Action: relaytest.Close()},
		},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			c := relayConfig(relay, nhncloud.TLSWrapper)
			c.MaxConnections = 1
			pool := startPool(t, c)
			release := occupy(t, pool, relay)
			for _, f := range faults {
				relay.Fault(f)
			}
			const n = 12
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					if _, err := pool.Send(testContext(t), testMail(fmt.Sprintf("r%02d@example.com", i))); err != nil {
						t.Error(err)
					}
				})
				waitUntil(t, func() bool { return pool.Stats().Waiting == i+1 })
			}
			if err := release(); err != nil {
				t.Fatal(err)
			}
			wg.Wait()
			for i, mail := range relay.Mails()[1:] {
				if want := fmt.Sprintf("r%02d@example.com", i); mail.To[0] != want {
					t.Errorf("mail %d went to %s, want %s", i, mail.To[0], want)
				}
			}
			if got := relay.Taken(); got != n+1 {
				t.Errorf("%d mails arrived, want %d", got, n+1)
			}
		})
	}
}

func TestOneRefusalIsOneAUTH(t *testing.T) {
	relay := startRelay(t, relaytest.Options{RTT: 5 * time.Millisecond})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.Password = "wrong"
	pool := startPool(t, c)
	attempts := func() (n int) {
		for _, session := range relay.Sessions() {
			n += session.AuthAttempts
		}
		return n
	}
	storm := func() {
		t.Helper()
		before := attempts()
		// AUTH waits until all mails are there.
		release := make(chan struct{})
		defer relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Hold(release)})()
		const n = 30
		errs := beginMany(t, pool, n)
		waitUntil(t, func() bool { return pool.Stats().Waiting == n })
		close(release)
		for range n {
			if e := asError(t, <-errs); e.Code != failure.Refused || e.Reply.Code != 535 || e.Stage != StageAuth || !strings.Contains(e.English, "SecretKey") {
				t.Errorf("error %v", e)
			}
		}
		waitUntil(t, func() bool { return pool.Stats() == Stats{} })
		if got := attempts() - before; got != 1 {
			t.Errorf("%d times AUTH for %d mails, want 1", got, n)
		}
	}
	storm()

	// And when the credentials are put right at the relay, mail flows.
	relay.Set(func(o *relaytest.Options) { o.SecretKey = "wrong" })
	pauseIsOver(pool)
	secondMailArrives(t, pool, relay)

	// That they were good once is no reason to offer them again and again.
	relay.Set(func(o *relaytest.Options) { o.SecretKey = "another" })
	relay.Drop("")
	waitUntil(t, func() bool { return pool.Stats() == Stats{} })
	if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Code != failure.Refused {
		t.Errorf("error %v", err)
	}
	waitUntil(t, func() bool { return pool.Stats() == Stats{} })
	pauseIsOver(pool)
	storm()
}

// TestPostponedAUTHIsOneAUTH: whether the credentials are good is not known then.
func TestPostponedAUTHIsOneAUTH(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	release := make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Hold(release)})
	relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("454 4.7.0 later\r\n")})
	const n = 30
	errs := beginMany(t, pool, n)
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	close(release)
	for range n {
		if e := asError(t, <-errs); e.Code != failure.Transient || e.Reply.Code != 454 {
			t.Errorf("error %v", e)
		}
	}
	waitUntil(t, func() bool { return pool.Stats() == Stats{} })
	attempts := 0
	for _, session := range relay.Sessions() {
		attempts += session.AuthAttempts
	}
	if attempts != 1 {
		t.Errorf("%d times AUTH for %d mails, want 1", attempts, n)
	}
}

// TestSessionsThatEndAtTheirFirstMail: after a few in a row the mails that wait
// fail with them, and only with what is true of them.
func TestSessionsThatEndAtTheirFirstMail(t *testing.T) {
	t.Run("the mails that wait cannot have been delivered", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.MaxConnections = 1
		pool := startPool(t, c)
		release := make(chan struct{})
		relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Times: 1, Action: relaytest.Hold(release)})
		relay.Fault(relaytest.Fault{Stage: relaytest.Taken, Times: maxTries, Action: relaytest.Reset()})
		const n = maxTries + 2
		errs := beginMany(t, pool, n)
		waitUntil(t, func() bool { return pool.Stats().Waiting == n })
		close(release)
		ambiguous := 0
		for range n {
			if asError(t, <-errs).Ambiguous {
				ambiguous++
			}
		}
		if ambiguous != maxTries || relay.Taken() != maxTries {
			t.Errorf("%d mails may have been delivered, and %d were", ambiguous, relay.Taken())
		}
	})
	t.Run("not in a row", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
		for range maxTries {
			relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Times: 1, Action: relaytest.Close()})
			secondMailArrives(t, pool, relay)
			relay.Drop("")
			waitUntil(t, func() bool { return pool.Stats() == Stats{} })
		}
	})
	t.Run("on this side", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.Timeout = patience
		pool := startPool(t, c)
		for range maxTries {
			ctx, cancel := context.WithCancel(testContext(t))
			relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Times: 1, Action: relaytest.Silence(), OnFire: cancel})
			if _, err := pool.Send(ctx, testMail()); asError(t, err).Code != failure.Cancelled {
				t.Errorf("error %v", err)
			}
			waitUntil(t, func() bool { return pool.Stats() == Stats{} })
		}
		secondMailArrives(t, pool, relay)
	})
}

// TestMailThatEndsEachConnectionIsGivenUp: after a few, although the sessions of
// others end well meanwhile.
func TestMailThatEndsEachConnectionIsGivenUp(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	var ended atomic.Int64
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "poison@", Action: relaytest.Close(), OnFire: func() {
		ended.Add(1)
		pool.mu.Lock()
		defer pool.mu.Unlock()
		pool.lostAtFirst = 0 // as such a session does when it ends
	}})
	_, err := pool.Send(testContext(t), testMail("poison@example.com"))
	if e := asError(t, err); e.Code != failure.Network || e.Ambiguous {
		t.Errorf("error %s %v", e.Code, e)
	}
	if got := ended.Load(); got != maxTries {
		t.Errorf("%d connections were lost to it", got)
	}
	secondMailArrives(t, pool, relay)
}

// TestConnectionThatSaysQUITCountsYet: the relay counts it until it is closed.
func TestConnectionThatSaysQUITCountsYet(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.IdleTimeout = 1, time.Millisecond
	pool := startPool(t, c)
	leaving, release := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.QUIT, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(leaving) }})
	secondMailArrives(t, pool, relay)
	<-leaving
	errs := beginMany(t, pool, 1)
	var stats Stats
	waitUntil(t, func() bool { stats = pool.Stats(); return stats.Waiting == 1 || relay.Taken() == 2 })
	if stats.Connecting != 0 {
		t.Error("a second connection is opened, where one is allowed")
	}
	close(release)
	if err := <-errs; err != nil {
		t.Error(err)
	}
}

// TestMailBehindOneThatIsTakenBackTooLateIsSent: the context of the mail before
// it ends when the relay has just taken that one, and with it the connection.
func TestMailBehindOneThatIsTakenBackTooLateIsSent(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 1
	ctx, cancel := context.WithCancel(testContext(t))
	c.Trace.Stage = func(_ context.Context, stage Stage, _ time.Time, _ time.Duration, _ error) {
		if stage == StageContent {
			cancel()
		}
	}
	pool := startPool(t, c)
	held, hold := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Times: 1, Action: relaytest.Hold(hold), OnFire: func() { close(held) }})
	first := make(chan error, 1)
	go func() { _, err := pool.Send(ctx, testMail()); first <- err }()
	<-held
	next := beginMany(t, pool, 1)
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	close(hold)
	if err := errors.Join(<-first, <-next); err != nil {
		t.Error(err)
	}
	if got := relay.Taken(); got != 2 {
		t.Errorf("%d mails arrived", got)
	}
}

func TestRelayThatIsGoneIsDialledOnceAndNotForEachMail(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.MaxConnections = 2
	var mu sync.Mutex
	dials, release := 0, make(chan struct{})
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		mu.Lock()
		dials++
		mu.Unlock()
		<-release
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
	pool := startPool(t, c)
	relay.Stop()
	const n = 50
	errs := beginMany(t, pool, n)
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	close(release)
	for range n {
		if e := asError(t, <-errs); e.Code != failure.Network || e.Stage != StageDial || !e.Temporary() || !strings.Contains(e.English, "Nothing listens") {
			t.Errorf("error %v", e)
		}
	}
	// The mails of the backlog that come next learn the same without a dial.
	pool.mu.Lock()
	pool.downUntil = time.Now().Add(time.Hour)
	pool.mu.Unlock()
	if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Stage != StageDial {
		t.Errorf("error %v", err)
	}
	if dials > 2 {
		t.Errorf("%d dials for %d mails", dials, n)
	}
	if err := relay.Restart(); err != nil {
		t.Fatal(err)
	}
	pauseIsOver(pool)
	secondMailArrives(t, pool, relay)
}

// TestConnectionThatStandsTakesMailThoughAnotherCouldNotBeHad: what is known of
// the relay then is not true of it.
func TestConnectionThatStandsTakesMailThoughAnotherCouldNotBeHad(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	secondMailArrives(t, pool, relay)
	pool.mu.Lock()
	pool.down, pool.downUntil = asFailure(StageDial, io.EOF), time.Now().Add(time.Hour)
	pool.mu.Unlock()
	secondMailArrives(t, pool, relay)
}

// pauseIsOver lets the pool dial a relay again that it could not have.
func pauseIsOver(p *Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.downUntil = time.Time{}
}

func TestMailGoesToAnotherConnectionUncounted(t *testing.T) {
	for name, fault := range map[string]relaytest.Fault{
		"421 at MAIL":              {Stage: relaytest.MAIL, Action: relaytest.ReplyAndClose("421 4.3.2 bye\r\n")},
		"421 at the end":           {Stage: relaytest.EOM, Action: relaytest.ReplyAndClose("421 4.3.2 bye\r\n")},
		"421 in the midst of data": {Stage: relaytest.Body, Action: relaytest.ReplyAndClose("421 4.3.2 bye\r\n")},
		"closed at DATA":           {Stage: relaytest.DATA, Action: relaytest.Close()},
		"reset at RCPT":            {Stage: relaytest.RCPT, Action: relaytest.Reset()},
	} {
		for _, mode := range []string{"first mail of the connection", "later mail"} {
			t.Run(name+"/"+mode, func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{})
				pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
				if mode == "later mail" {
					secondMailArrives(t, pool, relay)
				}
				fault.Times = 2
				relay.Fault(fault)
				secondMailArrives(t, pool, relay)
			})
		}
	}
}

func TestConnectionThatDiedWhileIdleIsReplaced(t *testing.T) {
	for name, last := range map[string]string{"closed": "", "421": "421 4.4.2 idle for too long\r\n"} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			pool := startPool(t, relayConfig(relay, nhncloud.STARTTLS))
			secondMailArrives(t, pool, relay)
			relay.Drop(last)
			waitUntil(t, func() bool { return pool.Stats() == Stats{} }) // noticed without a mail
			secondMailArrives(t, pool, relay)
			if _, _, total, _ := relay.Connections(); total != 2 {
				t.Errorf("%d connections", total)
			}
		})
	}
}

func TestMailIsNotLostToAConnectionThatDiesJustThen(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	for range 30 {
		secondMailArrives(t, pool, relay)
		relay.Drop("421 4.4.2 bye\r\n") // and at once:
	}
}

func TestRedialResumesTheTLSSession(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.STARTTLS))
	secondMailArrives(t, pool, relay)
	relay.Drop("")
	waitUntil(t, func() bool { return pool.Stats() == Stats{} })
	secondMailArrives(t, pool, relay)
	if sessions := relay.Sessions(); sessions[0].Resumed || !sessions[1].Resumed {
		t.Errorf("resumed: %t, %t; want only the second", sessions[0].Resumed, sessions[1].Resumed)
	}
}

func TestIdleConnectionIsClosedWithQUIT(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.IdleTimeout = time.Millisecond
	pool := startPool(t, c)
	secondMailArrives(t, pool, relay)
	waitUntil(t, func() bool { return pool.Stats() == Stats{} })
	commands := relay.Sessions()[0].Commands
	if last := commands[len(commands)-1]; last != "QUIT" {
		t.Errorf("the last command is %s", last)
	}
}

func TestProbeComesOnlyAfterALongRest(t *testing.T) {
	for _, after := range []time.Duration{time.Hour, 0} {
		relay := startRelay(t, relaytest.Options{})
		pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
		pool.pingAfter = after
		for range 2 {
			secondMailArrives(t, pool, relay)
			waitUntil(t, func() bool { return pool.Stats().Idle == 1 })
		}
		probed := slices.Contains(relay.Sessions()[0].Commands, "NOOP")
		if want := after == 0; probed != want {
			t.Errorf("probed: %t, when probing after %s", probed, after)
		}
	}
}

func TestCloseDrains(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.MaxConnections = 1
	pool := NewPool(c)
	release := occupy(t, pool, relay)
	const n = 5
	errs := beginMany(t, pool, n)
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	closed := make(chan error, 1)
	go func() { closed <- pool.Close(testContext(t)) }()
	waitUntil(t, func() bool { return pool.closing.Err() != nil })

	_, err := pool.Send(testContext(t), testMail())
	if e := asError(t, err); e.Code != failure.Cancelled || !errors.Is(e, ErrClosed) || !e.Temporary() {
		t.Errorf("a mail after Close: %v", err)
	}
	if err := release(); err != nil {
		t.Errorf("the mail in flight: %v", err)
	}
	for range n {
		if err := <-errs; err != nil {
			t.Errorf("a waiting mail: %v", err)
		}
	}
	if err := <-closed; err != nil {
		t.Errorf("Close: %v", err)
	}
	if err := pool.Close(testContext(t)); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	if open, _, _, _ := relay.Connections(); open != 0 {
		t.Errorf("%d connections are open", open)
	}
	commands := relay.Sessions()[0].Commands
	if last := commands[len(commands)-1]; last != "QUIT" {
		t.Errorf("the last command is %s", last)
	}
}

// TestRetiredPoolFinishesWhatIsUnderWay: and no more, whether it waits for a
// connection, for its turn in the minute, or is lost and would go on another.
func TestRetiredPoolFinishesWhatIsUnderWay(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.MaxConnections = 1
	pool := NewPool(c)
	release := occupy(t, pool, relay)
	const n = 5
	errs := beginMany(t, pool, n)
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	pool.Retire()
	for range n {
		if e := asError(t, <-errs); e.Code != failure.Cancelled || !errors.Is(e, ErrClosed) || e.Ambiguous {
			t.Errorf("a waiting mail: %v", e)
		}
	}
	if _, err := pool.Send(testContext(t), testMail()); !errors.Is(err, ErrClosed) {
		t.Errorf("a mail after Retire: %v", err)
	}
	if err := release(); err != nil {
		t.Errorf("the mail in flight: %v", err)
	}
	if err := pool.Close(testContext(t)); err != nil {
		t.Errorf("Close: %v", err)
	}

	c.MessagesPerMinute = 4 // the next in 15 s
	paced := NewPool(c)
	reached, hold := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Times: 1, Action: relaytest.Hold(hold), OnFire: func() { close(reached) }})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Times: 1, Action: relaytest.Reset()})
	first := beginMany(t, paced, 1)
	<-reached
	second := beginMany(t, paced, 1)
	paced.Retire()
	if err := <-second; !errors.Is(err, ErrClosed) {
		t.Errorf("a mail whose turn has not come: %v", err)
	}
	close(hold)
	if err := <-first; !errors.Is(err, ErrClosed) {
		t.Errorf("a mail that lost its connection: %v", err)
	}
	if err := paced.Close(testContext(t)); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestCloseEndsWithItsContext(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.MaxConnections, c.Timeout = 1, patience
	pool := NewPool(c)
	silent := make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Action: relaytest.Silence(), OnFire: func() { close(silent) }})
	const n = 3
	errs := beginMany(t, pool, n)
	<-silent
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := pool.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Close: %v", err)
	}
	ambiguous := 0
	for range n {
		e := asError(t, <-errs)
		if e.Code != failure.Cancelled || !errors.Is(e, ErrClosed) {
			t.Errorf("error %v", e)
		}
		if e.Ambiguous {
			ambiguous++
		}
	}
	if ambiguous != 1 {
		t.Errorf("%d mails are ambiguous, want the one whose content was sent", ambiguous)
	}
}

func TestCloseWhileDialling(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	dialling := make(chan struct{}, 1)
	release := make(chan struct{})
	defer close(release)
	c.Dial = func(context.Context, string, string) (net.Conn, error) { // deaf to its context
		dialling <- struct{}{}
		<-release
		return nil, io.EOF
	}
	c.Timeout = patience
	pool := NewPool(c)
	failed := make(chan error, 1)
	go func() {
		_, err := pool.Send(testContext(t), testMail())
		failed <- err
	}()
	<-dialling
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = pool.Close(ctx)
	if err := <-failed; !errors.Is(err, ErrClosed) {
		t.Errorf("error %v", err)
	}
}

func TestWaitingMailIsTakenBack(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 1
	pool := startPool(t, c)
	release := occupy(t, pool, relay)
	ctx, cancel := context.WithCancel(testContext(t))
	failed := make(chan error, 1)
	go func() {
		_, err := pool.Send(ctx, testMail("never@example.com"))
		failed <- err
	}()
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	cancel()
	if e := asError(t, <-failed); e.Code != failure.Cancelled || e.Stage != StageQueue || e.Ambiguous {
		t.Errorf("error %v", e)
	}
	if err := release(); err != nil {
		t.Errorf("the mail before: %v", err)
	}
	secondMailArrives(t, pool, relay)
	if got := relay.Taken(); got != 2 {
		t.Errorf("%d mails arrived, want 2", got)
	}
}

// TestCancelledMailWaitsForNoOtherConnection: its envelope was behind another
// mail when that one's connection was lost, and its sender is gone.
func TestCancelledMailWaitsForNoOtherConnection(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.Timeout = 1, patience
	pool := startPool(t, c)
	held, hold := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "first@", Times: 1, Action: relaytest.Hold(hold), OnFire: func() { close(held) }})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "first@", Times: 1, Action: relaytest.Reset()})
	release := occupy(t, pool, relay)
	ctx, cancel := context.WithCancel(testContext(t))
	first, second := make(chan error, 1), make(chan error, 1)
	go func() { _, err := pool.Send(testContext(t), testMail("first@example.com")); first <- err }()
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	go func() { _, err := pool.Send(ctx, testMail("second@example.com")); second <- err }()
	waitUntil(t, func() bool { return pool.Stats().Waiting == 2 })
	_ = release()
	<-held
	waitUntil(t, func() bool { return pool.Stats().Waiting == 0 })
	cancel()
	defer relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Silence()})()
	close(hold)
	if e := asError(t, <-second); e.Code != failure.Cancelled || e.Ambiguous {
		t.Errorf("error %v", e)
	}
	_ = pool.Close(ctx)
	if e := asError(t, <-first); !e.Ambiguous {
		t.Errorf("the mail before: %v", e)
	}
}

func TestConnectionIsNotSpentOnAMailWhoseSenderIsGone(t *testing.T) {
	pool := startPool(t, relayConfig(startRelay(t, relaytest.Options{}), nhncloud.TLSWrapper))
	gone, cancel := context.WithCancel(testContext(t))
	cancel()
	j := &job{ctx: gone, results: make([]RecipientResult, 1), done: make(chan struct{})}
	j.place = pool.waiting.PushBack(j)
	if pool.next() != nil {
		t.Fatal("it is sent")
	}
	<-j.done
	if err := j.results[0].Err; err == nil || err.Code != failure.Cancelled {
		t.Errorf("error %v", err)
	}
}

// TestMailDoesNotWaitForAFarewell: it comes just as the idle connection is
// given up, and the relay does not answer QUIT.
func TestMailDoesNotWaitForAFarewell(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	defer relay.Fault(relaytest.Fault{Stage: relaytest.QUIT, Action: relaytest.Silence()})()
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.IdleTimeout = time.Millisecond
	leaves, proceed, next := make(chan struct{}), make(chan struct{}), make(chan ConnState, 10)
	var once sync.Once
	c.Trace.Connection = func(from, to ConnState) {
		switch {
		case from == Idle:
			once.Do(func() { close(leaves); <-proceed })
		case to == Connecting || to == "":
			next <- to
		}
	}
	pool := startPool(t, c)
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}
	<-leaves
	done := make(chan error, 1)
	go func() { _, err := pool.Send(testContext(t), testMail()); done <- err }()
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	close(proceed)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if first, second := <-next, <-next; first != Connecting || second != Connecting {
		t.Error("the mail waited for the other connection's end")
	}
}

func TestMessagesPerMinute(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MessagesPerMinute = 1
	pool := NewPool(c)
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}

	// The second has to wait for a minute, longer than its context.
	_, err := pool.Send(testContext(t), testMail())
	if e := asError(t, err); e.Code != failure.Cancelled || !e.Temporary() || !strings.Contains(e.Error(), "1 messages a minute") || e.English == "" {
		t.Errorf("error %v", err)
	}

	// One without such a context waits, and Close does not wait for it.
	failed := make(chan error, 1)
	waiting, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		_, err := pool.Send(waiting, testMail())
		failed <- err
	}()
	if err := pool.Close(testContext(t)); err != nil {
		t.Error(err)
	}
	select {
	case err := <-failed:
		if !errors.Is(err, ErrClosed) {
			t.Errorf("error %v", err)
		}
	case <-time.After(patience): // half of the minute
		t.Error("it waits on for its turn")
	}
	if got := relay.Taken(); got != 1 {
		t.Errorf("%d mails arrived", got)
	}
}

// TestMailIsBegunOnceItsEnvelopeIsSent, and not while it waits: for a relay that does
// not speak, for a connection, or for its turn in the minute. Should the process end
// meanwhile, the mail is not why.
func TestMailIsBegunOnceItsEnvelopeIsSent(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.MaxConnections, c.MessagesPerMinute = 1, 2 // the second in half a minute
	greet, greeting := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Times: 1, Action: relaytest.Hold(greet), OnFire: func() { close(greeting) }})
	send := func(ctx context.Context, pool *Pool, begin error) (begun *atomic.Bool, ended <-chan error) {
		begun = new(atomic.Bool)
		m, end := testMail(), make(chan error, 1)
		m.Begin = func() error { begun.Store(true); return begin }
		go func() {
			_, err := pool.Send(ctx, m)
			end <- err
		}()
		return begun, end
	}
	pool := startPool(t, c)
	first, taken := send(testContext(t), pool, nil)
	<-greeting
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	ctx, cancel := context.WithCancel(testContext(t))
	second, paced := send(ctx, pool, nil)
	if first.Load() {
		t.Error("a mail is begun before the relay speaks")
	}
	close(greet)
	if err := <-taken; err != nil || !first.Load() {
		t.Errorf("%v, begun: %v", err, first.Load())
	}
	cancel()
	if err := <-paced; err == nil || second.Load() {
		t.Errorf("%v, begun: %v", err, second.Load())
	}

	c.MessagesPerMinute = 0
	pool = startPool(t, c)
	release := occupy(t, pool, relay)
	third, refused := send(testContext(t), pool, context.Canceled)
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	if third.Load() {
		t.Error("a mail is begun that waits for a connection")
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	if err := <-refused; !errors.Is(err, context.Canceled) || !third.Load() {
		t.Errorf("%v, begun: %v", err, third.Load())
	}
	if n := relay.Taken(); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestAmbiguity(t *testing.T) {
	t.Run("lost after the relay took the mail", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		relay.Fault(relaytest.Fault{Stage: relaytest.Taken, Times: 1, Action: relaytest.Reset()})
		_, err := startPool(t, relayConfig(relay, nhncloud.TLSWrapper)).Send(testContext(t), testMail())
		if e := asError(t, err); !e.Ambiguous || !e.Temporary() || !strings.Contains(e.Error(), "may have been delivered") {
			t.Errorf("error %v", err)
		}
		if got := relay.Taken(); got != 1 {
			t.Errorf("%d mails arrived: an ambiguous one is not sent again here", got)
		}
	})
	t.Run("lost in the midst of the content", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		remove := relay.Fault(relaytest.Fault{Stage: relaytest.Body, Action: relaytest.Reset()})
		defer remove()
		mail := testMail()
		mail.Data = [][]byte{[]byte(strings.Repeat("0123456789\r\n", 1<<20))}
		_, err := startPool(t, relayConfig(relay, nhncloud.TLSWrapper)).Send(testContext(t), mail)
		if e := asError(t, err); e.Ambiguous || e.Code != failure.Network {
			t.Errorf("error %v", err)
		}
		if _, _, total, _ := relay.Connections(); total != maxTries {
			t.Errorf("%d connections, want %d", total, maxTries)
		}
	})
	t.Run("the next mail in the chain is not ambiguous", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.MaxConnections = 1
		pool := startPool(t, c)
		release := occupy(t, pool, relay)
		relay.Fault(relaytest.Fault{Stage: relaytest.Taken, Match: "r0@", Times: 1, Action: relaytest.Reset()})
		errs := make([]chan error, 3)
		for i := range errs {
			errs[i] = make(chan error, 1)
			go func() {
				_, err := pool.Send(testContext(t), testMail(fmt.Sprintf("r%d@example.com", i)))
				errs[i] <- err
			}()
			waitUntil(t, func() bool { return pool.Stats().Waiting == i+1 })
		}
		if err := release(); err != nil {
			t.Fatal(err)
		}
		if e := asError(t, <-errs[0]); !e.Ambiguous {
			t.Errorf("mail 0: %v", e)
		}
		for i, err := range errs[1:] {
			if err := <-err; err != nil {
				t.Errorf("mail %d: %v", i+1, err)
			}
		}
		if got := relay.Taken(); got != 4 {
			t.Errorf("%d mails arrived, want each once", got)
		}
	})
}

func TestQuickSuccessionOfCancelledMailsLeavesThePoolSound(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 2
	pool := startPool(t, c)
	var wg sync.WaitGroup
	for i := range 200 {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(testContext(t))
			if i%3 == 0 {
				go cancel()
			}
			defer cancel()
			result, err := pool.Send(ctx, testMail())
			if err == nil && result.Accepted() != 1 {
				t.Errorf("result %+v", result)
			}
			if err != nil && ctx.Err() == nil {
				t.Errorf("a mail nobody cancelled: %v", err)
			}
		})
	}
	wg.Wait()
	secondMailArrives(t, pool, relay)
	noViolations(t, relay)
}

func TestTraceTellsStagesAndStates(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	var mu sync.Mutex
	var stages []string
	states := make(map[ConnState]int)
	type key struct{}
	c.Trace = Trace{
		Stage: func(ctx context.Context, stage Stage, start time.Time, d time.Duration, err error) {
			mu.Lock()
			defer mu.Unlock()
			if ctx.Value(key{}) != "the mail's" || start.IsZero() || d < 0 || err != nil {
				t.Errorf("%s: %v, %s, %s, %v", stage, ctx, start, d, err)
			}
			stages = append(stages, string(stage))
		},
		Connection: func(from, to ConnState) {
			mu.Lock()
			defer mu.Unlock()
			states[from]--
			states[to]++
		},
	}
	pool := NewPool(c)
	if _, err := pool.Send(context.WithValue(testContext(t), key{}, "the mail's"), testMail()); err != nil {
		t.Fatal(err)
	}
	idle := func() bool {
		mu.Lock()
		defer mu.Unlock()
		return states[Idle] == 1 && states[Busy] == 0 && states[Connecting] == 0
	}
	waitUntil(t, idle)
	if err := pool.Close(testContext(t)); err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(stages, " "), "dial greeting ehlo starttls tls ehlo_tls auth mail rcpt data content"; got != want {
		t.Errorf("stages %s, want %s", got, want)
	}
	if states[Idle] != 0 || states[Busy] != 0 || states[Connecting] != 0 {
		t.Errorf("states after Close: %v", states)
	}
}

func TestDialEndsInTimeWhateverTheDialerDoes(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.Timeout = 50 * time.Millisecond
	late, tooLate := tcpPair(t)
	release := make(chan struct{})
	c.Dial = func(context.Context, string, string) (net.Conn, error) {
		<-release
		return late, nil
	}
	report := Check(testContext(t), c)
	if report.Err == nil || report.Err.Code != failure.Timeout || !strings.Contains(report.Err.Error(), "within 50ms") {
		t.Errorf("error %v", report.Err)
	}
	close(release)
	if _, err := tooLate.Read(make([]byte, 1)); err != io.EOF { // a connection that comes too late is closed
		t.Errorf("reading from it: %v", err)
	}
	_ = tooLate.Close()
}

func TestErrorsOfTheDialAreTold(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	for _, tt := range []struct {
		err  error
		code failure.Code
		hint string
	}{
		{&net.DNSError{Err: "no such host", Name: "relay.invalid", IsNotFound: true}, failure.Network, "cannot be resolved"},
		{context.DeadlineExceeded, failure.Timeout, "block port 25"},
		{io.EOF, failure.Network, "can reach"},
	} {
		c := relayConfig(relay, nhncloud.STARTTLS)
		c.Port = 25
		c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, tt.err }
		report := Check(testContext(t), c)
		if report.Err == nil || report.Err.Code != tt.code || report.Err.Stage != StageDial || !strings.Contains(report.Err.English, tt.hint) {
			t.Errorf("%v: %v, %q", tt.err, report.Err, report.Err.Hint)
		}
	}
}

// TestVerdictOnMailsIsNotThatOnOthers: the relay refuses large mails before
// their end, which ends the session; a small one waits behind them.
func TestVerdictOnMailsIsNotThatOnOthers(t *testing.T) {
	c := scripted(t, func(s *script) {
		s.opened()
		for {
			s.line() // MAIL
			to := s.line()
			if to == "" || to == "QUIT" {
				return
			}
			s.line()
			s.say("250 ok\r\n250 ok\r\n354 go\r\n")
			s.line()
			if strings.Contains(to, "large") {
				s.say("552 5.3.4 too large\r\n")
				s.skip(".")
				return
			}
			s.skip(".")
			s.say("250 queued\r\n")
		}
	})
	c.MaxConnections = 1
	begin := make(chan struct{})
	dial := c.Dial
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-begin
		return dial(ctx, network, addr)
	}
	pool := startPool(t, c)
	large := testMail("large@example.com")
	large.Data = [][]byte{bytes.Repeat([]byte("0123456789\r\n"), 1<<20)}
	refused, taken := make(chan error, maxTries), make(chan error, 1)
	for range maxTries {
		go func() { _, err := pool.Send(testContext(t), large); refused <- err }()
	}
	waitUntil(t, func() bool { return pool.Stats().Waiting == maxTries })
	go func() { _, err := pool.Send(testContext(t), testMail("small@example.com")); taken <- err }()
	waitUntil(t, func() bool { return pool.Stats().Waiting == maxTries+1 })
	close(begin)
	for range maxTries {
		if e := asError(t, <-refused); e.Code != failure.Permanent {
			t.Errorf("a large mail: %v", e)
		}
	}
	if err := <-taken; err != nil {
		t.Errorf("the small mail: %v", err)
	}
}

// TestRelayThatPutsMailOffBeforeItsEndGetsNoStorm: it ends each session with
// that, and would be dialed for each of the mails.
func TestRelayThatPutsMailOffBeforeItsEndGetsNoStorm(t *testing.T) {
	c := scripted(t, func(s *script) {
		s.opened()
		if s.line() != "QUIT" {
			s.skip("DATA")
			s.say("250 ok\r\n250 ok\r\n354 go\r\n")
			s.line()
			s.say("452 4.3.1 no room\r\n")
			s.skip(".")
		}
	})
	c.MaxConnections = 1
	var dials atomic.Int64
	begin := make(chan struct{})
	dial := c.Dial
	c.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		<-begin
		dials.Add(1)
		return dial(ctx, network, addr)
	}
	pool := startPool(t, c)
	large := testMail()
	large.Data = [][]byte{bytes.Repeat([]byte("0123456789\r\n"), 1<<20)}
	const n = 4 * maxTries
	ended := make(chan error, n)
	for range n {
		go func() { _, err := pool.Send(testContext(t), large); ended <- err }()
	}
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	close(begin)
	for range n {
		if e := asError(t, <-ended); !e.Temporary() {
			t.Errorf("error %v", e)
		}
	}
	if dials.Load() != maxTries {
		t.Errorf("%d dials", dials.Load())
	}
}

// TestFreshConnectionTakesFirstWhoWaitsForOne: it was opened for that mail, and
// when all the room for connections is taken no other may follow.
func TestFreshConnectionTakesFirstWhoWaitsForOne(t *testing.T) {
	pool := startPool(t, Config{MaxConnections: 1, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}})
	jobFor := func(to string) *job {
		return &job{ctx: testContext(t), mail: testMail(to), results: make([]RecipientResult, 1), done: make(chan struct{})}
	}
	waits, before, behind := jobFor("waits@example.com"), jobFor("before@example.com"), jobFor("behind@example.com")
	pool.putBack(behind)
	pool.renew(waits)
	pool.putBack(before) // by another session that ended at that moment
	for i, want := range []*job{waits, before, behind} {
		got := pool.nextFor(true)
		if got != want {
			t.Fatalf("mail %d is %v, want %v", i, got.mail.To, want.mail.To)
		}
		got.end(nil)
	}
	pool.stopDials()
}

// TestConnectionThatIsRefusedEndsNoneThatIsBeingOpened: a relay that has room
// for one connection says 554 to the others, or one of its nodes has no TLS. The
// one that is good brings every mail out.
func TestConnectionThatIsRefusedEndsNoneThatIsBeingOpened(t *testing.T) {
	for name, refusal := range map[string]relaytest.Fault{
		"greeting": {Stage: relaytest.Greeting, Skip: 1, Action: relaytest.Reply("554 5.7.1 one connection is enough\r\n")},
		"EHLO":     {Stage: relaytest.EHLO, Skip: 1, Action: relaytest.Reply("550 5.7.1 one connection is enough\r\n")},
		"TLS":      {Stage: relaytest.TLS, Skip: 1, Action: relaytest.Reply("250 ok\r\n")},
	} {
		t.Run(name, func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			good := make(chan struct{})
			relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Hold(good)})
			relay.Fault(refusal)
			pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
			const n = 8
			errs := beginMany(t, pool, n)
			// Three are refused, each twice, while the good one is being opened.
			waitUntil(t, func() bool {
				_, _, total, _ := relay.Connections()
				return total == 1+2*3 && pool.Stats().Connecting == 1
			})
			close(good)
			for range n {
				if err := <-errs; err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestCertificateThatIsNotTrustedEndsEveryMailAtOnce: it is the same on each
// connection, and no mail waits for one that hangs.
func TestCertificateThatIsNotTrustedEndsEveryMailAtOnce(t *testing.T) {
	relay := startRelay(t, relaytest.Options{Certificate: relaytest.Expired})
	hangs := make(chan struct{})
	defer close(hangs)
	relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Times: 1, Action: relaytest.Hold(hangs)})
	c := relayConfig(relay, nhncloud.STARTTLS)
	c.Timeout = patience
	pool := startPool(t, c)
	const n = 2
	errs := beginMany(t, pool, n)
	for range n {
		if e := asError(t, <-errs); e.Code != failure.TLS || !e.Sender() {
			t.Errorf("error %s %v", e.Code, e)
		}
	}
}

// TestRefusedCredentialsAreNotOfferedAgainWhileAConnectionStands: its mails wait
// for it, and the relay is not asked each few seconds, whatever else fails meanwhile.
func TestRefusedCredentialsAreNotOfferedAgainWhileAConnectionStands(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	release := occupy(t, pool, relay)
	relay.Fault(relaytest.Fault{Stage: relaytest.AUTH, Action: relaytest.Reply("535 5.7.8 no\r\n")})
	const n = 5
	errs := beginMany(t, pool, n)
	waitUntil(t, func() bool { s := pool.Stats(); return s.Waiting == n && s.Connecting == 0 })
	for _, failed := range []struct {
		what string
		note func()
	}{
		{"nothing else", func() {}},
		{"a dial", func() { pool.connectFailed(asFailure(StageDial, io.EOF), false) }},
		{"sessions at their first mail", func() {
			for range maxTries {
				pool.sessionFailed(asFailure(StageMail, io.EOF))
			}
		}},
	} {
		pool.mu.Lock()
		failed.note()
		pause := time.Until(pool.notBefore)
		pool.mu.Unlock()
		if pause < 2*dialPause {
			t.Errorf("after %s failed the credentials are offered again in %s", failed.what, pause)
		}
	}
	if err := release(); err != nil {
		t.Error(err)
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
