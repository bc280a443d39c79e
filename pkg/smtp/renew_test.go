package smtp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// TestRefusalOfASessionIsNotTheMails: from its third mail on a session refuses,
// at whatever stage and in whatever words. Every mail arrives, once, and none
// is put off.
func TestRefusalOfASessionIsNotTheMails(t *testing.T) {
	everywhere := []string{
		"450 4.7.1 enough", "451 later", "452 4.4.5 maximum number of messages per session exceeded", "452 4.5.3 too many", "452 4.3.1 no room",
		"421 4.7.0 too many messages", "503 5.5.1 issue a reset first", "530 5.7.0 authenticate first", "535 5.7.8 who are you", "554 5.5.0 enough",
	}
	for stage, replies := range map[relaytest.Stage][]string{
		relaytest.MAIL: append(everywhere, "550 5.7.1 no more mail in this session", "553 sender", "501 5.1.7 sender", "554 no"),
		relaytest.RCPT: append(everywhere, "550 5.7.1 no more mail in this session", "554 no", "452 no"),
		relaytest.DATA: append(everywhere, "550 5.7.1 no more mail in this session", "554 no", "451 5.1.1 no"),
		relaytest.EOM:  everywhere,
	} {
		for _, reply := range replies {
			for _, connections := range []int{1, 4} {
				for _, lockstep := range []bool{false, true} {
					if lockstep && connections > 1 {
						continue // each by itself is enough
					}
					t.Run(fmt.Sprintf("%s/%s/lockstep=%t/%d connections", stage, reply, lockstep, connections), func(t *testing.T) {
						t.Parallel()
						relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
						action := relaytest.Reply(reply + "\r\n")
						if strings.HasPrefix(reply, "421") {
							action = relaytest.ReplyAndClose(reply + "\r\n")
						}
						relay.Fault(relaytest.Fault{Stage: stage, Skip: 2, PerSession: true, Action: action})
						c := relayConfig(relay, nhncloud.TLSWrapper)
						c.MaxConnections, c.Timeout = connections, patience
						pool := startPool(t, c)
						const n = 8
						for i, err := range sendMany(t, pool, n) {
							if err != nil {
								t.Errorf("mail %d: %v", i, err)
							}
						}
						arrivedOnce(t, relay, n)
						noViolations(t, relay)
					})
				}
			}
		}
	}
}

// arrivedOnce wants the mails of sendMany.
func arrivedOnce(t *testing.T, relay *relaytest.Relay, n int) {
	t.Helper()
	times := make(map[string]int)
	for _, mail := range relay.Mails() {
		for _, to := range mail.To {
			times[to]++
		}
	}
	for i := range n {
		if to := fmt.Sprintf("r%d@example.com", i); times[to] != 1 {
			t.Errorf("%s has its mail %d times", to, times[to])
		}
	}
}

// TestRefusalThatAFreshSessionRepeatsIsBelieved: and costs one more connection,
// not one for each mail.
func TestRefusalThatAFreshSessionRepeatsIsBelieved(t *testing.T) {
	for stage, replies := range map[relaytest.Stage][]string{
		relaytest.MAIL: {"451 4.3.0 later", "553 5.7.1 not your address", "530 5.7.0 authenticate first"},
		relaytest.RCPT: {"451 4.3.0 later", "554 5.7.1 no"},
		relaytest.DATA: {"451 4.3.0 later", "554 5.7.1 no"},
		relaytest.EOM:  {"451 4.3.0 later"},
	} {
		for _, reply := range replies {
			t.Run(string(stage)+"/"+reply, func(t *testing.T) {
				t.Parallel()
				relay := startRelay(t, relaytest.Options{})
				c := relayConfig(relay, nhncloud.TLSWrapper)
				c.MaxConnections = 1
				pool := startPool(t, c)
				secondMailArrives(t, pool, relay)
				relay.Fault(relaytest.Fault{Stage: stage, Action: relaytest.Reply(reply + "\r\n")})
				for range 5 {
					_, err := pool.Send(testContext(t), testMail())
					if e := asError(t, err); e.Reply.Code == 0 || !strings.HasPrefix(reply, fmt.Sprint(e.Reply.Code)) || e.Code != classify(e.Stage, e.Reply.Code) {
						t.Errorf("error %s %v", e.Code, e)
					}
				}
				if _, _, total, _ := relay.Connections(); total != 2 {
					t.Errorf("%d connections, want 2", total)
				}
			})
		}
	}
}

// TestRefusalBehindARefusedContentIsNotTheMails: the session has taken no mail, and
// has served one all the same.
func TestRefusalBehindARefusedContentIsNotTheMails(t *testing.T) {
	const unauthenticated = "530 5.7.0 authenticate first"
	for stage, replies := range map[relaytest.Stage][]string{
		relaytest.MAIL: {unauthenticated, "503 5.5.1 issue a reset first", "550 5.7.1 enough", "451 later", "452 4.4.5 too many"},
		relaytest.RCPT: {unauthenticated},
		relaytest.DATA: {unauthenticated},
		relaytest.EOM:  {unauthenticated},
	} {
		for _, reply := range replies {
			for _, lockstep := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/lockstep=%t", stage, reply, lockstep), func(t *testing.T) {
					relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
					c := relayConfig(relay, nhncloud.TLSWrapper)
					c.MaxConnections = 1
					pool := startPool(t, c)
					spam := relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Action: relaytest.Reply("554 5.7.1 spam\r\n")})
					if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Code != failure.Permanent {
						t.Errorf("error %v", err)
					}
					spam()
					relay.Fault(relaytest.Fault{Stage: stage, Times: 1, Action: relaytest.Reply(reply + "\r\n")})
					secondMailArrives(t, pool, relay)
					noViolations(t, relay)
				})
			}
		}
	}
}

// TestLimitOfARelayIsLearned: after the first refusal connections are replaced
// just before the next; and tried again later, for the relay may have changed
// its mind.
func TestLimitOfARelayIsLearned(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	var refusals atomic.Int64
	remove := relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Skip: 3, PerSession: true, Action: relaytest.Reply("452 4.4.5 too many\r\n"), OnFire: func() { refusals.Add(1) }})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 1
	pool := startPool(t, c)
	send := func(n int) {
		t.Helper()
		for range n {
			if _, err := pool.Send(testContext(t), testMail()); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(3 * limitUses)
	if got := refusals.Load(); got != 1 {
		t.Errorf("refused %d times, want once", got)
	}
	remove()
	send(3*3 + 20) // the rest of the trial, and a session without a limit
	sessions := relay.Sessions()
	if last := sessions[len(sessions)-1]; last.Mails < 10 {
		t.Errorf("the last session took %d mails: the limit holds for ever", last.Mails)
	}
}

func TestBacklogPassesARelayThatLimitsSessions(t *testing.T) {
	for _, connections := range []int{1, 4} {
		relay := startRelay(t, relaytest.Options{MaxConnections: connections})
		relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Skip: 10, PerSession: true, Action: relaytest.Reply("452 4.4.5 too many\r\n")})
		c := relayConfig(relay, nhncloud.STARTTLS)
		c.MaxConnections = connections
		for i, err := range sendMany(t, startPool(t, c), 120) {
			if err != nil {
				t.Errorf("mail %d of 120 on %d connections: %v", i, connections, err)
			}
		}
		arrivedOnce(t, relay, 120)
	}
}

// TestFreshConnectionTakesThePlaceOfTheOneThatIsGone: the relay has room for
// two, and the pool would take four.
func TestFreshConnectionTakesThePlaceOfTheOneThatIsGone(t *testing.T) {
	relay := startRelay(t, relaytest.Options{MaxConnections: 2})
	relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Skip: 3, PerSession: true, Action: relaytest.Reply("452 4.4.5 too many\r\n")})
	for i, err := range sendMany(t, startPool(t, relayConfig(relay, nhncloud.TLSWrapper)), 60) {
		if err != nil {
			t.Errorf("mail %d: %v", i, err)
		}
	}
	arrivedOnce(t, relay, 60)
}

// TestRelayThatWantsRSETAfterARefusedContent: until then it answers every MAIL
// with 503.
func TestRelayThatWantsRSETAfterARefusedContent(t *testing.T) {
	var connections atomic.Int64
	c := scripted(t, func(s *script) {
		connections.Add(1)
		s.opened()
		stuck := false
		for {
			line := s.line()
			verb, _, _ := strings.Cut(line, " ")
			switch {
			case line == "" || verb == "QUIT":
				return
			case verb == "RSET":
				stuck = false
				s.say("250 reset\r\n")
			case verb == "NOOP":
				s.say("250 ok\r\n")
			case stuck:
				s.say("503 5.5.1 issue a reset first\r\n")
			case verb == "DATA":
				s.say("354 go\r\n")
				first := s.line()
				for line := first; line != "."; line = s.line() {
				}
				if stuck = strings.Contains(first, "spam"); stuck {
					s.say("554 5.7.1 spam\r\n")
				} else {
					s.say("250 taken\r\n")
				}
			default:
				s.say("250 ok\r\n")
			}
		}
	})
	c.MaxConnections = 1
	pool := startPool(t, c)
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}
	spam := testMail()
	spam.Data = [][]byte{[]byte("Subject: spam\r\n\r\nspam\r\n")}
	if _, err := pool.Send(testContext(t), spam); asError(t, err).Code != failure.Permanent {
		t.Errorf("error %v", err)
	}
	for i, err := range sendMany(t, pool, 3) {
		if err != nil {
			t.Errorf("mail %d behind it: %v", i, err)
		}
	}
	if got := connections.Load(); got != 1 {
		t.Errorf("%d connections, want the one", got)
	}
}

func TestSessionEndsAfterMessagesPerConnection(t *testing.T) {
	for _, connections := range []int{1, 4} {
		relay := startRelay(t, relaytest.Options{MaxConnections: connections})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.MaxConnections, c.MessagesPerConnection = connections, 7
		pool := NewPool(c)
		for i, err := range sendMany(t, pool, 50) {
			if err != nil {
				t.Errorf("mail %d: %v", i, err)
			}
		}
		if err := pool.Close(testContext(t)); err != nil {
			t.Error(err)
		}
		for _, session := range relay.Sessions() {
			if n := len(session.Commands); session.Mails > 7 || !session.Refused && session.Commands[n-1] != "QUIT" {
				t.Errorf("a session with %d mails that ends in %q", session.Mails, session.Commands)
			}
		}
		arrivedOnce(t, relay, 50)
		noViolations(t, relay)
	}
	if got := (Config{}).withDefaults().MessagesPerConnection; got != 100 {
		t.Errorf("%d mails a connection by default", got)
	}
}

// TestRecipientsThatATransactionHasNoRoomForFollowAtOnce: in other transactions,
// and the next mail is divided before it is sent.
func TestRecipientsThatATransactionHasNoRoomForFollowAtOnce(t *testing.T) {
	for _, reply := range []string{"", "452 too many recipients", "552 too many recipients", "552 5.5.3 too many", "450 4.5.3 too many", "550 5.5.3 too many recipients"} {
		for _, lockstep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/lockstep=%t", reply, lockstep), func(t *testing.T) {
				t.Parallel()
				relay := startRelay(t, relaytest.Options{MaxRecipients: 10, TooMany: reply, NoPIPELINING: lockstep})
				relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "r25@", Action: relaytest.Reply("550 5.1.1 nobody\r\n")})
				pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
				var to []string
				for i := range 60 {
					to = append(to, fmt.Sprintf("r%02d@example.com", i))
				}
				refused := func() (n int) {
					for _, s := range relay.Sessions() {
						n += strings.Count(strings.Join(s.Commands, "\n"), "RCPT")
					}
					return n - 2*60
				}
				for range 2 {
					before := len(relay.Mails())
					result, err := pool.Send(testContext(t), testMail(to...))
					if err != nil || result.Accepted() != 59 || result.Recipients[25].Err == nil || result.Recipients[25].Err.Reply.Code != 550 {
						t.Fatalf("%d accepted, %v", result.Accepted(), err)
					}
					mails := relay.Mails()[before:]
					var got []string
					for _, mail := range mails {
						got = append(got, mail.To...)
					}
					slices.Sort(got)
					want := slices.Delete(slices.Clone(to), 25, 26)
					if !slices.Equal(got, want) || len(mails) > 7 {
						t.Errorf("%d transactions to %q", len(mails), got)
					}
				}
				// 50 of the first mail were offered in vain, and none of the second.
				if got := refused(); got != 50 && got != 51 {
					t.Errorf("%d recipients were offered in vain", got)
				}
				noViolations(t, relay)
			})
		}
	}
}

// TestFullMailboxIsNoLimitOfRecipients: its code is the same in old relays.
func TestFullMailboxIsNoLimitOfRecipients(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "full@", Action: relaytest.Reply("552 mailbox full\r\n")})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	for _, to := range [][]string{
		{"a@example.com", "full@example.com", "b@example.com", "c@example.com"},
		{"a@example.com", "b@example.com", "full@example.com"},
		{"a@example.com", "b@example.com", "c@example.com"},
	} {
		result, err := pool.Send(testContext(t), testMail(to...))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range result.Recipients {
			if (r.Err != nil) != (r.Address == "full@example.com") {
				t.Errorf("%s: %v", r.Address, r.Err)
			}
		}
	}
	mails := relay.Mails()
	if last := mails[len(mails)-1]; len(mails) != 3 || len(last.To) != 3 {
		t.Errorf("%d mails, the last to %q", len(mails), last.To)
	}
}

// TestSlowContentHoldsUpNobody: neither the mail whose envelope is behind it,
// nor one that comes later.
func TestSlowContentHoldsUpNobody(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.Timeout = 2, 2*time.Second
	pool := startPool(t, c)
	slow, held := make(chan struct{}), make(chan struct{})
	begun := make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Match: "slow@", Times: 1, Action: relaytest.Hold(begun)})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "slow@", Action: relaytest.Hold(slow), OnFire: func() { close(held) }})
	first := beginMany(t, pool, 1, "slow@example.com")
	close(begun)
	<-held
	for _, err := range sendMany(t, pool, 3) {
		if err != nil {
			t.Error(err)
		}
	}
	arrivedOnce(t, relay, 3)
	close(slow)
	if err := <-first; err != nil {
		t.Errorf("the slow mail: %v", err)
	}
	if got := relay.Taken(); got != 4 {
		t.Errorf("%d mails arrived, want each once", got)
	}
}

// TestSilentRelayHoldsUpNobodyOnItsLastConnection: nor on all of them, until as
// many again are silent.
func TestSilentRelayHoldsUpNobodyOnItsLastConnection(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.Timeout = 1, 2*time.Second
	pool := startPool(t, c)
	silent, held := make(chan struct{}), make(chan struct{}, 2)
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "silent@", Action: relaytest.Hold(silent), OnFire: func() { held <- struct{}{} }})
	first := beginMany(t, pool, 1, "silent@example.com")
	<-held
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		close(silent)
		t.Fatal(err)
	}
	second := beginMany(t, pool, 1, "silent@example.com")
	<-held
	waitUntil(t, func() bool { pool.mu.Lock(); defer pool.mu.Unlock(); return pool.slowed == 2 })
	behind := beginMany(t, pool, 1)
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	if open, _, _, _ := relay.Connections(); open != 2 {
		t.Errorf("%d connections, want 2", open)
	}
	close(silent)
	for _, done := range []<-chan error{first, second, behind} {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if got := relay.Taken(); got != 4 {
		t.Errorf("%d mails arrived, want each once", got)
	}
}

// TestMailBehindASlowContentGoesOnAnotherConnection: its envelope is on the way.
func TestMailBehindASlowContentGoesOnAnotherConnection(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.Timeout = 2, 2*time.Second
	pool := startPool(t, c)
	data, atDATA, slow := make(chan struct{}), make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Match: "slow@", Action: relaytest.Hold(data), OnFire: func() { close(atDATA) }})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "slow@", Action: relaytest.Hold(slow)})
	first := beginMany(t, pool, 1, "slow@example.com")
	<-atDATA
	pool.mu.Lock()
	pool.cfg.MaxConnections = 1 // the next mail waits for this one
	pool.mu.Unlock()
	second := beginMany(t, pool, 1, "next@example.com")
	waitUntil(t, func() bool { return pool.Stats().Waiting == 1 })
	pool.mu.Lock()
	pool.cfg.MaxConnections = 2
	pool.mu.Unlock()
	close(data)
	if err := <-second; err != nil {
		t.Errorf("the mail behind it: %v", err)
	}
	close(slow)
	if err := <-first; err != nil {
		t.Errorf("the slow mail: %v", err)
	}
	if got := relay.Taken(); got != 2 {
		t.Errorf("%d mails arrived, want each once", got)
	}
}

// lateContext is over at the nth time that somebody compares the time, as for a
// process that was stopped: its timer has not run yet.
type lateContext struct {
	context.Context
	armed *atomic.Bool
	looks *atomic.Int64
}

func (c lateContext) Deadline() (time.Time, bool) {
	if c.armed.Load() && c.looks.Add(-1) < 0 {
		return time.Unix(1, 0), true
	}
	return time.Now().Add(time.Hour), true
}

func TestContentIsNotBegunNorEndedWhenItsTimeIsOver(t *testing.T) {
	for looks, name := range []string{"before the content", "before the final dot"} {
		for _, lockstep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/lockstep=%t", name, lockstep), func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
				ctx := lateContext{testContext(t), new(atomic.Bool), new(atomic.Int64)}
				ctx.looks.Store(int64(looks))
				c := relayConfig(relay, nhncloud.TLSWrapper)
				c.Trace.Stage = func(_ context.Context, stage Stage, _ time.Time, _ time.Duration, _ error) {
					if stage == StageData {
						ctx.armed.Store(true)
					}
				}
				pool := startPool(t, c)
				_, err := pool.Send(ctx, testMail())
				if e := asError(t, err); e.Ambiguous || !e.Temporary() || e.Code != failure.Timeout {
					t.Errorf("error %v", err)
				}
				if got := relay.Taken(); got != 0 {
					t.Errorf("%d mails arrived", got)
				}
				secondMailArrives(t, pool, relay)
			})
		}
	}
}

// TestRecipientWhomASessionRefusesIsNotGivenUp: others are accepted in the same
// transaction, so that it goes on; alone, the recipient gets a fresh connection.
func TestRecipientWhomASessionRefusesIsNotGivenUp(t *testing.T) {
	for _, reply := range []string{"554 5.7.1 too many recipients in this session", "530 5.7.0 authenticate first", "503 5.5.1 order", "451 later"} {
		relay := startRelay(t, relaytest.Options{})
		relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "b@", Skip: 1, PerSession: true, Action: relaytest.Reply(reply + "\r\n")})
		c := relayConfig(relay, nhncloud.TLSWrapper)
		c.MaxConnections = 1
		pool := startPool(t, c)
		if _, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com")); err != nil {
			t.Fatal(err)
		}
		result, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com"))
		if err != nil || result.Recipients[0].Err != nil {
			t.Errorf("%s: %v", reply, err)
		}
		if b := result.Recipients[1].Err; b == nil || !b.Temporary() || b.Sender() {
			t.Errorf("%s: %v", reply, b)
		}
		if _, err := pool.Send(testContext(t), testMail("b@example.com")); err != nil {
			t.Errorf("%s: alone: %v", reply, err)
		}
	}
}

// TestMailIsNotRefusedByEveryConnection: while no fresh one can be had, a mail that
// the standing ones refuse is put off after a few of them, and the others go on.
func TestMailIsNotRefusedByEveryConnection(t *testing.T) {
	const connections = maxTries + 2
	relay := startRelay(t, relaytest.Options{NoPIPELINING: true}) // so that no connection takes two mails
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections, c.Timeout = connections, patience
	pool := startPool(t, c)
	asked, together := make(chan struct{}), make(chan struct{})
	greets := relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.Hold(asked)}) // till a connection was asked for each
	holds := relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Action: relaytest.Hold(together)})
	errs := beginMany(t, pool, connections)
	waitUntil(t, func() bool { return pool.Stats().Connecting == connections })
	close(asked)
	waitUntil(t, func() bool { s := pool.Stats(); return s.Busy == connections && s.Waiting == 0 })
	greets()
	close(together)
	for range connections {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	holds()
	waitUntil(t, func() bool { return pool.Stats().Idle == connections })
	relay.Fault(relaytest.Fault{Stage: relaytest.Greeting, Action: relaytest.ReplyAndClose("421 4.3.2 no more connections\r\n")})
	var refusals atomic.Int64
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "unlucky@", Action: relaytest.Reply("554 5.7.1 no\r\n"), OnFire: func() { refusals.Add(1) }})
	_, err := pool.Send(testContext(t), testMail("unlucky@example.com"))
	if e := asError(t, err); e.Reply.Code != 554 || !e.Temporary() {
		t.Errorf("error %s %v", e.Code, e)
	}
	if got := refusals.Load(); got != maxTries+1 {
		t.Errorf("refused by %d connections", got)
	}
	secondMailArrives(t, pool, relay)
}
