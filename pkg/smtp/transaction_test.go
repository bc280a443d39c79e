package smtp

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nhncloud/nhncloud-email-datasource/internal/relaytest"
	"github.com/nhncloud/nhncloud-email-datasource/internal/wait"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/failure"
	"github.com/nhncloud/nhncloud-email-datasource/pkg/nhncloud"
)

// secondMailArrives asserts that the pool is sound: the next mail goes through
// as if nothing had been.
func secondMailArrives(t *testing.T, pool *Pool, relay *relaytest.Relay) {
	t.Helper()
	before := relay.Taken()
	result, err := pool.Send(testContext(t), testMail("second@example.com"))
	if err != nil || result.Accepted() != 1 {
		t.Fatalf("the next mail: %+v, %v", result, err)
	}
	mails := relay.Mails()
	if len(mails) != before+1 || strings.Join(mails[before].To, " ") != "second@example.com" || string(mails[before].Data) != testContent {
		t.Errorf("the next mail did not arrive as it is: %d mails, %q", len(mails), mails[len(mails)-1].To)
	}
}

func TestRecipientsAreJudgedOneByOne(t *testing.T) {
	type verdict struct {
		class    failure.Code // "" for accepted
		code     int
		enhanced string
	}
	ok := verdict{}
	refuse := func(stage relaytest.Stage, match, reply string) relaytest.Fault {
		return relaytest.Fault{Stage: stage, Match: match, Times: 1, Action: relaytest.Reply(reply)}
	}
	tests := []struct {
		name   string
		faults []relaytest.Fault
		want   [3]verdict   // for a, b and c
		class  failure.Code // of the mail's error
	}{
		{"all accepted", nil, [3]verdict{ok, ok, ok}, ""},
		{
			"one refused, the others get it",
			[]relaytest.Fault{refuse(relaytest.RCPT, "<b@", "550 5.1.1 no such user\r\n")},
			[3]verdict{ok, {failure.Permanent, 550, "5.1.1"}, ok}, "",
		},
		{
			"one for later, one refused",
			[]relaytest.Fault{refuse(relaytest.RCPT, "<a@", "451 4.7.1 greylisted\r\n"), refuse(relaytest.RCPT, "<c@", "550 no\r\n")},
			[3]verdict{{failure.Transient, 451, "4.7.1"}, ok, {failure.Permanent, 550, ""}}, "",
		},
		{
			"552 to a recipient means too many recipients",
			[]relaytest.Fault{refuse(relaytest.RCPT, "<c@", "552 too many recipients\r\n")},
			[3]verdict{ok, ok, ok}, "",
		},
		{
			"552 to a recipient alone is for later", // and is asked for alone, and on a fresh connection
			[]relaytest.Fault{{Stage: relaytest.RCPT, Match: "<c@", Times: 3, Action: relaytest.Reply("552 too many recipients\r\n")}},
			[3]verdict{ok, ok, {failure.Transient, 552, ""}}, "",
		},
		{
			"all refused, and the relay refuses DATA",
			[]relaytest.Fault{
				refuse(relaytest.RCPT, "<a@", "550 5.1.1 a\r\n"), refuse(relaytest.RCPT, "<b@", "550 5.1.1 b\r\n"), refuse(relaytest.RCPT, "<c@", "450 4.2.1 c\r\n"),
				refuse(relaytest.DATA, "", "554 5.5.1 no valid recipients\r\n"),
			},
			[3]verdict{{failure.Permanent, 550, "5.1.1"}, {failure.Permanent, 550, "5.1.1"}, {failure.Transient, 450, "4.2.1"}}, failure.Transient,
		},
		{
			"all refused, but the relay waits for content",
			[]relaytest.Fault{
				refuse(relaytest.RCPT, "<a@", "550 5.1.1 a\r\n"), refuse(relaytest.RCPT, "<b@", "550 5.1.1 b\r\n"), refuse(relaytest.RCPT, "<c@", "550 5.1.1 c\r\n"),
				refuse(relaytest.DATA, "", "354 go on\r\n"),
			},
			[3]verdict{{failure.Permanent, 550, "5.1.1"}, {failure.Permanent, 550, "5.1.1"}, {failure.Permanent, 550, "5.1.1"}}, failure.Permanent,
		},
		{
			"sender refused",
			[]relaytest.Fault{refuse(relaytest.MAIL, "", "553 5.7.1 not your address\r\n")},
			[3]verdict{{failure.Permanent, 553, "5.7.1"}, {failure.Permanent, 553, "5.7.1"}, {failure.Permanent, 553, "5.7.1"}}, failure.Permanent,
		},
		{
			"sender refused for now",
			[]relaytest.Fault{refuse(relaytest.MAIL, "", "451 4.3.0 later\r\n")},
			[3]verdict{{failure.Transient, 451, "4.3.0"}, {failure.Transient, 451, "4.3.0"}, {failure.Transient, 451, "4.3.0"}}, failure.Transient,
		},
		{
			"authentication forgotten",
			[]relaytest.Fault{refuse(relaytest.MAIL, "", "530 5.7.0 authenticate first\r\n")},
			[3]verdict{{failure.Refused, 530, "5.7.0"}, {failure.Refused, 530, "5.7.0"}, {failure.Refused, 530, "5.7.0"}}, failure.Refused,
		},
		{
			"DATA refused",
			[]relaytest.Fault{refuse(relaytest.RCPT, "<b@", "550 5.1.1 no such user\r\n"), refuse(relaytest.DATA, "", "451 4.3.0 later\r\n")},
			[3]verdict{{failure.Transient, 451, "4.3.0"}, {failure.Permanent, 550, "5.1.1"}, {failure.Transient, 451, "4.3.0"}}, failure.Transient,
		},
		{
			"content refused",
			[]relaytest.Fault{refuse(relaytest.RCPT, "<b@", "450 4.2.1 busy\r\n"), refuse(relaytest.EOM, "", "554 5.6.0 spam\r\n")},
			[3]verdict{{failure.Permanent, 554, "5.6.0"}, {failure.Transient, 450, "4.2.1"}, {failure.Permanent, 554, "5.6.0"}}, failure.Transient,
		},
	}
	for _, tt := range tests {
		for _, lockstep := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/lockstep=%t", tt.name, lockstep), func(t *testing.T) {
				relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
				for _, f := range tt.faults {
					if f.Stage == relaytest.DATA && strings.HasPrefix(tt.name, "all refused") && lockstep {
						continue // DATA is not said then
					}
					relay.Fault(f)
				}
				pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
				result, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com", "c@example.com"))
				if tt.class == "" && err != nil {
					t.Error(err)
				} else if tt.class != "" && asError(t, err).Code != tt.class {
					t.Errorf("error %v, want one of class %s", err, tt.class)
				}
				for i, got := range result.Recipients {
					want := tt.want[i]
					if got.Address != []string{"a@example.com", "b@example.com", "c@example.com"}[i] {
						t.Errorf("recipient %d is %s", i, got.Address)
					}
					switch {
					case want == ok && got.Err != nil:
						t.Errorf("%s: %v", got.Address, got.Err)
					case want != ok && (got.Err == nil || got.Err.Code != want.class || got.Err.Reply.Code != want.code || got.Err.Reply.EnhancedCode != want.enhanced):
						t.Errorf("%s: %v, want %+v", got.Address, got.Err, want)
					}
				}
				secondMailArrives(t, pool, relay)
				connections := 1
				if strings.HasPrefix(tt.name, "552 to a recipient alone") {
					connections = 2
				}
				if _, _, total, _ := relay.Connections(); total != connections {
					t.Errorf("%d connections, want %d", total, connections)
				}
				noViolations(t, relay)
			})
		}
	}
}

func TestRSETIsSentOnlyWhereATransactionIsOpen(t *testing.T) {
	for _, lockstep := range []bool{false, true} {
		relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
		pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
		resets := func() int { return bytes.Count(relay.Sessions()[0].Secure, []byte("RSET\r\n")) }

		relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Times: 1, Action: relaytest.Reply("553 no\r\n")})
		relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Reply("554 no\r\n")})
		for range 2 { // refused at MAIL, refused at the end
			_, _ = pool.Send(testContext(t), testMail())
		}
		if got := resets(); got != 0 {
			t.Errorf("lockstep=%t: %d RSET without a transaction to reset", lockstep, got)
		}
		relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Times: 1, Action: relaytest.Reply("451 later\r\n")})
		_, _ = pool.Send(testContext(t), testMail())
		for range 2 {
			secondMailArrives(t, pool, relay)
		}
		if got := resets(); got != 1 {
			t.Errorf("lockstep=%t: %d RSET after DATA was refused", lockstep, got)
		}
		noViolations(t, relay)
	}
}

func TestRefusedRSETEndsTheConnectionAndNotTheMail(t *testing.T) {
	for _, lockstep := range []bool{false, true} {
		for _, action := range []relaytest.Action{
			relaytest.ReplyAndClose("421 4.3.2 bye\r\n"),
			relaytest.Reply("502 5.5.1 what\r\n"),
			relaytest.Reply("451 later\r\n"),
			relaytest.Reply("150 well\r\n"),
		} {
			relay := startRelay(t, relaytest.Options{NoPIPELINING: lockstep})
			pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
			relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Times: 1, Action: relaytest.Reply("451 later\r\n")})
			relay.Fault(relaytest.Fault{Stage: relaytest.RSET, Times: 1, Action: action})
			_, _ = pool.Send(testContext(t), testMail())
			secondMailArrives(t, pool, relay)
		}
	}
}

func TestAHundredRecipientsAreOneTransactionAndMoreAreSeveral(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "r105@", Action: relaytest.Reply("550 5.1.1 no\r\n")})
	pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
	var to []string
	for i := range 250 {
		to = append(to, fmt.Sprintf("r%03d@example.com", i))
	}
	result, err := pool.Send(testContext(t), testMail(to...))
	if err != nil || result.Accepted() != 249 || result.Recipients[105].Err == nil {
		t.Errorf("%d accepted, %v", result.Accepted(), err)
	}
	got := make(map[string]bool)
	for _, mail := range relay.Mails() {
		if len(mail.To) > 100 {
			t.Errorf("a transaction with %d recipients", len(mail.To))
		}
		for _, address := range mail.To {
			got[address] = true
		}
	}
	if len(relay.Mails()) != 3 || len(got) != 249 {
		t.Errorf("%d transactions for %d recipients", len(relay.Mails()), len(got))
	}
	for i := range to {
		if result.Recipients[i].Address != to[i] {
			t.Fatalf("recipient %d is %s", i, result.Recipients[i].Address)
		}
	}
}

func TestReplyIsThatToTheContentThatWasTaken(t *testing.T) {
	for _, refused := range []string{"first@", "last@"} {
		relay := startRelay(t, relaytest.Options{})
		relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: refused, Times: 1, Action: relaytest.Reply("554 5.6.0 spam\r\n")})
		to := slices.Repeat([]string{"ops@example.com"}, maxRecipients+1)
		to[0], to[maxRecipients] = "first@example.com", "last@example.com"
		result, err := startPool(t, relayConfig(relay, nhncloud.TLSWrapper)).Send(testContext(t), testMail(to...))
		if err != nil || result.Reply.Code != 250 {
			t.Errorf("%s refused: reply %q to what was taken, %v", refused, result.Reply, err)
		}
	}
}

func TestRoundTrips(t *testing.T) {
	const rtt = 20 * time.Millisecond // so that the relay can tell flights apart
	relay := startRelay(t, relaytest.Options{RTT: rtt})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 1
	pool := startPool(t, c)
	flights := func() int { return relay.Sessions()[0].Flights }
	if _, err := pool.Send(testContext(t), testMail()); err != nil {
		t.Fatal(err)
	}

	before := flights()
	if _, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com", "c@example.com")); err != nil {
		t.Fatal(err)
	}
	if got := flights() - before; got != 2 {
		t.Errorf("a lone warm mail took %d flights, want 2", got)
	}

	var to []string
	for i := range 100 {
		to = append(to, fmt.Sprintf("r%03d@example.com", i))
	}
	before = flights()
	if _, err := pool.Send(testContext(t), testMail(to...)); err != nil {
		t.Fatal(err)
	}
	if got := flights() - before; got != 2 {
		t.Errorf("a mail to 100 took %d flights, want 2", got)
	}

	const n = 20
	release := occupy(t, pool, relay)
	before = flights()
	errs := beginMany(t, pool, n, "a@example.com", "b@example.com", "c@example.com")
	waitUntil(t, func() bool { return pool.Stats().Waiting == n })
	if err := release(); err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	// One for each, and one for the first envelope.
	if got := flights() - before; got != n+1 {
		t.Errorf("%d mails in a row took %d flights, want %d", n, got, n+1)
	}
	noViolations(t, relay)
}

func TestRefusedMailDoesNotBreakTheChain(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.MaxConnections = 1
	pool := startPool(t, c)
	// The first mail is held at its end until the others wait.
	release, held := make(chan struct{}), make(chan struct{})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Times: 1, Action: relaytest.Hold(release), OnFire: func() { close(held) }})
	relay.Fault(relaytest.Fault{Stage: relaytest.MAIL, Match: "sender3@", Action: relaytest.Reply("553 5.7.1 no\r\n")})
	relay.Fault(relaytest.Fault{Stage: relaytest.RCPT, Match: "rcpt5@", Action: relaytest.Reply("550 5.1.1 no\r\n")})
	relay.Fault(relaytest.Fault{Stage: relaytest.DATA, Match: "rcpt7@", Action: relaytest.Reply("451 4.3.0 later\r\n")})
	relay.Fault(relaytest.Fault{Stage: relaytest.EOM, Match: "rcpt9@", Action: relaytest.Reply("554 5.6.0 spam\r\n")})
	const n = 12
	errs := make([]chan error, n)
	for i := range errs {
		errs[i] = make(chan error, 1)
		go func() {
			_, err := pool.Send(testContext(t), Mail{
				From: fmt.Sprintf("sender%d@example.com", i),
				To:   []string{fmt.Sprintf("rcpt%d@example.com", i)},
				Data: [][]byte{fmt.Appendf(nil, "%d\r\n", i)},
			})
			errs[i] <- err
		}()
		if i == 0 {
			<-held
		}
		waitUntil(t, func() bool { return pool.Stats().Waiting == i })
	}
	close(release)
	refused := map[int]int{3: 553, 5: 550, 7: 451, 9: 554}
	var want []string
	for i := range errs {
		err := <-errs[i]
		if code := refused[i]; code != 0 {
			if e := asError(t, err); e.Reply.Code != code {
				t.Errorf("mail %d: %v, want %d", i, err, code)
			}
			continue
		}
		if err != nil {
			t.Errorf("mail %d: %v", i, err)
		}
		want = append(want, fmt.Sprintf("%d\r\n", i))
	}
	var got []string
	for _, mail := range relay.Mails() {
		got = append(got, string(mail.Data))
	}
	if strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("arrived %q, want %q, in this order", got, want)
	}
	// Two more for the refusals of mails 3 and 7, which may have been the session's.
	if _, _, total, _ := relay.Connections(); total != 3 {
		t.Errorf("%d connections, want 3", total)
	}
	noViolations(t, relay)
}

// waitUntil waits for what happens in the background.
func waitUntil(t testing.TB, cond func() bool) {
	t.Helper()
	wait.Until(t, "what was waited for", cond)
}

// oneJob is a feed without more mails.
type oneJob struct{ t *testing.T }

func (oneJob) next() *job     { return nil }
func (f oneJob) putBack(*job) { f.t.Error("the mail was put back") }
func (f oneJob) renew(*job)   { f.t.Error("the mail was lost") }
func (f oneJob) slow(_ *job)  { f.t.Error("the mail is slow") }

func TestRelayThatRepliesBeforeItReadsOnDoesNotStallAFlight(t *testing.T) {
	// A pipe has no buffer: its writer waits for the reader. A client that
	// reads only when it has written all would wait forever.
	client, relay := net.Pipe()
	c := Config{}.withDefaults()
	s := &session{cfg: &c, wire: newWire(client, patience), caps: capabilities{pipelining: true}}
	s.listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r := bufio.NewReaderSize(relay, 16)
		for data := false; ; {
			line, err := r.ReadString('\n')
			switch {
			case err != nil:
				return
			case line == "DATA\r\n":
				data = true
				_, _ = io.WriteString(relay, "354 go\r\n")
			case !data || line == ".\r\n":
				data = false
				_, _ = io.WriteString(relay, "250 ok\r\n")
			}
		}
	}()
	var to []string
	for i := range 100 {
		to = append(to, fmt.Sprintf("r%03d-%s@example.com", i, strings.Repeat("y", 200)))
	}
	j := &job{ctx: testContext(t), mail: testMail(to...), results: make([]RecipientResult, len(to)), done: make(chan struct{})}
	if err := s.deliver(j, oneJob{t}); err != nil {
		t.Fatal(err)
	}
	<-j.done
	if j.reply.Code != 250 {
		t.Errorf("reply %v", j.reply)
	}
	s.close()
	<-done
}

// twoJobs is a feed of one more mail.
type twoJobs struct {
	oneJob
	second *job
	lost   bool // the connection ended under the second, and the relay does not have it
}

func (f *twoJobs) next() *job { return f.second }

func (f *twoJobs) renew(j *job) {
	if f.lost = true; j != f.second {
		f.t.Error("the mail was lost")
	}
}

// TestReplyToAMailIsReadThoughTheNextOneCannotBeSent: the relay takes it and
// closes the connection while the next envelope, behind it, is on its way.
func TestReplyToAMailIsReadThoughTheNextOneCannotBeSent(t *testing.T) {
	client, relay := net.Pipe()
	c := Config{}.withDefaults()
	s := &session{cfg: &c, wire: newWire(client, patience), caps: capabilities{pipelining: true}}
	s.listen()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s := &script{conn: relay, r: bufio.NewReaderSize(relay, 16)} // it leaves the rest in the pipe
		s.skip("DATA")
		s.say("250 sender\r\n250 recipient\r\n354 go\r\n")
		for line := s.line(); line != "." && !strings.HasPrefix(line, "MAIL"); line = s.line() {
		}
		s.say("250 taken\r\n")
		_ = relay.Close()
	}()
	newJob := func() *job {
		return &job{ctx: testContext(t), mail: testMail(), results: make([]RecipientResult, 1), done: make(chan struct{})}
	}
	first, feed := newJob(), &twoJobs{oneJob: oneJob{t}, second: newJob()}
	_ = s.deliver(first, feed)
	if first.reply.Code != 250 || first.results[0].Err != nil {
		t.Errorf("the mail that was taken: %v, %v", first.reply, first.results[0].Err)
	}
	if !feed.lost {
		t.Error("the next one does not go to another connection")
	}
	s.close()
	<-done
}

func TestRelayThatStopsReadingIsGivenUp(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	remove := relay.Fault(relaytest.Fault{Stage: relaytest.Body, Action: relaytest.Stall()})
	defer remove()
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.Timeout = time.Second
	mail := testMail()
	mail.Data = [][]byte{bytes.Repeat([]byte("0123456789\r\n"), 1<<20)}
	_, err := startPool(t, c).Send(testContext(t), mail)
	if e := asError(t, err); e.Code != failure.Timeout || e.Stage != StageContent || e.Ambiguous {
		t.Errorf("error %v, want a timeout with nothing delivered", err)
	}
}

func TestUnaskedRepliesAreNotTakenForAnswers(t *testing.T) {
	t.Run("while idle", func(t *testing.T) {
		relay := startRelay(t, relaytest.Options{})
		pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
		secondMailArrives(t, pool, relay)
		relay.Drop("250 2.0.0 surprise\r\n")
		secondMailArrives(t, pool, relay)
	})
	for stage, raw := range map[relaytest.Stage]string{
		relaytest.MAIL: "250 ok\r\n250 ok\r\n",
		relaytest.RCPT: "250 ok\r\n250 ok\r\n",
		relaytest.DATA: "250 ok\r\n",
	} {
		t.Run("at "+string(stage), func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			remove := relay.Fault(relaytest.Fault{Stage: stage, Times: 1, Action: relaytest.Reply(raw)})
			defer remove()
			pool := startPool(t, relayConfig(relay, nhncloud.TLSWrapper))
			_, err := pool.Send(testContext(t), testMail())
			if e := asError(t, err); e.Code != failure.Protocol || !e.Temporary() || e.Ambiguous {
				t.Errorf("error %v", err)
			}
			if relay.Taken() != 0 {
				t.Error("the mail was sent all the same")
			}
			secondMailArrives(t, pool, relay)
		})
	}
}

// TestReplyBehindAnotherIsNotTheNextOnes: both are there at once, so that the
// second is known before anything is sent that it could be taken to answer.
func TestReplyBehindAnotherIsNotTheNextOnes(t *testing.T) {
	t.Run("behind 354", func(t *testing.T) {
		for range 20 {
			pool := startPool(t, scripted(t, func(s *script) {
				s.opened()
				s.skip("DATA")
				s.say("250 ok\r\n250 ok\r\n354 go\r\n250 surprise\r\n")
				s.skip(".")
				s.say("554 5.7.1 spam\r\n")
			}))
			if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Code != failure.Protocol {
				t.Fatalf("error %v", err)
			}
		}
	})
	t.Run("behind the reply to AUTH", func(t *testing.T) {
		for range 20 {
			pool := startPool(t, scripted(t, func(s *script) {
				s.greeted()
				s.say("235 ok\r\n553 5.1.8 surprise\r\n")
				s.skip("DATA")
				s.say("250 ok\r\n250 a\r\n550 5.1.1 no b\r\n")
				time.Sleep(10 * time.Millisecond) // over DATA
				s.say("354 go\r\n")
				s.skip("")
			}))
			_, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com"))
			if asError(t, err).Code != failure.Protocol {
				t.Fatalf("error %v", err)
			}
		}
	})
	for surprise, ambiguous := range map[string]bool{
		"553 5.1.8 surprise": false, "250 2.0.0 surprise": false, "354 surprise": false, "554 5.7.1 spam": true, "451 4.3.0 later": true,
	} {
		t.Run("behind the reply to a mail: "+surprise, func(t *testing.T) {
			for range 20 {
				pool := startPool(t, scripted(t, func(s *script) {
					s.opened()
					for range 2 {
						s.skip("DATA")
						s.say("250 ok\r\n250 ok\r\n354 go\r\n")
						s.skip(".")
						s.say("250 queued\r\n" + surprise + "\r\n")
					}
				}))
				for range 2 {
					// What may be the reply to the mail leaves it open; the rest does not
					// take back that the relay has it.
					switch _, err := pool.Send(testContext(t), testMail()); {
					case ambiguous && !asError(t, err).Ambiguous:
						t.Fatalf("error %v", err)
					case !ambiguous && err != nil:
						t.Fatal(err)
					}
				}
			}
		})
	}
	t.Run("before the end of a mail", func(t *testing.T) {
		for said, class := range map[string]failure.Code{"250 2.0.0 early\r\n": failure.Protocol, "552 5.3.4 too large\r\n": failure.Permanent} {
			pool := startPool(t, scripted(t, func(s *script) {
				s.opened()
				s.skip("DATA")
				s.say("250 ok\r\n250 ok\r\n354 go\r\n")
				s.line()
				s.say(said)
				s.skip(".")
				s.say("554 5.7.1 spam\r\n")
			}))
			mail := testMail()
			// More than the sockets hold: it cannot all be sent when the relay speaks.
			mail.Data = [][]byte{bytes.Repeat([]byte("0123456789\r\n"), 1<<20)}
			_, err := pool.Send(testContext(t), mail)
			if e := asError(t, err); e.Code != class || e.Ambiguous {
				t.Errorf("%q: error %v", said, err)
			}
		}
	})
}

// TestReplyThatIsAboutToBeReadIsWaitedFor: that more had come is known before it
// is read.
func TestReplyThatIsAboutToBeReadIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, relay := net.Pipe()
		defer func() { _, _ = client.Close(), relay.Close() }()
		s := &session{wire: newWire(client, patience), replies: make(chan received, 1), more: true}
		go func() {
			time.Sleep(time.Millisecond) // of the bubble's clock
			s.replies <- received{reply: Reply{Code: 250}}
		}()
		if err := s.checkSilent(StageMail); err == nil || err.Code != failure.Protocol {
			t.Errorf("error %v", err)
		}
	})
}

// TestRepliesThatDoNotMatchCondemnNobody: with one reply too many, each is
// that to the command before, and a recipient could be final with the refusal
// of another.
func TestRepliesThatDoNotMatchCondemnNobody(t *testing.T) {
	pool := startPool(t, scripted(t, func(s *script) {
		s.opened()
		s.skip("DATA")
		s.say("250 sender\r\n250 surprise\r\n550 5.1.1 no a\r\n250 b\r\n250 c\r\n354 go\r\n")
		s.skip("")
	}))
	result, err := pool.Send(testContext(t), testMail("a@example.com", "b@example.com", "c@example.com"))
	if asError(t, err).Code != failure.Protocol {
		t.Errorf("error %v", err)
	}
	for _, to := range result.Recipients {
		if to.Err == nil || !to.Err.Temporary() {
			t.Errorf("%s: %v", to.Address, to.Err)
		}
	}
}

// TestRefusedRecipientStaysSoWhateverTheReplyToTheContentIs: the replies to the
// envelope matched. Tried again, it would only be refused again.
func TestRefusedRecipientStaysSoWhateverTheReplyToTheContentIs(t *testing.T) {
	pool := startPool(t, scripted(t, func(s *script) {
		s.opened()
		s.skip("DATA")
		s.say("250 sender\r\n550 5.1.1 no a\r\n250 b\r\n354 go\r\n")
		s.skip(".")
		s.say("150 hm\r\n")
	}))
	result, _ := pool.Send(testContext(t), testMail("a@example.com", "b@example.com"))
	if a := result.Recipients[0].Err; a == nil || a.Code != failure.Permanent || a.Reply.Code != 550 {
		t.Errorf("who was refused: %v", a)
	}
	if b := result.Recipients[1].Err; b == nil || b.Code != failure.Protocol || !b.Ambiguous {
		t.Errorf("who may have the mail: %v", b)
	}
}

func TestReplyToTheContentIsWaitedForAsLongAsAnyOther(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{time.Second: 10 * time.Minute, 20 * time.Minute: 20 * time.Minute} {
		if c := (Config{Timeout: timeout}).withDefaults(); c.MessageTimeout != want {
			t.Errorf("%s where others are waited for %s", c.MessageTimeout, timeout)
		}
	}
}

func TestRelayMayTakeItsTimeOverTheContent(t *testing.T) {
	relay := startRelay(t, relaytest.Options{})
	c := relayConfig(relay, nhncloud.TLSWrapper)
	c.Timeout, c.MessageTimeout = 500*time.Millisecond, patience
	relay.Fault(relaytest.Fault{Stage: relaytest.Taken, Times: 1, Action: relaytest.Delay(time.Second)})
	if _, err := startPool(t, c).Send(testContext(t), testMail()); err != nil || relay.Taken() != 1 {
		t.Errorf("%v, %d mails arrived", err, relay.Taken())
	}
}

// TestRelayThatTakesAMailSlowlyIsNotGivenUp: it takes a piece within the timeout
// and owes no reply before it has them all.
func TestRelayThatTakesAMailSlowlyIsNotGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, relay := net.Pipe()
		c := Config{}.withDefaults()
		s := &session{cfg: &c, wire: newWire(client, c.Timeout), caps: capabilities{pipelining: true}}
		s.listen()
		done := make(chan struct{})
		go func() {
			defer close(done)
			s := &script{conn: relay, r: bufio.NewReader(relay)}
			s.skip("DATA")
			time.Sleep(c.Timeout / 2) // of the bubble's clock; so that the reply is waited for
			s.say("250 sender\r\n250 recipient\r\n354 go\r\n")
			for n, line := 1, s.line(); line != "." && line != ""; n, line = n+1, s.line() {
				if n%1000 == 0 {
					time.Sleep(c.Timeout / 2)
				}
			}
			s.say("250 taken\r\n")
		}()
		mail := testMail()
		mail.Data = [][]byte{bytes.Repeat([]byte(strings.Repeat("x", 98)+"\r\n"), 10_000)}
		j := &job{ctx: context.Background(), mail: mail, results: make([]RecipientResult, 1), done: make(chan struct{})}
		if err := s.deliver(j, oneJob{t}); err != nil || j.reply.Code != 250 {
			t.Errorf("reply %v, %v", j.reply, err)
		}
		s.close()
		<-done
	})
}

func TestContextTakesAMailBackAtEveryStage(t *testing.T) {
	for _, stage := range []relaytest.Stage{relaytest.MAIL, relaytest.RCPT, relaytest.DATA, relaytest.EOM} {
		t.Run(string(stage), func(t *testing.T) {
			relay := startRelay(t, relaytest.Options{})
			ctx, cancel := context.WithCancel(testContext(t))
			relay.Fault(relaytest.Fault{Stage: stage, Times: 1, Action: relaytest.Silence(), OnFire: cancel})
			c := relayConfig(relay, nhncloud.TLSWrapper)
			c.Timeout = patience
			pool := startPool(t, c)
			_, err := pool.Send(ctx, testMail())
			e := asError(t, err)
			if e.Code != failure.Cancelled || !errors.Is(e, context.Canceled) || !e.Temporary() {
				t.Errorf("error %v", err)
			}
			if want := stage == relaytest.EOM; e.Ambiguous != want {
				t.Errorf("ambiguous is %t, want %t", e.Ambiguous, want)
			}
			secondMailArrives(t, pool, relay)
		})
	}
}

// TestRefusalStandsThoughTheRelayHangsUpBehindIt: in the same breath, as some
// do after a number of errors. No other connection is asked for it again.
func TestRefusalStandsThoughTheRelayHangsUpBehindIt(t *testing.T) {
	for _, replies := range []string{
		"250 ok\r\n250 ok\r\n554 5.7.1 policy\r\n421 4.7.0 too many errors\r\n",
		"250 ok\r\n550 5.1.1 nobody\r\n554 5.5.1 no valid recipients\r\n421 4.7.0 too many errors\r\n",
		"550 5.7.1 sender\r\n503 5.5.1 no\r\n503 5.5.1 no\r\n421 4.7.0 bye\r\n",
		"250 ok\r\n250 ok\r\n554 5.7.1 policy\r\n",
		"550 5.7.1 sender\r\n",
		"550 5.7.1 sender\r\n421 4.7.0 bye\r\n",
	} {
		for range 20 {
			var asked atomic.Int64
			pool := startPool(t, scripted(t, func(s *script) {
				s.opened()
				s.skip("DATA")
				asked.Add(1)
				s.say(replies)
			}))
			if _, err := pool.Send(testContext(t), testMail()); asError(t, err).Code != failure.Permanent || asked.Load() != 1 {
				t.Fatalf("%q, asked %d times: %v", replies, asked.Load(), err)
			}
		}
	}
}
